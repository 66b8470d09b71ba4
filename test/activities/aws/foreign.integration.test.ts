/** Names that somebody else has, accounts that are not the owner's, and a VPC that is not as the spec says. */
import { CreateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { CreateLaunchTemplateCommand, CreateSecurityGroupCommand } from '@aws-sdk/client-ec2';
import { CreateLoadBalancerCommand, CreateTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Aws } from '../../../activities/aws/resources.ts';
import type { Resource } from '../../../kinds/resource.ts';
import type { Outputs } from '../../../kinds/row.ts';
import { clusterTopology } from '../../../topology/cluster.ts';
import type { ResourceKey } from '../../../words/keys.ts';
import { release, SUBNETS, seedCluster, VERSION } from '../../topology/objects.ts';
import {
  CLUSTER,
  CLUSTER_ID,
  judged,
  ownerOf,
  perform,
  playSecret,
  requestFor,
  stable,
  startAccount,
  type TestAccount,
} from './account.ts';

const topology = clusterTopology(seedCluster(), release());
const resource = (key: ResourceKey): Resource => {
  const found = topology.find((one) => one.key === key);
  if (found === undefined) throw new Error(`the topology has no ${key}`);
  return found;
};

let account: TestAccount;
let aws: Aws;
const known: Record<ResourceKey, Outputs> = {};

beforeAll(async () => {
  account = await startAccount();
  aws = account.newWorker();
  for (const one of topology) if (one.kind === 'secret') known[one.key] = playSecret(account, one);
});
afterAll(() => account?.end());

describe('preflight', () => {
  const look = (properties: object) => {
    const preflight = resource('preflight');
    const changed = { ...preflight, properties: { ...preflight.properties, ...properties } } as Resource;
    return perform(aws, requestFor({ verb: 'ensure', resource: changed }));
  };

  test('answers the address range of the VPC and the zone of each subnet', async () => {
    const { change, outputs } = await look({});
    expect(change).toBe('unchanged');
    expect(outputs).toMatchObject({ vpcCidr: '127.77.0.0/16', [`zone/${SUBNETS[2]}`]: 'eu-west-1c' });
  });

  test('names every wrong fact at once, in one message', async () => {
    const { verdict, message } = await judged(
      look({
        vpcId: 'vpc-00000000000000000',
        subnetIds: [SUBNETS[0], 'subnet-00000000000000000'],
        securityGroupIds: ['sg-00000000000000000'],
        keyName: 'no-such-key',
        instanceProfiles: ['no-such-profile'],
        kmsKeyArns: ['arn:aws:kms:eu-west-1:0123456789012:key/00000000-0000-0000-0000-000000000000'],
        instanceType: 'z9.nano',
      }),
    );
    expect(verdict).toBe('blocked');
    for (const part of [
      'VPC vpc-00000000000000000 does not exist',
      'subnet subnet-00000000000000000 does not exist',
      `subnet ${SUBNETS[0]} is in vpc-027d53db543f33b56, not in vpc-00000000000000000`,
      'security group sg-00000000000000000 does not exist',
      'key pair no-such-key does not exist',
      'instance profile no-such-profile does not exist',
      'key/00000000-0000-0000-0000-000000000000 does not exist',
      'instance type z9.nano is not offered in this region',
    ]) {
      expect(message).toContain(part);
    }
  });

  test('sees a cure at once, and what was well is not asked for again', async () => {
    await look({});
    account.calls.length = 0;
    await look({});
    expect(account.calls).toEqual([]);
    await judged(look({ keyName: 'no-such-key' }));
    await judged(look({ keyName: 'no-such-key' }));
    expect(account.calls.map((call) => call.operation)).toEqual(['DescribeKeyPairs', 'DescribeKeyPairs']);
  });

  test('refuses a key that is disabled', async () => {
    const keyId = '12560928-59cf-4157-a29f-eecb4ec93fd2';
    const kmsKey = `arn:aws:kms:eu-west-1:0123456789012:key/${keyId}`;
    await account.clients.kms.send(new DisableKeyCommand({ KeyId: keyId }));
    aws = account.newWorker();
    const { verdict, message } = await judged(look({}));
    expect({ verdict, message }).toMatchObject({
      verdict: 'blocked',
      message: expect.stringContaining(`KMS key ${kmsKey} cannot be used: it is Disabled`),
    });
    await account.clients.kms.send(new EnableKeyCommand({ KeyId: keyId }));
  });
});

describe('a worker in another account or region', () => {
  test.each([
    ['account', { ...ownerOf(CLUSTER), account: '9876543210987' }],
    ['region', { ...ownerOf(CLUSTER), region: 'us-east-1' }],
  ])('makes no mutating call: another %s is blocked', async (what, owner) => {
    account.calls.length = 0;
    for (const verb of ['ensure', 'remove'] as const) {
      const request = requestFor({ verb, resource: resource('security-group/controlplane') }, { owner });
      const { verdict, message } = await judged(perform(aws, request));
      expect(verdict).toBe('blocked');
      expect(message).toContain(what);
      expect(message).toContain('nothing was looked at or changed');
    }
    expect(account.calls.filter((call) => call.operation !== 'GetCallerIdentity')).toEqual([]);
  });
});

describe('names that somebody else has', () => {
  const name = `${CLUSTER_ID}-controlplane`;

  test('block each kind that is unique by name, and the message says whose they are', async () => {
    const { ec2, autoScaling, elbv2 } = account.clients;
    const VpcId = 'vpc-027d53db543f33b56';
    const stranger = await ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: 'x', VpcId }));
    const templateName = `${CLUSTER_ID}-controlplane-0-${release().version}`;
    const template = await ec2.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName: templateName,
        LaunchTemplateData: { ImageId: 'ami-slipway-1', InstanceType: 't3.medium' },
      }),
    );
    await autoScaling.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: `${CLUSTER_ID}-controlplane-0`,
        MinSize: 0,
        MaxSize: 0,
        VPCZoneIdentifier: SUBNETS[0],
        LaunchTemplate: { LaunchTemplateId: template.LaunchTemplate?.LaunchTemplateId, Version: '1' },
      }),
    );
    const balancer = await elbv2.send(
      // The very settings that Slipway uses: AWS would answer a create with this one.
      new CreateLoadBalancerCommand({
        Name: name,
        Type: 'network',
        Scheme: 'internal',
        Subnets: SUBNETS.slice(0, 3),
        Tags: [{ Key: 'slipway.dev/cluster', Value: 'gke-00000000' }],
      }),
    );
    await elbv2.send(
      new CreateTargetGroupCommand({ Name: name, Protocol: 'TCP', Port: 6443, VpcId, TargetType: 'ip' }),
    );
    const other = { ...known };
    for (const index of [0, 1, 2]) {
      other[`etcd-volume/${index}`] = { id: `vol-${index}` };
      other[`network-interface/${index}`] = { id: `eni-${index}`, address: `10.0.0.${index}` };
    }
    other['load-balancer/controlplane'] = { arn: 'arn', dnsName: 'dns' };
    other['security-group/controlplane'] = { id: stranger.GroupId ?? '' };
    other['security-group/load-balancer'] = { id: 'sg-1' };
    other[`launch-template/controlplane-0/${VERSION}`] = {
      id: template.LaunchTemplate?.LaunchTemplateId ?? '',
      version: '1',
    };

    const held = stable(await account.rows());
    const cases: readonly (readonly [ResourceKey, string])[] = [
      ['security-group/controlplane', `security group ${stranger.GroupId} (${name})`],
      [`launch-template/controlplane-0/${VERSION}`, `launch template ${template.LaunchTemplate?.LaunchTemplateId}`],
      ['auto-scaling-group/controlplane-0', `auto scaling group ${CLUSTER_ID}-controlplane-0`],
      ['load-balancer/controlplane', 'belongs to cluster gke-00000000'],
      ['target-group/controlplane', `target group ${name}`],
    ];
    for (const [key, named] of cases) {
      for (const first of [true, false]) {
        const request = requestFor({ verb: 'ensure', resource: resource(key) }, { known: other, first });
        const { verdict, message } = await judged(perform(aws, request));
        expect({ key, first, verdict }).toEqual({ key, first, verdict: 'blocked' });
        expect(message).toContain(named);
      }
      const request = requestFor({ verb: 'remove', resource: resource(key) }, { known: other, first: false });
      expect(await perform(aws, request)).toEqual({ change: 'unchanged', outputs: {} });
    }
    expect(stable(await account.rows())).toEqual(held);
    expect(balancer.LoadBalancers).toHaveLength(1);
  });
});
