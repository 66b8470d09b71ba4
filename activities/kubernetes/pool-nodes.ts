/**
 * Pool nodes: what a cluster's API says of the nodes of one pool, by the id of their machine.
 *
 * Owns: what is read of a node and of the pods on it before some of them are chosen to go. Neighbours: `nodes.ts` counts those that are
 * Ready, `drain.ts` empties one. Invariant: I6 (reads only).
 */
import pLimit from 'p-limit';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { NODE_POOL_LABEL } from '../../api/names.ts';
import type { NodeMarks, NodeTaint } from '../../kinds/node-labels.ts';
import type { Selection } from '../../kubernetes/client.ts';
import { judgePods } from '../../policy/evictions.ts';
import type { PoolNode } from '../../policy/pool-machines.ts';
import type { PoolMachinesRequest } from '../pool-machines.ts';
import { isClosed, isClosedByUs } from './cordon.ts';
import { isReady, NODE, notReadyOf } from './nodes.ts';
import { POD, podOf } from './pods.ts';
import type { UserClusters } from './user-cluster.ts';

/** A look is not to hold a slot for long; the next one asks again. */
const LOOK_MS = 10_000;

/** https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md */
const AUTOSCALER = {
  ends: 'ToBeDeletedByClusterAutoscaler',
  forbidden: 'cluster-autoscaler.kubernetes.io/scale-down-disabled',
} as const;

type NodeSpec = { readonly providerID?: string; readonly taints?: readonly NodeTaint[] };

const specOf = (node: KubernetesObject): NodeSpec => (node['spec'] ?? {}) as NodeSpec;

/** What a node carries, its taints as far as we compare them. */
export const marksOf = (node: KubernetesObject): NodeMarks => ({
  labels: node.metadata.labels ?? {},
  taints: (specOf(node).taints ?? []).map(({ key, value, effect }) => ({
    key,
    ...(value === undefined ? {} : { value }),
    effect,
  })),
});

/** `aws:///eu-west-1a/i-0123456789abcdef0` */
const PROVIDER_ID = /^aws:\/\/.*?(?:\/(?<zone>[^/]*))?\/(?<machine>i-[0-9a-z]+)$/;

export const machineOf = (node: KubernetesObject): string | undefined =>
  PROVIDER_ID.exec(specOf(node).providerID ?? '')?.groups?.['machine'];

const zoneOf = (node: KubernetesObject): Pick<PoolNode, 'zone'> => {
  const zone = PROVIDER_ID.exec(specOf(node).providerID ?? '')?.groups?.['zone'];
  return zone === undefined || zone === '' ? {} : { zone };
};

const closedBy = (node: KubernetesObject): Pick<PoolNode, 'closedBy'> => {
  if (!isClosed(node)) return {};
  return { closedBy: isClosedByUs(node) ? 'slipway' : 'others' };
};

/** Pods that would have to leave; those of DaemonSets are there again wherever there is a node. */
const leavingAmong = (pods: readonly KubernetesObject[]): number =>
  pods.filter((pod) => {
    const read = podOf(pod);
    const daemonSets = new Set(read.controller === undefined ? [] : [`${read.namespace}/${read.controller.name}`]);
    const { leaving, unmanaged } = judgePods([read], daemonSets);
    return leaving.length + unmanaged.length > 0;
  }).length;

/** By the id of the machine. */
type ReadNodes = (request: PoolMachinesRequest, signal: AbortSignal) => Promise<ReadonlyMap<string, PoolNode>>;

/** Those that carry the pool's label. */
export const readPoolNodes = (userClusters: UserClusters): ReadNodes =>
  nodesBy(userClusters, ({ poolId }) => ({ labelSelector: `${NODE_POOL_LABEL}=${poolId}` }));

/** All of its cluster's: anybody may take a label off a node, and its machine serves on. */
export const readAllNodes = (userClusters: UserClusters): ReadNodes =>
  nodesBy(userClusters, () => ({ fromCache: true }));

const nodesBy =
  (userClusters: UserClusters, selection: (request: PoolMachinesRequest) => Selection): ReadNodes =>
  async (request, signal) => {
    const options = { signal: AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]) };
    const client = await userClusters(request);
    const nodes = await client.list(NODE, selection(request), options);
    return new Map(
      nodes.flatMap((node): [string, PoolNode][] => {
        const machine = machineOf(node);
        if (machine === undefined) return [];
        const { name, annotations = {} } = node.metadata;
        return [
          [
            machine,
            {
              name,
              ...zoneOf(node),
              ready: isReady(node),
              ...notReadyOf(node),
              ...closedBy(node),
              endedByAutoscaler: specOf(node).taints?.some(({ key }) => key === AUTOSCALER.ends) === true,
              scaleDownDisabled: annotations[AUTOSCALER.forbidden] === 'true',
              marks: marksOf(node),
            },
          ],
        ];
      }),
    );
  };

const AT_ONCE = 10;

/**
 * How many pods would have to leave each of these nodes, by its name. Asked node by node: an API server finds the pods of one by an
 * index, out of its memory, and a cluster may have a hundred thousand others.
 */
export const countPods =
  (userClusters: UserClusters) =>
  async (
    request: PoolMachinesRequest,
    nodes: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, number>> => {
    const options = { signal: AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]) };
    const client = await userClusters(request);
    const atOnce = pLimit(AT_ONCE);
    const counts = nodes.map((name) =>
      atOnce(async (): Promise<[string, number]> => {
        const pods = await client.list(POD, { fieldSelector: `spec.nodeName=${name}`, fromCache: true }, options);
        return [name, leavingAmong(pods)];
      }),
    );
    return new Map(await Promise.all(counts));
  };
