/**
 * Nodes: which are Ready, and what their own API says of those that are not.
 *
 * Owns: what counts as Ready, counting by pool, and listing them within a time of its own. Neighbours: `awaited-nodes.ts` waits for those
 * of one pool; `node-sweep.ts` asks many clusters; `pool-nodes.ts` reads them one by one. Invariant: I12 (a cluster that did not answer
 * is told apart from one without nodes).
 */

import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { NODE_POOL_LABEL } from '../../api/names.ts';
import { isDeleting } from '../../api/object.ts';
import type { Selection } from '../../kubernetes/client.ts';
import { shortened } from '../../words/text.ts';
import { verdictOf } from '../verdicts.ts';
import type { UserCluster, UserClusters } from './user-cluster.ts';

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

/** What a cluster lists; or why it does not, such as that it did not within this time. Throws only where who asks gives up. */
export const listNodes =
  (userClusters: UserClusters, withinMs: number) =>
  async (
    cluster: UserCluster,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<readonly KubernetesObject[] | { readonly unread: string }> => {
    const time = AbortSignal.timeout(withinMs);
    try {
      const client = await userClusters(cluster);
      return await client.list(NODE, selection, { signal: AbortSignal.any([signal, time]) });
    } catch (error) {
      if (signal.aborted) throw error;
      if (time.aborted)
        return { unread: `https://${cluster.endpoint} did not list its nodes within ${withinMs / 1_000} s` };
      return { unread: verdictOf(error).message };
    }
  };
