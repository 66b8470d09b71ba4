/**
 * The cluster's network: subnet tags, three security groups with their rules, and the load balancer of its API.
 *
 * Owns: what lets machines reach each other and clients reach the API. Rules are derived from `machine/ports.ts`: a port
 * on which a component listens for others is one rule, and nothing else is opened; egress is open by EC2's default.
 * Neighbours: `replica.ts` adds the machines behind it, `cluster.ts` puts both together.
 */
import type { AWSCluster } from '../api/cluster.ts';
import { controlPlaneName, kubernetesClusterTag, loadBalancerGroupName, nodeGroupName, SHARED } from '../api/names.ts';
import { clusterIdFor } from '../api/ownership.ts';
import type { Release } from '../api/releases.ts';
import { VPC_CIDR, VPC_CIDRS } from '../kinds/preflight.ts';
import type { Resource } from '../kinds/resource.ts';
import type { IngressRule } from '../kinds/security-group-rules.ts';
import { API_SERVER_CHECK, UNHEALTHY_DRAIN_SECONDS } from '../machine/health-check.ts';
import { API_SERVER_PORT, nodePorts, type Peer, type Port, replicaPorts } from '../machine/ports.ts';
import {
  CONTROL_PLANE_GROUP,
  CONTROL_PLANE_RULES,
  FINALIZER_KEY,
  LISTENER,
  LOAD_BALANCER,
  LOAD_BALANCER_GROUP,
  LOAD_BALANCER_RULES,
  NODE_GROUP,
  NODE_RULES,
  networkInterfaceKey,
  PREFLIGHT,
  SUBNET_TAGS,
  TARGET_GROUP,
  TARGET_GROUP_ATTRIBUTES,
  TARGETS,
} from '../words/keys.ts';
import { ref } from '../words/references.ts';
import {
  hasBalancerGroup,
  letsReplicasDrain,
  type Ownership,
  quotedList,
  quotedMap,
  REPLICAS,
  taggedFor,
  tagsFor,
  unique,
} from './values.ts';

/** The port that clients dial; the load balancer passes it on to the replicas' API servers. */
const CLIENT_PORT = 443;

/** Nothing is made in AWS before the finalizer (I3) and a look at what the spec names. */
export const AWS_NEEDS = [FINALIZER_KEY, PREFLIGHT] as const;

const sourceOf = (peer: Peer): IngressRule['source'] => {
  switch (peer) {
    case 'replicas':
      return { group: ref(CONTROL_PLANE_GROUP, 'id') };
    case 'nodes':
      return { group: ref(NODE_GROUP, 'id') };
    case 'load-balancer':
      return { group: ref(LOAD_BALANCER_GROUP, 'id') };
  }
};

const ruleOf = (port: Port, source: IngressRule['source']): IngressRule => ({
  protocol: port.protocol,
  fromPort: port.port,
  toPort: port.port,
  source,
  description: port.description,
});

/** A balancer without a group dials from its addresses in the subnets: who may dial is all of the VPC, nodes and their pods, too. */
const rulesOf = (ports: readonly Port[], release: Release): readonly IngressRule[] => {
  if (hasBalancerGroup(release)) return ports.map((port) => ruleOf(port, sourceOf(port.from)));
  const ofBalancer = ports.filter(({ from }) => from === 'load-balancer');
  const open = new Set(ofBalancer.map(({ port }) => port));
  return [
    ...ofBalancer.map((port) => ruleOf(port, { cidr: ref(PREFLIGHT, VPC_CIDR) })),
    ...ports.filter(({ port }) => !open.has(port)).map((port) => ruleOf(port, sourceOf(port.from))),
  ];
};

/** Subnets are the user's: tagged as shared, never owned. */
const subnetTags = (cluster: AWSCluster): Resource[] => {
  const subnetIds = unique(cluster.spec.networking.serviceLoadBalancerSubnetIDs);
  if (subnetIds.length === 0) return [];
  const tags = { [kubernetesClusterTag(clusterIdFor(cluster))]: SHARED };
  return [
    {
      key: SUBNET_TAGS,
      kind: 'subnet-tags',
      properties: { subnetIds, tags },
      needs: AWS_NEEDS,
      event: {
        reason: 'TagSubnets',
        message: [`Tagged subnets ${quotedList(subnetIds)} with tags ${quotedMap(tags)}`],
      },
    },
  ];
};

const securityGroup = (
  cluster: AWSCluster,
  owner: Ownership,
  group: { readonly key: string; readonly name: string; readonly whose: string },
): Resource => ({
  key: group.key,
  kind: 'security-group',
  properties: {
    name: group.name,
    description: `${group.whose} of cluster ${cluster.metadata.namespace}/${cluster.metadata.name}, made by Slipway`,
    vpcId: cluster.spec.networking.vpcID,
    ...taggedFor(owner, group.key, group.name),
  },
  needs: AWS_NEEDS,
  event: { reason: 'CreatedSecurityGroup', message: [`Created security group named "${group.name}"`] },
});

/** Told by no event: users of the original saw none. */
const loadBalancerGroup = (cluster: AWSCluster, owner: Ownership): Resource => {
  const name = loadBalancerGroupName(owner.clusterId);
  const { event: _event, ...group } = securityGroup(cluster, owner, {
    key: LOAD_BALANCER_GROUP,
    name,
    whose: 'Load balancer',
  });
  return group;
};

const rules = (key: string, group: string, ports: readonly Port[], release: Release): Resource => ({
  key,
  kind: 'security-group-rules',
  properties: { groupId: ref(group, 'id'), ingress: rulesOf(ports, release) },
});

/** Who may dial the cluster's API: the addresses that the spec names, or all of the VPC, and its nodes. */
const clientRules = (cluster: AWSCluster): Resource => {
  const { authorizedCIDRs } = cluster.spec.controlPlane;
  const sources = authorizedCIDRs?.map((cidr) => ({ cidr })) ?? [{ cidrs: ref(PREFLIGHT, VPC_CIDRS) }];
  const from = (source: IngressRule['source'], description: string): IngressRule => ({
    protocol: 'tcp',
    fromPort: CLIENT_PORT,
    toPort: CLIENT_PORT,
    source,
    description,
  });
  return {
    key: LOAD_BALANCER_RULES,
    kind: 'security-group-rules',
    properties: {
      groupId: ref(LOAD_BALANCER_GROUP, 'id'),
      ingress: [
        ...sources.map((source) => from(source, 'Kubernetes API: clients')),
        from({ group: ref(NODE_GROUP, 'id') }, 'Kubernetes API: nodes'),
      ],
    },
  };
};

const DRAINING: Resource = {
  key: TARGET_GROUP_ATTRIBUTES,
  kind: 'target-group-attributes',
  properties: { targetGroupArn: ref(TARGET_GROUP, 'arn'), unhealthyDrainSeconds: UNHEALTHY_DRAIN_SECONDS },
};

const apiEndpoint = (cluster: AWSCluster, release: Release, owner: Ownership): Resource[] => {
  const name = controlPlaneName(owner.clusterId);
  return [
    {
      key: LOAD_BALANCER,
      kind: 'load-balancer',
      properties: {
        name,
        subnetIds: unique(cluster.spec.controlPlane.subnetIDs),
        ...(hasBalancerGroup(release) ? { groupIds: [ref(LOAD_BALANCER_GROUP, 'id')] } : {}),
        ...taggedFor(owner, LOAD_BALANCER, name),
      },
      needs: AWS_NEEDS,
      event: { reason: 'CreatedNetworkLoadBalancer', message: [`Created network load balancer named "${name}"`] },
    },
    {
      key: TARGET_GROUP,
      kind: 'target-group',
      properties: {
        name,
        port: API_SERVER_PORT,
        vpcId: cluster.spec.networking.vpcID,
        healthCheck: API_SERVER_CHECK,
        ...taggedFor(owner, TARGET_GROUP, name),
      },
      needs: AWS_NEEDS,
      event: { reason: 'CreatedTargetGroup', message: [`Created target group named "${name}"`] },
    },
    ...(letsReplicasDrain(release) ? [DRAINING] : []),
    {
      key: TARGETS,
      kind: 'targets',
      properties: {
        targetGroupArn: ref(TARGET_GROUP, 'arn'),
        addresses: REPLICAS.map((index) => ref(networkInterfaceKey(index), 'address')),
        port: API_SERVER_PORT,
      },
    },
    {
      key: LISTENER,
      kind: 'listener',
      properties: {
        loadBalancerArn: ref(LOAD_BALANCER, 'arn'),
        targetGroupArn: ref(TARGET_GROUP, 'arn'),
        port: CLIENT_PORT,
        tags: tagsFor(owner, LISTENER, name),
      },
      event: {
        reason: 'CreatedListener',
        message: ['Created listener on load balancer with ARN "', ref(LOAD_BALANCER, 'arn'), '"'],
      },
    },
  ];
};

export const networkOf = (cluster: AWSCluster, release: Release, owner: Ownership): Resource[] => [
  ...subnetTags(cluster),
  securityGroup(cluster, owner, {
    key: CONTROL_PLANE_GROUP,
    name: controlPlaneName(owner.clusterId),
    whose: 'Control plane',
  }),
  securityGroup(cluster, owner, { key: NODE_GROUP, name: nodeGroupName(owner.clusterId), whose: 'Node pools' }),
  ...(hasBalancerGroup(release) ? [loadBalancerGroup(cluster, owner), clientRules(cluster)] : []),
  rules(CONTROL_PLANE_RULES, CONTROL_PLANE_GROUP, replicaPorts, release),
  rules(NODE_RULES, NODE_GROUP, nodePorts, release),
  ...apiEndpoint(cluster, release, owner),
];
