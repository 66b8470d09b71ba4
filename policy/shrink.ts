/**
 * Shrink: a node pool keeps fewer machines, one after the other, each in a turn of its own.
 *
 * Owns: how many are too many, and the plan of one turn: the minimum first, since AWS ends nobody below it; then one named machine is
 * closed, drained and ended; the maximum last, since AWS ends whoever is above it undrained. Neighbours: `pool-machines.ts` says
 * which machine, `ensure.ts` plans the group itself, `rollout.ts` counts turns. Pure.
 * Invariants: I2 (a turn that was interrupted is planned again from what is there: a machine that is closed by us goes on going),
 * I9, I10.
 */

import type { AWSNodePool } from '../api/nodepool.ts';
import { nodePoolIdFor } from '../api/ownership.ts';
import type { AutoScalingGroupState } from '../kinds/auto-scaling-group.ts';
import { type Found, observedState } from '../kinds/resource.ts';
import { poolGroupKey } from '../words/keys.ts';
import { goingSteps, openingSteps } from './going-machine.ts';
import { orderedSteps } from './order.ts';
import type { Plan } from './plan.ts';
import { endedByAutoscaler, type PoolMachine, type PoolMachines, type Victim, victimsAmong } from './pool-machines.ts';

/** How many machines the pool is to keep at most; who scales the group decides within the limits where the spec says no number. */
export const askedFor = ({ nodeCount, maxNodeCount }: AWSNodePool['spec']): number => nodeCount ?? maxNodeCount;

export const groupOf = (pool: AWSNodePool, inventory: readonly Found[]): AutoScalingGroupState | undefined => {
  const found = inventory.find(({ key }) => key === poolGroupKey(nodePoolIdFor(pool)));
  const state = found === undefined ? undefined : observedState('auto-scaling-group', found);
  return state?.deleting === true ? undefined : state;
};

/** How many of its machines are too many, by what its group keeps. Those by which a rollout holds it larger are the rollout's. */
export const tooMany = (pool: AWSNodePool, inventory: readonly Found[]): number => {
  const { desired = 0, surge } = groupOf(pool, inventory) ?? {};
  const most = askedFor(pool.spec);
  return Math.min(desired, surge?.desired ?? desired) <= most ? 0 : desired - most;
};

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

/** Nodes that we closed, other than that of the machine that is to go. */
export const closedInVain = ({ machines }: PoolMachines, victim: Victim | undefined): readonly PoolMachine[] =>
  machines.filter(({ id, node }) => node?.closedBy === 'slipway' && id !== victim?.machine.id);

/** The plan of the turn in which this machine goes. */
export const planGoing = (victim: Victim, request: ShrinkRequest): Plan => {
  const { pool, inventory, endpoint, drainSeconds, ensured, stays } = request;
  const groupName = groupOf(pool, inventory)?.name ?? '';
  const leaving = { endpoint, poolId: nodePoolIdFor(pool), groupName, drainSeconds, shrinks: true };
  const going = goingSteps(
    { machine: victim.machine, ...leaving },
    ensured.steps.map(({ id }) => id),
  );
  const undo = openingSteps([victim.machine], endpoint);
  return {
    ...ensured,
    steps: orderedSteps([...openingSteps(stays, endpoint), ...ensured.steps, ...going]),
    ...(undo.length === 0 ? {} : { undo }),
  };
};

/** Nobody is to go any more. */
export const planOpening = (request: ShrinkRequest): Plan => ({
  ...request.ensured,
  steps: orderedSteps([...openingSteps(request.stays, request.endpoint), ...request.ensured.steps]),
});
