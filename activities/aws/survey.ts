/**
 * Survey: what AWS holds for all clusters of an account and region, in as few calls as there are pages.
 *
 * Owns: the listings that a sweep shares over all objects, and the same inventory out of them that `inventory.ts` would
 * read for one object. Neighbours: `inventory.ts`, which operations are planned from; `entries.ts` sorts what was listed.
 * Invariants: I6 (reads only), I12 (a listing that fails makes the whole survey fail: nobody is missing because of it).
 *
 * What has no listing over many (a balancer's attribute, its listeners, the targets of a group, tags by twenty) is
 * remembered for an hour, so that an idle cluster costs a handful of calls an hour (`bench/idle.ts`); where something differs,
 * `fresh` asks for a look of now.
 */
import { type AutoScalingGroup, paginateDescribeAutoScalingGroups } from '@aws-sdk/client-auto-scaling';
import {
  type LaunchTemplate,
  type NetworkInterface,
  paginateDescribeLaunchTemplates,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVolumes,
  paginateDescribeVpcs,
  type SecurityGroup,
  type Subnet,
  type Volume,
  type Vpc,
} from '@aws-sdk/client-ec2';
import {
  type LoadBalancer,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { CLUSTER_TAG, controlPlaneName, isControlPlaneName, kubernetesClusterTag, SHARED } from '../../api/names.ts';
import type { ResourceKind } from '../../kinds/resource.ts';
import type { Tags } from '../../kinds/row.ts';
import type { Inventory } from '../../policy/plan.ts';
import { SUBNET_TAGS } from '../../words/keys.ts';
import { withAttached } from './attached.ts';
import { arnsOf, named } from './balancing.ts';
import type { AwsClients } from './clients.ts';
import {
  byKind,
  ofGroups,
  ofInterfaces,
  ofPlaces,
  ofSecurityGroups,
  ofTemplates,
  ofVolumes,
  type Parts,
} from './entries.ts';
import { vpcFact } from './facts.ts';
import type { AwsInventoryRequest } from './inventory.ts';
import { fingerprintsOf, versionName } from './launch-template-marks.ts';
import { partsOfLoadBalancing, rememberedDetails } from './load-balancing-details.ts';
import { createMemory } from './memory.ts';
import { type ReadFingerprints, withOrigins } from './origins.ts';
import type { AwsScope } from './scope.ts';
import { foundSubnetTags } from './subnet-tags.ts';
import { EC2_PAGE, filter, readAll, tagRecord } from './tags.ts';

type SurveyRequest = Omit<AwsInventoryRequest, 'clusterGoes'> & {
  /** Nothing remembered: something differed when it was last looked at. */
  readonly fresh: boolean;
};

export type Survey = {
  /** When the first listing began, in epoch milliseconds. */
  readonly began: number;
  readonly inventoryOf: (request: SurveyRequest) => Promise<Inventory>;
};

export type TakeSurvey = (signal: AbortSignal) => Promise<Survey>;

/** What has no listing over many, such as listeners and target health. */
const REMEMBERED_MS = 60 * 60_000;

/** The most that each API takes, but for EC2's: a thousand of its things may take longer than an answer should. */
const PAGE = { ec2: EC2_PAGE, templates: 200, groups: 100, balancers: 400 } as const;

type Listings = {
  readonly vpcs: readonly Vpc[];
  readonly subnets: readonly Subnet[];
  readonly securityGroups: ReadonlyMap<string, readonly SecurityGroup[]>;
  readonly volumes: ReadonlyMap<string, readonly Volume[]>;
  readonly interfaces: ReadonlyMap<string, readonly NetworkInterface[]>;
  readonly templates: ReadonlyMap<string, readonly LaunchTemplate[]>;
  readonly groups: ReadonlyMap<string, readonly AutoScalingGroup[]>;
  readonly balancers: readonly LoadBalancer[];
  readonly targetGroups: readonly TargetGroup[];
};

/** Things by the cluster that their owner's tag names. */
const byCluster = <Thing>(things: readonly Thing[], tagsOf: (thing: Thing) => Tags): ReadonlyMap<string, Thing[]> => {
  const sorted = new Map<string, Thing[]>();
  for (const thing of things) {
    const id = tagsOf(thing)[CLUSTER_TAG];
    if (id === undefined) continue;
    const known = sorted.get(id);
    if (known === undefined) sorted.set(id, [thing]);
    else known.push(thing);
  }
  return sorted;
};

const list = async ({ ec2, autoScaling, elbv2 }: AwsClients, abortSignal: AbortSignal): Promise<Listings> => {
  const config = { client: ec2, pageSize: PAGE.ec2 };
  const options = { abortSignal };
  const ofAnyCluster = filter('tag-key', CLUSTER_TAG);
  const ofKind = (kind: ResourceKind) => ({ Filters: byKind(ofAnyCluster, kind) });
  const [vpcs, subnets, securityGroups, volumes, interfaces, templates, groups, balancers, targetGroups] =
    await Promise.all([
      readAll(paginateDescribeVpcs(config, {}, options), (page) => page.Vpcs),
      readAll(paginateDescribeSubnets(config, {}, options), (page) => page.Subnets),
      readAll(
        paginateDescribeSecurityGroups(config, { Filters: [ofAnyCluster] }, options),
        (page) => page.SecurityGroups,
      ),
      readAll(paginateDescribeVolumes(config, ofKind('etcd-volume'), options), (page) => page.Volumes),
      readAll(
        paginateDescribeNetworkInterfaces(config, ofKind('network-interface'), options),
        (page) => page.NetworkInterfaces,
      ),
      readAll(
        paginateDescribeLaunchTemplates(
          { client: ec2, pageSize: PAGE.templates },
          { Filters: [ofAnyCluster] },
          options,
        ),
        (page) => page.LaunchTemplates,
      ),
      readAll(
        paginateDescribeAutoScalingGroups(
          { client: autoScaling, pageSize: PAGE.groups },
          { Filters: [ofAnyCluster] },
          options,
        ),
        (page) => page.AutoScalingGroups,
      ),
      readAll(
        paginateDescribeLoadBalancers({ client: elbv2, pageSize: PAGE.balancers }, {}, options),
        (page) => page.LoadBalancers,
      ),
      readAll(
        paginateDescribeTargetGroups({ client: elbv2, pageSize: PAGE.balancers }, {}, options),
        (page) => page.TargetGroups,
      ),
    ]);
  const ec2Tags = (thing: { readonly Tags?: Parameters<typeof tagRecord>[0] }) => tagRecord(thing.Tags);
  return {
    vpcs,
    subnets,
    securityGroups: byCluster(securityGroups, ec2Tags),
    volumes: byCluster(volumes, ec2Tags),
    interfaces: byCluster(interfaces, (one) => tagRecord(one.TagSet)),
    templates: byCluster(templates, ec2Tags),
    groups: byCluster(groups, ec2Tags),
    balancers,
    targetGroups,
  };
};

/** As `facts.ts` would have it: nothing when one of them isn't there. */
const ofNetwork = ({ listings: { vpcs, subnets }, clients: { bucket } }: Surveying, request: SurveyRequest): Parts => {
  const { vpcId, subnetIds } = request;
  const vpc = vpcId === undefined ? undefined : vpcs.find(({ VpcId }) => VpcId === vpcId);
  const there = subnets
    .filter(({ SubnetId = '' }) => subnetIds.includes(SubnetId))
    .map(({ SubnetId = '', AvailabilityZone = '' }) => ({ id: SubnetId, zone: AvailabilityZone }));
  return ofPlaces(vpc === undefined ? undefined : vpcFact(vpc), subnetIds, there, bucket);
};

const ofSubnetTags = ({ subnets }: Listings, clusterId: string): Parts => {
  const tag = kubernetesClusterTag(clusterId);
  const tagged = subnets
    .filter(({ Tags }) => tagRecord(Tags)[tag] === SHARED)
    .flatMap(({ SubnetId }) => SubnetId ?? []);
  return [foundSubnetTags(SUBNET_TAGS, tagged)];
};

/** ARNs of what clusters have in load balancing, sorted. */
const arnsIn = ({ balancers, targetGroups }: Listings): string[] =>
  [
    ...balancers.map((one) => [one.LoadBalancerName, one.LoadBalancerArn] as const),
    ...targetGroups.map((one) => [one.TargetGroupName, one.TargetGroupArn] as const),
  ]
    .flatMap(([name = '', arn]) => (arn !== undefined && isControlPlaneName(name) ? [arn] : []))
    .sort();

/** One survey, while inventories are made of it. */
type Surveying = {
  readonly clients: AwsClients;
  readonly listings: Listings;
  readonly details: ReturnType<typeof rememberedDetails>;
  /** By ARN. */
  readonly tags: ReadonlyMap<string, Tags>;
  readonly signal: AbortSignal;
};

const ofLoadBalancing = async (at: Surveying, { clusterId, fresh }: SurveyRequest): Promise<Parts> => {
  const { listings, details, signal } = at;
  const name = controlPlaneName(clusterId);
  const own = named({ balancers: listings.balancers, groups: listings.targetGroups, tags: at.tags }, name);
  const which = fresh ? { ...own, tags: await details.tagsOfAll(arnsOf(own), true, signal) } : own;
  return partsOfLoadBalancing(clusterId, await details.read(which, fresh, signal));
};

const ofCluster = async (at: Surveying, request: SurveyRequest): Promise<Parts> => {
  const { clusterId } = request;
  const { listings } = at;
  return [
    ...ofNetwork(at, request),
    ...ofSubnetTags(listings, clusterId),
    ...ofSecurityGroups(listings.securityGroups.get(clusterId) ?? [], clusterId),
    ...ofVolumes(listings.volumes.get(clusterId) ?? [], clusterId),
    ...ofInterfaces(listings.interfaces.get(clusterId) ?? [], clusterId),
    ...ofGroups(listings.groups.get(clusterId) ?? [], clusterId),
    ...(await ofTemplates(at.clients.ec2, listings.templates.get(clusterId) ?? [], clusterId, at.signal)),
    ...(await ofLoadBalancing(at, request)),
  ];
};

/** What is a pool's own, and what it takes from its cluster. */
const ofNodePool = async (at: Surveying, request: SurveyRequest): Promise<Parts> => {
  const { object, ownerUid = object.uid } = request;
  const all = await ofCluster(at, { ...request, fresh: false });
  const shared = ['security-group', 'security-group-rules', 'load-balancer', 'preflight'];
  const own = ['launch-template', 'auto-scaling-group'];
  return all.filter(
    (one) => one !== undefined && (shared.includes(one.kind) || (own.includes(one.kind) && one.uid === ownerUid)),
  );
};

/** Takes surveys; what is remembered between them lives as long as the worker. */
export const createSurvey = (clients: AwsClients, scope: AwsScope, now: () => number = Date.now): TakeSurvey => {
  const remember = createMemory(now, REMEMBERED_MS);
  const details = rememberedDetails(clients, remember);
  // What a version says of itself never changes.
  const origins: ReadFingerprints = (versions, signal) =>
    remember(
      `versions ${versions.map(versionName).join(', ')}`,
      () => fingerprintsOf(clients.ec2, versions, signal),
      () => true,
    );
  return async (signal) => {
    const began = now();
    const [account, listings] = await Promise.all([scope.account(signal), list(clients, signal)]);
    const tags = await details.tagsOfAll(arnsIn(listings), false, signal);
    const at: Surveying = { clients, listings, details, tags, signal };
    return {
      began,
      inventoryOf: async (request) => {
        const isCluster = request.object.kind === 'AWSCluster';
        const parts = await (isCluster ? ofCluster(at, request) : ofNodePool(at, request));
        const found = parts.filter((one) => one !== undefined).sort((a, b) => (a.key < b.key ? -1 : 1));
        const complete = isCluster
          ? await withOrigins(origins, await withAttached(clients, found, signal), signal)
          : found;
        return { account, region: scope.region, complete: true, found: complete };
      },
    };
  };
};
