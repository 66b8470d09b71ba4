/**
 * Node counts: how many nodes a pool has and keeps, as its status says it.
 *
 * Owns: from where each count comes. While an operation runs, from its steps: the group's own output, and what the last wait for
 * nodes, or the look at its end, has seen so far. At rest, from sweeps. Whoever saw nothing leaves what was known. What could not be
 * counted is absent and said in the condition NodesUnknown: never a 0 that nobody saw.
 * Neighbours: `activities/` count; `status.ts` and `specific-conditions.ts` project; `drift.ts` asks whether status says it
 * already. Pure.
 */

import type { AWSNodePool, AWSNodePoolStatus } from '../api/nodepool.ts';
import { nodePoolIdFor } from '../api/ownership.ts';
import type { Found } from '../kinds/resource.ts';
import { observedState } from '../kinds/resource.ts';
import { newNodesKey, nodesKey, poolGroupKey } from '../words/keys.ts';
import { ended } from '../words/text.ts';
import { type Claim, conditionOf, cut } from './conditions.ts';
import { isDelete } from './operation-claims.ts';
import type { NodeCounts, OperationView, StoredObject, Subject } from './views.ts';

type Seen = { readonly ready: number } | { readonly unread: string };

type Counts = Pick<AWSNodePoolStatus, 'readyNodes' | 'desiredNodes'>;

/**
 * What a cluster's API said of its nodes, by pool id: how many are Ready, and the names of those that are not, none where a pool is
 * missing; or why it did not.
 */
export type ClusterNodes =
  | {
      readonly ready: Readonly<Record<string, number>>;
      readonly notReady: Readonly<Record<string, readonly string[]>>;
    }
  | { readonly unread: string };

/** The condition that says so. */
export const NODES_UNKNOWN = 'NodesUnknown';

/** What a sweep saw of a pool, from what AWS has and from what its cluster's API says. */
export const nodesSeen = (pool: AWSNodePool, inventory: readonly Found[], nodes: ClusterNodes): NodeCounts => {
  const poolId = nodePoolIdFor(pool);
  const group = inventory.find(({ key }) => key === poolGroupKey(poolId));
  const kept = group === undefined ? {} : { desired: observedState('auto-scaling-group', group).desired };
  return 'unread' in nodes ? { ...kept, unread: nodes.unread } : { ...kept, ready: nodes.ready[poolId] ?? 0 };
};

const counts = (ready: number | undefined, desired: number | undefined): Counts => ({
  ...(ready === undefined ? {} : { readyNodes: ready }),
  ...(desired === undefined ? {} : { desiredNodes: desired }),
});

/** An output is a string; one that a person typed need not be a number. */
const counted = (output: string | undefined): number | undefined =>
  output !== undefined && /^\d{1,9}$/.test(output) ? Number(output) : undefined;

/** The counts that a status should have; none of them for a cluster, nor for a pool whose machines go. */
export const nodeCounts = (subject: Subject, object: StoredObject): Counts => {
  if (object.kind === 'AWSCluster') return {};
  const { readyNodes, desiredNodes } = object.status ?? {};
  if (subject.kind === 'settled' && subject.nodes !== undefined) {
    const { nodes } = subject;
    return counts('ready' in nodes ? nodes.ready : undefined, nodes.desired ?? desiredNodes);
  }
  if (subject.kind !== 'operation') return counts(readyNodes, desiredNodes);
  return isDelete(subject.operation) ? {} : countsDuring(subject.operation, object);
};

/** What an operation's steps have seen of the pool's nodes, the last of them first; undefined where none has looked. */
const nodesSeenBy = ({ outputs }: OperationView, pool: AWSNodePool): Seen | undefined => {
  const poolId = nodePoolIdFor(pool);
  const { ready, unread } = outputs[nodesKey(poolId)] ?? outputs[newNodesKey(poolId)] ?? {};
  if (unread !== undefined) return { unread };
  const count = counted(ready);
  return count === undefined ? undefined : { ready: count };
};

const countsDuring = (operation: OperationView, pool: AWSNodePool): Counts => {
  const { status } = pool;
  const { outputs } = operation;
  const poolId = nodePoolIdFor(pool);
  const seen = nodesSeenBy(operation, pool) ?? { ready: status?.readyNodes };
  // The look at the end comes after whatever its group was told.
  const desired =
    counted(outputs[nodesKey(poolId)]?.['desired']) ?? counted(outputs[poolGroupKey(poolId)]?.['desired']);
  return counts('ready' in seen ? seen.ready : undefined, desired ?? status?.desiredNodes);
};

const unknown = (why: string): Claim => ({
  status: 'True',
  reason: 'NodesNotListed',
  message: cut(`How many nodes are Ready is not known: ${ended(why)} Every sweep asks again.`),
});

/** That nobody knows how many nodes are Ready, from the sweep that could not count them until somebody has. */
export const nodesUnknown = (subject: Subject, object: StoredObject): Claim | undefined => {
  if (object.kind === 'AWSCluster') return undefined;
  if (subject.kind === 'settled' && subject.nodes !== undefined) {
    return 'unread' in subject.nodes ? unknown(subject.nodes.unread) : undefined;
  }
  if (subject.kind === 'operation') {
    if (isDelete(subject.operation)) return undefined;
    const seen = nodesSeenBy(subject.operation, object);
    if (seen !== undefined && 'unread' in seen) return unknown(seen.unread);
  }
  if (nodeCounts(subject, object).readyNodes !== undefined) return undefined;
  return conditionOf(object, NODES_UNKNOWN);
};

/** By its status fewer of its nodes are Ready than its group keeps; where nobody could count, nobody says so. */
export const isShort = ({ status }: AWSNodePool): boolean =>
  status?.readyNodes !== undefined && status.desiredNodes !== undefined && status.readyNodes < status.desiredNodes;

export const isCountUnknown = (pool: AWSNodePool): boolean => conditionOf(pool, NODES_UNKNOWN) !== undefined;
