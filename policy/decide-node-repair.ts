/**
 * Decide, for the nodes of a provisioned pool: is one to be repaired now, and what is to be said of them.
 *
 * Owns: when the pool's machines are looked at for that: once two sweeps in a row counted fewer Ready nodes than there should be, and as
 * long as status names one that is unhealthy; or to count them, where somebody changed how many there are and nobody has counted since.
 * Neighbours: `node-repair.ts` judges, `node-replacement.ts` plans a turn, `rollout.ts`
 * counts turns; `decide-nodepool.ts` asks. Pure. Invariants: I12 (a look without machines says nothing of any).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { AutoScalingGroupState } from '../kinds/auto-scaling-group.ts';
import type { Found } from '../kinds/resource.ts';
import { wasProvisioned } from './facts.ts';
import { isShort } from './node-counts.ts';
import { judgeNodes, type NodeHealth, type NodePoolReport } from './node-repair.ts';
import { planNodeReplacement, planNodesOpening } from './node-replacement.ts';
import type { Plan } from './plan.ts';
import type { PoolMachine, PoolMachines } from './pool-machines.ts';
import type { RepairSettings } from './repair.ts';
import { rememberedOf, type Turn, turnAfter } from './rollout.ts';
import { groupOf, tooMany } from './shrink.ts';
import type { NodeCounts } from './views.ts';

type Asked = { readonly pool: AWSNodePool; readonly cluster: AWSCluster; readonly inventory: readonly Found[] };

/** What an assessment says of a pool's nodes; nothing where nobody looked at them. */
export type NodeAttention = {
  readonly nodes?: NodeCounts;
  readonly nodePool?: NodePoolReport;
  readonly rollout?: 'RepairNodePool';
  readonly lookAgainSeconds?: number;
};

export type NodeRepairDecision =
  | { readonly kind: 'repair'; readonly plan: Plan; readonly turn: Turn }
  /** Nothing to repair, or not now. */
  | { readonly kind: 'none'; readonly attention: NodeAttention };

/** Its group keeps another number by now: an operation was broken off before its last look, or somebody else scales it. */
const isCountOld = (pool: AWSNodePool, inventory: readonly Found[]): boolean => {
  const { desired } = groupOf(pool, inventory) ?? {};
  const { desiredNodes } = pool.status ?? {};
  return desired !== undefined && desiredNodes !== undefined && desired !== desiredNodes;
};

/** Where the cluster's API is that is to be asked about the pool's nodes; undefined where nothing asks for it. */
export const machinesToJudge = ({ pool, cluster, inventory }: Asked): { readonly endpoint: string } | undefined => {
  const { endpoint } = cluster.status ?? {};
  if (endpoint === undefined || !wasProvisioned(pool)) return undefined;
  const { unhealthyNodes = [], rollout } = pool.status ?? {};
  // A turn that another spec took the place of may have closed a node.
  const isNamed = unhealthyNodes.length > 0 || rollout?.type === 'RepairNodePool';
  return isNamed || isShort(pool) || isCountOld(pool, inventory) ? { endpoint } : undefined;
};

type Given = Asked & {
  readonly machines: PoolMachines | undefined;
  readonly settings: RepairSettings;
  readonly now: number;
};

/**
 * Nodes that an earlier turn closed, which came back and stay. Another operation in between takes a rollout from status, and leaves the
 * names of unhealthy nodes there; what other rollouts closed is theirs.
 */
const closedInVain = ({ status }: AWSNodePool, { machines }: PoolMachines, going?: PoolMachine) => {
  const { rollout, unhealthyNodes = [] } = status ?? {};
  if (rollout !== undefined && rollout.type !== 'RepairNodePool') return [];
  const isOurs = ({ id }: PoolMachine): boolean =>
    rollout !== undefined || unhealthyNodes.some(({ instanceID }) => instanceID === id);
  return machines.filter(
    (one) => one.node?.closedBy === 'slipway' && one.node.ready && one.id !== going?.id && isOurs(one),
  );
};

/** Where nobody saw them, nobody counts them. */
const countsIn = (
  { machines, unread }: PoolMachines,
  group: AutoScalingGroupState | undefined,
): Pick<NodeAttention, 'nodes'> => {
  if (unread !== undefined || group === undefined) return {};
  return { nodes: { ready: machines.filter(({ node }) => node?.ready === true).length, desired: group.desired } };
};

/** One that may not go on is not between two turns. */
const rolloutOf = ({ status }: AWSNodePool, health: NodeHealth): Pick<NodeAttention, 'rollout'> =>
  status?.rollout?.type === 'RepairNodePool' && health.forbidden === undefined ? { rollout: 'RepairNodePool' } : {};

/** How soon nodes are looked at again that could not be read: there was a reason to, and sweeps come more rarely. */
const UNREAD_AGAIN_SECONDS = 60;

const attentionOf = (pool: AWSNodePool, health: NodeHealth | undefined, { unread }: PoolMachines): NodeAttention => {
  if (health === undefined) return unread === undefined ? {} : { lookAgainSeconds: UNREAD_AGAIN_SECONDS };
  const { due: _, lookAgainSeconds, ...nodePool } = health;
  return { nodePool, ...rolloutOf(pool, health), lookAgainSeconds };
};

export const decideNodeRepair = ({ pool, cluster, inventory, machines, settings, now }: Given): NodeRepairDecision => {
  const reading = machinesToJudge({ pool, cluster, inventory });
  if (reading === undefined || machines === undefined) return { kind: 'none', attention: {} };
  const { endpoint } = reading;
  const group = groupOf(pool, inventory);
  const health = judgeNodes({ pool, cluster, group, machines, settings, now });
  const told: NodeRepairDecision = {
    kind: 'none',
    attention: { ...countsIn(machines, group), ...attentionOf(pool, health, machines) },
  };
  // Where there are to be fewer anyway, those that are unhealthy go first.
  if (group === undefined || tooMany(pool, inventory) > 0) return told;
  const { due = [] } = health ?? {};
  const [machine] = due;
  const stays = closedInVain(pool, machines, machine);
  const turn = turnAfter(rememberedOf('RepairNodePool', pool.status), Math.max(1, due.length), now);
  if (machine !== undefined) {
    const replacement = { pool, machine, machines, group, endpoint, stays };
    return { kind: 'repair', plan: planNodeReplacement(replacement), turn };
  }
  return stays.length === 0 ? told : { kind: 'repair', plan: planNodesOpening(stays, endpoint), turn };
};
