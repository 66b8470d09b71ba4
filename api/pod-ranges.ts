/**
 * Pod ranges: how a cluster's range of pod addresses is divided among its nodes, and whom it has room for.
 *
 * Owns: the part that each node gets. Kubernetes' controller manager gives each the same, fixed when the cluster is made, before anybody
 * knows its pools: so it is found from the range alone. Neighbours: `machine/components.ts` starts the controller manager with it,
 * `client/admission/` and `policy/` refuse pools that find no room, with the same numbers. Pure.
 */

/** A /24, as Kubernetes has it by default, as long as that makes sixteen parts; then as many nodes of fewer Pods each. */
const WIDEST = 24;
const NARROWEST = 27;
const PARTS_BITS = 4;
/** The part's own address, its gateway's and the broadcast's. */
const NOT_FOR_PODS = 3;

const prefixOf = (range: string): number => Number(range.split('/')[1]);

/** Length of the prefix of each node's part: 24 to 27. */
export const nodeMaskOf = (podRange: string): number =>
  Math.max(WIDEST, Math.min(prefixOf(podRange) + PARTS_BITS, NARROWEST));

/** How many nodes have a part of the range, and how many Pods have an address on each. */
const roomOf = (podRange: string): { readonly nodes: number; readonly pods: number } => {
  const mask = nodeMaskOf(podRange);
  return { nodes: 2 ** (mask - prefixOf(podRange)), pods: 2 ** (32 - mask) - NOT_FOR_PODS };
};

export type AskedOfRange = { readonly name: string; readonly maxNodeCount: number; readonly maxPodsPerNode: number };

export type PodProblem = {
  readonly field: 'maxNodeCount' | 'maxPodsPerNode';
  readonly problem: string;
  readonly cure: string;
};

/** Why a pool finds no room beside the other pools of its cluster, or undefined. */
export const podProblem = (
  podRange: string,
  pool: AskedOfRange,
  others: readonly AskedOfRange[] = [],
): PodProblem | undefined => {
  const { nodes, pods } = roomOf(podRange);
  const part = `/${nodeMaskOf(podRange)}`;
  if (pool.maxPodsPerNode > pods) {
    return {
      field: 'maxPodsPerNode',
      problem: `the cluster's pod range ${podRange} gives each node a ${part}, which is ${pods} Pods, and ${pool.maxPodsPerNode} are asked for`,
      cure: `ask for at most ${pods}, or create the cluster with a wider range`,
    };
  }
  const all = [pool, ...others].reduce((sum, { maxNodeCount }) => sum + maxNodeCount, 0);
  if (all <= nodes) return undefined;
  const whose =
    others.length === 0
      ? 'this node pool'
      : `this node pool and ${others
          .map(({ name }) => name)
          .sort()
          .join(', ')}`;
  return {
    field: 'maxNodeCount',
    problem: `the cluster's pod range ${podRange} has a ${part} for each of ${nodes} nodes, and ${whose} may have ${all}`,
    cure: `lower maxNodeCount by ${all - nodes}, or create the cluster with a wider range`,
  };
};
