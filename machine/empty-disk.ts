/**
 * The empty-disk rule: what a replica may do with its etcd volume.
 *
 * Owns: the decision, and nothing else, because everything that must never be lost hangs on it (I5). A disk that holds
 * data is simply used. What an empty one may do is written on the volume itself, by the tag `slipway.dev/empty-disk`;
 * an agent never concludes from emptiness alone that a cluster is new.
 * Neighbours: `agent/replica.ts` looks at the disk and the tag, and does what this says.
 */
import { EMPTY_DISK_TAG } from '../api/names.ts';

/** What an etcd process is to do with its data directory. */
export type EtcdStart =
  /** The disk holds a member's data: go on with it. */
  | { readonly kind: 'resume' }
  /** The first start of a new cluster: all replicas are its members. */
  | { readonly kind: 'bootstrap' }
  /** A member that lost its data: leave and join again as a learner. */
  | { readonly kind: 'join' }
  /** Only a person, or a repair, may say what happens. `reason` is a sentence for the log. */
  | { readonly kind: 'wait'; readonly reason: string };

export const decideEtcdStart = (volume: {
  readonly id: string;
  readonly hasData: boolean;
  readonly tags: Readonly<Record<string, string>>;
}): EtcdStart => {
  if (volume.hasData) return { kind: 'resume' };
  const tag = volume.tags[EMPTY_DISK_TAG];
  switch (tag) {
    case 'bootstrap':
      return { kind: 'bootstrap' };
    case 'join':
      return { kind: 'join' };
    case 'wait':
      return {
        kind: 'wait',
        reason:
          `Volume ${volume.id} is empty although its cluster is established: its etcd data is gone. ` +
          `It may join the other members once a repair sets its tag ${EMPTY_DISK_TAG} to join.`,
      };
    default:
      return {
        kind: 'wait',
        reason:
          tag === undefined
            ? `Volume ${volume.id} is empty and has no tag ${EMPTY_DISK_TAG}, so nothing says what may be done with it.`
            : `Volume ${volume.id} is empty and its tag ${EMPTY_DISK_TAG} says ${tag}, which this agent does not know.`,
      };
  }
};
