/** What controllers inside a cluster made in AWS is found by the cluster's tag, and goes with the cluster. */
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand } from '@aws-sdk/client-ec2';
import {
  AddTagsCommand,
  CreateLoadBalancerCommand as CreateClassicCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Aws } from '../../../activities/aws/resources.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import { kubernetesClusterTag } from '../../../api/names.ts';
import type { Resource } from '../../../kinds/resource.ts';
import { clusterTopology } from '../../../topology/cluster.ts';
import { waitFor } from '../../support/wait.ts';
import { release, SUBNETS, seedCluster } from '../../topology/objects.ts';
import {
  CLUSTER,
  CLUSTER_ID,
  judged,
  ownerOf,
  perform,
  type Row,
  requestFor,
  stable,
  startAccount,
  type TestAccount,
} from './account.ts';

const VpcId = 'vpc-027d53db543f33b56';
const owned = (clusterId: string) => [{ Key: kubernetesClusterTag(clusterId), Value: 'owned' }];

let account: TestAccount;
let aws: Aws;
let before: readonly Row[];
let nodeGroup: string;

/** As the cloud controller does it for a Service: a classic one with a group of its own, and a network one. */
const makeServices = async (clusterId: string, suffix: string): Promise<void> => {
  const { ec2, elb, elbv2 } = account.clients;
  const group = await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: `k8s-elb-${suffix}`,
      Description: 'Security group for Kubernetes ELB',
      VpcId,
      TagSpecifications: [{ ResourceType: 'security-group', Tags: owned(clusterId) }],
    }),
  );
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: nodeGroup,
      IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: group.GroupId }] }],
    }),
  );
  await elb.send(
    new CreateClassicCommand({
      LoadBalancerName: `classic-${suffix}`,
      Listeners: [{ Protocol: 'TCP', LoadBalancerPort: 80, InstancePort: 30080 }],
      Subnets: [SUBNETS[3]],
      SecurityGroups: [group.GroupId ?? ''],
    }),
  );
  await elb.send(new AddTagsCommand({ LoadBalancerNames: [`classic-${suffix}`], Tags: owned(clusterId) }));
  const balancer = await elbv2.send(
    new CreateLoadBalancerCommand({
      Name: `network-${suffix}`,
      Type: 'network',
      Subnets: [SUBNETS[3]],
      Tags: owned(clusterId),
    }),
  );
  const target = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: `k8s-${suffix}`,
      Protocol: 'TCP',
      Port: 30080,
      VpcId,
      Tags: owned(clusterId),
    }),
  );
  await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer.LoadBalancers?.[0]?.LoadBalancerArn,
      Protocol: 'TCP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: target.TargetGroups?.[0]?.TargetGroupArn }],
    }),
  );
};

const observeCloud = async () =>
  (
    await aws.observe(
      { object: CLUSTER, clusterId: CLUSTER_ID, subnetIds: [], clusterGoes: true },
      new AbortController().signal,
    )
  ).found.find((one) => one.key === 'cloud-load-balancers/all');

const resource: Resource = { key: 'cloud-load-balancers/all', kind: 'cloud-load-balancers', properties: {} };
const remove = () => perform(aws, requestFor({ verb: 'remove', resource }, { first: false }));

beforeAll(async () => {
  account = await startAccount();
  aws = account.newWorker();
  const group = clusterTopology(seedCluster(), release()).find((one) => one.key === 'security-group/nodepool');
  if (group === undefined) throw new Error('the topology lost the group of the nodes');
  nodeGroup = (await perform(aws, requestFor({ verb: 'ensure', resource: group }))).outputs['id'] ?? '';
  await makeServices('gke-00000000', 'other');
  before = await account.rows();
});
afterAll(() => account?.end());

describe('load balancers of Services', () => {
  test('are nothing to remove as long as there are none', async () => {
    expect(await observeCloud()).toBeUndefined();
    expect(await remove()).toEqual({ change: 'unchanged', outputs: {} });
  });

  test('are observed by name, those of other clusters apart', async () => {
    await makeServices(CLUSTER_ID, 'mine');
    expect((await observeCloud())?.state).toEqual({
      names: [
        'classic load balancer classic-mine',
        'load balancer network-mine',
        expect.stringMatching(/^security group sg-[0-9a-f]+ \(k8s-elb-mine\)$/),
        'target group k8s-mine',
      ],
      interfaces: ['ELB classic-mine', expect.stringMatching(/^ELB net\/network-mine\/[0-9a-f]+$/)],
    });
  });

  test('hold up the proof of an empty account, which names them', async () => {
    const empty: Resource = { key: 'account/empty', kind: 'account', properties: { settleSeconds: 0 } };
    const { waiting, message } = await judged(
      perform(aws, requestFor({ verb: 'wait', resource: empty }, { owner: ownerOf(CLUSTER) })),
    );
    expect(waiting).toBe(true);
    expect(message).toContain('classic load balancer classic-mine');
  });

  test('go with all that belongs to them, also the rules that let them in, and nothing else goes', async () => {
    await waitFor('everything of the Services to go', async () => {
      await remove();
      return stable(await account.rows()).join() === stable(before).join() || undefined;
    });
    expect(await account.rows()).toEqual(before);
  });

  test('are waited for until AWS has taken away their interfaces, too, which hold subnets and groups meanwhile', async () => {
    await makeServices(CLUSTER_ID, 'again');
    const seen = await observeCloud();
    if (seen?.kind !== 'cloud-load-balancers') throw new Error('nothing of the Services was seen');
    const going = { ...resource, properties: { interfaces: seen.state.interfaces } } as unknown as Resource;
    const interfaces = async () =>
      (await account.rows()).filter(({ detail }) => String(detail['description']).startsWith('ELB net/network-again/'));
    expect(await interfaces()).toHaveLength(1);
    await waitFor('the removal to be done', async () => {
      try {
        return await perform(aws, requestFor({ verb: 'remove', resource: going }, { first: false }));
      } catch (error) {
        expect(verdictOf(error).waiting).toBe(true);
        return undefined;
      }
    });
    expect(await interfaces()).toEqual([]);
    expect(await account.rows()).toEqual(before);
  });
});
