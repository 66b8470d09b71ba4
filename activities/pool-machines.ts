/**
 * Pool machines: each machine of a node pool, as its group and its cluster's API have it.
 *
 * Owns: putting the two together by the machine's id, and that a machine has no node only where no node of the whole cluster is its
 * own: a label that is missing makes nobody's node absent; and who else is in the zone where none of its nodes is Ready. Neighbours: `aws/auto-scaling-group.ts` reads the group, `kubernetes/pool-nodes.ts`
 * the nodes; `policy/pool-machines.ts` has the shapes. Invariants: I6 (reads only), I12 (a cluster that can't be asked is told
 * apart from one without nodes).
 */
import { nodePoolName } from '../api/names.ts';
import {
  type PoolMachine,
  type PoolMachines,
  type PoolNode,
  type ToldInstance,
  worthCounting,
} from '../policy/pool-machines.ts';
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
  /** How many pods would have to leave each of these nodes, by name. */
  readonly countPods: (
    request: PoolMachinesRequest,
    nodes: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, number>>;
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

/** Each node that was counted on with its pods. */
const withPods = (machines: readonly PoolMachine[], pods: ReadonlyMap<string, number>): readonly PoolMachine[] =>
  machines.map((machine) => {
    const count = pods.get(machine.node?.name ?? '');
    return machine.node === undefined || count === undefined
      ? machine
      : { ...machine, node: { ...machine.node, pods: count } };
  });

export const readPoolMachines =
  ({ instances, nodes, allNodes, countPods }: Sources): ReadPoolMachines =>
  async (request, signal) => {
    const asked = <T>(answer: Promise<T>): Promise<T | string> =>
      answer.catch((error: unknown) => {
        if (signal.aborted) throw error;
        return verdictOf(error).message;
      });
    const [machines, labelled] = await Promise.all([
      instances(nodePoolName(request.clusterId, request.poolId), signal),
      asked(nodes(request, signal)),
    ]);
    if (typeof labelled === 'string') return { machines, unread: labelled };
    const own = machines.map(({ id }) => labelled.get(id));
    const isWhole = own.every((node) => node !== undefined) && own.some((node) => node.ready);
    const joined = isWhole || machines.length === 0 ? labelled : await asked(allNodes(request, signal));
    if (typeof joined === 'string') return { machines, unread: joined };
    const found = withNodes(machines, joined);
    const pods = await asked(countPods(request, worthCounting(found), signal));
    if (typeof pods === 'string') return { machines, unread: pods };
    return { machines: withPods(found, pods), ...(joined === labelled ? {} : besideIn(machines, joined)) };
  };
