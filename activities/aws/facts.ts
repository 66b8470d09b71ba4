/**
 * Facts: what the account holds that isn't Slipway's: VPC, subnets, groups, key pairs, profiles, keys, instance types, routes.
 *
 * Owns: looking each one up, once for all who ask within a minute: a cluster and its pools ask the same questions in the
 * same second. Only what is there is remembered; what is missing is looked at anew each time, so that
 * a person's cure counts at once. Neighbours: `preflight.ts` judges facts; `inventory.ts` needs zones and address range.
 */
import {
  type Subnet as AwsSubnet,
  type Vpc as AwsVpc,
  DescribeKeyPairsCommand,
  DescribeVpcsCommand,
  paginateDescribeInstanceTypeOfferings,
  paginateDescribeInstanceTypes,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  type VpcCidrBlockAssociation,
} from '@aws-sdk/client-ec2';
import { GetInstanceProfileCommand } from '@aws-sdk/client-iam';
import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import { CLUSTER_TAG } from '../../api/names.ts';
import { present } from '../../words/present.ts';
import { isDenied, unlessAbsent, verdictOf } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { courtesy, type OnUnread } from './courtesy.ts';
import { batched, createMemory, type Remember } from './memory.ts';
import { answersNames, type RouteTable, routeTablesOf } from './network-facts.ts';
import { listTagged } from './tagged.ts';
import { filter, readAll } from './tags.ts';

export type Vpc = {
  readonly id: string;
  readonly cidr: string;
  /** All its IPv4 ranges, the first included. */
  readonly cidrs: readonly string[];
  readonly dhcpOptionsId?: string;
};
export type Subnet = {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly freeAddresses: number;
  /** Keys of its tags, but for AWS's own, which don't count. */
  readonly tagKeys?: readonly string[];
  /** It has no IPv4 addresses at all. */
  readonly ipv6Only?: boolean;
  /** The account that it belongs to, which may share it with others. */
  readonly owner?: string;
  /** Machines that are launched in it get one. */
  readonly publicAddresses?: boolean;
};
type Group = { readonly id: string; readonly vpcId: string };
type InstanceProfile = { readonly name: string; readonly hasRole: boolean };
/** An instance type, its number of virtual CPUs, and what its processors run: `x86_64`, `arm64`. */
type InstanceType = { readonly id: string; readonly cpus: number; readonly architectures: readonly string[] };
type KmsKey =
  | { readonly arn: string; readonly enabled: boolean; readonly state: string; readonly usage: string }
  /** What AWS says of a key that its policy, or the worker's role, does not let the worker look at. */
  | { readonly arn: string; readonly denied: string };

export type AwsFacts = {
  /** Where this worker has snapshots of etcd kept. */
  readonly bucket?: string;
  vpc(id: string, signal: AbortSignal): Promise<Vpc | undefined>;
  /** One that isn't `enough` for who asks is looked at anew. */
  subnets(
    ids: readonly string[],
    signal: AbortSignal,
    enough?: (subnet: Subnet) => boolean,
  ): Promise<readonly Subnet[]>;
  securityGroups(ids: readonly string[], signal: AbortSignal): Promise<readonly Group[]>;
  hasKeyPair(name: string, signal: AbortSignal): Promise<boolean>;
  instanceProfile(name: string, signal: AbortSignal): Promise<InstanceProfile | undefined>;
  kmsKey(arn: string, signal: AbortSignal): Promise<KmsKey | undefined>;
  /** Those of the types that this region knows. */
  instanceTypes(types: readonly string[], signal: AbortSignal): Promise<readonly InstanceType[]>;
  /** Zones of the region in which the instance type is offered. */
  zonesOffering(instanceType: string, signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Whether machines in the VPC are given a DNS server that answers; undefined where nobody could tell. */
  answersNames(vpcId: string, signal: AbortSignal): Promise<boolean | undefined>;
  /** Those of the VPC that this account may see; undefined where nobody could tell. */
  routeTables(
    vpcId: string,
    signal: AbortSignal,
    enough: (tables: readonly RouteTable[]) => boolean,
  ): Promise<readonly RouteTable[] | undefined>;
  /** What in EC2 carries a cluster's id, `<type> <id>` each, sorted: of what Slipway makes, nothing is made without some of it. */
  carrying(clusterId: string, signal: AbortSignal): Promise<readonly string[]>;
};

type Asking = Pick<AwsClients, 'ec2' | 'iam' | 'kms'>;

/** One that was taken away is listed for a while. */
const isThere = ({ CidrBlockState }: VpcCidrBlockAssociation): boolean =>
  CidrBlockState?.State === undefined || CidrBlockState.State === 'associated';

export const vpcFact = ({
  VpcId = '',
  CidrBlock: cidr = '',
  CidrBlockAssociationSet = [],
  DhcpOptionsId: dhcpOptionsId,
}: AwsVpc): Vpc => ({
  id: VpcId,
  cidr,
  cidrs: [...new Set([cidr, ...CidrBlockAssociationSet.filter(isThere).flatMap(({ CidrBlock }) => CidrBlock ?? [])])],
  ...present({ dhcpOptionsId }),
});

const vpcOf = async ({ ec2 }: Asking, id: string, abortSignal: AbortSignal): Promise<Vpc | undefined> => {
  const answer = await ec2.send(new DescribeVpcsCommand({ Filters: [filter('vpc-id', id)] }), { abortSignal });
  const [vpc] = answer.Vpcs ?? [];
  return vpc === undefined ? undefined : vpcFact(vpc);
};

const subnetFact = (subnet: AwsSubnet): Subnet => ({
  id: subnet.SubnetId ?? '',
  vpcId: subnet.VpcId ?? '',
  zone: subnet.AvailabilityZone ?? '',
  freeAddresses: subnet.AvailableIpAddressCount ?? 0,
  tagKeys: (subnet.Tags ?? []).flatMap(({ Key = '' }) => (Key.startsWith('aws:') ? [] : [Key])),
  ipv6Only: subnet.Ipv6Native === true,
  ...present({ owner: subnet.OwnerId, publicAddresses: subnet.MapPublicIpOnLaunch }),
});

const subnetsOf = async ({ ec2 }: Asking, ids: string[], abortSignal: AbortSignal): Promise<Subnet[]> => {
  const pages = paginateDescribeSubnets({ client: ec2 }, { Filters: [filter('subnet-id', ...ids)] }, { abortSignal });
  return (await readAll(pages, (page) => page.Subnets)).map(subnetFact);
};

const groupsOf = async ({ ec2 }: Asking, ids: string[], abortSignal: AbortSignal): Promise<Group[]> => {
  const Filters = [filter('group-id', ...ids)];
  const pages = paginateDescribeSecurityGroups({ client: ec2 }, { Filters }, { abortSignal });
  return (await readAll(pages, (page) => page.SecurityGroups)).map(({ GroupId = '', VpcId = '' }) => ({
    id: GroupId,
    vpcId: VpcId,
  }));
};

const hasKeyPair = async ({ ec2 }: Asking, name: string, abortSignal: AbortSignal): Promise<boolean> => {
  const command = new DescribeKeyPairsCommand({ Filters: [filter('key-name', name)] });
  const answer = await ec2.send(command, { abortSignal });
  return (answer.KeyPairs ?? []).some(({ KeyName }) => KeyName === name);
};

const profileOf = async (
  { iam }: Asking,
  name: string,
  abortSignal: AbortSignal,
): Promise<InstanceProfile | undefined> => {
  const command = new GetInstanceProfileCommand({ InstanceProfileName: name });
  const profile = (await unlessAbsent(() => iam.send(command, { abortSignal }), undefined))?.InstanceProfile;
  return profile === undefined ? undefined : { name, hasRole: (profile.Roles ?? []).length > 0 };
};

const keyOf = async ({ kms }: Asking, arn: string, abortSignal: AbortSignal): Promise<KmsKey | undefined> => {
  const command = new DescribeKeyCommand({ KeyId: arn });
  try {
    const key = (await unlessAbsent(() => kms.send(command, { abortSignal }), undefined))?.KeyMetadata;
    if (key === undefined) return undefined;
    const { Enabled: enabled = false, KeyState: state = 'unknown', KeyUsage: usage = 'unknown' } = key;
    return { arn, enabled, state, usage };
  } catch (error) {
    if (isDenied(error)) return { arn, denied: verdictOf(error).message };
    throw error;
  }
};

const typesOf = async ({ ec2 }: Asking, types: string[], abortSignal: AbortSignal): Promise<InstanceType[]> => {
  // A filter, because one unknown type among those that are named makes the whole answer an error.
  const Filters = [filter('instance-type', ...types)];
  const pages = paginateDescribeInstanceTypes({ client: ec2 }, { Filters }, { abortSignal });
  const found = await readAll(pages, (page) => page.InstanceTypes);
  return found.map(({ InstanceType: id = '', VCpuInfo, ProcessorInfo }) => ({
    id,
    cpus: VCpuInfo?.DefaultVCpus ?? 0,
    architectures: ProcessorInfo?.SupportedArchitectures ?? [],
  }));
};

const zonesOffering = async ({ ec2 }: Asking, type: string, abortSignal: AbortSignal): Promise<ReadonlySet<string>> => {
  const asked = { LocationType: 'availability-zone' as const, Filters: [filter('instance-type', type)] };
  const pages = paginateDescribeInstanceTypeOfferings({ client: ec2 }, asked, { abortSignal });
  const offerings = await readAll(pages, (page) => page.InstanceTypeOfferings);
  return new Set(offerings.flatMap(({ Location }) => Location ?? []));
};

const carryingOf = async ({ ec2 }: Asking, clusterId: string, abortSignal: AbortSignal): Promise<readonly string[]> =>
  (await listTagged(ec2, { keys: [CLUSTER_TAG], values: [clusterId] }, abortSignal)).all;

/** The network around a VPC, as a courtesy. */
const networkFacts = (
  { ec2 }: Asking,
  remember: Remember,
  { vpc, onUnread }: Pick<AwsFacts, 'vpc'> & { readonly onUnread: OnUnread },
): Pick<AwsFacts, 'answersNames' | 'routeTables'> => ({
  answersNames: (id, signal) =>
    remember(
      `names ${id}`,
      () => {
        const dhcpOptionsId = async () => (await vpc(id, signal))?.dhcpOptionsId;
        const look = () => answersNames(ec2, { id, dhcpOptionsId }, signal);
        return courtesy(`DNS support of ${id}`, look, { onUnread, signal });
      },
      (answers) => answers !== false,
    ),
  routeTables: (id, signal, enough) =>
    remember(
      `route tables ${id}`,
      () => courtesy(`route tables of ${id}`, () => routeTablesOf(ec2, id, signal), { onUnread, signal }),
      (tables) => tables === undefined || enough(tables),
    ),
});

const vpcFacts =
  (clients: Asking, remember: Remember): AwsFacts['vpc'] =>
  (id, signal) =>
    remember(
      `vpc ${id}`,
      () => vpcOf(clients, id, signal),
      (vpc) => vpc !== undefined,
    );

export const createFacts = (
  clients: AwsClients,
  remember: Remember = createMemory(Date.now),
  onUnread: OnUnread = () => undefined,
): AwsFacts => ({
  ...present({ bucket: clients.bucket }),
  vpc: vpcFacts(clients, remember),
  ...networkFacts(clients, remember, { vpc: vpcFacts(clients, remember), onUnread }),
  subnets: batched(remember, 'subnet', (ids, signal) => subnetsOf(clients, ids, signal)),
  securityGroups: batched(remember, 'security group', (ids, signal) => groupsOf(clients, ids, signal)),
  hasKeyPair: (name, signal) =>
    remember(
      `key pair ${name}`,
      () => hasKeyPair(clients, name, signal),
      (there) => there,
    ),
  instanceProfile: (name, signal) =>
    remember(
      `instance profile ${name}`,
      () => profileOf(clients, name, signal),
      (profile) => profile?.hasRole ?? false,
    ),
  kmsKey: (arn, signal) =>
    remember(
      `key ${arn}`,
      () => keyOf(clients, arn, signal),
      (key) => key !== undefined && 'enabled' in key && key.enabled,
    ),
  instanceTypes: batched(remember, 'instance type', (types, signal) => typesOf(clients, types, signal)),
  zonesOffering: (type, signal) =>
    remember(
      `type ${type}`,
      () => zonesOffering(clients, type, signal),
      (zones) => zones.size > 0,
    ),
  carrying: (clusterId, signal) =>
    remember(
      `carrying ${clusterId}`,
      () => carryingOf(clients, clusterId, signal),
      (things) => things.length === 0,
    ),
});
