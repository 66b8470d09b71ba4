/**
 * Pool machines: each machine of a node pool, as its group and its cluster's API have it.
 *
 * Owns: putting the two together by the machine's id. Neighbours: `aws/auto-scaling-group.ts` reads the group, `kubernetes/pool-nodes.ts`
 * the nodes; `policy/pool-machines.ts` has the shapes. Invariants: I6 (reads only), I12 (a cluster that can't be asked is told
 * apart from one without nodes).
 */
import { nodePoolName } from '../api/names.ts';
import type { PoolMachines, PoolNode, ToldInstance } from '../policy/pool-machines.ts';
import { verdictOf } from './verdicts.ts';

export type PoolMachinesRequest = {
  readonly namespace: string;
  readonly clusterId: string;
  readonly endpoint: string;
  readonly poolId: string;
};

export type ReadPoolMachines = (request: PoolMachinesRequest, signal: AbortSignal) => Promise<PoolMachines>;

type Sources = {
  readonly instances: (groupName: string, signal: AbortSignal) => Promise<readonly ToldInstance[]>;
  /** By the id of the machine. */
  readonly nodes: (request: PoolMachinesRequest, signal: AbortSignal) => Promise<ReadonlyMap<string, PoolNode>>;
};

export const readPoolMachines =
  ({ instances, nodes }: Sources): ReadPoolMachines =>
  async (request, signal) => {
    const [machines, seen] = await Promise.all([
      instances(nodePoolName(request.clusterId, request.poolId), signal),
      nodes(request, signal).catch((error: unknown) => {
        if (signal.aborted) throw error;
        return verdictOf(error).message;
      }),
    ]);
    if (typeof seen === 'string') return { machines, unread: seen };
    const withNode = (machine: ToldInstance) => {
      const node = seen.get(machine.id);
      return node === undefined ? machine : { ...machine, node };
    };
    return { machines: machines.map(withNode) };
  };
