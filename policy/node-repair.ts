/**
 * Node repair: which machines of a node pool are to be replaced because their nodes do not serve, and when.
 *
 * Owns: what counts as unhealthy, since when it is, and the limits beyond which nothing is replaced, since then something else than a
 * machine is at fault: the control plane, or what all of them have in common. A node that is Ready again in time is left alone.
 * Neighbours: `activities/pool-machines.ts` looks, `decide-node-repair.ts` says which is next and plans its turn, `degraded-nodes.ts`
 * tells; `repair.ts` does the same for replicas, which have a quorum to keep. Pure.
 * Invariants: I9 (whoever waits says until when), I10, I12 (what nobody could read is neither well nor gone).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { type AWSNodePool, UNHEALTHY_NODES_KEPT, type UnhealthyNode } from '../api/nodepool.ts';
import type { AutoScalingGroupState } from '../kinds/auto-scaling-group.ts';
import { present } from '../words/present.ts';
import { timeOf } from '../words/time.ts';
import { conditionOf } from './conditions.ts';
import type { PoolMachine, PoolMachines } from './pool-machines.ts';
import { lookAgainAfter, type RepairSettings } from './repair.ts';

/** How long a node may be not Ready, or a machine without one, before it is replaced, unless a setting says otherwise. */
export const NODE_REPAIR_AFTER_SECONDS = 600;

/** A machine that has just booted is not told of: most join within one or two minutes. */
const JOINS_WITHIN_SECONDS = 300;

/**
 * With more of a pool unhealthy than this share, it is not its machines that fail. One alone is no share of anything: it may always be
 * replaced, or nobody would repair a pool of one or two.
 */
const MOST_UNHEALTHY_PERCENT = 40;

const mostUnhealthy = (all: number): number => Math.max(1, Math.floor((all * MOST_UNHEALTHY_PERCENT) / 100));

/** A machine that is not as it should be, for status. */
export type NodeReport = {
  readonly instanceId: string;
  /** Of its node, where it has one. */
  readonly name?: string;
  /** RFC 3339. */
  readonly since: string;
  readonly message: string;
  /** It may still be on its way into the cluster: remembered, and not told. */
  readonly joining?: true;
};

/** What status says of a pool with whose nodes something is wrong. */
export type NodePoolReport = {
  readonly nodes: readonly NodeReport[];
  /** Why none of them is replaced, as half a sentence. */
  readonly forbidden?: string;
};

export type NodeHealth = NodePoolReport & {
  /** Machines that are to be replaced now, the one that fails for longest first. */
  readonly due: readonly PoolMachine[];
  /** How soon to look again by itself. */
  readonly lookAgainSeconds: number;
};

export type NodeRepairRequest = {
  readonly pool: AWSNodePool;
  readonly cluster: AWSCluster;
  readonly group: AutoScalingGroupState | undefined;
  readonly machines: PoolMachines;
  readonly settings: RepairSettings;
  /** Epoch milliseconds. */
  readonly now: number;
};

/**
 * Since when it is unhealthy, in epoch milliseconds. Of a node that is not Ready the cluster knows, and begins anew whenever it was
 * Ready in between; of a machine without a node nobody does, so it counts from the first look that missed it.
 */
const sinceOf = ({ id, node }: PoolMachine, before: readonly UnhealthyNode[], now: number): number => {
  const seen = Date.parse(before.find(({ instanceID }) => instanceID === id)?.since ?? timeOf(now));
  const said = Date.parse(node?.notReady?.since ?? '');
  return Math.min(now, Number.isNaN(said) ? seen : said);
};

/** What others say is followed by more. */
const unended = (sentence: string): string => sentence.replace(/\.$/, '');

const troubleOf = ({ id, node }: PoolMachine): string =>
  node === undefined
    ? `machine ${id} has no node in the cluster`
    : `node ${node.name} (${id}) is not Ready${node.notReady === undefined ? '' : `: ${unended(node.notReady.says)}`}`;

type Troubled = {
  readonly machine: PoolMachine;
  readonly since: number;
  readonly dueAt: number;
  /** An earlier look saw it, too: one look alone decides nothing. */
  readonly seenBefore: boolean;
  readonly joining: boolean;
};

/** A machine that is not in service is its group's to look after, one that the autoscaler has chosen is the autoscaler's. */
const troubledAmong = ({ pool, machines, settings, now }: NodeRepairRequest): readonly Troubled[] => {
  const before = pool.status?.unhealthyNodes ?? [];
  const joinsWithin = Math.min(JOINS_WITHIN_SECONDS, settings.afterSeconds) * 1_000;
  return machines.machines
    .filter(({ inService, node }) => inService && node?.ready !== true && node?.endedByAutoscaler !== true)
    .map((machine): Troubled => {
      const since = sinceOf(machine, before, now);
      return {
        machine,
        since,
        dueAt: since + settings.afterSeconds * 1_000,
        seenBefore: before.some(({ instanceID }) => instanceID === machine.id),
        joining: machine.node === undefined && now - since < joinsWithin,
      };
    })
    .toSorted((a, b) => a.since - b.since || (a.machine.id < b.machine.id ? -1 : 1));
};

/** Nodes are judged by what the control plane says of them: where that fails itself, they are not. */
const controlPlaneProblem = (cluster: AWSCluster): string | undefined => {
  const name = `AWSCluster ${cluster.metadata.namespace}/${cluster.metadata.name}`;
  if (conditionOf(cluster, 'Degraded')?.reason === 'QuorumLost') return `${name} has lost its quorum`;
  return conditionOf(cluster, 'Ready')?.status === 'True' ? undefined : `${name} is not Ready`;
};

/** Another machine would not come, or would not do better. */
const groupProblem = (group: AutoScalingGroupState | undefined): string | undefined => {
  if (group === undefined)
    return 'its auto scaling group is missing, so that no machine would take the place of another';
  const [suspended] = group.suspended ?? [];
  return suspended === undefined
    ? undefined
    : `process ${suspended.process} of auto scaling group ${group.name} is suspended, so that no machine would take the place of another`;
};

/** A pool lives in one subnet: where that, or its zone, fails, so do all of its nodes. */
const shareProblem = (unhealthy: number, all: number, { spec }: AWSNodePool): string | undefined =>
  unhealthy > mostUnhealthy(all)
    ? `${unhealthy} of ${all} nodes are unhealthy, more than ${MOST_UNHEALTHY_PERCENT} %, so that rather what they share fails: subnet ${spec.subnetID} and its zone, their image, or their way to the control plane`
    : undefined;

/** What others in the zone say, where none of the pool's nodes is Ready: the share of a pool of one says nothing. */
const zoneProblem = ({ machines: { beside } }: NodeRepairRequest): string | undefined =>
  beside !== undefined && beside.all > 0 && beside.ready === 0
    ? `no node in zone ${beside.zone} is Ready, of whatever node pool, so that rather the zone fails`
    : undefined;

/** A replica is in one of the same zones, and has health checks of its own. */
const replicaProblem = (unhealthy: number, all: number, { metadata, status }: AWSCluster): string | undefined => {
  const [replica] = status?.unhealthyReplicas ?? [];
  return unhealthy < all || replica === undefined
    ? undefined
    : `none of its nodes is Ready, and replica ${replica.index} of AWSCluster ${metadata.namespace}/${metadata.name} does not serve either, so that rather what they share fails`;
};

const whyForbidden = (request: NodeRepairRequest, troubled: readonly Troubled[]): string | undefined => {
  const { pool, cluster, group, machines } = request;
  if (!pool.spec.management.autoRepair) return 'spec.management.autoRepair is false';
  const unhealthy = troubled.filter(({ joining }) => !joining).length;
  const all = machines.machines.filter(({ inService }) => inService).length;
  return (
    controlPlaneProblem(cluster) ??
    zoneProblem(request) ??
    shareProblem(unhealthy, all, pool) ??
    replicaProblem(unhealthy, all, cluster) ??
    groupProblem(group)
  );
};

const isDue = ({ dueAt, seenBefore }: Troubled, now: number): boolean => seenBefore && dueAt <= now;

/** What is to come. */
const outlook = (one: Troubled, now: number): string => {
  if (isDue(one, now)) return '; its machine is due to be replaced';
  const becomes = one.machine.node === undefined ? 'it joins' : 'it is Ready';
  return `; its machine is replaced at ${timeOf(Math.max(one.dueAt, now))} unless ${becomes} before`;
};

const reportOf = (one: Troubled, now: number, forbidden: string | undefined): NodeReport => {
  const { machine, since, joining } = one;
  return {
    instanceId: machine.id,
    ...present({ name: machine.node?.name, joining: joining ? (true as const) : undefined }),
    since: timeOf(since),
    message: `${troubleOf(machine)}${forbidden === undefined ? outlook(one, now) : ''}`,
  };
};

/** While nothing may be done it is looked at five times more rarely. */
const lookAgain = (
  troubled: readonly Troubled[],
  forbidden: string | undefined,
  { settings, now }: NodeRepairRequest,
) => {
  const usual = lookAgainAfter(settings);
  if (forbidden !== undefined) return usual * 5;
  const waits = troubled.map(({ dueAt }) => Math.ceil((dueAt - now) / 1_000)).filter((wait) => wait > 0);
  return Math.max(2, Math.min(usual, ...waits));
};

/** What was seen before, while nobody can be asked (I12). */
const unread = ({ pool, settings }: NodeRepairRequest, why: string): NodeHealth | undefined => {
  const before = pool.status?.unhealthyNodes ?? [];
  if (before.length === 0) return undefined;
  const nodes = before.map(({ instanceID: instanceId, name, since }): NodeReport => {
    const message =
      name === undefined ? `machine ${instanceId} had no node` : `node ${name} (${instanceId}) was not Ready`;
    return { instanceId, ...present({ name }), since, message: `${message} when it was last seen` };
  });
  const forbidden = `how they are by now is not known: ${why}`;
  return { nodes, forbidden, due: [], lookAgainSeconds: lookAgainAfter(settings) };
};

/** What is wrong with the nodes of a pool, and what may be done about it; undefined where all are well. */
export const judgeNodes = (request: NodeRepairRequest): NodeHealth | undefined => {
  if (request.machines.unread !== undefined) return unread(request, request.machines.unread);
  const { now } = request;
  const troubled = troubledAmong(request);
  if (troubled.length === 0) return undefined;
  const forbidden = whyForbidden(request, troubled);
  return {
    nodes: troubled.slice(0, UNHEALTHY_NODES_KEPT).map((one) => reportOf(one, now, forbidden)),
    ...present({ forbidden }),
    due: forbidden === undefined ? troubled.filter((one) => isDue(one, now)).map(({ machine }) => machine) : [],
    lookAgainSeconds: lookAgain(troubled, forbidden, request),
  };
};
