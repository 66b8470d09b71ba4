/**
 * Nodes: how many of a pool are Ready.
 *
 * Owns: counting. An operation waits until so many are; a sweep counts those of all clusters. Neighbours: the auto scaling
 * group starts machines, their agents join with the pool's token, the node approver admits them; `node-sweep.ts` asks many
 * clusters. Invariant: I9 (the message says how many of how many).
 */

import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { NODE_POOL_LABEL } from '../../api/names.ts';
import { isDeleting } from '../../api/object.ts';
import { shortened } from '../../words/text.ts';
import type { ResourceDriver } from '../driver.ts';
import { onlyWaitedFor } from './only-waited-for.ts';
import { lookAgainAfter } from './patience.ts';
import type { UserClusters } from './user-cluster.ts';

type NodeCondition = {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
};
type NodeStatus = { readonly conditions?: readonly NodeCondition[] };

const readiness = (node: KubernetesObject): NodeCondition | undefined =>
  ((node['status'] ?? {}) as NodeStatus).conditions?.find(({ type }) => type === 'Ready');

export const NODE = { apiVersion: 'v1', kind: 'Node' } as const;

export const isReady = (node: KubernetesObject): boolean => !isDeleting(node) && readiness(node)?.status === 'True';

/**
 * Its kubelet has fallen silent: the node controller says so after a grace of 50 s, whatever it said before
 * (https://kubernetes.io/docs/reference/node/node-status/#condition).
 */
export const isSilent = (node: KubernetesObject): boolean => readiness(node)?.status === 'Unknown';

const SAYS = 200;

/** Since when a node is not Ready, RFC 3339, and why, as far as its conditions say so; undefined for one that is. */
export const notReadyOf = (
  node: KubernetesObject,
): { readonly notReady?: { readonly since?: string; readonly says: string } } => {
  if (isReady(node)) return {};
  const { message = '', lastTransitionTime: since } = readiness(node) ?? {};
  if (isDeleting(node)) return { notReady: { says: 'it is being deleted' } };
  const says = message === '' ? 'its kubelet has not said why' : shortened(message, SAYS);
  return { notReady: { says, ...(since === undefined ? {} : { since }) } };
};

/** How many nodes are Ready, by the id of their pool; a pool without any is missing. */
export const readyByPool = (nodes: readonly KubernetesObject[]): Readonly<Record<string, number>> => {
  const ready: Record<string, number> = {};
  for (const { metadata } of nodes.filter(isReady)) {
    const poolId = metadata.labels?.[NODE_POOL_LABEL];
    if (poolId !== undefined) ready[poolId] = (ready[poolId] ?? 0) + 1;
  }
  return ready;
};

/** Names of those that are not Ready, sorted, by the id of their pool; a pool of which all are is missing. */
export const notReadyByPool = (nodes: readonly KubernetesObject[]): Readonly<Record<string, readonly string[]>> => {
  const names: Record<string, readonly string[]> = {};
  for (const { metadata } of nodes.filter((node) => !isReady(node))) {
    const poolId = metadata.labels?.[NODE_POOL_LABEL];
    if (poolId !== undefined) names[poolId] = [...(names[poolId] ?? []), metadata.name].sort();
  }
  return names;
};

export const nodesDriver = (userClusters: UserClusters): ResourceDriver<'nodes'> => ({
  ...onlyWaitedFor('nodes'),

  check: async (wanted) => {
    const { endpoint, poolId, expected } = wanted.properties;
    const cluster = { namespace: wanted.object.namespace, clusterId: wanted.owner.clusterId, endpoint };
    const client = await userClusters(cluster);
    const nodes = await client.list(NODE, { labelSelector: `${NODE_POOL_LABEL}=${poolId}` }, { signal: wanted.signal });
    const ready = readyByPool(nodes)[poolId] ?? 0;
    const outputs = { ready: String(ready) };
    return ready >= expected
      ? { ready: true, outputs }
      : {
          ready: false,
          awaited: `Waiting for nodes to join the cluster: ${ready} of ${expected} ready`,
          againInMs: lookAgainAfter(wanted.since),
          soFar: outputs,
        };
  },
});
