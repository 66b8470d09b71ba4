/**
 * Backup sweep: what a sweep does about a cluster's snapshots: looks what there is, and lets go of what its schedule has made too many of.
 *
 * Owns: how often a bucket is looked into, and that what goes wrong is said of the cluster and fails nobody's sweep. Neighbours:
 * `policy/backup-status.ts` says what a look comes to, `policy/snapshot-retention.ts` what goes, `backups.ts` what people ask for.
 * Invariants: I6 (without a schedule in the spec nothing is ever removed), I12 (nothing is removed by what could not be read).
 */
import type { AWSClusterSpec } from '../api/cluster.ts';
import { type Asked, type BackupSeen, backupSeen } from '../policy/backup-status.ts';
import type { Backup } from '../policy/backups.ts';
import { expendable } from '../policy/snapshot-retention.ts';
import { present } from '../words/present.ts';
import type { BackupBucket } from './aws/snapshots.ts';
import { verdictOf } from './verdicts.ts';

/** A cluster whose snapshots a sweep looks at, and its schedule. */
export type Swept = { readonly clusterId: string; readonly backup?: AWSClusterSpec['controlPlane']['backup'] };

export type BackupSweepSources = {
  /** Where snapshots go; nowhere where the worker was told of no bucket. */
  readonly bucket?: BackupBucket;
  /** Is told of snapshots that were removed. */
  readonly onRemoved: (clusterId: string, keys: readonly string[]) => void;
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

/** A listing costs a call a cluster: where all was well it is made once an hour, whatever the pace of sweeps. */
const SEEN_FOR_MS = 60 * 60_000;
/** Clusters of one worker are less. */
const MOST_REMEMBERED = 20_000;
/** In one look: who keeps five hundred less is done after some sweeps, and no sweep takes long. */
export const MOST_REMOVED = 50;

const markOf = ({ clusterId, backup }: Swept): string =>
  `${clusterId} ${backup === undefined ? '' : `${backup.everyHours} ${backup.keep}`}`;

/** Undefined where it is not looked at now, and what was known stays. */
export const createBackupSweep = ({ bucket, onRemoved, now = Date.now }: BackupSweepSources) => {
  /** When a bucket was looked into last in which all was well, by cluster and schedule. */
  const wellAt = new Map<string, number>();
  /** Since when this worker has seen a schedule. */
  const scheduledAt = new Map<string, number>();

  const askedOf = (swept: Swept, at: number): Asked | undefined => {
    if (swept.backup === undefined) return undefined;
    const mark = markOf(swept);
    const since = scheduledAt.get(mark) ?? at;
    if (scheduledAt.size >= MOST_REMEMBERED) scheduledAt.clear();
    scheduledAt.set(mark, since);
    return { everyHours: swept.backup.everyHours, since };
  };

  const letGo = async (
    { clusterId, backup }: Swept,
    backups: readonly Backup[],
    signal: AbortSignal,
  ): Promise<{ readonly more: boolean; readonly unremoved?: string }> => {
    if (bucket === undefined || backup === undefined) return { more: false };
    const all = expendable(backups, backup.keep, now());
    // The oldest first: whatever ends it, what stays is the newest.
    const keys = all.slice(-MOST_REMOVED).map(({ key }) => key);
    if (keys.length === 0) return { more: false };
    try {
      await bucket.remove(keys.toReversed(), signal);
    } catch (error) {
      signal.throwIfAborted();
      return { more: true, unremoved: verdictOf(error).message };
    }
    onRemoved(clusterId, keys);
    return { more: all.length > keys.length };
  };

  return async (swept: Swept, signal: AbortSignal): Promise<BackupSeen | undefined> => {
    if (bucket === undefined) return { kind: 'nowhere' };
    const [began, mark] = [now(), markOf(swept)];
    for (const [id, at] of wellAt) if (began - at >= SEEN_FOR_MS) wellAt.delete(id);
    if (wellAt.has(mark)) return undefined;
    try {
      const backups = await bucket.read(swept.clusterId, signal);
      const { more, unremoved } = await letGo(swept, backups, signal);
      const seen = backupSeen(backups, began, askedOf(swept, began));
      const isWell = seen.kind === 'seen' && seen.problem === undefined && seen.late === undefined;
      if (isWell && !more) wellAt.set(mark, began);
      return { ...seen, ...present({ unremoved }) };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'unread', why: verdictOf(error).message };
    }
  };
};
