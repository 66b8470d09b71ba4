/**
 * The topology of a cluster: everything that must exist for an AWSCluster, as one graph.
 *
 * Owns: which resources a cluster has and what only the whole can say: first looks, secrets, readiness, milestones.
 * Neighbours: `network.ts`, `replica.ts` and `addons.ts` are its parts; `nodepool.ts` builds on what `network/ready`
 * stands for; `policy/` compares it with an inventory. Nothing depends on more than it must: the longest chain of calls
 * that change AWS is security group, load balancer (or network interface), launch template, auto scaling group.
 * Invariants: I3 (the finalizer comes before anything in AWS), I5 (`established` follows quorum, never precedes it).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { clusterSecretName } from '../api/names.ts';
import { clusterIdFor } from '../api/ownership.ts';
import type { Release } from '../api/releases.ts';
import { needsOf, type Resource } from '../kinds/resource.ts';
import type { SecretContent } from '../kinds/secret.ts';
import {
  CLUSTER_PROVISIONED,
  CLUSTER_STARTED,
  CONTROL_PLANE_READY,
  CONTROL_PLANE_RULES,
  ESTABLISHED,
  ETCD_CA,
  etcdVolumeKey,
  FINALIZER_KEY,
  FRONT_PROXY_CA,
  LISTENER,
  LOAD_BALANCER,
  NETWORK_READY,
  NODE_GROUP,
  nameInKey,
  networkInterfaceKey,
  ROOT_CA,
  replicaGroupKey,
  SERVICE_ACCOUNT,
  SSH_KEY,
  TARGET_GROUP,
  TARGETS,
} from '../words/keys.ts';
import { ref } from '../words/references.ts';
import { addonsOf, hubMembershipOf } from './addons.ts';
import { sinksOf } from './check.ts';
import { AWS_NEEDS, networkOf } from './network.ts';
import { clusterPreflight } from './preflight.ts';
import { replicaOf } from './replica.ts';
import { ownershipOf, REPLICAS, type ReplicaIndex, refuseUnknownFormat } from './values.ts';

const firstLooks = (cluster: AWSCluster, release: Release): Resource[] => [
  {
    key: CLUSTER_STARTED,
    kind: 'milestone',
    properties: { beginning: true },
    event: { reason: 'CreatingCluster', message: [`Cluster version ${release.version} is being created`] },
  },
  { key: FINALIZER_KEY, kind: 'finalizer', properties: {} },
  clusterPreflight(cluster, release),
];

const secretsOf = (clusterId: string): Resource[] => {
  const secret = (key: string, content: SecretContent): Resource => ({
    key,
    kind: 'secret',
    properties: {
      name: clusterSecretName(clusterId, nameInKey(key)),
      content,
    },
    needs: [FINALIZER_KEY],
  });
  return [
    secret(ROOT_CA, { type: 'certificate-authority', commonName: `${clusterId} root` }),
    secret(ETCD_CA, { type: 'certificate-authority', commonName: `${clusterId} etcd` }),
    secret(FRONT_PROXY_CA, { type: 'certificate-authority', commonName: `${clusterId} front proxy` }),
    secret(SERVICE_ACCOUNT, { type: 'signing-key' }),
    secret(SSH_KEY, { type: 'ssh-key' }),
  ];
};

const readiness = (): Resource[] => [
  {
    key: NETWORK_READY,
    kind: 'milestone',
    properties: {},
    needs: [LOAD_BALANCER, NODE_GROUP, ROOT_CA],
  },
  {
    key: CONTROL_PLANE_READY,
    kind: 'control-plane',
    properties: { endpoint: ref(LOAD_BALANCER, 'dnsName'), certificateAuthority: ROOT_CA },
    needs: [ROOT_CA, LISTENER, TARGETS, CONTROL_PLANE_RULES, ...REPLICAS.map(replicaGroupKey)],
  },
  {
    key: ESTABLISHED,
    kind: 'established',
    properties: {
      volumeIds: REPLICAS.map((index) => ref(etcdVolumeKey(index), 'id')),
      targetGroupArn: ref(TARGET_GROUP, 'arn'),
      addresses: REPLICAS.map((index) => ref(networkInterfaceKey(index), 'address')),
    },
    needs: [CONTROL_PLANE_READY],
  },
];

const hubOf = (cluster: AWSCluster): Resource[] => {
  const membership = hubMembershipOf(cluster);
  if (membership === undefined) return [];
  return [
    {
      key: membership.key,
      kind: 'hub-membership',
      properties: { name: membership.name, endpoint: ref(LOAD_BALANCER, 'dnsName') },
      needs: AWS_NEEDS,
      event: {
        reason: 'RegisteredGKEHubMembership',
        message: [`Registered to GKE Hub using membership "${membership.name}"`],
      },
    },
  ];
};

/** By which release the machines of each replica are. */
export type ReplicaReleases = (index: ReplicaIndex) => Release;

/** Everything that must exist for a cluster at a release, of which replicas may be of others while it is upgraded. */
export const clusterTopology = (
  cluster: AWSCluster,
  release: Release,
  machines: ReplicaReleases = () => release,
): Resource[] => {
  refuseUnknownFormat(release);
  const clusterId = clusterIdFor(cluster);
  const owner = ownershipOf(clusterId, cluster, cluster.spec.controlPlane.tags);
  const resources: Resource[] = [
    ...firstLooks(cluster, release),
    ...secretsOf(clusterId),
    ...networkOf(cluster, release, owner),
    ...REPLICAS.flatMap((index) => replicaOf(cluster, machines(index), owner, index)),
    ...readiness(),
    ...hubOf(cluster),
    ...addonsOf(cluster, release),
  ];
  return [
    ...resources,
    {
      key: CLUSTER_PROVISIONED,
      kind: 'milestone',
      properties: { end: true },
      needs: sinksOf(resources.map((resource) => ({ id: resource.key, needs: needsOf(resource) }))),
      event: { reason: 'ClusterProvisioned', message: [`Cluster version ${release.version} has been provisioned`] },
    },
  ];
};
