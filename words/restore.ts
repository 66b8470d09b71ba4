/**
 * Restore: how a cluster is asked for a restore, and how it is known afterwards which one it had.
 *
 * Owns: the annotation, the tag and both texts. Neighbours: `client/` writes the annotation, `policy/restore.ts` judges it, drivers write the tag on
 * the etcd volumes. Pure. Invariants: I5 (a request acts once: what is on the volumes outlives status, Temporal and the object).
 */
import { snapshotNamed } from './snapshots.ts';

/** `<key of a snapshot> <token>`: another token asks for the same snapshot once more. */
export const RESTORE_ANNOTATION = 'slipway.dev/restore';

/** On etcd volumes: the id of the last restore that is done. */
export const RESTORED_TAG = 'slipway.dev/restored';

/** What stands for the newest snapshot that can be restored, where somebody asks; the annotation names a key. */
export const NEWEST = 'newest';

export type RestoreRequest = {
  readonly key: string;
  readonly clusterId: string;
  readonly time: string;
  readonly token: string;
};

export const restoreText = (key: string, token: string): string => `${key} ${token}`;

/** Undefined for what is no request. */
export const restoreIn = (text: string): RestoreRequest | undefined => {
  const [key = '', token = '', ...more] = text.split(' ');
  const named = snapshotNamed(key);
  if (named === undefined || named.isManifest || more.length > 0 || !/^[\w.:-]{1,63}$/.test(token)) return undefined;
  const { clusterId, time } = named;
  return { key, clusterId, time, token };
};
