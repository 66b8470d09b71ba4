/** A wait: the pods of a node have left it, each by an eviction that its budgets allow. */
import type { Row } from './row.ts';

export type DrainProperties = {
  readonly endpoint: string;
  readonly node: string;
  /** After so many seconds what still stands in the way is for a person to see to. */
  readonly seconds: number;
  /** The node does not serve, and is to be replaced: what can't leave it ends with its machine, unless it is Ready again. */
  readonly unhealthy?: true;
};

export const drain: Row<DrainProperties> = { planned: 'never' };
