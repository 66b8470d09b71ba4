/**
 * Waiting for nodes: so many of a pool are Ready.
 *
 * Owns: counting. Neighbours: the auto scaling group starts machines, their agents join with the pool's token, the node
 * approver admits them. Invariant: I9 (the message says how many of how many).
 */
import { NODE_POOL_LABEL } from '../../api/names.ts';
import type { ResourceDriver } from '../driver.ts';
import { onlyWaitedFor } from './only-waited-for.ts';
import { lookAgainAfter } from './patience.ts';
import type { KubernetesObject } from './resources.ts';
import type { UserClusters } from './user-cluster.ts';

type NodeStatus = { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };

const isReady = (node: KubernetesObject): boolean =>
  node.metadata.deletionTimestamp === undefined &&
  ((node['status'] ?? {}) as NodeStatus).conditions?.some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  ) === true;

export const nodesDriver = (userClusters: UserClusters): ResourceDriver<'nodes'> => ({
  ...onlyWaitedFor('nodes'),

  look: async (wanted) => {
    const { endpoint, poolId, expected } = wanted.properties;
    const cluster = { namespace: wanted.object.namespace, clusterId: wanted.owner.clusterId, endpoint };
    const client = await userClusters(cluster);
    const nodes = await client.list(
      { apiVersion: 'v1', kind: 'Node' },
      { labelSelector: `${NODE_POOL_LABEL}=${poolId}` },
      { signal: wanted.signal },
    );
    const ready = nodes.filter(isReady).length;
    return ready >= expected
      ? { ready: true, outputs: {} }
      : {
          ready: false,
          awaited: `Waiting for nodes to join the cluster: ${ready} of ${expected} ready`,
          againInMs: lookAgainAfter(wanted.since),
        };
  },
});
