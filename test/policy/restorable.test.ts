/** Which snapshot a restore begins with, and why another is refused. */
import { describe, expect, test } from '@jest/globals';
import type { Backup } from '../../policy/backups.ts';
import { chooseBackup, judgeKey } from '../../policy/restorable.ts';

const READER = { etcd: '3.6.16', kubernetes: '1.36.3' };
const CLUSTER = 'gke-0a1b2c3d';
const keyOf = (day: number, clusterId = CLUSTER): string => `${clusterId}/etcd/202611${day}T194500123Z-4711.db`;
const backup = (day: number, overrides: Partial<Backup> = {}): Backup => ({
  ...{ key: keyOf(day), time: `2026-11-${day}T19:45:00.123Z`, revision: '4711', size: 9 },
  ...{ sha256: 'ab'.repeat(32), etcd: '3.6.16', kubernetes: '1.36.3' },
  ...overrides,
});

const choose = (from: string, backups: readonly Backup[]) =>
  chooseBackup(from, { clusterId: CLUSTER, backups, reader: READER });

describe('the snapshot that a restore begins with', () => {
  test('is the one that is named, also where it is older, or kept by an older minor', () => {
    const older = backup(28, { etcd: '3.5.21', kubernetes: '1.35.1' });
    expect(choose(keyOf(28), [backup(29), older])).toEqual({ kind: 'chosen', backup: older, passedOver: [] });
  });

  test('is the newest that can be restored, and newer ones that can not are named with the reason', () => {
    const backups = [
      backup(30, { problem: 'it has no manifest' }),
      backup(29, { kubernetes: '1.37.0' }),
      backup(28),
      backup(27),
    ];
    expect(choose('newest', backups)).toEqual({
      kind: 'chosen',
      backup: backup(28),
      passedOver: [
        `${keyOf(30)}: it has no manifest`,
        expect.stringContaining('it was kept by Kubernetes 1.37.0, and the cluster runs 1.36.3'),
      ],
    });
  });

  test.each<[string, string, readonly Backup[], string]>([
    ['the bucket lists none', 'newest', [], 'its bucket has no snapshot of it'],
    [
      'none can be',
      'newest',
      [backup(30, { problem: 'it is cut' })],
      `none of the 1 snapshots in its bucket can be: ${keyOf(30)}: it is cut`,
    ],
    ['the bucket does not list it', keyOf(29), [backup(30)], `${keyOf(29)} can't be: the bucket does not list it`],
    ['it is not whole', keyOf(30), [backup(30, { problem: 'it is cut' })], `${keyOf(30)} can't be: it is cut`],
    ['its sum is unknown', keyOf(30), [backup(30, { sha256: undefined } as never)], 'its sum is unknown'],
    [
      'a newer etcd kept it',
      keyOf(30),
      [backup(30, { etcd: '3.7.0' })],
      'it was kept by etcd 3.7.0, and the cluster runs 3.6.16',
    ],
    [
      'it is of another cluster',
      keyOf(30, 'gke-ffffffff'),
      [],
      'is of cluster gke-ffffffff, whose Secrets this one could not read',
    ],
    ['it is no key', 'gke-0a1b2c3d/etcd', [], '"gke-0a1b2c3d/etcd" is the key of no snapshot'],
    ['it is the manifest of one', keyOf(30).replace('.db', '.json'), [backup(30)], 'is the key of no snapshot'],
  ])('is none where %s', (_, from, backups, reason) => {
    expect(choose(from, backups)).toEqual({ kind: 'none', reason: expect.stringContaining(reason) });
  });

  test('is judged by the first step of a restore as by its preview', () => {
    expect(judgeKey(keyOf(30), [backup(30)], READER)).toEqual({ restorable: backup(30) });
    expect(judgeKey(keyOf(30), [backup(30, { problem: 'it is cut' })], READER)).toEqual({ why: 'it is cut' });
  });
});
