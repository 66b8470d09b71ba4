/** The worker's end of an order: given once, to the machine that is meant, while the others serve; answered, or told. */
import { CreateTagsCommand, DescribeVolumesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Aws } from '../../../activities/aws/resources.ts';
import type { Found, ResourceOf } from '../../../kinds/resource.ts';
import { planEnsure } from '../../../policy/ensure.ts';
import { type Replica, replicasOf } from '../../../policy/replicas.ts';
import { clusterTopology } from '../../../topology/cluster.ts';
import { replicaOrderKey } from '../../../words/keys.ts';
import { ORDER_TAG, type Order, orderIn, orderText, REPORT_TAG } from '../../../words/orders.ts';
import { UNHURRIED, waitFor } from '../../support/wait.ts';
import { release, SUBNETS, seedCluster } from '../../topology/objects.ts';
import {
  CLUSTER,
  CLUSTER_ID,
  carryOut,
  foundInManagement,
  judged,
  perform,
  requestFor,
  startAccount,
  type TestAccount,
} from './account.ts';

const topology = clusterTopology(seedCluster(), release());

let account: TestAccount;
let aws: Aws;
let replicas: readonly Replica[] = [];
let volumeId = '';

const observe = async (): Promise<readonly Found[]> => {
  const { vpcID } = seedCluster().spec.networking;
  const request = { object: CLUSTER, clusterId: CLUSTER_ID, vpcId: vpcID, subnetIds: SUBNETS };
  const { found } = await aws.observe(request, new AbortController().signal);
  return [...found, ...foundInManagement(account, topology)];
};

const tell = async (path: string, body: unknown): Promise<void> => {
  const answer = await fetch(`${account.endpoint}/_sim/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
};

const health = (index: number, state: 'healthy' | 'unhealthy'): Promise<void> =>
  tell('health', { tg: '*', id: replicas[index]?.address, port: 6443, state, description: 'timeout' });

const tags = async (): Promise<Readonly<Record<string, string | undefined>>> => {
  const { Volumes } = await account.clients.ec2.send(new DescribeVolumesCommand({ VolumeIds: [volumeId] }));
  return Object.fromEntries((Volumes?.[0]?.Tags ?? []).map(({ Key = '', Value }) => [Key, Value]));
};

const tag = async (more: Readonly<Record<string, string>>): Promise<void> => {
  const Tags = Object.entries(more).map(([Key, Value]) => ({ Key, Value }));
  await account.clients.ec2.send(new CreateTagsCommand({ Resources: [volumeId], Tags }));
};

const told = async (): Promise<Order> => {
  const order = orderIn((await tags())[ORDER_TAG]);
  if (order === undefined) throw new Error('Nobody was told anything');
  return order;
};

const leave = (instanceId = replicas[1]?.instanceId ?? ''): ResourceOf<'order'> => ({
  key: replicaOrderKey(1, 'leave'),
  kind: 'order',
  properties: {
    verb: 'leave',
    instanceId,
    volumeId,
    groupName: 'group',
    targetGroupArn: replicas[1]?.targetGroupArn ?? '',
    address: replicas[1]?.address ?? '',
    others: [0, 2].map((index) => replicas[index]?.address ?? ''),
  },
});

/** One try of the step, which its operation began with at `since`. */
const attempt = (since: number, resource = leave()) =>
  perform(aws, { ...requestFor({ verb: 'ensure', resource }, { first: false }), since }, since);

beforeAll(async () => {
  account = await startAccount();
  aws = account.newWorker();
  const { plan } = planEnsure(topology, await observe(), { fresh: true, provisioned: false, live: false });
  await carryOut(account, aws, plan, CLUSTER);
  await waitFor(
    'three replicas with machines',
    async () => {
      replicas = replicasOf(await observe());
      return replicas.every(({ instanceId }) => instanceId !== undefined) ? true : undefined;
    },
    UNHURRIED,
  );
  volumeId = (await observe()).find(({ key }) => key === 'etcd-volume/1')?.outputs.id ?? '';
});
afterAll(() => account?.end());
beforeEach(async () => {
  for (const index of [0, 1, 2]) await health(index, 'healthy');
  await tag({ [ORDER_TAG]: '', [REPORT_TAG]: '' });
});

describe('an order', () => {
  test('is given once, however often the step looks, and done when its agent says so', async () => {
    const since = Date.now();
    expect(await judged(attempt(since))).toMatchObject({ waiting: true, message: expect.stringContaining('to leave') });
    const order = await told();
    expect(order).toMatchObject({ verb: 'leave', instanceId: replicas[1]?.instanceId });
    expect(await account.mutations(() => judged(attempt(since)))).toEqual([]);
    await tag({ [REPORT_TAG]: `${order.token} done` });
    expect(await account.mutations(() => attempt(since))).toEqual([]);
  });

  test('to come back is given only to a machine that was told to leave', async () => {
    const plain = leave();
    const properties = { ...plain.properties, verb: 'restart' as const, afterLeave: true as const };
    const back = { ...plain, key: replicaOrderKey(1, 'restart'), properties };
    expect(await account.mutations(() => attempt(Date.now(), back))).toEqual([]);
    await judged(attempt(Date.now()));
    const since = Date.now();
    expect(await judged(attempt(since, back))).toMatchObject({ waiting: true });
    const { verb, token } = await told();
    expect(verb).toBe('restart');
    await tag({ [REPORT_TAG]: `${token} done` });
    expect(await account.mutations(() => attempt(since, back))).toEqual([]);
  });

  test('to restart is done once its agent serves as it must, and hands on what it serves', async () => {
    const since = Date.now();
    const plain = leave();
    const properties = { ...plain.properties, verb: 'restart' as const, serves: '1.37' as const };
    const restart = { ...plain, key: replicaOrderKey(1, 'restart'), properties };
    await judged(attempt(since, restart));
    const { token } = await told();
    await tag({ [REPORT_TAG]: `${token} done 1.37.2 1.36` });
    expect(await judged(attempt(since, restart))).toMatchObject({
      verdict: 'blocked',
      message: expect.stringMatching(/controlplane-1 .*serves Kubernetes 1\.37\.2 as 1\.36 since, not as 1\.37/),
    });
    // It has been told once more.
    const again = await told();
    expect(again.token).not.toBe(token);
    await tag({ [REPORT_TAG]: `${again.token} done` });
    expect(await judged(attempt(since, restart))).toMatchObject({ verdict: 'blocked' });
    await tag({ [REPORT_TAG]: `${(await told()).token} done 1.37.2 1.37` });
    expect((await attempt(since, restart)).outputs).toEqual({ version: '1.37.2', emulation: '1.37' });
  });

  test('of an earlier operation is done with: another token is given, whatever was reported', async () => {
    await judged(attempt(Date.now()));
    const earlier = await told();
    await tag({ [REPORT_TAG]: `${earlier.token} done` });
    // Its time is told in whole seconds.
    expect(await judged(attempt(Date.now() + 2_000))).toMatchObject({ waiting: true });
    expect((await told()).token).not.toBe(earlier.token);
  });

  test('is not given while another replica does not serve', async () => {
    await health(2, 'unhealthy');
    const waiting = await judged(attempt(Date.now()));
    expect(waiting).toMatchObject({
      waiting: true,
      message: expect.stringContaining('once both other replicas serve'),
    });
    expect((await tags())[ORDER_TAG]).toBe('');
  });

  test('that nobody answers in time is told, with what helps, and given anew', async () => {
    const since = Date.now() - 600_000;
    const instanceId = replicas[1]?.instanceId ?? '';
    const unanswered: Order = { token: 'gone', verb: 'leave', instanceId, until: Math.floor(Date.now() / 1_000) - 1 };
    await tag({ [ORDER_TAG]: orderText(unanswered) });
    const { verdict, message } = await judged(attempt(since));
    expect(verdict).toBe('blocked');
    expect(message).toContain(`the agent of controlplane-1 on instance ${instanceId} did not answer within`);
    expect(message).toContain('aws ec2 terminate-instances');
    expect((await told()).token).not.toBe('gone');
  });

  test('that could not be carried out says why', async () => {
    const since = Date.now();
    await judged(attempt(since));
    await tag({ [REPORT_TAG]: `${(await told()).token} failed kube-apiserver did not end` });
    expect(await judged(attempt(since))).toMatchObject({
      verdict: 'blocked',
      message: expect.stringContaining('could not leave: kube-apiserver did not end'),
    });
  });

  test('to a machine that has ended is obeyed: it serves nobody', async () => {
    expect(await account.mutations(() => attempt(Date.now(), leave('i-0123456789abcdef0')))).toEqual([]);
  });
});
