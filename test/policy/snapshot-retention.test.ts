/** Only what a schedule made too many of goes, and what is half there; never the newest that can be relied on. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Backup, backupsIn, type Listed } from '../../policy/backups.ts';
import { expendable } from '../../policy/snapshot-retention.ts';
import { type Manifest, manifestKey, snapshotKey } from '../../words/snapshots.ts';

const CLUSTER = 'gke-0a1b2c3d';
const NOW = Date.parse('2026-11-30T19:45:00Z');
const HOUR = 3_600_000;

/** As a bucket may hold one: whole, by whom it was asked for; half of it; written over; of a release that nobody knows. */
type Sort = 'scheduled' | 'asked for' | 'of before' | 'no manifest' | 'no snapshot' | 'written over' | 'unreadable';
type Kept = { readonly hoursAgo: number; readonly sort: Sort };

const backupsOf = (all: readonly Kept[], others: readonly Kept[] = []): readonly Backup[] => {
  const manifests = new Map<string, Manifest | 'unreadable'>();
  const listed: Listed[] = [];
  const put = (clusterId: string, { hoursAgo, sort }: Kept, index: number): void => {
    const key = snapshotKey(clusterId, new Date(NOW - hoursAgo * HOUR), `${index}`);
    if (sort !== 'no snapshot') listed.push({ key, size: 7, etag: sort === 'written over' ? 'f' : 'e' });
    if (sort === 'no manifest') return;
    listed.push({ key: manifestKey(key), size: 300, etag: 'm' });
    const why = sort === 'asked for' ? { token: '3f9c' } : sort === 'of before' ? {} : { scheduled: true as const };
    const manifest = { key, size: 7, sha256: 'ab', etag: 'e', revision: '1', etcd: '3.6.16', kubernetes: '1.36.3' };
    manifests.set(manifestKey(key), sort === 'unreadable' ? 'unreadable' : { ...manifest, ...why });
  };
  all.forEach((one, index) => put(CLUSTER, one, index));
  others.forEach((one, index) => put('gke-ffffffff', one, index));
  return backupsIn(CLUSTER, listed, (key) => manifests.get(key) ?? 'unreadable');
};

const scheduled = (...hoursAgo: readonly number[]): readonly Kept[] =>
  hoursAgo.map((one) => ({ hoursAgo: one, sort: 'scheduled' }));

const gone = (backups: readonly Backup[], keep: number): readonly number[] =>
  expendable(backups, keep, NOW).map(({ time }) => Math.round((NOW - Date.parse(time)) / HOUR));

describe('of the snapshots of a schedule', () => {
  test('the oldest beyond those that are kept go', () => {
    expect(gone(backupsOf(scheduled(6, 12, 18, 24)), 2)).toEqual([18, 24]);
    expect(gone(backupsOf(scheduled(6, 12)), 2)).toEqual([]);
  });

  test.each<Sort>(['asked for', 'of before', 'written over', 'unreadable'])(
    'none goes because of one that is %s, which stays, however old',
    (sort) => {
      const all = [...scheduled(6, 12, 18), { hoursAgo: 1, sort }, { hoursAgo: 4_000, sort }];
      expect(gone(backupsOf(all), 3)).toEqual([]);
      expect(gone(backupsOf(all), 2)).toEqual([18]);
    },
  );

  test.each<Sort>(['no manifest', 'no snapshot'])('one that has %s goes after a day, and counts as none', (sort) => {
    const all = [...scheduled(6, 30), { hoursAgo: 23, sort }, { hoursAgo: 25, sort }];
    expect(gone(backupsOf(all), 2)).toEqual([25]);
  });

  test('one that says that it is of the schedule, and can’t be relied on, neither counts nor goes', () => {
    const [newest, ...others] = backupsOf(scheduled(6, 12, 18));
    if (newest === undefined) throw new Error('there are three');
    expect(gone([{ ...newest, problem: 'it was cut' }, ...others], 2)).toEqual([]);
  });

  const sorts: readonly Sort[] = [
    ...(['scheduled', 'asked for', 'of before'] as const),
    ...(['no manifest', 'no snapshot', 'written over', 'unreadable'] as const),
  ];
  const kept = fc.record({ hoursAgo: fc.integer({ min: 0, max: 1_000 }), sort: fc.constantFrom(...sorts) });
  const bucket = fc.record({
    all: fc.array(kept, { maxLength: 40 }),
    others: fc.array(kept, { maxLength: 10 }),
    keep: fc.integer({ min: 0, max: 20 }),
  });

  test('whatever a bucket holds: enough stay, the newest that is whole among them, and nobody else’s goes', () => {
    fc.assert(
      fc.property(bucket, ({ all, others, keep }) => {
        const backups = backupsOf(all, others);
        const removed = new Set(expendable(backups, keep, NOW));
        const whole = backups.filter(({ problem }) => problem === undefined);
        const ofSchedule = whole.filter((one) => one.scheduled === true);
        // The newest that can be relied on stays, whoever asked for it.
        expect(whole[0] === undefined || !removed.has(whole[0])).toBe(true);
        const left = ofSchedule.filter((one) => !removed.has(one));
        expect(left).toEqual(ofSchedule.slice(0, Math.max(1, keep)));
        for (const one of removed) {
          expect(one.key.startsWith(`${CLUSTER}/etcd/`)).toBe(true);
          if (one.incomplete === true) expect(NOW - Date.parse(one.time)).toBeGreaterThan(24 * HOUR);
          else expect([one.scheduled, one.problem]).toEqual([true, undefined]);
        }
        // Once they are gone there is nothing more to do.
        const rest = backups.filter((one) => !removed.has(one));
        expect(expendable(rest, keep, NOW)).toEqual([]);
      }),
    );
  });
});
