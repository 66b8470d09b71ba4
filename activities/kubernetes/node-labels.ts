/**
 * Node labels: labels and taints of a pool's nodes, given to those that are there.
 *
 * Owns: that each node of the pool carries what the spec asks for, and no more what only an earlier spec did, in one write a node.
 * Neighbours: `kinds/node-labels.ts` says what differs; machines that come are told by their template, and their kubelets register so.
 * Invariants: I2 (what a node carries already is not written again), I4 (labels and taints of others stay).
 */
import { NODE_POOL_LABEL } from '../../api/names.ts';
import { type MarksPatch, marksPatch } from '../../kinds/node-labels.ts';
import type { ResourceDriver } from '../driver.ts';
import { NODE } from './nodes.ts';
import { marksOf } from './pool-nodes.ts';
import type { UserClusters } from './user-cluster.ts';

/** Taints are one list: only the version of the node that was seen is written over. */
const written = ({ labels, taints }: MarksPatch, resourceVersion: string | undefined) => ({
  metadata: {
    ...(labels === undefined ? {} : { labels }),
    ...(taints === undefined ? {} : { resourceVersion }),
  },
  ...(taints === undefined ? {} : { spec: { taints } }),
});

export const nodeLabelsDriver = (userClusters: UserClusters): ResourceDriver<'node-labels'> => ({
  kind: 'node-labels',
  // Nodes come and go: they are looked at when they are written.
  candidates: () => Promise.resolve([]),

  create: async ({ properties, object, owner, signal }) => {
    const { endpoint, poolId } = properties;
    const client = await userClusters({ namespace: object.namespace, clusterId: owner.clusterId, endpoint });
    const nodes = await client.list(NODE, { labelSelector: `${NODE_POOL_LABEL}=${poolId}` }, { signal });
    let changed = false;
    for (const node of nodes) {
      const patch = marksPatch(properties, marksOf(node));
      if (patch === undefined) continue;
      const { name, resourceVersion } = node.metadata;
      await client.patch({ ...NODE, name }, written(patch, resourceVersion));
      changed = true;
    }
    return { outputs: {}, ...(changed ? {} : { change: 'unchanged' as const }) };
  },

  update: (_wanted, found) => Promise.resolve({ outputs: found.outputs }),
  remove: () => Promise.resolve(),
});
