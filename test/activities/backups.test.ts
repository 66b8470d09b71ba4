/** When a sweep looks into the bucket of a cluster's snapshots. */
import { describe, expect, test } from '@jest/globals';
import { createBackups } from '../../activities/backups.ts';
import type { Backup } from '../../policy/backups.ts';
import { present } from '../../words/present.ts';

const MINUTE_MS = 60_000;
const never = (): Promise<never> => Promise.reject(new Error('nobody asks for that'));

const backup = (changes: Partial<Backup> = {}): Backup => ({
  key: 'gke-1/etcd/2026-01-01T00:00:00Z-7.db',
  time: '2026-01-01T00:00:00Z',
  size: 7,
  revision: '7',
  ...changes,
});

const bucketOf = (backups: readonly Backup[] | Error) => {
  const clock = { now: Date.parse('2026-01-02T00:00:00Z') };
  const asked: string[] = [];
  const { seeBackups } = createBackups({
    served: never,
    findCluster: never,
    orders: { volumes: never, give: never, saidOf: never },
    bucket: {
      name: 'backups',
      read: async (clusterId) => {
        asked.push(clusterId);
        if (backups instanceof Error) throw backups;
        return backups;
      },
    },
    now: () => clock.now,
  });
  const see = (clusterId = 'gke-1', everyHours?: number) =>
    seeBackups({ clusterId, ...present({ everyHours }) }, new AbortController().signal);
  return { clock, asked, see };
};

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
    expect(await see('gke-1', 6)).not.toHaveProperty('late');
    clock.now += 12 * 60 * MINUTE_MS;
    expect(await see('gke-1', 6)).not.toHaveProperty('late');
    clock.now += 60 * MINUTE_MS;
    for (let sweep = 0; sweep < 3; sweep += 1) {
      expect(await see('gke-1', 6)).toMatchObject({ late: expect.stringContaining('every 6 hours') });
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
});
