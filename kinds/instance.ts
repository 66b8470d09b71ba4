/** One machine of a replica, only ever removed: its group puts another in its place. */
import type { ReplicaMachine } from './replica.ts';
import type { Row } from './row.ts';

export type InstanceProperties = ReplicaMachine & {
  readonly instanceId: string;
  /** Addresses of the other replicas, each of which must serve at that moment (I5). */
  readonly others: readonly string[];
  /** It goes because it does not serve: it stays if it does by now. */
  readonly onlyUnhealthy: boolean;
};

export const instance: Row<InstanceProperties, undefined, InstanceProperties> = { planned: 'never' };
