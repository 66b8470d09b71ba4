/** What a cluster's status says of its snapshots: the newest that counts, and why there is none. */
import { describe, expect, test } from '@jest/globals';
import { clusterIdOf } from '../../api/names.ts';
import { type BackupSeen, backupSeen } from '../../policy/backup-status.ts';
import type { Backup } from '../../policy/backups.ts';
import { findingOf } from '../../policy/drift.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { revisionOf } from '../../policy/revision.ts';
import { statusOf } from '../../policy/status.ts';
import type { Subject } from '../../policy/views.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { ACCOUNT, CLUSTER_UID, REGION, release, seedCluster } from '../topology/objects.ts';
import { carryOut, EMPTY, ENDPOINT, inventoryOf } from './account.ts';
import { decisionAbout } from './decisions.ts';

const NOW = Date.parse('2026-11-30T20:00:00Z');
const HOUR = 3_600_000;

const backup = (hoursAgo: number, problem?: string): Backup => {
  const time = new Date(NOW - hoursAgo * HOUR).toISOString();
  const good = { sha256: 'ab'.repeat(32), etcd: '3.6.16', kubernetes: '1.36.3' };
  return { key: `key-${hoursAgo}`, time, revision: '7', size: 100, ...(problem === undefined ? good : { problem }) };
};
const last = (hoursAgo: number) => {
  const { key, time, size, revision } = backup(hoursAgo);
  return { key, time, size, revision };
};

describe('of snapshots is seen', () => {
  test('the newest that is whole', () => {
    expect(backupSeen([backup(1), backup(7)], NOW)).toEqual({ kind: 'seen', last: last(1) });
    expect(backupSeen([], NOW)).toEqual({ kind: 'seen' });
  });

  test('that the newest was cut, once nobody can be sending it any more', () => {
    const cut = 'it has no manifest';
    expect(backupSeen([backup(0.5, cut), backup(7)], NOW)).toEqual({ kind: 'seen', last: last(7) });
    expect(backupSeen([backup(2, cut), backup(7)], NOW)).toEqual({
      ...{ kind: 'seen', last: last(7), problem: 'key-2: it has no manifest' },
    });
    expect(backupSeen([backup(1), backup(2, cut)], NOW)).toEqual({ kind: 'seen', last: last(1) });
  });
});

describe('of a schedule is seen', () => {
  const since = NOW - 100 * HOUR;

  test.each<[string, readonly Backup[], number, number]>([
    ['nothing, while the newest is young enough', [backup(11)], 6, since],
    ['nothing, until as long again has passed', [backup(12)], 6, since],
    ['nothing, while nobody has waited for so long', [], 6, NOW - 12 * HOUR],
    ['nothing, where the newest is old and the schedule is new', [backup(50)], 6, NOW - HOUR],
  ])('%s', (_, backups, everyHours, from) => {
    expect(backupSeen(backups, NOW, { everyHours, since: from })).not.toHaveProperty('late');
  });

  test.each<[string, readonly Backup[]]>([
    ['that the newest is too old', [backup(13)]],
    ['that there is none', []],
    ['that there is none which is whole', [backup(1, 'it has no manifest')]],
  ])('%s', (_, backups) => {
    expect(backupSeen(backups, NOW, { everyHours: 6, since })).toMatchObject({
      late: expect.stringContaining('every 6 hours is asked for.'),
    });
    expect(backupSeen(backups, NOW)).not.toHaveProperty('late');
  });
});

const OBJECT = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID } as const;
const written = (subject: Subject, cluster = seedCluster()) =>
  statusOf({ object: OBJECT, generation: 1, subject, events: [] }, cluster, NOW);
const settledWith = (seen?: BackupSeen, before?: object) =>
  written(
    { kind: 'settled', ...(seen === undefined ? {} : { backup: seen }) },
    seedCluster({
      status: {
        ...{ aws: { account: ACCOUNT, region: REGION }, established: true, clusterID: clusterIdOf(CLUSTER_UID) },
        ...{ endpoint: ENDPOINT, revision: revisionOf(release()), ...before },
      },
    }),
  );
const failing = (status: ReturnType<typeof written>) => status.conditions?.find(({ type }) => type === 'BackupFailing');

describe('a status', () => {
  test('has the newest snapshot, and no condition while all is well', () => {
    const status = settledWith({ kind: 'seen', last: last(1) });
    expect(status.backup).toEqual({ lastSuccess: last(1) });
    expect(failing(status)).toBeUndefined();
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });

  test.each<[string, BackupSeen, string, string]>([
    ['there is no bucket', { kind: 'nowhere' }, 'NoBucket', 'set SLIPWAY_BUCKET'],
    [
      'the bucket was not read',
      { kind: 'unread', why: 'AccessDenied: no' },
      'BucketNotRead',
      'AccessDenied: no. Every',
    ],
    [
      'the newest is not whole',
      { kind: 'seen', last: last(7), problem: 'key-2: it has no manifest' },
      'NewestNotWhole',
      'it has no manifest. To have another: npx slipway clusters backup cluster-0 -n default',
    ],
    [
      'old ones stay',
      { kind: 'seen', last: last(1), unremoved: 'AccessDenied: no right to DeleteObject' },
      'OldNotRemoved',
      'could not be removed: AccessDenied: no right to DeleteObject. Every sweep tries again.',
    ],
    [
      'none has come in time',
      { kind: 'seen', late: 'There is no snapshot that is whole, and one every 6 hours is asked for.' },
      'Overdue',
      'its log says why it could not; images of before schedules take none. To have one now: npx slipway clusters backup',
    ],
  ])('says that %s, with what to do, and stays Ready', (_, seen, reason, message) => {
    const status = settledWith(seen);
    expect(failing(status)).toMatchObject({ status: 'True', reason, message: expect.stringContaining(message) });
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });

  test('keeps what it knew while nobody looks, and while the bucket is not read', () => {
    const known = settledWith({ kind: 'seen', last: last(1), problem: 'key-0: cut' });
    for (const seen of [undefined, { kind: 'unread', why: 'timeout' }] as const) {
      expect(settledWith(seen, known).backup).toEqual({ lastSuccess: last(1) });
    }
    expect(failing(settledWith(undefined, known))).toMatchObject({ reason: 'NewestNotWhole' });
  });

  test('loses a snapshot that is no longer there, and the condition once it is cured', () => {
    const known = settledWith({ kind: 'seen', last: last(1), problem: 'key-0: cut' });
    const after = settledWith({ kind: 'seen' }, known);
    expect(after.backup).toBeUndefined();
    expect(failing(after)).toBeUndefined();
  });
});

describe('a sweep tells of snapshots', () => {
  const built = carryOut(
    planEnsure(clusterTopology(seedCluster(), release()), EMPTY, { fresh: true, provisioned: false, live: false }).plan,
    EMPTY,
  );
  const found = (seen: BackupSeen, before: BackupSeen) => {
    const cluster = seedCluster({ status: settledWith(before) });
    return findingOf(cluster, decisionAbout(cluster, inventoryOf(built)), built, { backup: seen });
  };

  test('only what the status does not say already', () => {
    const seen: BackupSeen = { kind: 'seen', last: last(1) };
    expect(found(seen, seen)).toBeUndefined();
    expect(found({ kind: 'nowhere' }, { kind: 'nowhere' })).toBeUndefined();
    expect(found(seen, { kind: 'seen', last: last(7) })).toMatchObject({ kind: 'report', backup: seen });
    expect(found({ kind: 'nowhere' }, seen)).toMatchObject({ kind: 'report', backup: { kind: 'nowhere' } });
  });
});
