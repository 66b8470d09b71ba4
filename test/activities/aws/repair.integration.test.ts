/** A replica of a cluster in AWS is repaired: what is observed, decided, made, and refused at the last moment. */
import { CreateTagsCommand, DeleteTagsCommand, DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Aws } from '../../../activities/aws/resources.ts';
import { CLUSTER_TAG, EMPTY_DISK_TAG, KEY_TAG, UID_TAG } from '../../../api/names.ts';
import type { Found } from '../../../kinds/resource.ts';
import type { OperationInput } from '../../../policy/assessment.ts';
import { decideCluster } from '../../../policy/decide-cluster.ts';
import { planEnsure } from '../../../policy/ensure.ts';
import type { Step } from '../../../policy/plan.ts';
import { type Replica, replicasOf } from '../../../policy/replicas.ts';
import { clusterTopology } from '../../../topology/cluster.ts';
import { waitFor } from '../../support/wait.ts';
import { ACCOUNT, CLUSTER_UID, REGION, release, SUBNETS, seedCluster } from '../../topology/objects.ts';
import {
  CLUSTER,
  CLUSTER_ID,
  carryOut,
  foundInManagement,
  judged,
  perform,
  type Row,
  requestFor,
  startAccount,
  type TestAccount,
} from './account.ts';

const topology = clusterTopology(seedCluster(), release());
const NOW = Date.parse('2026-08-01T10:00:00Z');

let account: TestAccount;
let aws: Aws;

const tell = async (path: string, body: unknown): Promise<unknown> => {
  const answer = await fetch(`${account.endpoint}/_sim/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};

const observe = async (): Promise<readonly Found[]> => {
  const { vpcID } = seedCluster().spec.networking;
  const request = { object: CLUSTER, clusterId: CLUSTER_ID, vpcId: vpcID, subnetIds: SUBNETS };
  const { found } = await aws.observe(request, new AbortController().signal);
  return [...found, ...foundInManagement(account, topology)];
};

const replica = async (index: number): Promise<Replica> => {
  const found = replicasOf(await observe())[index];
  if (found === undefined) throw new Error(`No replica ${index}`);
  return found;
};

/** As the load balancer would find it. */
const report = async (index: number, state: 'healthy' | 'unhealthy'): Promise<void> => {
  const { address } = await replica(index);
  await tell('health', { tg: '*', id: address, port: 6443, state, description: 'Health checks failed: timeout' });
};

/** What status remembers of replica 1: for how long it does not serve, and of which volume EC2 said a minute ago that there is none. */
type Before = { readonly secondsUnhealthy?: number; readonly lostVolumeId?: string | undefined };

const decide = async ({ secondsUnhealthy, lostVolumeId }: Before = {}) => {
  const { instanceId } = await replica(1);
  const since = new Date(NOW - (secondsUnhealthy ?? 0) * 1_000).toISOString();
  const seen = {
    index: 1,
    since,
    message: '',
    ...(instanceId === undefined ? {} : { instanceID: instanceId }),
    ...(lostVolumeId === undefined
      ? {}
      : { lostVolume: { id: lostVolumeId, since: new Date(NOW - 60_000).toISOString() } }),
  };
  const status = {
    aws: { account: ACCOUNT, region: REGION },
    established: true,
    state: 'Provisioned' as const,
    ...(secondsUnhealthy === undefined && lostVolumeId === undefined ? {} : { unhealthyReplicas: [seen] }),
  };
  return decideCluster({
    requested: CLUSTER,
    worker: { account: ACCOUNT, regions: [REGION] },
    entityId: 'entity',
    settleSeconds: 0,
    repair: { afterSeconds: 300 },
    now: NOW,
    object: seedCluster({ status }),
    inventory: { account: ACCOUNT, region: REGION, complete: true, found: await observe() },
  });
};

/** Settled, and nothing is said of any replica. */
const expectWell = async (): Promise<void> => {
  const assessment = await decide();
  expect(assessment).toMatchObject({ kind: 'settled', generation: 1 });
  expect(assessment).not.toHaveProperty('controlPlane');
};

const repairOf = async (before: Before = {}): Promise<OperationInput> => {
  const assessment = await decide(before);
  if (assessment.kind !== 'operate') throw new Error(`Expected a repair: ${JSON.stringify(assessment)}`);
  expect(assessment.operation.type).toBe('RepairCluster');
  return assessment.operation;
};

const stepOf = ({ plan }: OperationInput, id: string): Step => {
  const step = plan.steps.find((one) => one.id === id);
  if (step === undefined) throw new Error(`No step ${id}`);
  return step;
};

/** A group that knows nothing of an instance. */
const noMember = (instanceId: string) => ({
  action: 'TerminateInstanceInAutoScalingGroup',
  code: 'ValidationError',
  message: `Instance Id not found - No managed instance found for instance ID: ${instanceId}`,
});

const volumesOf = async (index: number): Promise<readonly Row[]> =>
  (await account.rows()).filter(
    ({ kind, detail }) =>
      kind === 'volume' && (detail['tags'] as Record<string, string>)[KEY_TAG] === `etcd-volume/${index}`,
  );

const inService = (index: number): Promise<string> =>
  waitFor(`replica ${index} to be in service`, async () => {
    const { instanceId, groupVersion, instanceTemplate } = await replica(index);
    return groupVersion === instanceTemplate?.version ? instanceId : undefined;
  });

beforeAll(async () => {
  account = await startAccount();
  aws = account.newWorker();
  const { plan } = planEnsure(topology, await observe(), { fresh: true, provisioned: false, live: false });
  await carryOut(account, aws, plan, CLUSTER);
  for (const index of [0, 1, 2]) await inService(index);
});
afterAll(() => account?.end());

describe('a control plane that is well', () => {
  test('is seen to be so without a call more', async () => {
    await expectWell();
    account.calls.length = 0;
    await observe();
    expect(account.calls.map(({ operation }) => operation)).not.toContain('DescribeLaunchTemplateVersions');
  });
});

describe('a machine that does not serve', () => {
  test('is ended, and no other, once its time is over; its group puts another in its place', async () => {
    await report(1, 'unhealthy');
    const repair = await repairOf({ secondsUnhealthy: 300 });
    const old = (await replica(1)).instanceId;
    const calls = await account.mutations(() =>
      carryOut(account, aws, { ...repair.plan, steps: repair.plan.steps.slice(0, 1) }, CLUSTER),
    );
    expect(calls).toEqual(['TerminateInstanceInAutoScalingGroup']);
    const waiting = await judged(perform(aws, requestFor(stepOf(repair, 'wait replica/1'), { first: false })));
    expect(waiting).toMatchObject({ verdict: 'retry', waiting: true });
    await report(1, 'healthy');
    expect(await inService(1)).not.toBe(old);
    const served = await perform(aws, requestFor(stepOf(repair, 'wait replica/1'), { first: false }));
    expect(served.outputs['instanceId']).toBe((await replica(1)).instanceId);
  });

  test('stays while another replica fails at that very moment, whatever the plan said', async () => {
    await report(1, 'unhealthy');
    const repair = await repairOf({ secondsUnhealthy: 300 });
    await report(2, 'unhealthy');
    const remove = requestFor(stepOf(repair, 'remove instance/controlplane-1'));
    expect(await account.mutations(() => judged(perform(aws, remove)))).toEqual([]);
    const { verdict, waiting, message } = await judged(perform(aws, remove));
    expect({ verdict, waiting }).toEqual({ verdict: 'retry', waiting: true });
    expect(message).toMatch(/stays until both other replicas serve, or etcd would lose its quorum: .* is unhealthy/);
    expect(await decide({ secondsUnhealthy: 300 })).toMatchObject({
      kind: 'settled',
      controlPlane: { quorumLost: true },
    });
    await report(2, 'healthy');
  });

  test('stays when it serves again before its end', async () => {
    const repair = await repairOf({ secondsUnhealthy: 300 });
    await report(1, 'healthy');
    const remove = requestFor(stepOf(repair, 'remove instance/controlplane-1'));
    expect(await judged(perform(aws, remove))).toMatchObject({ verdict: 'superseded' });
  });

  test('that ended although its answer was lost, so that the SDK asked again and no group had it, is ended', async () => {
    await report(1, 'unhealthy');
    const repair = await repairOf({ secondsUnhealthy: 300 });
    const { instanceId: old = '' } = await replica(1);
    await account.fault({ ...noMember(old), after: true });
    await carryOut(account, aws, { ...repair.plan, steps: repair.plan.steps.slice(0, 1) }, CLUSTER);
    await report(1, 'healthy');
    expect(await inService(1)).not.toBe(old);
  });

  test('that somebody took out of its group says so, and how to end it', async () => {
    await report(1, 'unhealthy');
    const repair = await repairOf({ secondsUnhealthy: 300 });
    const { instanceId = '' } = await replica(1);
    await account.fault(noMember(instanceId));
    const remove = requestFor(stepOf(repair, 'remove instance/controlplane-1'));
    const { verdict, message } = await judged(perform(aws, remove));
    expect(verdict).toBe('blocked');
    expect(message).toContain(`\`aws ec2 terminate-instances --region ${REGION} --instance-ids ${instanceId}\``);
    await report(1, 'healthy');
  });

  test('of somebody else is never ended, even if a plan names it', async () => {
    await report(1, 'unhealthy');
    const repair = await repairOf({ secondsUnhealthy: 300 });
    const { instanceId = '' } = await replica(1);
    const foreign = [{ Key: UID_TAG, Value: 'somebody-else' }];
    await account.clients.ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags: foreign }));
    const remove = requestFor(stepOf(repair, 'remove instance/controlplane-1'));
    expect(await account.mutations(() => perform(aws, remove))).toEqual([]);
    const answer = await account.clients.ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
    expect(answer.Reservations?.[0]?.Instances?.[0]?.State?.Name).toBe('running');
    const own = [{ Key: UID_TAG, Value: CLUSTER_UID }];
    await account.clients.ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags: own }));
    await report(1, 'healthy');
  });
});

describe('a lost etcd volume', () => {
  test('that only lost its tags is seen to exist, and gets no other in its place', async () => {
    const [row] = await volumesOf(1);
    const tags = Object.entries((row?.detail['tags'] ?? {}) as Record<string, string>).map(([Key, Value]) => ({
      Key,
      Value,
    }));
    await account.clients.ec2.send(
      new DeleteTagsCommand({ Resources: [row?.id ?? ''], Tags: [{ Key: CLUSTER_TAG }, { Key: KEY_TAG }] }),
    );
    expect(await decide()).toMatchObject({
      kind: 'blocked',
      cure: expect.stringContaining(`aws ec2 create-tags --region ${REGION} --resources ${row?.id}`),
    });
    await account.clients.ec2.send(new CreateTagsCommand({ Resources: [row?.id ?? ''], Tags: tags }));
    await expectWell();
  });

  test('is replaced by one that may join, and its machine by one that is told of it', async () => {
    const [row] = await volumesOf(1);
    const old = (await replica(1)).instanceId;
    await tell('lose-volume', { id: row?.id });
    expect(await decide()).toMatchObject({ kind: 'settled', controlPlane: { replicas: [{ lostVolumeId: row?.id }] } });
    const repair = await repairOf({ lostVolumeId: row?.id });
    const begun = { ...repair.plan, steps: repair.plan.steps.filter(({ verb }) => verb === 'ensure').slice(0, -1) };
    await carryOut(account, aws, begun, CLUSTER);
    const [made] = await volumesOf(1);
    expect(made?.detail['tags']).toMatchObject({ [EMPTY_DISK_TAG]: 'join' });
    // Interrupted here, it goes on from what is there, with no second volume.
    const rest = await repairOf();
    expect(rest.plan.steps.map(({ id }) => id)).toEqual([
      'remove instance/controlplane-1',
      'wait replica/1',
      'ensure established/etcd',
    ]);
    await carryOut(account, aws, rest.plan, CLUSTER);
    expect(await inService(1)).not.toBe(old);
    expect(await volumesOf(1)).toMatchObject([{ id: made?.id, detail: { tags: { [EMPTY_DISK_TAG]: 'wait' } } }]);
    await expectWell();
  });

  test('that is there after all when the new one is about to be made ends the repair', async () => {
    const [row] = await volumesOf(2);
    const volume = topology.find(({ key }) => key === 'etcd-volume/2');
    if (volume?.kind !== 'etcd-volume') throw new Error('The topology has no volume 2');
    const properties = {
      ...volume.properties,
      emptyDisk: 'join' as const,
      former: row?.id ?? '',
      availabilityZone: 'eu-west-1c',
    };
    const ensure = requestFor({ verb: 'ensure', resource: { ...volume, properties }, incarnation: 1 });
    expect(await account.mutations(() => judged(perform(aws, ensure)))).toEqual([]);
    expect(await judged(perform(aws, ensure))).toMatchObject({ verdict: 'superseded' });
  });
});
