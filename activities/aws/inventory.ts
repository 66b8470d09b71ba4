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
  KEY_TAG,
  kubernetesClusterTag,
  nodePoolIdOf,
  nodePoolName,
  UID_TAG,
} from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { ResourceKind } from '../../kinds/resource.ts';
import { observed } from '../../kinds/resource.ts';
import type { Inventory } from '../../policy/plan.ts';
import { CLOUD_LOAD_BALANCERS, LOAD_BALANCER, PREFLIGHT, SUBNET_TAGS } from '../../words/keys.ts';
import { withAttached } from './attached.ts';
import { listGroups } from './auto-scaling-group.ts';
import { named } from './balancing.ts';
import type { AwsClients } from './clients.ts';
import { foundCloudLoadBalancers, listAllLoadBalancers, OWNED } from './cloud-load-balancers.ts';
import type { ClusterNetwork } from './cluster-network.ts';
import { keyOf, ofGroups, ofInterfaces, ofSecurityGroups, ofVolumes, type Parts } from './entries.ts';
import type { AwsFacts } from './facts.ts';
import { foundTemplate, listTemplates } from './launch-template.ts';
import { foundLoadBalancer, loadBalancerNamed, tagsOf } from './load-balancer.ts';
import { partsOfLoadBalancing, readDetails, readHeld } from './load-balancing-details.ts';
import { preflightOutputs } from './preflight.ts';
import type { AwsScope } from './scope.ts';
import { foundSubnetTags, SHARED } from './subnet-tags.ts';
import { listTagged, type Tagged } from './tagged.ts';
import { filter, readAll, tagRecord } from './tags.ts';
import { targetGroupNamed } from './target-group.ts';

export type AwsInventoryRequest = {
  /** Whose assessment this is: a cluster sees everything of its id, a node pool what is its own or what it needs. */
  readonly object: ObjectRef;
  readonly clusterId: string;
  /** The VPC and the subnets that the spec names; without a VPC nothing is said of either. */
  readonly vpcId?: string;
  readonly subnetIds: readonly string[];
  /**
   * The cluster is going or gone: all that goes with it is looked for, what controllers inside it made, too, and nothing
   * that only matters to who builds.
   */
  readonly clusterGoes?: boolean;
  /** Without our finalizer it owns nothing yet (I3): only what a node pool takes from its cluster is looked at. */
  readonly isNew?: boolean;
};

export type Observe = (request: AwsInventoryRequest, signal: AbortSignal) => Promise<Inventory>;

export const createObserve = (
  clients: AwsClients,
  scope: AwsScope,
  facts: AwsFacts,
  network: ClusterNetwork,
): Observe => {
  const { ec2, autoScaling, elbv2 } = clients;

  const listSecurityGroups = (by: ReturnType<typeof filter>, abortSignal: AbortSignal): Promise<SecurityGroup[]> =>
    readAll(
      paginateDescribeSecurityGroups({ client: ec2 }, { Filters: [by] }, { abortSignal }),
      (page) => page.SecurityGroups,
    );

  const ofTemplates = async (by: ReturnType<typeof filter>, clusterId: string, signal: AbortSignal): Promise<Parts> => {
    const templates = await listTemplates(ec2, [by], signal);
    const found = templates.flatMap((template) => {
      const key = keyOf('launch-template', tagRecord(template.Tags), clusterId);
      return key === undefined ? [] : [foundTemplate(ec2, key, template, signal)];
    });
    return Promise.all(found);
  };

  /** VPC and subnets as the spec names them; nothing when one of them isn't there, which preflight will say. */
  const ofFacts = async ({ vpcId, subnetIds }: AwsInventoryRequest, signal: AbortSignal): Promise<Parts> => {
    if (vpcId === undefined) return [];
    const [vpc, subnets] = await Promise.all([facts.vpc(vpcId, signal), facts.subnets(subnetIds, signal)]);
    if (vpc === undefined || subnets.length < new Set(subnetIds).size) return [];
    return [observed('preflight', PREFLIGHT, preflightOutputs(vpc.cidr, subnets), {})];
  };

  const ofEc2 = async (clusterId: string, tagged: Promise<Tagged>, signal: AbortSignal): Promise<Parts> => {
    const { ids, whenAny } = await tagged;
    // By tag and kind of key, not by id: nodes' own disks and interfaces carry the cluster's tag, too, and may be many.
    const ofKind = (kind: ResourceKind) => [
      filter(`tag:${CLUSTER_TAG}`, clusterId),
      filter(`tag:${KEY_TAG}`, `${kind}/*`),
    ];
    const parts = await Promise.all([
      whenAny('security-group', CLUSTER_TAG, async () =>
        ofSecurityGroups(await listSecurityGroups(filter(`tag:${CLUSTER_TAG}`, clusterId), signal), clusterId),
      ),
      whenAny('volume', CLUSTER_TAG, async () =>
        ofVolumes(
          await readAll(
            paginateDescribeVolumes({ client: ec2 }, { Filters: ofKind('etcd-volume') }, { abortSignal: signal }),
            (page) => page.Volumes,
          ),
          clusterId,
        ),
      ),
      whenAny('network-interface', CLUSTER_TAG, async () =>
        ofInterfaces(
          await readAll(
            paginateDescribeNetworkInterfaces(
              { client: ec2 },
              { Filters: ofKind('network-interface') },
              { abortSignal: signal },
            ),
            (page) => page.NetworkInterfaces,
          ),
          clusterId,
        ),
      ),
      whenAny('launch-template', CLUSTER_TAG, () =>
        ofTemplates(filter(`tag:${CLUSTER_TAG}`, clusterId), clusterId, signal),
      ),
    ]);
    return [foundSubnetTags(SUBNET_TAGS, ids('subnet', kubernetesClusterTag(clusterId), SHARED)), ...parts.flat()];
  };

  const ofAutoScaling = async (clusterId: string, signal: AbortSignal): Promise<Parts> =>
    ofGroups(
      await listGroups(autoScaling, { Filters: [{ Name: `tag:${CLUSTER_TAG}`, Values: [clusterId] }] }, signal),
      clusterId,
    );

  const ofLoadBalancing = async (clusterId: string, signal: AbortSignal): Promise<Parts> => {
    const name = controlPlaneName(clusterId);
    const [balancer, group] = await Promise.all([
      loadBalancerNamed(elbv2, name, signal),
      targetGroupNamed(elbv2, name, signal),
    ]);
    const arns = [balancer?.LoadBalancerArn, group?.TargetGroupArn].filter((arn) => arn !== undefined);
    const [tags, details] = await Promise.all([
      tagsOf(elbv2, arns, signal),
      readDetails(clients, { balancer, group }, signal),
    ]);
    return partsOfLoadBalancing(clusterId, { balancer, group, tags, ...details });
  };

  /** Its own and what controllers made, since both go. */
  const ofAllLoadBalancing = async (
    clusterId: string,
    tagged: Promise<Tagged>,
    signal: AbortSignal,
  ): Promise<Parts> => {
    const { balancing, cloud } = await listAllLoadBalancers(clients, clusterId, tagged, signal);
    const own = named(balancing, controlPlaneName(clusterId));
    return [
      ...partsOfLoadBalancing(clusterId, { ...own, ...(await readHeld(clients, own, signal)) }),
      foundCloudLoadBalancers(CLOUD_LOAD_BALANCERS, cloud),
    ];
  };

  const observeCluster = async (request: AwsInventoryRequest, signal: AbortSignal): Promise<readonly Parts[]> => {
    // It owns nothing (I3), and its preflight is asking for the facts.
    if (request.isNew === true) return [];
    const { clusterId, clusterGoes = false } = request;
    const keys = [CLUSTER_TAG, kubernetesClusterTag(clusterId)];
    const values = [clusterId, SHARED, ...(clusterGoes ? [OWNED] : [])];
    const tagged = listTagged(ec2, { keys, values }, signal);
    return Promise.all([
      clusterGoes ? [] : ofFacts(request, signal),
      ofEc2(clusterId, tagged, signal),
      ofAutoScaling(clusterId, signal),
      clusterGoes ? ofAllLoadBalancing(clusterId, tagged, signal) : ofLoadBalancing(clusterId, signal),
    ]);
  };

  /** Groups and load balancer of a pool's cluster. */
  const ofItsCluster = (clusterId: string, signal: AbortSignal): Promise<Parts> =>
    network.of(clusterId, async () => {
      const [groups, balancer] = await Promise.all([
        listSecurityGroups(filter(`tag:${CLUSTER_TAG}`, clusterId), signal),
        loadBalancerNamed(elbv2, controlPlaneName(clusterId), signal),
      ]);
      const arn = balancer?.LoadBalancerArn;
      const tags = arn === undefined ? {} : ((await tagsOf(elbv2, [arn], signal)).get(arn) ?? {});
      const owned = balancer !== undefined && keyOf('load-balancer', tags, clusterId) !== undefined;
      return [
        ...ofSecurityGroups(groups, clusterId),
        ...(owned ? [foundLoadBalancer(LOAD_BALANCER, balancer, tags)] : []),
      ].filter((one) => one !== undefined);
    });

  const observeNodePool = (request: AwsInventoryRequest, signal: AbortSignal): Promise<readonly Parts[]> => {
    const { object, clusterId, clusterGoes = false } = request;
    const shared = clusterGoes ? [] : [ofFacts(request, signal), ofItsCluster(clusterId, signal)];
    if (request.isNew === true) return Promise.all(shared);
    const AutoScalingGroupNames = [nodePoolName(clusterId, nodePoolIdOf(object.uid))];
    return Promise.all([
      ...shared,
      ofTemplates(filter(`tag:${UID_TAG}`, object.uid), clusterId, signal),
      listGroups(autoScaling, { AutoScalingGroupNames }, signal).then((all) => ofGroups(all, clusterId)),
    ]);
  };

  return async (request, signal) => {
    const [account, parts] = await Promise.all([
      scope.account(signal),
      request.object.kind === 'AWSCluster' ? observeCluster(request, signal) : observeNodePool(request, signal),
    ]);
    const found = parts
      .flat()
      .filter((one) => one !== undefined)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    // What is going to be deleted is not repaired any more.
    const complete = request.clusterGoes === true ? found : await withAttached(clients, found, signal);
    return { account, region: scope.region, complete: true, found: complete };
  };
};
