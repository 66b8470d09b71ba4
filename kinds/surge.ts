/** What a rollout added to the group of a node pool, which goes again where somebody gives the rollout up. */
import type { Row } from './row.ts';

export type SurgeProperties = {
  /** The user cluster's API, in which new nodes are drained before their machines end. */
  readonly endpoint: string;
  readonly poolId: string;
  readonly groupName: string;
  /** Machines that were there before, by their ids, sorted: others go first. */
  readonly besides: readonly string[];
  /** After so many seconds what still stands in the way of a drain is for a person to see to. */
  readonly drainSeconds: number;
};

export const surge: Row<SurgeProperties, undefined, SurgeProperties> = { planned: 'never', changesNodes: true };
