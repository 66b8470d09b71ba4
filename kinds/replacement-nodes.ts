/** A wait: so many nodes of a pool are Ready that were not there, or not Ready, before a turn began; and stay so. */
import type { Row } from './row.ts';

export type ReplacementNodesProperties = {
  readonly endpoint: string;
  readonly poolId: string;
  /** The machines, by their EC2 ids, whose nodes do not count; sorted. */
  readonly besides: readonly string[];
  readonly expected: number;
};

export const replacementNodes: Row<ReplacementNodesProperties> = { planned: 'never' };
