/** When a sweep looks into the bucket of a cluster's snapshots, and what it lets go. */
import { describe, expect, test } from '@jest/globals';
import { createBackupSweep, MOST_REMOVED, type Swept } from '../../activities/backup-sweep.ts';
import type { Backup } from '../../policy/backups.ts';
import { present } from '../../words/present.ts';

const MINUTE_MS = 60_000;
const backup = (changes: Partial<Backup> = {}): Backup => ({
  key: 'gke-1/etcd/2026-01-01T00:00:00Z-7.db',
  time: '2026-01-01T00:00:00Z',
  size: 7,
  revision: '7',
  ...changes,
});

const bucketOf = (backups: readonly Backup[] | Error, failing?: string) => {
  const clock = { now: Date.parse('2026-01-02T00:00:00Z') };
  const asked: string[] = [];
  const state = { there: backups };
  const removed: string[] = [];
  const told: string[] = [];
  const sweep = createBackupSweep({
    bucket: {
      read: async (clusterId) => {
        asked.push(clusterId);
        if (state.there instanceof Error) throw state.there;
        return state.there;
      },
      remove: async (keys) => {
        if (failing !== undefined) throw new Error(failing);
        removed.push(...keys);
        if (!(state.there instanceof Error)) state.there = state.there.filter(({ key }) => !keys.includes(key));
      },
    },
    onRemoved: (clusterId, keys) => void told.push(`${clusterId}: ${keys.length}`),
    now: () => clock.now,
  });
  const see = (clusterId = 'gke-1', backup?: Swept['backup']) =>
    sweep({ clusterId, ...present({ backup }) }, new AbortController().signal);
  return { clock, asked, see, removed, told };
};

/** A schedule's, so many hours old; the newest first. */
const scheduled = (...hoursAgo: readonly number[]): readonly Backup[] =>
  hoursAgo.map((hours) => {
    const time = new Date(Date.parse('2026-01-02T00:00:00Z') - hours * 60 * MINUTE_MS).toISOString();
    return backup({ key: `gke-1/etcd/${hours}`, time, scheduled: true });
  });
const EVERY_SIX = { everyHours: 6, keep: 2 };

describe('the bucket of a cluster', () => {
  test('in which all is well is looked into once an hour, each cluster’s by itself', async () => {
    const { clock, asked, see } = bucketOf([backup()]);
    expect(await see()).toMatchObject({ kind: 'seen', last: { revision: '7' } });
    clock.now += 59 * MINUTE_MS;
    expect(await see()).toBeUndefined();
    expect(await see('gke-2')).toMatchObject({ kind: 'seen' });
    clock.now += MINUTE_MS;
    expect(await see()).toMatchObject({ kind: 'seen' });
    expect(asked).toEqual(['gke-1', 'gke-2', 'gke-1']);
  });

  test('from which none came in twice the time is said to be late by every sweep, and not before this worker has waited', async () => {
    const { clock, see } = bucketOf([backup()]);
    expect(await see('gke-1', EVERY_SIX)).not.toHaveProperty('late');
    clock.now += 12 * 60 * MINUTE_MS;
    expect(await see('gke-1', EVERY_SIX)).not.toHaveProperty('late');
    clock.now += 60 * MINUTE_MS;
    for (let sweep = 0; sweep < 3; sweep += 1) {
      expect(await see('gke-1', EVERY_SIX)).toMatchObject({ late: expect.stringContaining('every 6 hours') });
    }
    expect(await see('gke-2')).not.toHaveProperty('late');
  });

  test.each([
    [
      'whose newest snapshot is not whole',
      [backup({ problem: 'it was cut' })],
      { kind: 'seen', problem: expect.any(String) },
    ],
    ['that can’t be read', new Error('AccessDenied'), { kind: 'unread' }],
  ] as const)('%s is looked into by every sweep', async (_what, backups, said) => {
    const { asked, see } = bucketOf(backups);
    for (let sweep = 0; sweep < 3; sweep += 1) expect(await see()).toMatchObject(said);
    expect(asked).toHaveLength(3);
  });

  test('loses the oldest of its schedule, once, and the worker says so', async () => {
    const { see, removed, told, asked } = bucketOf(scheduled(1, 7, 13, 19));
    expect(await see('gke-1', EVERY_SIX)).toMatchObject({ kind: 'seen', last: { key: 'gke-1/etcd/1' } });
    expect(removed).toEqual(['gke-1/etcd/19', 'gke-1/etcd/13']);
    expect(await see('gke-1', EVERY_SIX)).toBeUndefined();
    expect([asked.length, told]).toEqual([1, ['gke-1: 2']]);
  });

  test('loses nothing where the spec has no schedule, or the bucket was not read', async () => {
    const without = bucketOf(scheduled(1, 7, 13, 19));
    await without.see();
    const unread = bucketOf(new Error('AccessDenied'));
    await unread.see('gke-1', EVERY_SIX);
    expect([without.removed, unread.removed]).toEqual([[], []]);
  });

  test('is looked into at once where the spec keeps another number', async () => {
    const { see, removed } = bucketOf(scheduled(1, 7, 13));
    await see('gke-1', { ...EVERY_SIX, keep: 3 });
    expect(removed).toEqual([]);
    await see('gke-1', EVERY_SIX);
    expect(removed).toEqual(['gke-1/etcd/13']);
  });

  test('that holds far too many loses some in each sweep, the oldest first, until all is well', async () => {
    const { see, removed, asked } = bucketOf(scheduled(...Array.from({ length: MOST_REMOVED + 12 }, (_, one) => one)));
    await see('gke-1', EVERY_SIX);
    expect(removed).toHaveLength(MOST_REMOVED);
    expect(removed[0]).toBe(`gke-1/etcd/${MOST_REMOVED + 11}`);
    await see('gke-1', EVERY_SIX);
    expect(removed).toHaveLength(MOST_REMOVED + 10);
    expect(await see('gke-1', EVERY_SIX)).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  test('from which none may be removed says why, each time', async () => {
    const { see, told } = bucketOf(scheduled(1, 7, 13), 'AccessDenied: no right to DeleteObject');
    for (let sweep = 0; sweep < 2; sweep += 1) {
      expect(await see('gke-1', EVERY_SIX)).toMatchObject({
        last: { key: 'gke-1/etcd/1' },
        unremoved: 'AccessDenied: no right to DeleteObject',
      });
    }
    expect(told).toEqual([]);
  });

  test('that this worker knows none of is said to be nowhere', async () => {
    const sweep = createBackupSweep({ onRemoved: () => undefined });
    expect(await sweep({ clusterId: 'gke-1', backup: EVERY_SIX }, new AbortController().signal)).toEqual({
      kind: 'nowhere',
    });
  });
});
