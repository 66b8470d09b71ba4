/**
 * Inventory: what AWS holds for a cluster, in few calls, each listing read to its end.
 *
 * Owns: which calls, in which order, and that nothing partial is ever answered: a listing that fails makes the whole
 * observation fail (I12). Neighbours: each kind's file says how one thing becomes an entry (`found…`); a kind's row
 * says what a state holds; Kubernetes and the hub observe their own.
 *
 * A cluster's EC2 resources are found by one listing of tags, so that an empty cluster costs six calls; only what is there
 * is described. A node pool looks at its own template and group, and at what it takes from its cluster, which does not
 * change once it exists and is therefore asked for once for all pools.
 */
import {
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
  paginateDescribeVolumes,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import {
  CLUSTER_TAG,
  controlPlaneName,
  kubernetesClusterTag,
  nodePoolIdOf,
  nodePoolName,
  OWNED,
  SHARED,
  UID_TAG,
} from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { Inventory } from '../../policy/plan.ts';
import { CLOUD_LOAD_BALANCERS, LOAD_BALANCER, SUBNET_TAGS } from '../../words/keys.ts';
import { withAttached } from './attached.ts';
import { listGroups } from './auto-scaling-group.ts';
import { arnsOf, named } from './balancing.ts';
import type { AwsClients } from './clients.ts';
import { foundCloudLoadBalancers, listAllLoadBalancers } from './cloud-load-balancers.ts';
import type { ClusterNetwork } from './cluster-network.ts';
import {
  byKind,
  keyOf,
  ofGroups,
  ofInterfaces,
  ofPlaces,
  ofSecurityGroups,
  ofTemplates,
  ofVolumes,
  type Parts,
} from './entries.ts';
import type { AwsFacts } from './facts.ts';
import { fingerprintsOf, listTemplates } from './launch-template-marks.ts';
import { foundLoadBalancer, loadBalancerNamed, tagsOf } from './load-balancer.ts';
import { partsOfLoadBalancing, readDetails, readHeld } from './load-balancing-details.ts';
import { withOrigins } from './origins.ts';
import type { AwsScope } from './scope.ts';
import { foundSubnetTags } from './subnet-tags.ts';
import { listTagged, type Tagged } from './tagged.ts';
import { filter, readAll } from './tags.ts';
import { targetGroupNamed } from './target-group.ts';

export type AwsInventoryRequest = {
  /** Whose assessment this is: a cluster sees everything of its id, a node pool what is its own or what it needs. */
  readonly object: ObjectRef;
  /** Whose uid a node pool's own things carry, where it adopted them. */
  readonly ownerUid?: string;
  readonly clusterId: string;
  /** The VPC and the subnets that the spec names; without a VPC nothing is said of either. */
  readonly vpcId?: string;
  readonly subnetIds: readonly string[];
  /**
   * The cluster is going or gone: all that goes with it is looked for, what controllers inside it made, too, and nothing
   * that only matters to who builds.
   */
  readonly clusterGoes?: boolean;
  /**
   * By finalizer and status it owns nothing yet: only what a node pool takes from its cluster is looked at, and the answer says that
   * the rest was not listed.
   */
  readonly isNew?: boolean;
};

export type Observe = (request: AwsInventoryRequest, signal: AbortSignal) => Promise<Inventory>;

/** Whom one observation asks. */
type Observing = {
  readonly clients: AwsClients;
  readonly facts: AwsFacts;
  readonly network: ClusterNetwork;
  readonly signal: AbortSignal;
};

type By = ReturnType<typeof filter>;

const ofCluster = (clusterId: string): By => filter(`tag:${CLUSTER_TAG}`, clusterId);

const listSecurityGroups = ({ clients: { ec2 }, signal: abortSignal }: Observing, by: By): Promise<SecurityGroup[]> =>
  readAll(
    paginateDescribeSecurityGroups({ client: ec2 }, { Filters: [by] }, { abortSignal }),
    (page) => page.SecurityGroups,
  );

const templatesOf = async ({ clients: { ec2 }, signal }: Observing, by: By, clusterId: string): Promise<Parts> =>
  ofTemplates(ec2, await listTemplates(ec2, [by], signal), clusterId, signal);

const ofFacts = async ({ facts, signal }: Observing, { vpcId, subnetIds }: AwsInventoryRequest): Promise<Parts> => {
  if (vpcId === undefined) return [];
  const [vpc, subnets] = await Promise.all([facts.vpc(vpcId, signal), facts.subnets(subnetIds, signal)]);
  return ofPlaces(vpc, subnetIds, subnets, facts.bucket);
};

const volumesOf = async ({ clients: { ec2 }, signal: abortSignal }: Observing, clusterId: string): Promise<Parts> =>
  ofVolumes(
    await readAll(
      paginateDescribeVolumes(
        { client: ec2 },
        { Filters: byKind(ofCluster(clusterId), 'etcd-volume') },
        { abortSignal },
      ),
      (page) => page.Volumes,
    ),
    clusterId,
  );

const interfacesOf = async ({ clients, signal: abortSignal }: Observing, clusterId: string): Promise<Parts> =>
  ofInterfaces(
    await readAll(
      paginateDescribeNetworkInterfaces(
        { client: clients.ec2 },
        { Filters: byKind(ofCluster(clusterId), 'network-interface') },
        { abortSignal },
      ),
      (page) => page.NetworkInterfaces,
    ),
    clusterId,
  );

const ofEc2 = async (at: Observing, clusterId: string, tagged: Promise<Tagged>): Promise<Parts> => {
  const { ids, whenAny } = await tagged;
  const parts = await Promise.all([
    whenAny('security-group', CLUSTER_TAG, async () =>
      ofSecurityGroups(await listSecurityGroups(at, ofCluster(clusterId)), clusterId),
    ),
    whenAny('volume', CLUSTER_TAG, () => volumesOf(at, clusterId)),
    whenAny('network-interface', CLUSTER_TAG, () => interfacesOf(at, clusterId)),
    whenAny('launch-template', CLUSTER_TAG, () => templatesOf(at, ofCluster(clusterId), clusterId)),
  ]);
  return [foundSubnetTags(SUBNET_TAGS, ids('subnet', kubernetesClusterTag(clusterId), SHARED)), ...parts.flat()];
};

const ofAutoScaling = async ({ clients, signal }: Observing, clusterId: string): Promise<Parts> => {
  const Filters = [ofCluster(clusterId)];
  return ofGroups(await listGroups(clients.autoScaling, { Filters }, signal), clusterId);
};

const ofLoadBalancing = async ({ clients, signal }: Observing, clusterId: string): Promise<Parts> => {
  const { elbv2 } = clients;
  const name = controlPlaneName(clusterId);
  const [balancer, group] = await Promise.all([
    loadBalancerNamed(elbv2, name, signal),
    targetGroupNamed(elbv2, name, signal),
  ]);
  const [tags, details] = await Promise.all([
    tagsOf(elbv2, arnsOf({ balancer, group }), signal),
    readDetails(clients, { balancer, group }, signal),
  ]);
  return partsOfLoadBalancing(clusterId, { balancer, group, tags, ...details });
};

/** Its own and what controllers made, since both go. */
const ofAllLoadBalancing = async (
  { clients, signal }: Observing,
  clusterId: string,
  tagged: Promise<Tagged>,
): Promise<Parts> => {
  const { balancing, cloud } = await listAllLoadBalancers(clients, clusterId, tagged, signal);
  const own = named(balancing, controlPlaneName(clusterId));
  return [
    ...partsOfLoadBalancing(clusterId, { ...own, ...(await readHeld(clients, own, signal)) }),
    foundCloudLoadBalancers(CLOUD_LOAD_BALANCERS, cloud),
  ];
};

const observeCluster = async (at: Observing, request: AwsInventoryRequest): Promise<readonly Parts[]> => {
  // Its preflight is asking for the facts, and proves that it owns nothing.
  if (request.isNew === true) return [];
  const { clusterId, clusterGoes = false } = request;
  const keys = [CLUSTER_TAG, kubernetesClusterTag(clusterId)];
  const values = [clusterId, SHARED, ...(clusterGoes ? [OWNED] : [])];
  const tagged = listTagged(at.clients.ec2, { keys, values }, at.signal);
  return Promise.all([
    clusterGoes ? [] : ofFacts(at, request),
    ofEc2(at, clusterId, tagged),
    ofAutoScaling(at, clusterId),
    clusterGoes ? ofAllLoadBalancing(at, clusterId, tagged) : ofLoadBalancing(at, clusterId),
  ]);
};

/** Groups and load balancer of a pool's cluster. */
const ofItsCluster = (at: Observing, clusterId: string): Promise<Parts> =>
  at.network.of(clusterId, async () => {
    const { elbv2 } = at.clients;
    const [groups, balancer] = await Promise.all([
      listSecurityGroups(at, ofCluster(clusterId)),
      loadBalancerNamed(elbv2, controlPlaneName(clusterId), at.signal),
    ]);
    const arn = balancer?.LoadBalancerArn;
    const tags = arn === undefined ? {} : ((await tagsOf(elbv2, [arn], at.signal)).get(arn) ?? {});
    const owned = balancer !== undefined && keyOf('load-balancer', tags, clusterId) !== undefined;
    return [
      ...ofSecurityGroups(groups, clusterId),
      ...(owned ? [foundLoadBalancer(LOAD_BALANCER, balancer, tags)] : []),
    ].filter((one) => one !== undefined);
  });

const observeNodePool = (at: Observing, request: AwsInventoryRequest): Promise<readonly Parts[]> => {
  const { object, clusterId, clusterGoes = false, ownerUid = object.uid } = request;
  const shared = clusterGoes ? [] : [ofFacts(at, request), ofItsCluster(at, clusterId)];
  if (request.isNew === true) return Promise.all(shared);
  const AutoScalingGroupNames = [nodePoolName(clusterId, nodePoolIdOf(ownerUid))];
  const groups = listGroups(at.clients.autoScaling, { AutoScalingGroupNames }, at.signal);
  return Promise.all([
    ...shared,
    templatesOf(at, filter(`tag:${UID_TAG}`, ownerUid), clusterId),
    groups.then((all) => ofGroups(all, clusterId)),
  ]);
};

export const createObserve =
  (clients: AwsClients, scope: AwsScope, facts: AwsFacts, network: ClusterNetwork): Observe =>
  async (request, signal) => {
    const at: Observing = { clients, facts, network, signal };
    const [account, parts] = await Promise.all([
      scope.account(signal),
      request.object.kind === 'AWSCluster' ? observeCluster(at, request) : observeNodePool(at, request),
    ]);
    const found = parts
      .flat()
      .filter((one) => one !== undefined)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    // What is going to be deleted is not repaired any more.
    const complete =
      request.clusterGoes === true
        ? found
        : await withOrigins(
            (versions) => fingerprintsOf(clients.ec2, versions, signal),
            await withAttached(clients, found, signal),
            signal,
          );
    const unlisted = request.isNew === true ? { unlisted: true as const } : {};
    return { account, region: scope.region, complete: true, ...unlisted, found: complete };
  };
