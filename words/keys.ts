/**
 * Keys: how each resource is called within its cluster, for ever (I2).
 *
 * Owns: the spelling of resource keys, and their parsing: nobody else cuts one. Neighbours: `topology/` calls resources by them,
 * `activities/` put them in tags, `policy/` orders removals by them, and people see them in Temporal as part of activity ids.
 */
import type { UpgradeMark } from './emulation.ts';
import type { OrderVerb, RestoreVerb } from './orders.ts';

/** `kind/name`, stable and readable: `security-group/controlplane`, `etcd-volume/1`. Some kinds have one thing and no name. */
export type ResourceKey = string;

/** The kind that a key names: `security-group/controlplane` is a `security-group`. */
export const kindOf = (key: ResourceKey): string => key.split('/', 1)[0] ?? key;

/** What of its kind it is: `controlplane`, `1`; empty where the kind has one thing only. */
export const nameInKey = (key: ResourceKey): string => (key.includes('/') ? key.slice(key.indexOf('/') + 1) : '');

/** The key of what has the same name among another kind: the rules of a group, the group of a machine. */
export const sameOf = (kind: string, key: ResourceKey): ResourceKey => `${kind}/${nameInKey(key)}`;

/** The pool whose own a key is, by its eight hex digits; undefined for what is the cluster's. */
export const poolOfKey = (key: ResourceKey): string | undefined => {
  const match = /^(?:secret|launch-template|auto-scaling-group)\/nodepool-([^/]+)|^(?:join-token|nodes)\/([^/]+)/.exec(
    key,
  );
  return match?.[1] ?? match?.[2];
};

/** `controlplane-0`, `nodepool-1a2b3c4d`: whose machine a key is about. Disks and interfaces are called by number alone. */
export const machineInKey = (key: ResourceKey): string => {
  const [name = ''] = nameInKey(key).split('/', 1);
  return /^\d+$/.test(name) ? `controlplane-${name}` : name;
};

export const FINALIZER_KEY = 'finalizer';
export const PREFLIGHT = 'preflight';

export const ROOT_CA = 'secret/root-ca';
export const ETCD_CA = 'secret/etcd-ca';
export const FRONT_PROXY_CA = 'secret/front-proxy-ca';
export const SERVICE_ACCOUNT = 'secret/service-account';
export const SSH_KEY = 'secret/ssh-key';

export const SUBNET_TAGS = 'subnet-tags/shared';
export const CONTROL_PLANE_GROUP = 'security-group/controlplane';
export const NODE_GROUP = 'security-group/nodepool';
export const LOAD_BALANCER_GROUP = 'security-group/load-balancer';
export const CONTROL_PLANE_RULES = 'security-group-rules/controlplane';
export const NODE_RULES = 'security-group-rules/nodepool';
export const LOAD_BALANCER_RULES = 'security-group-rules/load-balancer';
export const LOAD_BALANCER = 'load-balancer/controlplane';
export const TARGET_GROUP = 'target-group/controlplane';
export const TARGET_GROUP_ATTRIBUTES = 'target-group-attributes/controlplane';
export const TARGETS = 'targets/controlplane';
export const LISTENER = 'listener/controlplane';

export const etcdVolumeKey = (index: number): ResourceKey => `etcd-volume/${index}`;
export const networkInterfaceKey = (index: number): ResourceKey => `network-interface/${index}`;
/** Templates are called by the version whose machines they make, too: two stand side by side while one takes the other's place. */
export const templateKey = (machine: string, version: string): ResourceKey => `launch-template/${machine}/${version}`;
/** `1.36.3-gke.1` of `launch-template/controlplane-0/1.36.3-gke.1`. */
export const versionInTemplateKey = (key: ResourceKey): string => key.split('/').slice(2).join('/');
export const replicaMachine = (index: number): string => `controlplane-${index}`;
export const replicaGroupKey = (index: number): ResourceKey => `auto-scaling-group/${replicaMachine(index)}`;

export const CONTROL_PLANE_READY = 'control-plane/ready';
export const ESTABLISHED = 'established/etcd';
export const addonKey = (name: string): ResourceKey => `addon/${name}`;
export const hubMembershipKey = (name: string): ResourceKey => `hub-membership/${name}`;

export const poolSecretKey = (poolId: string): ResourceKey => `secret/nodepool-${poolId}`;
export const poolMachine = (poolId: string): string => `nodepool-${poolId}`;
export const poolGroupKey = (poolId: string): ResourceKey => `auto-scaling-group/${poolMachine(poolId)}`;
export const joinTokenKey = (poolId: string): ResourceKey => `join-token/${poolId}`;
export const nodesKey = (poolId: string): ResourceKey => `nodes/${poolId}`;
/** New nodes, for which a turn waits before it gives up old ones. */
export const newNodesKey = (poolId: string): ResourceKey => `nodes/${poolId}/new`;

/** Milestones of a cluster. `network/ready` is what its node pools wait for. */
export const CLUSTER_STARTED = 'cluster/started';
export const NETWORK_READY = 'network/ready';
export const ADDONS_APPLIED = 'addons/applied';
export const HUB_AGENT_INSTALLED = 'hub-agent/installed';
export const CLUSTER_PROVISIONED = 'cluster/provisioned';
/** Milestones of a node pool. */
export const NODE_POOL_STARTED = 'node-pool/started';
export const NODE_POOL_PROVISIONED = 'node-pool/provisioned';

/** Keys that exist only while a cluster or pool is deleted. */
export const ALL_NODE_POOLS = 'node-pools/all';
export const CLOUD_LOAD_BALANCERS = 'cloud-load-balancers/all';
export const ACCOUNT_EMPTY = 'account/empty';
export const ACCOUNT_SETTLED = 'account/settled';

/** Keys that exist only while a replica is repaired: its machine that has to go, and the one that serves afterwards. */
export const replicaInstanceKey = (index: number): ResourceKey => `instance/controlplane-${index}`;
/** What the machine of a replica is told to do. */
export const replicaOrderKey = (index: number, verb: OrderVerb): ResourceKey => `order/controlplane-${index}/${verb}`;
/** What an upgrade says on the etcd volumes of all replicas. */
export const upgradeMarkKey = (mark: UpgradeMark): ResourceKey => `upgrade-mark/${mark}`;
/** That nothing which would break an upgrade stands in its way. */
export const UPGRADE_INSIGHTS_KEY = 'upgrade/insights';

/** What an upgrade could be taken back to: a snapshot of etcd, taken before anything is changed. */
export const UPGRADE_SNAPSHOT = 'snapshot/upgrade';
/** A restore: its snapshot, what each replica is told, and that it is done. */
export const RESTORE_SOURCE = 'restore-source/snapshot';
export const restoreOrderKey = (index: number, verb: RestoreVerb): ResourceKey =>
  `restore-order/controlplane-${index}/${verb}`;
export const RESTORE_MARK = 'restore-mark/etcd';
export const replicaKey = (index: number): ResourceKey => `replica/${index}`;

/** Keys of one machine of a node pool, by its EC2 id, which exist only while it goes. */
export const cordonKey = (instanceId: string): ResourceKey => `cordon/${instanceId}`;
export const drainKey = (instanceId: string): ResourceKey => `drain/${instanceId}`;
export const nodeMachineKey = (instanceId: string): ResourceKey => `node-machine/${instanceId}`;
/** What is changed of all machines of a node pool while they run. */
export const nodeLabelsKey = (poolId: string): ResourceKey => `node-labels/${poolId}`;
export const machineSecurityGroupsKey = (poolId: string): ResourceKey => `machine-security-groups/${poolId}`;
/** What a rollout added to a node pool's group. */
export const surgeKey = (poolId: string): ResourceKey => `surge/${poolId}`;
/** What a node pool takes from its cluster: exactly what `network/ready` stands for. */
export const CLUSTER_OUTPUTS_FOR_POOLS: readonly ResourceKey[] = [LOAD_BALANCER, ROOT_CA, NODE_GROUP];
