/**
 * Pool machines: each machine of a node pool, as its group and its cluster's API have it.
 *
 * Owns: putting the two together by the machine's id, and that a machine has no node only where no node of the whole cluster is its
 * own: a label that is missing makes nobody's node absent; and who else is in the zone where none of its nodes is Ready. Neighbours: `aws/auto-scaling-group.ts` reads the group, `kubernetes/pool-nodes.ts`
 * the nodes; `policy/pool-machines.ts` has the shapes. Invariants: I6 (reads only), I12 (a cluster that can't be asked is told
 * apart from one without nodes).
 */
import { nodePoolName } from '../api/names.ts';
import type { PoolMachine, PoolMachines, PoolNode, ToldInstance } from '../policy/pool-machines.ts';
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
  /** Those that are labelled as the pool's, by the id of the machine. */
  readonly nodes: ReadNodes;
  /** All of the cluster. */
  readonly allNodes: ReadNodes;
};

type ReadNodes = (request: PoolMachinesRequest, signal: AbortSignal) => Promise<ReadonlyMap<string, PoolNode>>;

const withNodes = (machines: readonly ToldInstance[], nodes: ReadonlyMap<string, PoolNode>): readonly PoolMachine[] =>
  machines.map((machine) => {
    const node = nodes.get(machine.id);
    return node === undefined ? machine : { ...machine, node };
  });

/** Where none of the pool's nodes is Ready: those of others in the same zone. */
const besideIn = (
  machines: readonly ToldInstance[],
  nodes: ReadonlyMap<string, PoolNode>,
): Pick<PoolMachines, 'beside'> => {
  const own = machines.map(({ id }) => nodes.get(id)).filter((node) => node !== undefined);
  const zone = own.find((node) => node.zone !== undefined)?.zone;
  if (zone === undefined || own.some(({ ready }) => ready)) return {};
  const others = [...nodes.values()].filter((node) => node.zone === zone && !own.includes(node));
  return { beside: { zone, all: others.length, ready: others.filter(({ ready }) => ready).length } };
};

export const readPoolMachines =
  ({ instances, nodes, allNodes }: Sources): ReadPoolMachines =>
  async (request, signal) => {
    const asked = (read: ReadNodes) =>
      read(request, signal).catch((error: unknown) => {
        if (signal.aborted) throw error;
        return verdictOf(error).message;
      });
    const [machines, labelled] = await Promise.all([
      instances(nodePoolName(request.clusterId, request.poolId), signal),
      asked(nodes),
    ]);
    if (typeof labelled === 'string') return { machines, unread: labelled };
    const own = machines.map(({ id }) => labelled.get(id));
    const isWhole = own.every((node) => node !== undefined) && own.some((node) => node.ready);
    if (isWhole || machines.length === 0) return { machines: withNodes(machines, labelled) };
    const all = await asked(allNodes);
    if (typeof all === 'string') return { machines, unread: all };
    return { machines: withNodes(machines, all), ...besideIn(machines, all) };
  };
