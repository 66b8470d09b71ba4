/** A deletion names the snapshots that stay, removes none, and needs no bucket; they are listed by the cluster's id. */
import { describe, expect, test } from '@jest/globals';
import { accountDriver } from '../../../activities/aws/account.ts';
import { snapshotsLeft } from '../../../activities/aws/snapshots.ts';
import { createBackups } from '../../../activities/backups.ts';
import type { Wanted } from '../../../activities/driver.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import type { ObjectRef } from '../../../api/object.ts';
import { ACCOUNT_EMPTY, ACCOUNT_SETTLED } from '../../../words/keys.ts';
import { present } from '../../../words/present.ts';
import { manifestKey, snapshotKey } from '../../../words/snapshots.ts';
import { noticeOutput } from '../../../words/warnings.ts';
import { CLUSTER, CLUSTER_ID, ownerOf } from './account.ts';
import { answering, refusal } from './answering.ts';

const { signal } = new AbortController();
const PREFIX = `${CLUSTER_ID}/etcd/`;
const KEYS = [1, 2, 3].map((hour) => snapshotKey(CLUSTER_ID, new Date(`2026-11-30T0${hour}:00:00Z`), `${hour}`));
const [OLDEST = '', , NEWEST = ''] = KEYS;

/** A bucket with these keys, and an account with nothing else. */
const account = (keys: readonly string[] | Error, bucket: string | undefined = 'backups') => {
  const { clients } = answering(
    Object.fromEntries(
      [
        ...['DescribeTags', 'DescribeAutoScalingGroups', 'DescribeNetworkInterfaces', 'DescribeLoadBalancers'],
        ...['DescribeTargetGroups', 'DescribeSecurityGroups'],
      ].map((operation) => [operation, () => ({})]),
    ),
  );
  const asked: string[] = [];
  const send = async ({ constructor, input }: { constructor: { name: string }; input: { Prefix: string } }) => {
    asked.push(constructor.name);
    if (keys instanceof Error) throw keys;
    const there = keys.filter((key) => key.startsWith(input.Prefix));
    return { Contents: there.map((Key) => ({ Key, Size: 7, ETag: 'e' })) };
  };
  Object.assign(clients.s3, { send });
  return { clients: { ...clients, ...present({ bucket: bucket === '' ? undefined : bucket }) }, asked };
};

const left = (keys: readonly string[] | Error, bucket?: string) =>
  snapshotsLeft(account(keys, bucket).clients)(CLUSTER_ID, signal);

describe('of a cluster’s snapshots', () => {
  test('is said how many there are, where, of when the newest is and how they are listed', async () => {
    const others = [snapshotKey('gke-ffffffff', new Date(), '1'), `${PREFIX}notes.txt`];
    expect(await left([...KEYS, ...KEYS.map(manifestKey), ...others])).toBe(
      `3 snapshots of etcd stay in bucket backups under ${PREFIX}, the newest of 2026-11-30T03:00:00.000Z: ` +
        `npx slipway clusters backups --id ${CLUSTER_ID}`,
    );
    expect(await left([OLDEST])).toMatch(/^1 snapshot of etcd stays in bucket backups/);
  });

  test('nothing is said where there is none, or no bucket', async () => {
    expect(await left([])).toBeUndefined();
    expect(await left(KEYS, '')).toBeUndefined();
  });

  test('is said that nobody knows, where S3 does not answer', async () => {
    expect(await left(refusal('AccessDenied', 'no right', 403))).toMatch(
      /^Snapshots of etcd may stay in bucket backups under gke-[0-9a-f]{8}\/etcd\/, which could not be looked into: .*no right\.$/,
    );
  });
});

describe('the last looks of a deletion', () => {
  const look = async (key: string, { clients }: ReturnType<typeof account>, object: ObjectRef = CLUSTER) => {
    const wanted = { key, properties: { settleSeconds: 0 }, object, owner: ownerOf(object), signal, since: 0 };
    const driver = accountDriver(clients, () => Promise.resolve([]));
    return driver.check?.({ ...wanted, kind: 'account', incarnation: 0 } satisfies Wanted<'account'>);
  };

  test('tell once which snapshots stay, while there is an object to tell it of, and ask S3 for nothing but the list', async () => {
    const one = account([NEWEST]);
    expect(await look(ACCOUNT_EMPTY, one)).toEqual({
      ready: true,
      outputs: {
        [noticeOutput('SnapshotsStay')]: expect.stringMatching(/^1 snapshot of etcd stays in bucket backups/),
      },
    });
    expect(await look(ACCOUNT_SETTLED, one)).toEqual({ ready: true, outputs: {} });
    expect(one.asked).toEqual(['ListObjectsV2Command']);
  });

  test('tell nothing of a node pool’s, and are over whatever S3 says', async () => {
    const pool: ObjectRef = { ...CLUSTER, kind: 'AWSNodePool' };
    expect(await look(ACCOUNT_EMPTY, account([NEWEST]), pool)).toEqual({ ready: true, outputs: {} });
    const away = account(refusal('NoSuchBucket', 'The specified bucket does not exist', 404));
    expect(await look(ACCOUNT_EMPTY, away)).toMatchObject({ ready: true });
  });
});

describe('snapshots of a cluster that is gone', () => {
  const never = (): Promise<never> => Promise.reject(new Error('nobody asks for that'));
  const read = async (clusterId: string) => [{ key: clusterId, time: '', revision: '1', size: 7 }];
  const { listBackups } = createBackups({
    ...{ served: never, findCluster: never, orders: { volumes: never, give: never, saidOf: never } },
    bucket: { name: 'backups', read },
  });

  test('are listed by its id, and no object is asked for', async () => {
    const { bucket, backups } = await listBackups({ clusterId: CLUSTER_ID }, signal);
    expect([bucket, backups.map(({ key }) => key)]).toEqual(['backups', [CLUSTER_ID]]);
  });

  test.each(['', 'gke-', '*', 'gke-0a1b2c3d/etcd', 'cluster-0'])(
    'are not listed by %o, which is no id',
    async (clusterId) => {
      const error: unknown = await listBackups({ clusterId }, signal).catch((one: unknown) => one);
      expect(verdictOf(error)).toMatchObject({ verdict: 'blocked', message: expect.stringContaining('no cluster') });
    },
  );
});
