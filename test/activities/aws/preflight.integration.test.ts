/** Each fact of the account that preflight looks at, wrong in turn: the field, the value and the cure are named. */
import {
  AssociateVpcCidrBlockCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  ModifyVpcAttributeCommand,
} from '@aws-sdk/client-ec2';
import { CreateInstanceProfileCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Aws } from '../../../activities/aws/resources.ts';
import type { AWSCluster } from '../../../api/cluster.ts';
import { CLUSTER_TAG, UID_TAG } from '../../../api/names.ts';
import type { AWSNodePool } from '../../../api/nodepool.ts';
import type { ObjectRef } from '../../../api/object.ts';
import { clusterPreflight, poolPreflight } from '../../../topology/preflight.ts';
import { POOL_UID, release, SUBNETS, seedCluster, seedPool } from '../../topology/objects.ts';
import { CLUSTER, CLUSTER_ID, judged, perform, requestFor, startAccount, type TestAccount } from './account.ts';

const VPC = 'vpc-027d53db543f33b56';
const NONE = '00000000000000000';
const STANDARD_CPUS = 'L-1216C47A';
const NETWORK_LOAD_BALANCERS = 'L-69A177A2';
const POOL: ObjectRef = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: POOL_UID };

let account: TestAccount;
let aws: Aws;
/** Another VPC, with a subnet and a security group; a small subnet in the right one; things that can't be used. */
const made = { vpc: '', subnet: '', group: '', small: '', second: '', signingKey: '', disabledKey: '' };

const lookFor = (cluster: AWSCluster) =>
  perform(aws, requestFor({ verb: 'ensure', resource: clusterPreflight(cluster, release()) }, { object: CLUSTER }));
const lookForPool = (pool: AWSNodePool) =>
  perform(
    aws,
    requestFor({ verb: 'ensure', resource: poolPreflight(pool, seedCluster(), release()) }, { object: POOL }),
  );

type Changes = Parameters<typeof seedCluster>[0];
const troubles = async (changes: Changes): Promise<string> => (await blocked(lookFor(seedCluster(changes)))) ?? '';
const poolTroubles = async (spec: Partial<AWSNodePool['spec']>): Promise<string> =>
  (await blocked(lookForPool(seedPool({ spec })))) ?? '';

const blocked = async (what: Promise<unknown>): Promise<string> => {
  const { verdict, message } = await judged(what);
  expect(verdict).toBe('blocked');
  expect(message).toContain('Account 0123456789012, region eu-west-1 is not as the object describes it');
  return message;
};

/** The double switches keys by id only. */
const idOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

const makeWrongThings = async (): Promise<void> => {
  const { ec2, kms, iam } = account.clients;
  made.vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }))).Vpc?.VpcId ?? '';
  const elsewhere = await ec2.send(new CreateSubnetCommand({ VpcId: made.vpc, CidrBlock: '10.9.0.0/24' }));
  made.subnet = elsewhere.Subnet?.SubnetId ?? '';
  const group = { VpcId: made.vpc, GroupName: 'elsewhere', Description: 'elsewhere' };
  made.group = (await ec2.send(new CreateSecurityGroupCommand(group))).GroupId ?? '';
  // Sixteen addresses, of which AWS keeps five.
  const small = { VpcId: VPC, CidrBlock: '127.77.90.0/28', AvailabilityZone: 'eu-west-1a' };
  made.small = (await ec2.send(new CreateSubnetCommand(small))).Subnet?.SubnetId ?? '';
  const key = async (use: 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT') => {
    const spec = use === 'SIGN_VERIFY' ? 'RSA_2048' : 'SYMMETRIC_DEFAULT';
    return (await kms.send(new CreateKeyCommand({ KeyUsage: use, KeySpec: spec }))).KeyMetadata?.Arn ?? '';
  };
  made.signingKey = await key('SIGN_VERIFY');
  made.disabledKey = await key('ENCRYPT_DECRYPT');
  await kms.send(new DisableKeyCommand({ KeyId: idOf(made.disabledKey) }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'no-role' }));
};

beforeAll(async () => {
  account = await startAccount();
  aws = account.newWorker();
  await makeWrongThings();
});
afterAll(() => account?.end());

describe('an account that is as the objects describe it', () => {
  test('passes, and answers what others need', async () => {
    expect((await lookFor(seedCluster())).outputs).toMatchObject({ vpcCidr: '127.77.0.0/16' });
    expect((await lookForPool(seedPool())).change).toBe('unchanged');
  });

  test('is told of a subnet from which its machines would reach nothing beyond the VPC, and passes', async () => {
    const said = async (pool: AWSNodePool) => (await lookForPool(pool)).outputs['warning/NoWayOut'];
    const told = await said(seedPool({ spec: { subnetID: made.small, minNodeCount: 1, maxNodeCount: 1 } }));
    expect(told).toMatch(new RegExp(`from ${made.small}: route table rtb-[0-9a-f]+ has no route to 0.0.0.0/0`));
    expect(await said(seedPool())).toBeUndefined();
  });

  test('costs three calls more for the first of several objects, and none for the others', async () => {
    aws = account.newWorker();
    account.calls.length = 0;
    await lookFor(seedCluster());
    const first = account.calls.map((call) => call.operation).sort();
    expect(first).toEqual([
      'DescribeInstanceTypeOfferings',
      'DescribeInstanceTypes',
      'DescribeInstances',
      'DescribeKey',
      'DescribeKeyPairs',
      'DescribeLoadBalancers',
      'DescribeRouteTables',
      'DescribeSecurityGroups',
      'DescribeSubnets',
      'DescribeVpcAttribute',
      'DescribeVpcs',
      'GetCallerIdentity',
      'GetInstanceProfile',
      'GetServiceQuota',
      'GetServiceQuota',
    ]);
    account.calls.length = 0;
    for (const subnetID of SUBNETS.slice(0, 3)) await lookForPool(seedPool({ spec: { subnetID } }));
    expect(account.calls.map((call) => call.operation)).toEqual(['GetInstanceProfile']);
  });
});

describe('a wrong fact of a cluster', () => {
  const networking = seedCluster().spec.networking;
  const withNetwork = (changes: Partial<typeof networking>): Changes => ({
    spec: { networking: { ...networking, ...changes } },
  });

  test('a VPC that does not exist', async () => {
    expect(await troubles(withNetwork({ vpcID: `vpc-${NONE}` }))).toContain(
      `spec.networking.vpcID: VPC vpc-${NONE} does not exist in eu-west-1; delete the object and apply it with another`,
    );
  });

  test('a VPC that answers no names; once its DNS support is on, the next look passes', async () => {
    const dns = async (Value: boolean) => {
      await account.clients.ec2.send(new ModifyVpcAttributeCommand({ VpcId: VPC, EnableDnsSupport: { Value } }));
    };
    await dns(false);
    aws = account.newWorker();
    expect(await troubles({})).toContain(
      `spec.networking.vpcID: VPC ${VPC} has its DNS support off (enableDnsSupport) and names no other DNS server`,
    );
    await dns(true);
    await lookFor(seedCluster());
  });

  test('a Pod range that overlaps the VPC', async () => {
    expect(await troubles(withNetwork({ podAddressCIDRBlocks: ['127.0.0.0/8'] }))).toContain(
      `spec.networking.podAddressCIDRBlocks[0]: 127.0.0.0/8 overlaps 127.77.0.0/16, which is a range of VPC ${VPC}; delete`,
    );
  });

  test('a Service range that overlaps a second range of the VPC', async () => {
    await account.clients.ec2.send(new AssociateVpcCidrBlockCommand({ VpcId: VPC, CidrBlock: '100.64.0.0/16' }));
    aws = account.newWorker();
    expect(await troubles(withNetwork({ serviceAddressCIDRBlocks: ['100.64.8.0/24'] }))).toContain(
      `spec.networking.serviceAddressCIDRBlocks[0]: 100.64.8.0/24 overlaps 100.64.0.0/16, which is a range of VPC ${VPC}`,
    );
  });

  test('a subnet that does not exist', async () => {
    expect(await troubles({ controlPlane: { subnetIDs: [SUBNETS[0], `subnet-${NONE}`] } })).toContain(
      `spec.controlPlane.subnetIDs[1]: subnet subnet-${NONE} does not exist; delete the object and apply it with another`,
    );
  });

  test('a subnet of another VPC', async () => {
    const message = await troubles(withNetwork({ serviceLoadBalancerSubnetIDs: [made.subnet] }));
    expect(message).toContain(
      `spec.networking.serviceLoadBalancerSubnetIDs[0]: subnet ${made.subnet} is in ${made.vpc}, not in ${VPC}; set another`,
    );
  });

  test('two control-plane subnets in one zone', async () => {
    // SUBNETS[3] is the public subnet of the first one's zone.
    const subnetIDs = [SUBNETS[0], SUBNETS[1], SUBNETS[3]];
    expect(await troubles({ controlPlane: { subnetIDs } })).toContain(
      `spec.controlPlane.subnetIDs[2] and spec.networking.serviceLoadBalancerSubnetIDs[3]: subnet ${SUBNETS[3]} is in eu-west-1a, as is ${SUBNETS[0]}, and replicas need a zone each; delete the object`,
    );
  });

  test('a security group that does not exist, and one of another VPC', async () => {
    const message = await troubles({ controlPlane: { securityGroupIDs: [`sg-${NONE}`, made.group] } });
    expect(message).toContain(`spec.controlPlane.securityGroupIDs[0]: security group sg-${NONE} does not exist`);
    expect(message).toContain(`securityGroupIDs[1]: security group ${made.group} is in ${made.vpc}, not in ${VPC}`);
  });

  test('a key pair whose name is a pattern that others match', async () => {
    const keyName = `${seedCluster().spec.controlPlane.keyName.slice(0, 4)}*`;
    expect(await troubles({ controlPlane: { keyName } })).toContain(`key pair ${keyName} does not exist`);
  });

  test('an instance type that does not run the machine image', async () => {
    expect(await troubles({ controlPlane: { instanceType: 't4g.medium' } })).toContain(
      'spec.controlPlane.instanceType: instance type t4g.medium has processors of arm64',
    );
  });

  test('a key pair that does not exist', async () => {
    expect(await troubles({ controlPlane: { keyName: 'gone' } })).toContain(
      'spec.controlPlane.keyName: key pair gone does not exist; create it, or set another',
    );
  });

  test('an instance profile that does not exist, and one without a role', async () => {
    expect(await troubles({ controlPlane: { iamInstanceProfile: 'gone' } })).toContain(
      'spec.controlPlane.iamInstanceProfile: instance profile gone does not exist; create it, or set another',
    );
    expect(await troubles({ controlPlane: { iamInstanceProfile: 'no-role' } })).toContain(
      'instance profile no-role has no role; add one to it, or set another',
    );
  });

  test('a KMS key that does not exist, one for signing, and one of another region', async () => {
    const arn = 'arn:aws:kms:eu-west-1:0123456789012:key/00000000-0000-0000-0000-000000000000';
    const encrypted = (kmsKeyARN: string) => ({ controlPlane: { databaseEncryption: { kmsKeyARN } } });
    const field = 'spec.controlPlane.databaseEncryption.kmsKeyARN';
    expect(await troubles(encrypted(arn))).toContain(`${field}: KMS key ${arn} does not exist; delete the object`);
    expect(await troubles(encrypted(made.signingKey))).toContain('is not for encryption: its usage is SIGN_VERIFY');
    const far = arn.replace('eu-west-1', 'eu-west-2');
    const rootVolume = { sizeGiB: 10, kmsKeyARN: far };
    expect(await troubles({ controlPlane: { rootVolume } })).toContain(
      `spec.controlPlane.rootVolume.kmsKeyARN: KMS key ${far} is not in region eu-west-1; set another`,
    );
  });

  test('a KMS key of another account, whose policy does not let the worker look at it, beside what else is wrong', async () => {
    const theirs = made.signingKey.replace('0123456789012', '999999999999');
    const message = await troubles({
      controlPlane: { databaseEncryption: { kmsKeyARN: theirs }, keyName: 'gone' },
    });
    expect(message).toContain(
      `spec.controlPlane.databaseEncryption.kmsKeyARN: KMS key ${theirs} cannot be looked at: KMS DescribeKey: AccessDenied`,
    );
    expect(message).toContain("let its policy and the worker's role allow kms:DescribeKey, or delete the object");
    expect(message).toContain('key pair gone does not exist');
  });

  test('a KMS key that is disabled; once it is enabled, the next look passes', async () => {
    const encrypted = { controlPlane: { databaseEncryption: { kmsKeyARN: made.disabledKey } } };
    expect(await troubles(encrypted)).toContain(
      `KMS key ${made.disabledKey} cannot be used: it is Disabled; enable it, or delete the object and apply it`,
    );
    await account.clients.kms.send(new EnableKeyCommand({ KeyId: idOf(made.disabledKey) }));
    await lookFor(seedCluster(encrypted));
  });

  test('an instance type that AWS does not offer here', async () => {
    expect(await troubles({ controlPlane: { instanceType: 'z9.nano' } })).toContain(
      'spec.controlPlane.instanceType: instance type z9.nano is not offered in this region; set another',
    );
  });

  test('an exhausted quota of load balancers; once it is raised, the next look passes', async () => {
    await account.quota(NETWORK_LOAD_BALANCERS, 0);
    aws = account.newWorker();
    expect(await troubles({})).toContain(
      'a cluster needs a network load balancer, and 0 of 0 are in use; ask AWS to raise the quota "Network Load Balancers per Region" (L-69A177A2), or free some of it',
    );
    await account.quota(NETWORK_LOAD_BALANCERS, 50);
    await lookFor(seedCluster());
  });

  test('several at once, in one message', async () => {
    const message = await troubles({ controlPlane: { keyName: 'gone', iamInstanceProfile: 'gone' } });
    expect(message).toContain('key pair gone does not exist');
    expect(message).toContain('instance profile gone does not exist');
  });
});

describe('a wrong fact of a node pool', () => {
  test('a subnet of another VPC', async () => {
    expect(await poolTroubles({ subnetID: made.subnet })).toContain(
      `spec.subnetID: subnet ${made.subnet} is in ${made.vpc}, not in ${VPC}; delete the object and apply it with another`,
    );
  });

  test('an exhausted quota of virtual CPUs; once it is raised, the next look passes', async () => {
    await account.quota(STANDARD_CPUS, 5);
    aws = account.newWorker();
    expect(await poolTroubles({})).toContain(
      'spec.instanceType: 3 machines of type t3.medium: 6 more virtual CPUs are needed, and 0 of 5 are in use; ask AWS to raise the quota "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances" (L-1216C47A), or free some of it, or set another',
    );
    await account.quota(STANDARD_CPUS, 6);
    await lookForPool(seedPool());
    await account.quota(STANDARD_CPUS, 1152);
  });

  test('a type that no known quota counts is not held against one', async () => {
    await account.quota(STANDARD_CPUS, 0);
    aws = account.newWorker();
    await lookForPool(seedPool({ spec: { instanceType: 'u-3tb1.56xlarge' } }));
    await account.quota(STANDARD_CPUS, 1152);
  });

  test('a subnet without enough free addresses, but for those that the pool has already', async () => {
    aws = account.newWorker();
    const wanted = { subnetID: made.small, minNodeCount: 10, maxNodeCount: 12 };
    await lookForPool(seedPool({ spec: wanted }));
    const { ec2 } = account.clients;
    const take = async (tags: Record<string, string>) => {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      const command = new CreateNetworkInterfaceCommand({
        SubnetId: made.small,
        TagSpecifications: [{ ResourceType: 'network-interface', Tags }],
      });
      return (await ec2.send(command)).NetworkInterface?.NetworkInterfaceId ?? '';
    };
    const own = { [CLUSTER_TAG]: CLUSTER_ID, [UID_TAG]: POOL_UID };
    const owned = [await take(own), await take(own)];
    aws = account.newWorker();
    await lookForPool(seedPool({ spec: wanted }));
    const foreign = [await take({ Name: 'a' }), await take({ Name: 'b' })];
    expect(await poolTroubles(wanted)).toContain(
      `spec.subnetID: subnet ${made.small} has 7 free addresses, and 8 more are needed; free some, or delete the object`,
    );
    for (const id of foreign) await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
    await lookForPool(seedPool({ spec: wanted }));
    for (const id of owned) await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
  });
});
