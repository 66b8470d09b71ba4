/** A volume counts once it is available: EBS answers first, and looks at the key afterwards. */
import { describe, expect, test } from '@jest/globals';
import { etcdVolumeDriver, foundVolume } from '../../../activities/aws/etcd-volume.ts';
import { etcdVolumesIn } from '../../../activities/aws/volumes.ts';
import { ensureResource, type RequestOf, removeResource } from '../../../activities/driver.ts';
import { type Judgement, verdictOf } from '../../../activities/verdicts.ts';
import { CLUSTER_TAG, EMPTY_DISK_TAG, KEY_TAG, UID_TAG } from '../../../api/names.ts';
import type { EnsureStep, RemoveStep } from '../../../policy/plan.ts';
import { CLUSTER, CLUSTER_ID, ownerOf } from './account.ts';
import { type Answers, answering, refusal } from './answering.ts';

const KEY = 'arn:aws:kms:eu-west-1:012345678901:key/1a2b3c4d-0000-4000-8000-000000000000';
const LONG_AGO = new Date(Date.now() - 60_000);

const volumeIn = (State: string, VolumeId = 'vol-1', key = 'etcd-volume/0') => ({
  VolumeId,
  State,
  AvailabilityZone: 'eu-west-1a',
  Size: 10,
  VolumeType: 'gp3',
  Tags: Object.entries({
    [CLUSTER_TAG]: CLUSTER_ID,
    [UID_TAG]: CLUSTER.uid,
    [KEY_TAG]: key,
    [EMPTY_DISK_TAG]: 'bootstrap',
  }).map(([Key, Value]) => ({ Key, Value })),
});

const common = (first: boolean, key: string) => ({
  object: CLUSTER,
  owner: ownerOf(CLUSTER),
  entityId: 'test',
  first,
  since: Date.now() - 1_000,
  key,
});

const ensuring = (first: boolean, key: string): RequestOf<EnsureStep> => ({
  ...common(first, key),
  step: {
    id: `ensure ${key}`,
    verb: 'ensure',
    needs: [],
    resource: {
      key,
      kind: 'etcd-volume',
      properties: {
        name: 'gke-1-controlplane-0',
        availabilityZone: 'eu-west-1a',
        sizeGiB: 10,
        type: 'gp3',
        kmsKeyId: KEY,
        emptyDisk: 'bootstrap',
        tags: {},
      },
    },
  },
});

const accountWith = (answers: Answers, now?: () => number) => {
  const { clients, asked } = answering(answers);
  const driver = etcdVolumeDriver(clients, etcdVolumesIn(clients.ec2, now));
  const context = { signal: new AbortController().signal, since: Date.now() - 1_000 };
  return {
    asked,
    ensure: (first: boolean, key = 'etcd-volume/0') => ensureResource(driver, ensuring(first, key), context),
    remove: () => {
      const resource = { key: 'etcd-volume/0', kind: 'etcd-volume' as const, properties: {} };
      const step: RemoveStep = { id: 'remove etcd-volume/0', verb: 'remove', needs: [], resource };
      return removeResource(driver, { ...common(false, 'etcd-volume/0'), step }, context);
    },
  };
};

const judged = (work: Promise<unknown>): Promise<Judgement | undefined> =>
  work.then(() => undefined, verdictOf) as Promise<Judgement | undefined>;

describe('a volume that EBS has only begun to make', () => {
  test('is waited for, and its id is handed on once it is available', async () => {
    let state = 'creating';
    let now = Date.now();
    const account: Answers = {
      CreateVolume: () => ({ ...volumeIn(state), CreateTime: new Date() }),
      DescribeVolumes: () => ({ Volumes: [volumeIn(state)] }),
    };
    const { ensure, asked } = accountWith(account, () => now);
    expect(await judged(ensure(true))).toMatchObject({ waiting: true, message: 'Volume vol-1 is creating.' });
    expect(await judged(ensure(false))).toMatchObject({ waiting: true, message: 'Volume vol-1 is being created.' });
    state = 'available';
    now += 310;
    expect((await ensure(false)).outputs).toEqual({ id: 'vol-1' });
    expect(asked.map(({ operation }) => operation)).toEqual(['CreateVolume', 'DescribeVolumes', 'DescribeVolumes']);
  });

  test('costs one look for all three that wait at the same time', async () => {
    const { ensure, asked } = accountWith({
      DescribeVolumes: () => ({
        Volumes: [0, 1, 2].map((index) => volumeIn('available', `vol-${index}`, `etcd-volume/${index}`)),
      }),
    });
    const made = await Promise.all([0, 1, 2].map((index) => ensure(false, `etcd-volume/${index}`)));
    expect(made.map(({ outputs }) => outputs)).toEqual([{ id: 'vol-0' }, { id: 'vol-1' }, { id: 'vol-2' }]);
    expect(asked).toHaveLength(1);
  });
});

describe('a volume that EBS could not encrypt', () => {
  const dropped = (id: string) => refusal('InvalidVolume.NotFound', `The volume '${id}' does not exist.`);

  test('names its key where it is gone, and another is made for a key that was mended since', async () => {
    const tokens: unknown[] = [];
    const { ensure } = accountWith({
      CreateVolume: ({ ClientToken }) => {
        if (!tokens.includes(ClientToken)) tokens.push(ClientToken);
        const nth = tokens.indexOf(ClientToken) + 1;
        return { ...volumeIn('creating', `vol-${nth}`), CreateTime: nth === 1 ? LONG_AGO : new Date() };
      },
      DescribeVolumes: ({ VolumeIds }) => (VolumeIds === undefined ? { Volumes: [] } : dropped('vol-1')),
    });
    const { verdict, message } = (await judged(ensure(false))) ?? {};
    expect(verdict).toBe('blocked');
    expect(message).toContain('Volume vol-1, which was made for etcd-volume/0, is gone');
    expect(message).toContain(`KMS key ${KEY}`);
    // The same try has asked for the next, which the next look finds; a repeated create of it would be the same one.
    await judged(ensure(false));
    expect(tokens).toHaveLength(2);
  });

  test('is not made again and again where the key stays as it is', async () => {
    const tokens = new Set<unknown>();
    const { ensure } = accountWith({
      CreateVolume: ({ ClientToken }) => {
        tokens.add(ClientToken);
        return { ...volumeIn('creating'), CreateTime: LONG_AGO };
      },
      DescribeVolumes: ({ VolumeIds }) => (VolumeIds === undefined ? { Volumes: [] } : dropped('vol-1')),
    });
    for (let tries = 0; tries < 3; tries += 1)
      expect(await judged(ensure(false))).toMatchObject({ verdict: 'blocked' });
    expect(tokens.size).toBeLessThan(10);
  });

  test('is shown to a person where it stays in the state error, with the command that removes it', async () => {
    const { ensure } = accountWith({ DescribeVolumes: () => ({ Volumes: [volumeIn('error')] }) });
    const { verdict, message } = (await judged(ensure(false))) ?? {};
    expect(verdict).toBe('blocked');
    expect(message).toContain('Volume vol-1 is in the state error');
    expect(message).toContain('aws ec2 delete-volume --region eu-west-1 --volume-id vol-1');
  });

  test.each(['error', 'creating'])('is removed in whatever state it is: %s', async (state) => {
    const { remove } = accountWith({
      DescribeVolumes: () => ({ Volumes: [volumeIn(state)] }),
      DeleteVolume: () => ({}),
    });
    expect((await remove()).change).toBe('removed');
  });

  test('is no proof by itself: one that no listing shows and that EC2 has by its id is waited for', async () => {
    const { ensure } = accountWith({
      CreateVolume: () => ({ ...volumeIn('creating'), CreateTime: LONG_AGO }),
      DescribeVolumes: ({ VolumeIds }) => ({ Volumes: VolumeIds === undefined ? [] : [volumeIn('creating')] }),
    });
    expect(await judged(ensure(false))).toMatchObject({ verdict: 'retry', waiting: true });
  });
});

describe('what a volume says of the machine of its replica', () => {
  const order = (verb: string) => `3f9c01aa ${verb} i-0abc 1764480000`;
  test.each<[string, Readonly<Record<string, string>>, object | undefined]>([
    [
      'it has left where its agent says that it obeyed',
      { order: order('leave'), report: '3f9c01aa done' },
      { instanceId: 'i-0abc', until: 1_764_480_000 },
    ],
    ['it has not while its agent says nothing', { order: order('leave') }, undefined],
    [
      'it has not where its agent speaks of another order',
      { order: order('leave'), report: '11111111 done' },
      undefined,
    ],
    ['it has not where it could not', { order: order('leave'), report: '3f9c01aa failed busy' }, undefined],
    ['it has not where it serves again', { order: order('restart'), report: '3f9c01aa done 1.37.2 1.37' }, undefined],
  ])('%s', (_what, tags, left) => {
    const volume = volumeIn('available');
    const said = Object.entries(tags).map(([name, Value]) => ({ Key: `slipway.dev/${name}`, Value }));
    expect(
      foundVolume('etcd-volume/0', { ...volume, State: 'available', Tags: [...volume.Tags, ...said] } as never).state,
    ).toEqual(
      left === undefined ? expect.not.objectContaining({ left: expect.anything() }) : expect.objectContaining({ left }),
    );
  });
});
