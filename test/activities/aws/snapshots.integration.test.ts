/** Snapshots in a bucket: an agent writes them, a worker asks for them and judges them, and both are told the truth by S3. */
import { createHash } from 'node:crypto';
import { CreateTagsCommand, CreateVolumeCommand } from '@aws-sdk/client-ec2';
import {
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { backupOrders } from '../../../activities/aws/backup-orders.ts';
import { backupBucket } from '../../../activities/aws/snapshots.ts';
import { createBackupSweep } from '../../../activities/backup-sweep.ts';
import { createBackups } from '../../../activities/backups.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import { createS3, keysIn } from '../../../agent/aws/s3.ts';
import { backUp } from '../../../agent/backup.ts';
import { checkedSnapshot } from '../../../agent/snapshot.ts';
import type { AWSCluster } from '../../../api/cluster.ts';
import type { ObjectRef } from '../../../api/object.ts';
import { BUCKET } from '../../../sandbox/aws/account.ts';
import { ACCOUNT, REGION } from '../../../sandbox/layout.ts';
import { begunText, ORDER_TAG, orderIn, REPORT_TAG, reportText } from '../../../words/orders.ts';
import { newestKept, snapshotNamed, snapshotsSince } from '../../../words/snapshots.ts';
import { recordedLog } from '../../agent/doubles.ts';
import { seedCluster } from '../../topology/objects.ts';
import { CLUSTER, CLUSTER_ID, startAccount, type TestAccount } from './account.ts';

const KEY_ARN = `arn:aws:kms:${REGION}:${ACCOUNT}:key/12560928-59cf-4157-a29f-eecb4ec93fd2`;
const VERSIONS = { kubernetes: '1.36.3', etcd: '3.6.16', cloudController: '1.36.0' };
/** Of a machine's role. */
const CREDENTIALS = {
  ...{ accessKeyId: 'agent', secretAccessKey: 'agent', sessionToken: 'agent' },
  expiration: new Date('2100-01-01'),
};
const MIB = 1024 * 1024;

let account: TestAccount;
let revision = 0;
const signal = new AbortController().signal;

beforeAll(async () => {
  account = await startAccount();
});
afterAll(() => account?.end());

/** As etcd's gateway would send it, with what stands at the end; `cut` leaves that out. */
async function* lines(megabytes: number, cut: boolean): AsyncGenerator<string> {
  const sum = createHash('sha256');
  for (let index = 0; index < megabytes; index += 1) {
    const blob = Buffer.alloc(MIB, index);
    sum.update(blob);
    yield JSON.stringify({ result: { blob: blob.toString('base64') } });
  }
  if (!cut) yield JSON.stringify({ result: { blob: sum.digest().toString('base64') } });
}

const s3 = () => createS3({ region: REGION, credentials: async () => CREDENTIALS });

/** What the agent of a replica does. */
const take = (
  megabytes: number,
  cut = false,
  why: { readonly token: string } | { readonly scheduled: true } = { token: 'any' },
): Promise<string> =>
  backUp(
    {
      configuration: { clusterId: CLUSTER_ID, kmsKeyArn: KEY_ARN, versions: VERSIONS },
      etcd: {
        status: async () => ({ version: '3.6.16', revision: `${(revision += 1)}`, leads: false }),
        snapshot: async () => checkedSnapshot(lines(megabytes, cut)),
      },
      s3,
      log: recordedLog().log,
    },
    { bucket: BUCKET, ...why },
    signal,
  );

const listed = () => backupBucket(account.clients.s3, BUCKET).read(CLUSTER_ID, signal);

describe('a snapshot that an agent has kept', () => {
  test.each([
    ['a small one, in one go', 1],
    ['a large one, in parts', 20],
  ])('is listed, whole and encrypted under the cluster’s key: %s', async (_, megabytes) => {
    const key = await take(megabytes);
    const [newest] = await listed();
    expect(newest).toMatchObject({ key, size: megabytes * MIB + 32, etcd: '3.6.16', kubernetes: '1.36.3' });
    expect(newest?.problem).toBeUndefined();
    const head = await account.clients.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key }));
    expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY_ARN });
  });

  test('is not listed, nor paid for, where etcd’s stream was cut', async () => {
    const before = await listed();
    await expect(take(20, true)).rejects.toThrow('is not whole');
    expect(await listed()).toEqual(before);
    const { Uploads = [] } = await account.clients.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    expect(Uploads).toEqual([]);
  });

  test('is named, and does not count, once somebody wrote over it', async () => {
    const key = await take(1);
    await account.clients.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: 'x' }));
    expect((await listed())[0]).toMatchObject({ key, problem: expect.stringContaining('bytes') });
  });

  test('is seen by its key by whoever looks for one that is new enough, and not by who looks for a newer', async () => {
    const key = await take(1);
    const keys = keysIn(s3, signal);
    const at = Date.parse(snapshotNamed(key)?.time ?? '');
    const seenSince = async (since: number): Promise<number | undefined> => {
      const { prefix, after } = snapshotsSince(CLUSTER_ID, new Date(since));
      return newestKept(await keys(BUCKET, prefix, after));
    };
    expect(await seenSince(at - 1)).toBe(at);
    expect(await seenSince(at + 1)).toBeUndefined();
    await expect(keys('nobodys', '', '')).rejects.toThrow('bucket does not exist');
  });

  test('is asked for once: what is known of a manifest is not read again', async () => {
    const read = backupBucket(account.clients.s3, BUCKET).read;
    await read(CLUSTER_ID, signal);
    const before = account.calls.length;
    await read(CLUSTER_ID, signal);
    expect(account.calls.slice(before).map(({ operation }) => operation)).toEqual(['ListObjectsV2']);
  });

  test('of a bucket that is not there is no empty list, but a sentence that says what to do', async () => {
    const error: unknown = await backupBucket(account.clients.s3, 'nobodys')
      .read(CLUSTER_ID, signal)
      .catch((one) => one);
    expect(verdictOf(error)).toMatchObject({ verdict: 'blocked', message: expect.stringContaining('SLIPWAY_BUCKET') });
  });
});

describe('a worker that is asked for a snapshot', () => {
  const object: ObjectRef = CLUSTER;
  const volumes: string[] = [];
  const state = { now: Date.parse('2026-11-30T19:45:00Z') };

  const cluster = (): AWSCluster =>
    ({
      ...seedCluster(),
      status: { state: 'Provisioned', clusterID: CLUSTER_ID, aws: { account: ACCOUNT, region: REGION } },
    }) as AWSCluster;

  const backups = (more: { readonly bucket?: false; readonly cluster?: AWSCluster | null } = {}) =>
    createBackups({
      served: async () => ({ account: ACCOUNT, regions: [REGION] }),
      findCluster: async () => (more.cluster === undefined ? cluster() : more.cluster),
      orders: backupOrders(account.clients),
      now: () => state.now,
      ...(more.bucket === false
        ? {}
        : { bucket: { name: BUCKET, read: backupBucket(account.clients.s3, BUCKET).read } }),
    });

  const tell = (volumeId: string, value: string) =>
    account.clients.ec2.send(
      new CreateTagsCommand({ Resources: [volumeId], Tags: [{ Key: REPORT_TAG, Value: value }] }),
    );

  beforeAll(async () => {
    const made = await account.clients.ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: `${REGION}a`,
        Size: 1,
        TagSpecifications: [
          {
            ResourceType: 'volume',
            Tags: [
              { Key: 'slipway.dev/cluster', Value: CLUSTER_ID },
              { Key: 'slipway.dev/key', Value: 'etcd-volume/1' },
            ],
          },
        ],
      }),
    );
    volumes.push(made.VolumeId ?? '');
  });

  /** The double says that a machine holds the volume, which nothing here runs. */
  const asking = () => {
    const all = backupOrders(account.clients);
    return createBackups({
      served: async () => ({ account: ACCOUNT, regions: [REGION] }),
      findCluster: async () => cluster(),
      orders: {
        ...all,
        volumes: async (...given) => (await all.volumes(...given)).map((one) => ({ ...one, holder: 'i-1' })),
      },
      now: () => state.now,
      bucket: { name: BUCKET, read: backupBucket(account.clients.s3, BUCKET).read },
    });
  };

  test('tells a replica where to, waits while it is at it, and looks itself before it says that there is one', async () => {
    const worker = asking();
    const told = await worker.orderBackup({ object, token: 'one', failed: [] }, signal);
    expect(told).toMatchObject({ index: 1, volumeId: volumes[0], instanceId: 'i-1' });
    const [volume] = await backupOrders(account.clients).volumes(CLUSTER_ID, signal);
    expect(orderIn(volume?.tags[ORDER_TAG])).toMatchObject({ token: 'one', verb: 'snapshot', bucket: BUCKET });
    await expect(worker.awaitBackup({ object, told }, signal)).rejects.toThrow('has not seen yet');
    await tell(told.volumeId, begunText('one'));
    state.now += 10 * 60_000;
    await expect(worker.awaitBackup({ object, told }, signal)).rejects.toThrow('takes the snapshot');
    await tell(told.volumeId, reportText({ token: 'one', result: 'done', says: `${CLUSTER_ID}/etcd/none.db` }));
    expect(await worker.awaitBackup({ object, told }, signal)).toMatchObject({ kind: 'failed' });
    const key = await take(1);
    await tell(told.volumeId, reportText({ token: 'one', result: 'done', says: key }));
    expect(await worker.awaitBackup({ object, told }, signal)).toMatchObject({ kind: 'done', backup: { key } });
    expect(await worker.listBackups(object, signal)).toMatchObject({
      bucket: BUCKET,
      backups: [{ key }, {}, {}, {}, {}],
    });
  });

  test('says why there is none: what its agent says, or that it says nothing', async () => {
    const worker = asking();
    const told = await worker.orderBackup({ object, token: 'two', failed: [] }, signal);
    state.now += 181_000;
    const silent = await worker.awaitBackup({ object, told }, signal);
    expect(silent).toMatchObject({ kind: 'failed', why: expect.stringContaining('did not answer') });
    await tell(told.volumeId, reportText({ token: 'two', result: 'failed', why: 'AccessDenied' }));
    expect(await worker.awaitBackup({ object, told }, signal)).toEqual({ kind: 'failed', why: 'AccessDenied' });
    await expect(
      worker.orderBackup({ object, token: 'three', failed: [{ index: 1, why: 'AccessDenied' }] }, signal),
    ).rejects.toThrow('No replica of Cluster default/cluster-0 can take a snapshot: replica 1: AccessDenied.');
  });

  const sweep = (name = BUCKET, removed: string[] = []) =>
    createBackupSweep({
      bucket: backupBucket(account.clients.s3, name),
      onRemoved: (_, keys) => void removed.push(...keys),
    });

  test('sees for a sweep what there is, and why it could not look', async () => {
    const [newest] = await listed();
    expect(await sweep()({ clusterId: CLUSTER_ID }, signal)).toMatchObject({
      kind: 'seen',
      last: { key: newest?.key, size: newest?.size },
    });
    expect(await sweep('nobodys')({ clusterId: CLUSTER_ID }, signal)).toMatchObject({
      kind: 'unread',
      why: expect.stringContaining('There is no bucket nobodys'),
    });
  });

  test('lets go of what a schedule has made too many of, and of nothing else', async () => {
    const before = (await listed()).map(({ key }) => key);
    const made: string[] = [];
    for (let one = 0; one < 4; one += 1) made.push(await take(1, false, { scheduled: true }));
    const removed: string[] = [];
    await sweep(BUCKET, removed)({ clusterId: CLUSTER_ID, backup: { everyHours: 6, keep: 2 } }, signal);
    const [first = '', second = '', ...kept] = made;
    expect(removed.sort()).toEqual([first, second].sort());
    expect((await listed()).map(({ key }) => key)).toEqual([...kept.toReversed(), ...before]);
    const { Contents = [] } = await account.clients.s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    expect(Contents.filter(({ Key = '' }) => removed.some((key) => key.slice(0, -3) === Key.slice(0, -3)))).toEqual([]);
  });

  test.each<[string, Parameters<typeof backups>[0], string]>([
    ['was told of no bucket', { bucket: false }, 'set SLIPWAY_BUCKET'],
    ['is asked for one of a cluster that is gone', { cluster: null }, 'is gone'],
    ['is asked for one of a cluster that is not provisioned', { cluster: seedCluster() }, 'not provisioned yet'],
  ])('refuses, with a sentence, where it %s', async (_, more, why) => {
    const error: unknown = await backups(more)
      .orderBackup({ object, token: 't', failed: [] }, signal)
      .catch((one) => one);
    expect(verdictOf(error)).toMatchObject({ verdict: 'blocked', message: expect.stringContaining(why) });
  });
});
