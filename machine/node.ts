/**
 * Node: what a worker machine registers with its cluster.
 *
 * Owns: the Node object as plain data: labels, taints, capacity, conditions, and the names and requests of its
 * certificates. Neighbours: `agent/node.ts` sends it and renews its Lease; the cloud controller sets the provider id and
 * removes the `uninitialized` taint; kwok or a kubelet runs its pods.
 */
import { NODE_POOL_LABEL } from '../api/names.ts';
import type { NodeConfiguration } from './configuration.ts';
import { allocatableOf, capacityOf } from './instance-type.ts';
import { KUBELET_PORT } from './ports.ts';

/** What a machine knows about itself from its metadata service. */
export type Instance = {
  readonly id: string;
  readonly type: string;
  readonly region: string;
  readonly zone: string;
  readonly address: string;
  /** Its private DNS name: what the cloud controller and the node approver find it by. */
  readonly hostname: string;
};

/** The instance that a Node object belongs to, until the cloud controller has set its provider id. */
export const INSTANCE_ANNOTATION = 'slipway.dev/instance';

export const UNINITIALIZED_TAINT = 'node.cloudprovider.kubernetes.io/uninitialized';

export const NODES_GROUP = 'system:nodes';
export const nodeUserOf = (name: string): string => `system:node:${name}`;
/** The group that a pool's bootstrap token puts its bearer in. */
export const bootstrappersGroupOf = (poolId: string): string => `system:bootstrappers:slipway:${poolId}`;

export const providerIdOf = (instance: Instance): string => `aws:///${instance.zone}/${instance.id}`;

const isKubernetesDomain = (domain: string): boolean =>
  ['kubernetes.io', 'k8s.io'].some((suffix) => domain === suffix || domain.endsWith(`.${suffix}`));

/** Kubernetes' own labels that a node may set on itself; NodeRestriction refuses every other of these domains. */
const ownLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

const mayLabelItself = (key: string): boolean => {
  const [domain, name] = key.split('/');
  if (domain === undefined || name === undefined || !isKubernetesDomain(domain)) return true;
  if (ownLabels.has(key)) return true;
  return ['kubelet.kubernetes.io', 'node.kubernetes.io'].some((each) => domain === each || domain.endsWith(`.${each}`));
};

/** A pool's labels as a node can set them, and those that it may not: one of them would refuse the whole Node. */
export const nodeLabels = (
  configuration: NodeConfiguration,
  instance: Instance,
): { readonly labels: Readonly<Record<string, string>>; readonly refused: readonly string[] } => {
  const wanted = Object.entries(configuration.labels);
  return {
    labels: {
      ...Object.fromEntries(wanted.filter(([key]) => mayLabelItself(key))),
      'kubernetes.io/hostname': instance.hostname,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': /^[a-z]+\d+g/.test(instance.type) ? 'arm64' : 'amd64',
      'node.kubernetes.io/instance-type': instance.type,
      'topology.kubernetes.io/region': instance.region,
      'topology.kubernetes.io/zone': instance.zone,
      [NODE_POOL_LABEL]: configuration.poolId,
    },
    refused: wanted
      .map(([key]) => key)
      .filter((key) => !mayLabelItself(key))
      .sort(),
  };
};

export type NodeCondition = {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly lastHeartbeatTime: string;
  readonly lastTransitionTime: string;
};

/** The conditions that a healthy kubelet reports, in its own words. */
export const healthyConditions = (now: string, since: string): readonly NodeCondition[] =>
  (
    [
      ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
      ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
      ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
      ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
    ] as const
  ).map(([type, status, reason, message]) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: since,
  }));

/** What a kubelet reports when its machine shuts down: the cloud controller then removes a terminated machine's Node at once. */
export const shutdownCondition = (now: string): NodeCondition => ({
  type: 'Ready',
  status: 'False',
  reason: 'KubeletNotReady',
  message: 'node is shutting down',
  lastHeartbeatTime: now,
  lastTransitionTime: now,
});

const quantities = (configuration: NodeConfiguration, instance: Instance) => {
  const capacity = capacityOf(instance.type);
  const allocatable = allocatableOf(capacity, configuration.maxPodsPerNode);
  const pods = `${configuration.maxPodsPerNode}`;
  return {
    capacity: { cpu: `${capacity.cpus}`, memory: `${capacity.memoryMiB}Mi`, 'ephemeral-storage': '100Gi', pods },
    allocatable: {
      cpu: `${allocatable.cpuMillis}m`,
      memory: `${allocatable.memoryMiB}Mi`,
      'ephemeral-storage': '90Gi',
      pods,
    },
  };
};

/** The status that goes with the Node object and that its agent keeps. */
export const nodeStatus = (configuration: NodeConfiguration, instance: Instance, now: string, since: string) => ({
  ...quantities(configuration, instance),
  addresses: [
    { type: 'InternalIP', address: instance.address },
    { type: 'InternalDNS', address: instance.hostname },
    { type: 'Hostname', address: instance.hostname },
  ],
  daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_PORT } },
  nodeInfo: {
    machineID: instance.id,
    systemUUID: instance.id,
    bootID: instance.id,
    kernelVersion: '6.12.0',
    osImage: 'Slipway',
    containerRuntimeVersion: 'containerd://2.1.0',
    kubeletVersion: `v${configuration.versions.kubernetes}`,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: nodeLabels(configuration, instance).labels['kubernetes.io/arch'],
  },
  conditions: healthyConditions(now, since),
});

/** The Node as it registers. Its provider id is left to the cloud controller, which proves that the instance exists. */
export const nodeObject = (configuration: NodeConfiguration, instance: Instance, now: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: instance.hostname,
    labels: nodeLabels(configuration, instance).labels,
    annotations: { [INSTANCE_ANNOTATION]: instance.id },
  },
  spec: {
    taints: [
      { key: UNINITIALIZED_TAINT, value: 'true', effect: 'NoSchedule' },
      ...configuration.taints.map((taint) => ({ ...taint })),
    ],
  },
  status: nodeStatus(configuration, instance, now, now),
});

export const LEASE_DURATION_SECONDS = 40;
export const LEASE_RENEWAL_SECONDS = 10;

/** Whose a registered Node is: an instance that took over a dead one's address must not revive its Node. */
export const nodeBelongsTo = (
  node: {
    readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
    readonly spec?: { readonly providerID?: string };
  },
  instance: Instance,
): boolean => {
  const providerId = node.spec?.providerID;
  if (providerId !== undefined && providerId !== '') return providerId.endsWith(`/${instance.id}`);
  const owner = node.metadata?.annotations?.[INSTANCE_ANNOTATION];
  return owner === undefined || owner === instance.id;
};
