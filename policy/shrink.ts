/**
 * Shrink: a node pool keeps fewer machines, one after the other, each in a turn of its own.
 *
 * Owns: how many are too many, and the plan of one turn: the minimum first, since AWS ends nobody below it; then one named machine is
 * closed, drained and ended; the maximum last, since AWS ends whoever is above it undrained. Neighbours: `pool-machines.ts` says
 * which machine, `ensure.ts` plans the group itself, `rollout.ts` counts turns. Pure.
 * Invariants: I2 (a turn that was interrupted is planned again from what is there: a machine that is closed by us goes on going),
 * I9, I10.
 */

import { nodePoolIdOf } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { AutoScalingGroupState } from '../kinds/auto-scaling-group.ts';
import { type Found, observedState } from '../kinds/resource.ts';
import { poolGroupKey } from '../words/keys.ts';
import { goingSteps, openingSteps } from './going-machine.ts';
import { orderedSteps } from './order.ts';
import type { Plan, Step } from './plan.ts';
import { endedByAutoscaler, type PoolMachine, type PoolMachines, type Victim, victimsAmong } from './pool-machines.ts';

/** How many machines the pool is to keep at most; who scales the group decides within the limits where the spec says no number. */
const askedFor = ({ nodeCount, maxNodeCount }: AWSNodePool['spec']): number => nodeCount ?? maxNodeCount;

export const groupOf = (pool: AWSNodePool, inventory: readonly Found[]): AutoScalingGroupState | undefined => {
  const found = inventory.find(({ key }) => key === poolGroupKey(nodePoolIdOf(pool.metadata.uid)));
  const state = found === undefined ? undefined : observedState('auto-scaling-group', found);
  return state?.deleting === true ? undefined : state;
};

/** How many of its machines are too many, by what its group keeps. */
export const tooMany = (pool: AWSNodePool, inventory: readonly Found[]): number =>
  Math.max(0, (groupOf(pool, inventory)?.desired ?? 0) - askedFor(pool.spec));

export type ShrinkRequest = {
  readonly pool: AWSNodePool;
  /** Where the cluster's API is. */
  readonly endpoint: string;
  readonly inventory: readonly Found[];
  readonly machines: PoolMachines;
  /** Nodes that were closed to go, and stay: they are opened again. */
  readonly stays: readonly PoolMachine[];
  /** What the group itself needs before a machine may go. */
  readonly ensured: Plan;
  readonly drainSeconds: number;
};

/** Who is to go, the first first; none of those that are the autoscaler's to end. */
export const goingFrom = ({
  pool,
  inventory,
  machines,
}: Pick<ShrinkRequest, 'pool' | 'inventory' | 'machines'>): readonly Victim[] => {
  const group = groupOf(pool, inventory);
  if (group === undefined) return [];
  const count = tooMany(pool, inventory) - endedByAutoscaler(machines);
  return count <= 0 ? [] : victimsAmong(machines.machines, group).slice(0, count);
};

/** The steps of one machine's going, once its group allows it. */
const stepsOf = (
  { machine }: Victim,
  { pool, inventory, ensured, endpoint, drainSeconds }: ShrinkRequest,
): readonly Step[] => {
  const before = ensured.steps.map((step) => step.id);
  const groupName = groupOf(pool, inventory)?.name ?? '';
  const poolId = nodePoolIdOf(pool.metadata.uid);
  return goingSteps({ machine, poolId, groupName, endpoint, drainSeconds, shrinks: true }, before);
};

/** Nodes that we closed, other than that of the machine that is to go. */
export const closedInVain = ({ machines }: PoolMachines, victim: Victim | undefined): readonly PoolMachine[] =>
  machines.filter(({ id, node }) => node?.closedBy === 'slipway' && id !== victim?.machine.id);

const opening = ({ stays, endpoint }: ShrinkRequest): readonly Step[] => openingSteps(stays, endpoint);

/** The plan of the turn in which this machine goes. */
export const planGoing = (victim: Victim, request: ShrinkRequest): Plan => {
  const undo = openingSteps([victim.machine], request.endpoint);
  return {
    ...request.ensured,
    steps: orderedSteps([...opening(request), ...request.ensured.steps, ...stepsOf(victim, request)]),
    ...(undo.length === 0 ? {} : { undo }),
  };
};

/** Nobody is to go any more. */
export const planOpening = (request: ShrinkRequest): Plan => ({
  ...request.ensured,
  steps: orderedSteps([...opening(request), ...request.ensured.steps]),
});
