/** A wait: pods have left a node, or all nodes of a pool, each by an eviction that its budgets allow. */
import type { Row } from './row.ts';

export type DrainProperties = {
  readonly endpoint: string;
  /** One node, or every node of a pool, which then are closed by the same hand. */
  readonly of: { readonly node: string } | { readonly poolId: string };
  /** After so many seconds what still stands in the way is for a person to see to. */
  readonly seconds: number;
  /** Where the pool goes for good: a cluster whose API is gone, or that goes, too, has nobody whom a drain would serve. */
  readonly unlessClusterGoes?: { readonly clusterName: string };
};

export const drain: Row<DrainProperties> = { planned: 'never' };
