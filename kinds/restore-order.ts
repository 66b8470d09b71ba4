/** What the agent of one replica is told so that the replica comes to hold what a snapshot does: a tag on its volume. */
import type { RestoreVerb } from '../words/orders.ts';
import type { Value } from '../words/references.ts';
import type { Nothing, Row } from './row.ts';

export type RestoreOrderProperties = {
  readonly verb: RestoreVerb;
  /** The group whose machine has the replica by then: it may be another than when this was planned. */
  readonly groupName: string;
  readonly volumeId: Value;
  /** The same for all replicas. */
  readonly id: string;
  readonly key: string;
  readonly bucket: Value;
  readonly sha256: Value;
};

export const restoreOrder: Row<RestoreOrderProperties, undefined, Nothing> = {
  planned: 'never',
  neverSkipped: 'a replica that is left out would stay a member of what the others no longer are',
};
