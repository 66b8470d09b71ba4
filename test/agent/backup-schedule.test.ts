/** Snapshots that nobody orders: by the leader, when the newest is old enough, and not by every replica. */
import { describe, expect, test } from '@jest/globals';
import { createBackupSchedule, FAILED_MILLIS, FOLLOWER_MILLIS } from '../../agent/backup-schedule.ts';
import { createSnapshotOrders } from '../../agent/snapshot-orders.ts';
import { BACKUP_TAG, scheduleText } from '../../words/backup-schedule.ts';
import { manifestKey, snapshotKey } from '../../words/snapshots.ts';
import { CLUSTER, recordedLog } from './doubles.ts';

const START = Date.parse('2026-11-30T19:45:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TAGS = { [BACKUP_TAG]: scheduleText({ bucket: 'backups', everyHours: 6 }) };

/** A bucket, one clock, and replicas of which one leads. */
const cluster = () => {
  const state = { now: START, leader: 0, failing: '', listed: 0, asked: 0 };
  const objects = new Map<string, string>();
  const taken: string[] = [];
  const keep = (by: string): string => {
    const key = snapshotKey(CLUSTER, new Date(state.now), `${objects.size}`);
    for (const one of [key, manifestKey(key)]) objects.set(one, by);
    return key;
  };
  const replica = (index: number) => {
    const { log, messages } = recordedLog();
    const ordered = createSnapshotOrders({
      ...{ volumeId: `vol-${index}`, log, ec2: { tag: async () => undefined } },
      backUp: async () => keep('an order'),
    });
    const heed = createBackupSchedule({
      clusterId: CLUSTER,
      leads: async () => {
        state.asked += 1;
        if (state.failing === 'etcd') throw new Error('etcd is away');
        return state.leader === index;
      },
      keys: async (bucket, prefix, after) => {
        state.listed += 1;
        if (state.failing === 'bucket') throw new Error('AccessDenied');
        expect(bucket).toBe('backups');
        return [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
      },
      backUp: async ({ bucket, scheduled }) => {
        if (state.failing === 'upload') throw new Error('SlowDown');
        taken.push(`${index} ${bucket} ${scheduled} ${(state.now - START) / HOUR}`);
        return keep('schedule');
      },
      alone: ordered.alone,
      log,
      now: () => state.now,
    });
    return { heed, messages, alone: ordered.alone };
  };
  return { state, objects, taken, keep, replica };
};

type Replica = ReturnType<ReturnType<typeof cluster>['replica']>;

/** Looks at the tags twice a minute, as `followOrders` does, for as long as this. */
const live = async (
  { state }: ReturnType<typeof cluster>,
  replicas: readonly Replica[],
  millis: number,
  tags: Readonly<Record<string, string>> | undefined = TAGS,
): Promise<void> => {
  for (const until = state.now + millis; state.now < until; state.now += 30_000) {
    for (const { heed } of replicas) await heed(tags);
    // What was begun ends before the next look.
    await new Promise((resolve) => setImmediate(resolve));
  }
};

describe('a schedule of snapshots', () => {
  test('is kept by the replica that leads, and by no other', async () => {
    const one = cluster();
    await live(one, [0, 1, 2].map(one.replica), 24 * HOUR);
    expect(one.taken).toEqual(['0 backups true 0', '0 backups true 6', '0 backups true 12', '0 backups true 18']);
  });

  test('begins only when the newest is old enough, whoever took that', async () => {
    const one = cluster();
    one.keep('a person');
    await live(one, [one.replica(0)], 5.9 * HOUR);
    expect(one.taken).toEqual([]);
    await live(one, [one.replica(0)], HOUR);
    expect(one.taken).toHaveLength(1);
  });

  test('takes what is only half there for none', async () => {
    const one = cluster();
    const key = one.keep('a person');
    one.objects.delete(manifestKey(key));
    await live(one, [one.replica(0)], HOUR);
    expect(one.taken).toHaveLength(1);
  });

  test('goes on with who leads next, without another snapshot for it', async () => {
    const one = cluster();
    const replicas = [0, 1, 2].map(one.replica);
    await live(one, replicas, HOUR);
    one.state.leader = 2;
    await live(one, replicas, 12 * HOUR);
    expect(one.taken.map((line) => line[0])).toEqual(['0', '2', '2']);
  });

  test('does not begin anew with an agent that is started anew', async () => {
    const one = cluster();
    for (let start = 0; start < 5; start += 1) await live(one, [one.replica(0)], HOUR);
    expect(one.taken).toHaveLength(1);
  });

  test.each<[string, Readonly<Record<string, string>> | undefined]>([
    ['none', {}],
    ['one that was taken away', { [BACKUP_TAG]: scheduleText(undefined) }],
    ['one that nobody understands', { [BACKUP_TAG]: 'backups hourly' }],
    ['none that could be read', undefined],
  ])('that is %s asks nobody anything', async (_, tags) => {
    const one = cluster();
    const { heed } = one.replica(0);
    await heed(tags);
    expect([one.taken, one.state.listed, one.state.asked]).toEqual([[], 0, 0]);
  });

  test('that says something new counts at once', async () => {
    const one = cluster();
    const replica = one.replica(0);
    await live(one, [replica], 2 * HOUR);
    await live(one, [replica], MINUTE, { [BACKUP_TAG]: scheduleText({ bucket: 'backups', everyHours: 1 }) });
    expect(one.taken).toHaveLength(2);
  });

  test.each(['etcd', 'bucket', 'upload'])('is tried again where %s fails, and says so each time', async (what) => {
    const one = cluster();
    const replica = one.replica(0);
    one.state.failing = what;
    await live(one, [replica], FAILED_MILLIS + MINUTE);
    expect(one.taken).toEqual([]);
    expect(
      replica
        .messages()
        .join('\n')
        .match(/again: (etcd is away|AccessDenied|SlowDown)/g),
    ).toHaveLength(2);
    one.state.failing = '';
    await live(one, [replica], FAILED_MILLIS);
    expect(one.taken).toHaveLength(1);
  });

  test('asks neither etcd nor S3 at every look', async () => {
    const one = cluster();
    await live(one, [one.replica(0)], 24 * HOUR);
    expect([one.state.asked, one.state.listed]).toEqual([4, 4]);
    const other = cluster();
    await live(other, [other.replica(1)], HOUR);
    expect([other.state.asked, other.state.listed]).toEqual([HOUR / FOLLOWER_MILLIS, 0]);
  });

  test('waits for a snapshot that is under way', async () => {
    const one = cluster();
    const replica = one.replica(0);
    let end = (): void => undefined;
    expect(replica.alone(() => new Promise<void>((resolve) => (end = resolve)))).toBe(true);
    await live(one, [replica], HOUR);
    expect(one.taken).toEqual([]);
    end();
    await live(one, [replica], FAILED_MILLIS + MINUTE);
    expect(one.taken).toHaveLength(1);
  });
});
