/** A snapshot of the cluster's etcd that an operation takes before it changes what only a snapshot could bring back. */
import type { Nothing, Row } from './row.ts';

/** All by which one taking is told from the next: the same again finds what has just been made, or goes on with what is under way. */
export type SnapshotProperties = {
  /** The versions that are upgraded from and to. */
  readonly from: string;
  readonly to: string;
  /** Of the object, as its operation was planned. */
  readonly generation: number;
};

export const snapshot: Row<SnapshotProperties, undefined, Nothing> = { planned: 'never' };
