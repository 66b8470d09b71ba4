/**
 * Backup schedule: has the replica that leads etcd keep a snapshot whenever the newest is older than the tag of its volume says.
 *
 * Owns: when the bucket is looked into, and that a snapshot is due. Neighbours: `orders.ts` reads the tags, `snapshot-orders.ts` takes one
 * snapshot at a time, `backup.ts` takes it. Who has just begun to lead looks into the bucket first, so that a change of leaders makes
 * one snapshot more at worst.
 * Invariants: I2 (what the bucket has is not taken again), I9 (what fails is logged, and the worker sees that none comes), I11 (nothing
 * here needs Slipway).
 */
import { BACKUP_TAG, type BackupSchedule, scheduleIn, scheduleText } from '../words/backup-schedule.ts';
import { wholeMessageOf } from '../words/failure.ts';
import { newestKept, snapshotsSince } from '../words/snapshots.ts';
import type { VolumeTags } from './emulation.ts';
import type { Log } from './log.ts';
import type { SnapshotOrders } from './snapshot-orders.ts';

export type ScheduledReplica = {
  readonly clusterId: string;
  /** Whether its member leads etcd, and may speak for the cluster. */
  readonly leads: () => Promise<boolean>;
  /** Keys of a bucket that begin so, and come after another; sorted. */
  readonly keys: (bucket: string, prefix: string, after: string) => Promise<readonly string[]>;
  /** Keeps a snapshot; resolves with its key. */
  readonly backUp: (asked: { readonly bucket: string; readonly scheduled: true }) => Promise<string>;
  /** What it takes for orders, too: one at a time. */
  readonly alone: SnapshotOrders['alone'];
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

const HOUR_MILLIS = 60 * 60_000;
/** How soon a replica that does not lead looks again whether it does. */
export const FOLLOWER_MILLIS = 5 * 60_000;
/** How soon what failed is tried again. */
export const FAILED_MILLIS = 10 * 60_000;

/** Answers the function that each look at the tags is handed to: it resolves once it is known whether a snapshot is due. */
export const createBackupSchedule = (replica: ScheduledReplica): ((tags: VolumeTags) => Promise<void>) => {
  const { clusterId, leads, keys, backUp, alone, log, now = Date.now } = replica;
  /** By which text of the tag it was looked last, and when the next look is due. */
  const state = { text: '', at: 0 };

  /** When the newest snapshot was taken, if it is younger than the schedule lets it become. */
  const newest = async ({ bucket, everyHours }: BackupSchedule): Promise<number | undefined> => {
    const { prefix, after } = snapshotsSince(clusterId, new Date(now() - everyHours * HOUR_MILLIS + 1));
    return newestKept(await keys(bucket, prefix, after));
  };

  const take = ({ bucket, everyHours }: BackupSchedule): void => {
    const began = now();
    alone(async () => {
      log.info('A snapshot is due by schedule', { bucket, everyHours });
      try {
        await backUp({ bucket, scheduled: true });
        state.at = began + everyHours * HOUR_MILLIS;
      } catch (thrown) {
        log.error(`The scheduled snapshot could not be taken, and is tried again: ${wholeMessageOf(thrown)}`, {
          bucket,
        });
      }
    });
  };

  const look = async (schedule: BackupSchedule): Promise<void> => {
    if (!(await leads())) {
      state.at = now() + FOLLOWER_MILLIS;
      return;
    }
    const last = await newest(schedule);
    if (last === undefined) take(schedule);
    else state.at = last + schedule.everyHours * HOUR_MILLIS;
  };

  return async (tags) => {
    const schedule = scheduleIn(tags?.[BACKUP_TAG]);
    if (schedule === undefined) return;
    const text = scheduleText(schedule);
    if (text === state.text && now() < state.at) return;
    state.text = text;
    // Whatever comes of it: neither etcd nor S3 is asked at every look at the tags.
    state.at = now() + FAILED_MILLIS;
    try {
      await look(schedule);
    } catch (thrown) {
      log.warn(`Whether a snapshot is due could not be seen, looked at again: ${wholeMessageOf(thrown)}`, {
        bucket: schedule.bucket,
      });
    }
  };
};
