/**
 * Backup schedule: what a worker says once to the agents of a cluster, as a tag of each etcd volume, so that they keep snapshots by themselves.
 *
 * Owns: the tag's key and text. Neighbours: `activities/aws/etcd-volume.ts` writes it, `agent/backup-schedule.ts` acts on it. Pure.
 */

/** Written by workers, read by agents. */
export const BACKUP_TAG = 'slipway.dev/backup';

export type BackupSchedule = {
  readonly bucket: string;
  /** The newest snapshot is to be no older than so many hours. */
  readonly everyHours: number;
};

/** That there was a schedule, and is none any more: writing takes no right that removing a tag would. */
const NONE = 'none';

/** `backups 6`, or `none` */
export const scheduleText = (schedule: BackupSchedule | undefined): string =>
  schedule === undefined ? NONE : `${schedule.bucket} ${schedule.everyHours}`;

/** Undefined where there is none, or nothing that this release understands. */
export const scheduleIn = (text: string | undefined): BackupSchedule | undefined => {
  const [, bucket, hours] = /^(\S+) ([1-9]\d{0,3})$/.exec(text ?? '') ?? [];
  return bucket === undefined ? undefined : { bucket, everyHours: Number(hours) };
};
