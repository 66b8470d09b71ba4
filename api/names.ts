/**
 * Names: how every object and AWS resource of a cluster is called.
 *
 * Owns: the spelling of ids, names, tags and keys, which follow what users of the original product saw. Names are
 * deterministic, so that an interrupted create finds what it made (I2), and every owned thing carries its owner (I4).
 * Neighbours: `topology/` decides which resources exist; it asks here how they are called.
 */
import { createHash } from 'node:crypto';
import type { ObjectKind, ObjectRef } from './object.ts';

export const API_GROUP = 'multicloud.cluster.gke.io';
export const API_VERSION = `${API_GROUP}/v1`;
export const FINALIZER = 'slipway.dev/cleanup';
export const FIELD_MANAGER = 'slipway';

/** Owner tags on everything that Slipway makes in AWS (I4). */
export const CLUSTER_TAG = 'slipway.dev/cluster';
export const UID_TAG = 'slipway.dev/uid';
export const KEY_TAG = 'slipway.dev/key';
/** How Slipway's own tags, labels and annotations begin. */
export const OWN_PREFIX = 'slipway.dev/';
/** The number of a newer revision of its version, whose add-ons a cluster is to have. */
export const REVISION_ANNOTATION = `${OWN_PREFIX}revision`;
/** How tags begin that a spec can't name. */
export const RESERVED_TAG_PREFIXES: readonly string[] = [OWN_PREFIX, 'kubernetes.io/cluster/'];
/** Tags that Slipway itself gives what it makes; all others are the spec's, or somebody else's. */
export const isOwnTag = (key: string): boolean =>
  key === 'Name' || RESERVED_TAG_PREFIXES.some((prefix) => key.startsWith(prefix));

/** Auto Scaling puts it on every instance of a group; nobody else can set tags that start with aws:. */
export const GROUP_TAG = 'aws:autoscaling:groupName';

/** What an empty disk may do: `bootstrap` a new etcd, `join` an existing one, or `wait` for a person (I5). */
export const EMPTY_DISK_TAG = 'slipway.dev/empty-disk';

/** Node label that names the pool (eight hex digits) that a node belongs to. */
export const NODE_POOL_LABEL = 'slipway.dev/node-pool';

/** On a node that Slipway closed, since it is about to go: the id of its machine. */
export const DRAIN_MARK = 'slipway.dev/drain';

/** On a node pool's auto scaling group while a rollout holds it larger: `<desired>/<maximum>` as they were before. */
export const SURGE_TAG = 'slipway.dev/surge';

export type EmptyDisk = 'bootstrap' | 'join' | 'wait';

const eightHex = (uid: string): string => createHash('sha256').update(uid).digest('hex').slice(0, 8);

/** The cluster id, `gke-` and eight hex digits derived from the object's uid: the same after every restart. */
export const clusterIdOf = (uid: string): string => `gke-${eightHex(uid)}`;

export const isClusterId = (text: string): boolean => /^gke-[0-9a-f]{8}$/.test(text);

/** The node pool's id within its cluster: eight hex digits derived from the object's uid. */
export const nodePoolIdOf = (uid: string): string => eightHex(uid);

export const kubernetesClusterTag = (clusterId: string): string => `kubernetes.io/cluster/${clusterId}`;
/** What that tag says of what was made for the cluster, by us or by its controllers, and of the user's subnets. */
export const OWNED = 'owned';
export const SHARED = 'shared';

export const controlPlaneName = (clusterId: string): string => `${clusterId}-controlplane`;
export const isControlPlaneName = (name: string): boolean => /^gke-[0-9a-f]{8}-controlplane$/.test(name);
export const replicaName = (clusterId: string, index: number): string => `${clusterId}-controlplane-${index}`;
export const replicaTemplateName = (clusterId: string, index: number, version: string): string =>
  `${clusterId}-controlplane-${index}-${version}`;
export const loadBalancerGroupName = (clusterId: string): string => `${clusterId}-load-balancer`;
/**
 * The name that a cluster's API keeps whatever stands in front of it: certificates, the tokens' issuer and everybody's
 * `tls-server-name` say it, and no DNS answers to it. Of revisions of format 3 and later.
 */
export const apiServerName = (clusterId: string): string => `${clusterId}.slipway.internal`;
export const nodeGroupName = (clusterId: string): string => `${clusterId}-nodepool`;
export const nodePoolName = (clusterId: string, poolId: string): string => `${clusterId}-nodepool-${poolId}`;
export const nodePoolTemplateName = (clusterId: string, poolId: string, version: string): string =>
  `${clusterId}-nodepool-${poolId}-${version}`;

/** Secrets of a cluster in the management API: `gke-1a2b3c4d-root-ca`; those of its pools hold their join tokens. */
export const clusterSecretName = (clusterId: string, what: string): string => `${clusterId}-${what}`;
export const poolTokenSecretName = (clusterId: string, poolId: string): string =>
  `${nodePoolName(clusterId, poolId)}-token`;

const MEMBERSHIP = /^(projects\/([^/]+)\/locations\/([^/]+))\/memberships\/([^/]+)$/;

/** `projects/<project>/locations/<location>/memberships/<id>` in its parts; nothing where it isn't of that form. */
export const membershipIn = (
  name: string,
):
  | { readonly parent: string; readonly project: string; readonly location: string; readonly id: string }
  | undefined => {
  const [, parent, project, location, id] = MEMBERSHIP.exec(name) ?? [];
  return parent === undefined || project === undefined || location === undefined || id === undefined
    ? undefined
    : { parent, project, location, id };
};

/** Where Slipway runs in the management cluster, and the service accounts of its parts there (`deploy/rbac/`). */
export const SYSTEM_NAMESPACE = 'slipway-system';
export const SERVICE_ACCOUNTS = ['slipway-worker', 'slipway-watcher', 'slipway-admission'] as const;
export type ServiceAccountName = (typeof SERVICE_ACCOUNTS)[number];

/** The user as whom the API server knows a service account, and the groups that such a user is in. */
export const serviceAccountUser = (name: ServiceAccountName): string =>
  `system:serviceaccount:${SYSTEM_NAMESPACE}:${name}`;
export const SERVICE_ACCOUNT_GROUPS: readonly string[] = [
  'system:serviceaccounts',
  `system:serviceaccounts:${SYSTEM_NAMESPACE}`,
];

/** Temporal workflow ids. The uid is part of the id: an object that is made again is another entity (I1). */
export const entityWorkflowId = (object: { kind: string; namespace: string; name: string; uid: string }): string =>
  `${object.kind.toLowerCase()}/${object.namespace}/${object.name}/${object.uid}`;

export const OBJECT_KINDS: readonly ObjectKind[] = ['AWSCluster', 'AWSNodePool'];

/** The object that a workflow is about, its entity or the operation; undefined for a workflow of another sort. */
export const objectInWorkflowId = (id: string): Omit<ObjectRef, 'uid'> | undefined => {
  const [lower, namespace, name] = id.split('/');
  const kind = OBJECT_KINDS.find((one) => one.toLowerCase() === lower);
  return kind === undefined || namespace === undefined || name === undefined ? undefined : { kind, namespace, name };
};
