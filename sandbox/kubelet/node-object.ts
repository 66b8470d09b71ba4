/**
 * Node object: what the played kubelet registers, and the status that it keeps.
 *
 * Owns: the Node as plain data, in a kubelet's own words: labels, taints, capacity, conditions. Neighbours: `node.ts` sends it;
 * `settings.ts` has what a kubelet is told, `capacity.ts` what its machine would measure. Its provider id is left to the cloud
 * controller, which proves that the instance exists.
 */
import { architectureOf, type Instance } from '../../machine/node.ts';
import { KUBELET_PORT } from '../../machine/ports.ts';
import { allocatableOf, capacityOf } from './capacity.ts';
import type { KubeletSettings } from './settings.ts';

/** The instance that a Node object belongs to, until the cloud controller has set its provider id. */
export const INSTANCE_ANNOTATION = 'slipway.dev/instance';

/** Without it the controller that attaches volumes passes this node over, and says nothing. */
const ATTACHED_BY_CONTROLLER = 'volumes.kubernetes.io/controller-managed-attach-detach';

export const UNINITIALIZED_TAINT = 'node.cloudprovider.kubernetes.io/uninitialized';

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

const quantities = (settings: KubeletSettings, instance: Instance) => {
  const capacity = capacityOf(instance.type);
  const allocatable = allocatableOf(capacity, settings);
  const pods = `${settings.maxPods}`;
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

/** The status that goes with the Node. */
export const nodeStatus = (settings: KubeletSettings, instance: Instance, now: string, since: string) => ({
  ...quantities(settings, instance),
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
    kubeletVersion: `v${settings.version}`,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: architectureOf(instance),
  },
  conditions: healthyConditions(now, since),
});

/** The Node as it registers. */
export const nodeObject = (settings: KubeletSettings, instance: Instance, now: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: instance.hostname,
    labels: {
      ...settings.labels,
      'kubernetes.io/hostname': instance.hostname,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': architectureOf(instance),
    },
    annotations: { [INSTANCE_ANNOTATION]: instance.id, [ATTACHED_BY_CONTROLLER]: 'true' },
  },
  spec: {
    taints: [
      { key: UNINITIALIZED_TAINT, value: 'true', effect: 'NoSchedule' },
      ...settings.taints.map((taint) => ({ ...taint })),
    ],
  },
  status: nodeStatus(settings, instance, now, now),
});

/** A Node that is there: its uid tells it from one of the same name. */
export type RegisteredNode = { readonly metadata: { readonly name: string; readonly uid: string } };

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
