/**
 * The topology of a node pool: everything that must exist for an AWSNodePool beside its cluster.
 *
 * Owns: the pool's own resources. What it takes from its cluster (security group, endpoint, root certificate) it refers
 * to by the cluster's keys, listed in `CLUSTER_OUTPUTS_FOR_POOLS`; a plan is given their outputs as known.
 * Neighbours: `cluster.ts`. Machines start as soon as the cluster's network is ready: only what talks to the cluster's
 * API (`join-token`, `nodes`) waits for the control plane. Invariants: I3, I8 (the token is named, never shown).
 */
import type { AWSCluster } from '../api/cluster.ts';
import {
  apiServerName,
  controlPlaneName,
  NODE_POOL_LABEL,
  nodePoolName,
  nodePoolTemplateName,
  poolTokenSecretName,
} from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { clusterIdFor, nodePoolIdFor } from '../api/ownership.ts';
import type { Release } from '../api/releases.ts';
import type { SealedSecret } from '../kinds/launch-template.ts';
import type { Resource } from '../kinds/resource.ts';
import { clusterDnsOf } from '../machine/address.ts';
import type { NodeConfiguration, NodeSecrets } from '../machine/configuration.ts';
import {
  CONTROL_PLANE_READY,
  FINALIZER_KEY,
  joinTokenKey,
  LOAD_BALANCER,
  NODE_GROUP,
  NODE_POOL_PROVISIONED,
  NODE_POOL_STARTED,
  nodesKey,
  poolGroupKey,
  poolMachine,
  poolSecretKey,
  ROOT_CA,
  templateKey,
} from '../words/keys.ts';
import { ref } from '../words/references.ts';
import { AWS_NEEDS } from './network.ts';
import { poolPreflight } from './preflight.ts';
import {
  hasLastingName,
  nodesAskedFor,
  type Ownership,
  ownershipOf,
  refuseUnknownFormat,
  sealed,
  type Templated,
  taggedFor,
  volumeProperties,
} from './values.ts';

/** By what nodes find the cluster's API, and its DNS: what its replicas' certificates say is as the cluster's own revision has it. */
const reachedBy = (
  { spec, status }: AWSCluster,
  release: Release,
  { clusterId }: Ownership,
): Pick<Templated<NodeConfiguration>, 'endpoint' | 'loadBalancer' | 'clusterDns'> =>
  hasLastingName(release) &&
  hasLastingName({ format: status?.revision === undefined ? release.format : (status.revision.format ?? 1) })
    ? {
        endpoint: apiServerName(clusterId),
        loadBalancer: controlPlaneName(clusterId),
        clusterDns: clusterDnsOf(spec.networking.serviceAddressCIDRBlocks[0] ?? ''),
      }
    : { endpoint: ref(LOAD_BALANCER, 'dnsName') };

type Pooled = { readonly pool: AWSNodePool; readonly cluster: AWSCluster; readonly owner: Ownership };

const configurationOf = (
  { pool, cluster, owner }: Pooled,
  release: Release,
  poolId: string,
): Templated<NodeConfiguration> => ({
  role: 'node',
  clusterId: owner.clusterId,
  region: pool.spec.region,
  poolId,
  poolName: pool.metadata.name,
  versions:
    release.format === 1
      ? { kubernetes: release.kubernetes, etcd: release.etcd, cloudController: release.cloudController }
      : { kubernetes: release.kubernetes },
  ...reachedBy(cluster, release, owner),
  certificateAuthority: ref(ROOT_CA, 'certificate'),
  maxPodsPerNode: pool.spec.maxPodsPerNode,
  labels: { ...pool.spec.labels, [NODE_POOL_LABEL]: poolId },
  taints: pool.spec.taints,
});

const firstLooks = (pool: AWSNodePool, cluster: AWSCluster, release: Release): Resource[] => [
  {
    key: NODE_POOL_STARTED,
    kind: 'milestone',
    properties: { beginning: true },
    event: { reason: 'StartedNodePoolProvisioning', message: ['Started node pool provisioning'] },
  },
  { key: FINALIZER_KEY, kind: 'finalizer', properties: {} },
  poolPreflight(pool, cluster, release),
];

const machinesOf = (pool: AWSNodePool, cluster: AWSCluster, release: Release, owner: Ownership): Resource[] => {
  const { spec } = pool;
  const poolId = nodePoolIdFor(pool);
  const groupName = nodePoolName(owner.clusterId, poolId);
  const templateName = nodePoolTemplateName(owner.clusterId, poolId, release.version);
  const template = templateKey(poolMachine(poolId), release.version);
  const secrets: Readonly<Record<keyof NodeSecrets, SealedSecret>> = {
    token: sealed(poolSecretKey(poolId), 'bootstrap-token'),
  };
  return [
    {
      key: poolSecretKey(poolId),
      kind: 'secret',
      properties: {
        name: poolTokenSecretName(owner.clusterId, poolId),
        content: { type: 'bootstrap-token' },
      },
      needs: [FINALIZER_KEY],
    },
    {
      key: template,
      kind: 'launch-template',
      properties: {
        name: templateName,
        imageId: release.imageId,
        instanceType: spec.instanceType,
        keyName: spec.keyName,
        iamInstanceProfile: spec.iamInstanceProfile,
        groupIds: [ref(NODE_GROUP, 'id'), ...spec.securityGroupIDs],
        rootVolume: volumeProperties(spec.rootVolume),
        userData: {
          role: 'node',
          configuration: configurationOf({ pool, cluster, owner }, release, poolId),
          secrets,
          kmsKeyArn: cluster.spec.controlPlane.databaseEncryption.kmsKeyARN,
        },
        ...taggedFor(owner, template, templateName),
      },
      needs: AWS_NEEDS,
      event: { reason: 'CreatedLaunchTemplate', message: [`Created launch template named "${templateName}"`] },
    },
    {
      key: poolGroupKey(poolId),
      kind: 'auto-scaling-group',
      properties: {
        name: groupName,
        launchTemplateId: ref(template, 'id'),
        launchTemplateVersion: ref(template, 'version'),
        subnetId: spec.subnetID,
        minSize: spec.minNodeCount,
        maxSize: spec.maxNodeCount,
        ...(spec.nodeCount === undefined ? {} : { desired: spec.nodeCount }),
        ...taggedFor(owner, poolGroupKey(poolId), groupName),
      },
      event: { reason: 'CreatedAutoScalingGroup', message: [`Created auto scaling group named "${groupName}"`] },
    },
  ];
};

const nodesOf = (pool: AWSNodePool): Resource[] => {
  const poolId = nodePoolIdFor(pool);
  const endpoint = ref(LOAD_BALANCER, 'dnsName');
  return [
    {
      key: CONTROL_PLANE_READY,
      kind: 'control-plane',
      properties: { endpoint, certificateAuthority: ROOT_CA },
      needs: [FINALIZER_KEY],
    },
    {
      key: joinTokenKey(poolId),
      kind: 'join-token',
      properties: { endpoint, token: poolSecretKey(poolId), poolId },
      needs: [CONTROL_PLANE_READY, poolSecretKey(poolId)],
    },
    {
      key: nodesKey(poolId),
      kind: 'nodes',
      properties: { endpoint, poolId, expected: nodesAskedFor(pool.spec) },
      needs: [joinTokenKey(poolId), poolGroupKey(poolId)],
    },
    {
      key: NODE_POOL_PROVISIONED,
      kind: 'milestone',
      properties: { end: true },
      needs: [nodesKey(poolId)],
      event: { reason: 'ProvisionedNodePool', message: ['Node pool provisioned'] },
    },
  ];
};

/** Everything that must exist for a node pool at a release, in its cluster. */
export const nodePoolTopology = (pool: AWSNodePool, cluster: AWSCluster, release: Release): Resource[] => {
  refuseUnknownFormat(release);
  const owner = ownershipOf(clusterIdFor(cluster), pool, pool.spec.tags);
  return [...firstLooks(pool, cluster, release), ...machinesOf(pool, cluster, release, owner), ...nodesOf(pool)];
};
