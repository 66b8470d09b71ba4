/**
 * Decide, for a node pool: do machines run that are not what its spec asks for, and which give way now.
 *
 * Owns: when machines are looked at one by one, what makes one outdated (the fingerprint of what it was made from, never a number), and
 * what is left to do once none is. Neighbours: `pool-turns.ts` plans a turn, `rollout.ts` counts them, `decide-shrink.ts` comes first;
 * `decide-nodepool.ts` asks. Pure.
 * Invariants: I6 (tags make another version of a template, and no machine outdated), I12 (a cluster that could not be asked is no
 * reason to end a node undrained).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { nodePoolIdFor } from '../api/ownership.ts';
import { type Release, revisionsOf } from '../api/releases.ts';
import type { AutoScalingGroupState } from '../kinds/auto-scaling-group.ts';
import {
  isMadeOf,
  isToldAlready,
  type LaunchTemplateProperties,
  lastingFingerprint,
} from '../kinds/launch-template.ts';
import { type Found, observedState, type Resource, type ResourceOf } from '../kinds/resource.ts';
import { nodePoolTopology } from '../topology/nodepool.ts';
import { poolOfKey, type ResourceKey } from '../words/keys.ts';
import type { OperationType } from '../words/operations.ts';
import type { Resolved } from '../words/references.ts';
import { machinesToRead as machinesThatShrink, ofGroup } from './decide-shrink.ts';
import { wasProvisioned } from './facts.ts';
import { removedTemplates } from './former-templates.ts';
import { hasClosedNodes, heldBackBy, isReleased } from './held-back.ts';
import { type Known, knownFrom, resolved } from './known.ts';
import { orderedSteps } from './order.ts';
import type { Plan, Step } from './plan.ts';
import { type PoolMachine, type PoolMachines, victimsAmong } from './pool-machines.ts';
import { type Batch, keptBy, nextBatch, opened, planFewer, planTurn, type TurnRequest } from './pool-turns.ts';
import { releaseOfPool } from './revision.ts';
import { rememberedOf, type Turn, turnAfter } from './rollout.ts';
import { groupOf } from './shrink.ts';
import { type HeldBack, updatePolicyOf } from './update-windows.ts';

type Wait = {
  readonly kind: 'wait';
  readonly type: OperationType;
  readonly why: string;
  /** By the update policy, and not by what is the case. */
  readonly heldBack?: HeldBack;
  readonly lookAgainSeconds?: number;
};

export type TurnDecision =
  /** No machine is outdated; these steps are left of a rollout, or of one that was given up. */
  | { readonly kind: 'none'; readonly tidies: readonly Step[] }
  | { readonly kind: 'turn'; readonly type: OperationType; readonly plan: Plan; readonly turn: Turn }
  | Wait;

type Asked = {
  readonly pool: AWSNodePool;
  readonly cluster: AWSCluster;
  /** The pool's own, and whatever of its cluster was seen. */
  readonly inventory: readonly Found[];
};

const templateIn = (topology: readonly Resource[]): ResourceOf<'launch-template'> | undefined =>
  topology.find((resource) => resource.kind === 'launch-template');

/** What machines are to be made of and told; undefined where something of it is not there yet. */
export const toldBy = (topology: readonly Resource[], known: Known): Resolved<LaunchTemplateProperties> | undefined => {
  const template = templateIn(topology);
  return template === undefined
    ? undefined
    : (resolved(template.properties, known) as Resolved<LaunchTemplateProperties> | undefined);
};

/** Whether the pool's template says already what machines of this topology are to be made of and told. */
const isTold = (topology: readonly Resource[], inventory: readonly Found[], external: Known = {}): boolean => {
  const template = inventory.find(({ key }) => key === templateIn(topology)?.key);
  const told = toldBy(topology, { ...external, ...knownFrom(inventory) });
  return (
    template !== undefined && told !== undefined && isToldAlready(told, observedState('launch-template', template))
  );
};

/**
 * The release that a pool is planned by. Where its status lost which revision runs, it is the newest of those that the version had
 * whose template is there: no newer Slipway replaces a machine (I6).
 */
export const releaseAsMade = ({ pool, cluster, inventory }: Asked): Release | undefined => {
  const newest = releaseOfPool(pool);
  if (pool.status?.revision !== undefined || !wasProvisioned(pool) || newest === undefined) return newest;
  const isOf = (release: Release): boolean => isTold(nodePoolTopology(pool, cluster, release), inventory);
  return revisionsOf(pool.spec.version).toReversed().find(isOf) ?? newest;
};

/** Whether machines run that were launched from another version of a template than the newest that there is of theirs. */
export const hasOthers = (topology: readonly Resource[], inventory: readonly Found[], pool: AWSNodePool): boolean => {
  const { launched = [] } = groupOf(pool, inventory) ?? {};
  const { id, version } = inventory.find(({ key }) => key === templateIn(topology)?.key)?.outputs ?? {};
  return launched.some(({ templateId, templateVersion }) => templateId !== id || templateVersion !== version);
};

/** Whether, by all that a listing tells, a machine may be outdated, or a rollout is not over. */
const mayBeOutdated = (
  topology: readonly Resource[],
  inventory: readonly Found[],
  {
    pool,
    group,
    external,
  }: { readonly pool: AWSNodePool; readonly group: AutoScalingGroupState; readonly external?: Known },
): boolean => {
  if (group.desired === 0 && (group.launched ?? []).length === 0) return false;
  return !isTold(topology, inventory, external) || hasOthers(topology, inventory, pool) || group.surge !== undefined;
};

/** Where the pool's machines are to be looked at one by one before anything is decided; undefined where nothing asks for it. */
export const machinesToRead = (asked: Asked): { readonly endpoint: string } | undefined => {
  const { pool, cluster, inventory } = asked;
  const shrinks = machinesThatShrink(asked);
  const { endpoint } = cluster.status ?? {};
  const group = groupOf(pool, inventory);
  const release = releaseAsMade(asked);
  if (shrinks !== undefined || endpoint === undefined || !wasProvisioned(pool)) return shrinks;
  if (group === undefined || release === undefined) return undefined;
  return mayBeOutdated(nodePoolTopology(pool, cluster, release), inventory, { pool, group }) ? { endpoint } : undefined;
};

/** Another version is asked for than the one whose revision is pinned. */
export const upgrades = ({ status }: AWSNodePool, release: Release): boolean =>
  status?.revision !== undefined && status.revision.version !== release.version;

/** Another version is asked for, or the one before again while machines of the other are there. */
export const isUpgrade = (pool: AWSNodePool, release: Release): boolean =>
  upgrades(pool, release) || rememberedOf('UpgradeNodePool', pool.status) !== undefined;

const typeOf = (pool: AWSNodePool, release: Release): OperationType =>
  isUpgrade(pool, release) ? 'UpgradeNodePool' : 'UpdateNodePool';

/** Templates of other versions of the pool, of which no machine is left, and which the group launches from no more after the plan. */
const formerTemplates = (
  { pool, inventory }: Pick<Asked, 'pool' | 'inventory'>,
  topology: readonly Resource[],
  { steps }: Plan,
): readonly Step[] => {
  const wanted = templateIn(topology)?.key;
  const poolId = nodePoolIdFor(pool);
  const { launched = [], launchTemplateId } = groupOf(pool, inventory) ?? {};
  const changesGroup = steps.some(({ resource: { kind } }) => kind === 'auto-scaling-group');
  const inUse = new Set([...launched.map(({ templateId }) => templateId), ...(changesGroup ? [] : [launchTemplateId])]);
  const isFormer = (key: ResourceKey): boolean => poolOfKey(key) === poolId && key !== wanted;
  return removedTemplates(inventory, isFormer, { inUse, steps });
};

/** The plan with what rollouts leave behind: nodes that are still closed, and templates that nothing is launched from any more. */
export const tidied = (
  asked: Pick<Asked, 'pool' | 'inventory'>,
  topology: readonly Resource[],
  plan: Plan,
  tidies: readonly Step[],
): Plan => {
  const more = [...tidies, ...formerTemplates(asked, topology, plan)];
  return more.length === 0 ? plan : { ...plan, steps: orderedSteps([...plan.steps, ...more]) };
};

type Given = Asked & {
  readonly release: Release;
  readonly topology: readonly Resource[];
  /** What the pool takes from its cluster. */
  readonly external: Known;
  readonly machines: PoolMachines | undefined;
  readonly ensured: (topology: readonly Resource[]) => Plan;
  readonly now: number;
  /** What somebody said `resume` to, by its fingerprint. */
  readonly released?: string | undefined;
  /** Machines return to what they were, as somebody aborted the change. */
  readonly goesBack?: true | undefined;
};

/** What a turn refers to and is no part of AWS has to be there before. */
const isComplete = ({ steps }: Plan): boolean =>
  !steps.some(({ resource: { kind } }) => kind === 'secret' || kind === 'finalizer');

/** Those by which a rollout that was given up left the group larger; where there are more of them, somebody else scales it. */
const surplusOf = ({ pool, group, machines }: TurnRequest): readonly PoolMachine[] => {
  if (group.surge === undefined) return [];
  const surplus = group.desired - keptBy(pool, group);
  if (surplus <= 0 || surplus > Math.max(1, pool.spec.updateSettings.surgeSettings.maxSurge)) return [];
  return victimsAmong(machines.machines, group)
    .slice(0, surplus)
    .map(({ machine }) => machine);
};

type Requested = TurnRequest & { readonly target: string };

const requestOf = (given: Given): Requested | 'unknown' | undefined => {
  const { pool, cluster, inventory, external, machines, topology } = given;
  const group = groupOf(pool, inventory);
  const { endpoint } = cluster.status ?? {};
  const told = toldBy(topology, { ...external, ...knownFrom(inventory) });
  if (machines === undefined || group === undefined || endpoint === undefined) return undefined;
  if (told === undefined || !isComplete(given.ensured(topology))) return 'unknown';
  return {
    ...{ pool, endpoint, group, topology, machines },
    target: lastingFingerprint(told),
    isOutdated: ({ madeOf }) => madeOf === undefined || !isMadeOf(told, madeOf),
    ensured: (one) => ofGroup(given.ensured(one)),
  };
};

/** Whether a node that is closed may be one that turns of an update closed; others closed it for reasons of their own. */
const turnsClosed = ({ status }: AWSNodePool): boolean =>
  status?.rollout?.type === 'UpdateNodePool' || status?.rollout?.type === 'UpgradeNodePool';

/** The turn in which these machines go, unless the update policy holds it back. */
const turnOf = (given: Given, request: Requested, batch: Batch, type: OperationType): TurnDecision => {
  const { pool, now } = given;
  if (given.cluster.status?.revision === undefined) {
    return {
      kind: 'wait',
      type,
      why: 'the status of its cluster does not say which revision runs, which machines are told by',
    };
  }
  const { target } = request;
  const asked = { ...given, object: pool, policy: updatePolicyOf(pool, given.cluster) };
  const count = request.machines.machines.filter(request.isOutdated).length;
  const held = heldBackBy(asked, { type, target, count, hasBegun: hasClosedNodes(request) });
  if (held !== undefined) return held;
  // What the last of them leaves is put in order in a turn of its own.
  const left = batch.turnsLeft + (batch.surge > 0 || type === 'UpgradeNodePool' ? 1 : 0);
  const word = isReleased(asked, target) ? { released: target } : {};
  const turn = { ...turnAfter(rememberedOf(type, pool.status), left, now), ...word };
  return { kind: 'turn', type, plan: planTurn(request, batch), turn };
};

export const decideTurns = (given: Given): TurnDecision => {
  const { pool, release, now } = given;
  const type = typeOf(pool, release);
  const request = requestOf(given);
  if (request === undefined || request === 'unknown') return { kind: 'none', tidies: [] };
  if (request.machines.unread !== undefined) {
    // Somebody looked for another reason, and by all that a listing tells no machine waits for a turn.
    if (!mayBeOutdated(given.topology, given.inventory, { ...request, external: given.external }))
      return { kind: 'none', tidies: [] };
    return { kind: 'wait', type, why: `which nodes could be drained is not known: ${request.machines.unread}` };
  }
  const batch = nextBatch(request);
  if (batch !== undefined) return turnOf(given, request, batch, type);
  const remembered = rememberedOf(type, pool.status);
  const surplus = surplusOf(request);
  if (surplus.length > 0) {
    return { kind: 'turn', type, plan: planFewer(request, surplus), turn: turnAfter(remembered, 2, now) };
  }
  return { kind: 'none', tidies: turnsClosed(pool) ? opened(request) : [] };
};
