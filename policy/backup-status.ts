/**
 * Backup status: what a cluster's status says of its snapshots, and the condition BackupFailing.
 *
 * Owns: the newest snapshot that counts, and what keeps there from being one: no bucket, a bucket that can't be read, a newest that was
 * cut or written over. Neighbours: `backups.ts` judges each snapshot, a sweep looks, `specific-conditions.ts` has the condition.
 * Pure. Invariants: I12 (a bucket that was not read says nothing of what is in it: what was known stays).
 */
import type { AWSClusterStatus } from '../api/cluster.ts';
import { backupCommand } from '../words/commands.ts';
import { present } from '../words/present.ts';
import { ended } from '../words/text.ts';
import type { Backup } from './backups.ts';
import { type Claim, conditionOf, cut } from './conditions.ts';
import type { StoredObject, Subject } from './views.ts';

type Kept = NonNullable<AWSClusterStatus['backup']>['lastSuccess'];

/** What a sweep saw of a cluster's snapshots. */
export type BackupSeen =
  /** The worker was told of no bucket. */
  | { readonly kind: 'nowhere' }
  | { readonly kind: 'unread'; readonly why: string }
  | {
      readonly kind: 'seen';
      readonly last?: Kept;
      readonly problem?: string;
      readonly late?: string;
      readonly unremoved?: string;
    };

/** What the spec asks for; `since`: since when somebody has looked whether it comes, in epoch milliseconds. */
export type Asked = { readonly everyHours: number; readonly since: number };

/** As long as an agent may be at it, and as much again: what is not whole by then will never be. */
const SENT_WITHIN_MS = 60 * 60_000;

const HOUR_MS = 60 * 60_000;

/** One that agents did not take although its time has come, and again as much has passed. */
const lateness = (last: Backup | undefined, { everyHours, since }: Asked, now: number): string | undefined => {
  const from = Math.max(since, last === undefined ? 0 : Date.parse(last.time));
  if (now - from <= 2 * everyHours * HOUR_MS) return undefined;
  return `${last === undefined ? 'There is no snapshot that is whole' : `The newest snapshot that is whole is of ${last.time}`}, and one every ${everyHours} hours is asked for.`;
};

/** `backups` are a cluster's, the newest first; `now` in epoch milliseconds; `asked` where there is a schedule. */
export const backupSeen = (backups: readonly Backup[], now: number, asked?: Asked): BackupSeen => {
  const good = backups.find(({ problem }) => problem === undefined);
  const [newest] = backups;
  const isLate = newest !== undefined && now - Date.parse(newest.time) > SENT_WITHIN_MS;
  const late = asked === undefined ? undefined : lateness(good, asked, now);
  return {
    kind: 'seen',
    ...present({ late }),
    ...(good === undefined
      ? {}
      : { last: { key: good.key, time: good.time, size: good.size, revision: good.revision } }),
    ...(isLate && newest.problem !== undefined ? { problem: `${newest.key}: ${newest.problem}` } : {}),
  };
};

const seenBy = (subject: Subject): BackupSeen | undefined => (subject.kind === 'settled' ? subject.backup : undefined);

/** What status has of snapshots from now on; nothing of a node pool. */
export const backupStatus = (subject: Subject, object: StoredObject): Pick<AWSClusterStatus, 'backup'> => {
  if (object.kind !== 'AWSCluster') return {};
  const seen = seenBy(subject);
  if (seen?.kind !== 'seen') return object.status?.backup === undefined ? {} : { backup: object.status.backup };
  return seen.last === undefined ? {} : { backup: { lastSuccess: seen.last } };
};

export const BACKUP_FAILING = 'BackupFailing';

const failing = (reason: string, message: string): Claim => ({ status: 'True', reason, message: cut(message) });

const notWell = (seen: Extract<BackupSeen, { kind: 'seen' }>, command: string): Claim | undefined => {
  const { problem, late, unremoved } = seen;
  if (problem !== undefined) {
    return failing(
      'NewestNotWhole',
      `The newest snapshot can't be relied on. ${ended(problem)} To have another: ${command}`,
    );
  }
  if (late === undefined) {
    return unremoved === undefined
      ? undefined
      : failing(
          'OldNotRemoved',
          `Snapshots beyond those that spec.controlPlane.backup keeps could not be removed: ${ended(unremoved)} Every sweep tries again.`,
        );
  }
  return failing(
    'Overdue',
    `${late} The agent of the replica that leads etcd takes it, and its log says why it could not; images of before schedules take none. To have one now: ${command}`,
  );
};

/** Said until a look into the bucket knows better. */
export const backupFailing = (subject: Subject, object: StoredObject): Claim | undefined => {
  if (object.kind !== 'AWSCluster') return undefined;
  const seen = seenBy(subject);
  switch (seen?.kind) {
    case undefined:
      return conditionOf(object, BACKUP_FAILING);
    case 'nowhere':
      return failing(
        'NoBucket',
        'There is nowhere to keep a snapshot of etcd, such as is taken before an upgrade: set SLIPWAY_BUCKET of the worker to the name of a bucket in its region, and start it again.',
      );
    case 'unread':
      return failing(
        'BucketNotRead',
        `What snapshots there are is not known: ${ended(seen.why)} Every sweep asks again.`,
      );
    case 'seen':
      return notWell(seen, backupCommand(object.metadata));
  }
};
