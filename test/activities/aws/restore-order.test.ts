/** What an agent is told of a restore: given once, to the machine that has the replica, and said to be done only when the agent says so. */
import { expect, test } from '@jest/globals';
import { restoreOrderDriver } from '../../../activities/aws/restore-order.ts';
import { tagList, tagRecord } from '../../../activities/aws/tags.ts';
import type { Wanted } from '../../../activities/driver.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import { restoreOrderKey } from '../../../words/keys.ts';
import {
  begunText,
  ORDER_TAG,
  type Order,
  orderIn,
  REPORT_TAG,
  type RestoreVerb,
  reportText,
} from '../../../words/orders.ts';
import { CLUSTER, ownerOf } from './account.ts';
import { answering } from './answering.ts';

const START = 1_764_480_000_000;
const SHA256 = '9c'.repeat(32);

/** A group with a machine, or without, and the tags of the replica's volume. */
const account = () => {
  const world: { machine: string | undefined; tags: Record<string, string>; at: number } = {
    ...{ machine: 'i-1', tags: {}, at: START },
  };
  const { clients, asked } = answering({
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: 'gke-0a1b2c3d-controlplane-0',
          Instances:
            world.machine === undefined
              ? []
              : [{ InstanceId: world.machine, LifecycleState: 'InService', HealthStatus: 'Healthy' }],
        },
      ],
    }),
    DescribeVolumes: () => ({ Volumes: [{ VolumeId: 'vol-0', Tags: tagList(world.tags) }] }),
    CreateTags: ({ Tags }) => {
      Object.assign(world.tags, tagRecord(Tags as { Key: string; Value: string }[]));
      return {};
    },
  });
  const driver = restoreOrderDriver(clients, () => world.at);
  /** One try of the step, which began at the start: `done`, or what it waits for. */
  const attempt = async (verb: RestoreVerb): Promise<string> => {
    const wanted: Wanted<'restore-order'> = {
      ...{ kind: 'restore-order', key: restoreOrderKey(0, verb), object: CLUSTER, owner: ownerOf(CLUSTER) },
      ...{ signal: new AbortController().signal, since: START, incarnation: 0 },
      properties: {
        ...{ verb, groupName: 'gke-0a1b2c3d-controlplane-0', volumeId: 'vol-0', id: '5e1f0c9a' },
        ...{ key: 'gke-0a1b2c3d/etcd/20261130T194500123Z-7.db', bucket: 'backups', sha256: SHA256 },
      },
    };
    try {
      await driver.create(wanted);
      return 'done';
    } catch (error) {
      const { verdict, message } = verdictOf(error);
      return `${verdict}: ${message}`;
    }
  };
  const order = (): Order => {
    const said = orderIn(world.tags[ORDER_TAG]);
    if (said === undefined) throw new Error(`no order in "${world.tags[ORDER_TAG]}"`);
    return said;
  };
  const given = (): number => asked.filter(({ operation }) => operation === 'CreateTags').length;
  return { world, attempt, order, given };
};

test('an order is given once, to the machine that has the replica, and waited for', async () => {
  const one = account();
  expect(await one.attempt('halt')).toBe(
    'retry: Waiting for the agent of controlplane-0 on instance i-1 to halt: it has just been told.',
  );
  expect(one.order()).toMatchObject({ verb: 'halt', instanceId: 'i-1', from: { id: '5e1f0c9a', sha256: SHA256 } });
  expect(await one.attempt('halt')).toBe(
    'retry: Waiting: the agent of controlplane-0 on instance i-1 is told to halt.',
  );
  expect(one.given()).toBe(1);
  one.world.tags[REPORT_TAG] = reportText({ token: one.order().token, result: 'done' });
  expect(await one.attempt('halt')).toBe('done');
});

test('a replica without a machine is waited for, and another machine is told anew', async () => {
  const one = account();
  await one.attempt('restore');
  const first = one.order().token;
  one.world.machine = undefined;
  expect(await one.attempt('restore')).toMatch(/^retry: Waiting for a machine of auto scaling group/);
  one.world.machine = 'i-2';
  await one.attempt('restore');
  expect(one.order()).toMatchObject({ instanceId: 'i-2' });
  expect(one.order().token).not.toBe(first);
});

test('a fetch takes as long as it must once it has begun; an order that nobody begins is told, and given again', async () => {
  const one = account();
  await one.attempt('fetch');
  one.world.tags[REPORT_TAG] = begunText(one.order().token);
  one.world.at += 20 * 60_000;
  expect(await one.attempt('fetch')).toMatch(/^retry: Waiting: the agent of .* goes on to fetch\.$/);
  const other = account();
  await other.attempt('fetch');
  const { token } = other.order();
  other.world.at += 181_000;
  expect(await other.attempt('fetch')).toMatch(/^blocked: .* did not answer within 180 s\..*end it with/);
  expect(other.order().token).not.toBe(token);
});

test('what fails says why, and is told once more, so that whoever mends it needn’t ask', async () => {
  const one = account();
  await one.attempt('fetch');
  const { token } = one.order();
  one.world.tags[REPORT_TAG] = reportText({ token, result: 'failed', why: 'no such key' });
  expect(await one.attempt('fetch')).toBe(
    'blocked: the agent of controlplane-0 on instance i-1 could not fetch: no such key.',
  );
  expect(one.order().token).not.toBe(token);
});
