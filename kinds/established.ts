/** The mark that etcd has had quorum: volumes may no longer bootstrap (I5), nor join once `joined` says that they did. */
import type { Value } from '../words/references.ts';
import type { Difference, Row } from './row.ts';

export type EstablishedProperties = {
  readonly volumeIds: readonly Value[];
  readonly targetGroupArn: Value;
  /** The replicas' targets, in the order of their volumes. */
  readonly addresses: readonly Value[];
  readonly joined?: boolean;
};
/** Present when at least one etcd volume no longer says `bootstrap`; those volumes, and those of them that say `join`. */
export type EstablishedState = { readonly volumeIds: readonly string[]; readonly joining?: readonly string[] };

export type EstablishedIdentity = { readonly volumeIds: readonly string[] };

export const established: Row<EstablishedProperties, EstablishedState, EstablishedIdentity, 'unmarked'> = {
  planned: 'when it differs',
  neverSkipped: 'an etcd volume that may still be overwritten would stay so',
  differences: ({ volumeIds, joined }, is) =>
    volumeIds
      // Who has joined has data: an empty disk would be another loss.
      .filter((id) => !is.volumeIds.includes(id) || (joined === true && is.joining?.includes(id) === true))
      .map((item): Difference<'unmarked'> => ({ what: 'unmarked', item, says: `${item} may still bootstrap` })),
};
