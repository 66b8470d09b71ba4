/**
 * Pool turns: machines of a node pool that are not what its spec asks for give way to others, some of them in each turn.
 *
 * Owns: which machines go in the next turn, by how many the group is held larger meanwhile, and the plan: template and group first,
 * then the new nodes are waited for, then the old ones are closed, drained and ended by name. The first turn is of one machine: until a
 * new one has served, nothing says that any will. Neighbours: `pool-machines.ts` says in which order, `shrink.ts` has the steps of one
 * machine's going, `decide-turns.ts` asks. Pure.
 * Invariants: I2 (a turn that was interrupted is planned again from what is there), I10.
 */

import type { AWSNodePool } from '../api/nodepool.ts';
import { nodePoolIdFor } from '../api/ownership.ts';
import type { AutoScalingGroupState } from '../kinds/auto-scaling-group.ts';
import type { Resource } from '../kinds/resource.ts';
import { newNodesKey, nodesKey, poolGroupKey, type ResourceKey, surgeKey } from '../words/keys.ts';
import { type Going, goingSteps, openingSteps } from './going-machine.ts';
import { orderedSteps } from './order.ts';
import type { Plan, Step } from './plan.ts';
import { outdatedAmong, type PoolMachine, type PoolMachines } from './pool-machines.ts';
import { removeStep, waitStep } from './steps.ts';

export type TurnRequest = {
  readonly pool: AWSNodePool;
  /** Where the cluster's API is. */
  readonly endpoint: string;
  readonly group: AutoScalingGroupState;
  readonly topology: readonly Resource[];
  readonly machines: PoolMachines;
  readonly isOutdated: (machine: PoolMachine) => boolean;
  /** What of AWS a topology needs that is not there. */
  readonly ensured: (topology: readonly Resource[]) => Plan;
};

/** How many machines the group keeps when no rollout holds it larger; whoever else scales it may have made it smaller since. */
export const keptBy = ({ spec }: AWSNodePool, { desired, surge }: AutoScalingGroupState): number =>
  Math.max(Math.min(desired, surge?.desired ?? desired), spec.nodeCount ?? 0, spec.minNodeCount);

/** The topology whose group keeps so many machines more; what it kept is said beside it. */
const heldLarger = (
  { pool, group, topology }: Pick<TurnRequest, 'pool' | 'group' | 'topology'>,
  by: number,
): readonly Resource[] => {
  if (by === 0) return topology;
  const desired = keptBy(pool, group);
  const key = poolGroupKey(nodePoolIdFor(pool));
  return topology.map((resource) => {
    if (resource.kind !== 'auto-scaling-group' || resource.key !== key) return resource;
    const { maxSize } = resource.properties;
    const larger = Math.max(maxSize, desired + by, group.desired);
    const properties = {
      ...resource.properties,
      maxSize: larger,
      desired: desired + by,
      surge: { desired, maxSize },
    };
    return { ...resource, properties };
  });
};

/** The machines that go in one turn, and for how many of them another stands in before. */
export type Batch = { readonly going: readonly PoolMachine[]; readonly surge: number; readonly turnsLeft: number };

/** Undefined where every machine is as it should be. */
export const nextBatch = ({ pool, machines, isOutdated }: TurnRequest): Batch | undefined => {
  const outdated = outdatedAmong(machines.machines, isOutdated);
  if (outdated.length === 0) return undefined;
  const { maxSurge, maxUnavailable } = pool.spec.updateSettings.surgeSettings;
  const together = maxSurge + maxUnavailable;
  const isProven = machines.machines.some((machine) => !isOutdated(machine) && machine.node?.ready === true);
  const going = outdated.slice(0, isProven ? together : 1);
  const turnsLeft = 1 + Math.ceil((outdated.length - going.length) / together);
  return { going, surge: Math.min(maxSurge, going.length), turnsLeft };
};

/** Nodes that Slipway closed, and that are not to go: opened again. */
export const opened = (
  { machines, endpoint }: Pick<TurnRequest, 'machines' | 'endpoint'>,
  going: readonly PoolMachine[] = [],
): readonly Step[] =>
  openingSteps(
    machines.machines.filter((one) => one.node?.closedBy === 'slipway' && !going.includes(one)),
    endpoint,
  );

type Awaited = { readonly besides: readonly string[]; readonly expected: number };

/** New nodes: those that launch in this turn, and those of an earlier one that are not Ready yet. */
const awaitedNodes = ({ pool, group, machines, isOutdated }: TurnRequest, { going, surge }: Batch): Awaited => {
  const isYoung = (machine: PoolMachine): boolean => !isOutdated(machine) && machine.node?.ready !== true;
  const young = machines.machines.filter((one) => isYoung(one) && one.node?.endedByAutoscaler !== true);
  const old = machines.machines.filter((machine) => !young.includes(machine) || going.includes(machine));
  const launching = Math.max(0, keptBy(pool, group) + surge - machines.machines.length);
  return { besides: old.map(({ id }) => id).sort(), expected: young.length + launching };
};

/** Nothing where no node is awaited. */
const nodesSteps = (
  { pool, endpoint }: TurnRequest,
  keyOf: (poolId: string) => ResourceKey,
  awaited: Awaited,
  needs: readonly string[],
): readonly Step[] => {
  const poolId = nodePoolIdFor(pool);
  if (awaited.expected === 0) return [];
  return [waitStep({ key: keyOf(poolId), kind: 'nodes', properties: { endpoint, poolId, ...awaited } }, needs)];
};

const leavingOf = ({ pool, endpoint, group }: TurnRequest, shrinks: boolean): Omit<Going, 'machine'> => ({
  ...{ endpoint, shrinks, groupName: group.name, poolId: nodePoolIdFor(pool) },
  drainSeconds: pool.spec.updateSettings.drainSeconds,
});

/** The way back where somebody aborts the turn: the nodes that it closes are opened, and what it added to the group goes. */
const takenBack = (request: TurnRequest, going: readonly PoolMachine[], surge: number): Pick<Plan, 'undo'> => {
  const { pool, endpoint, group, machines } = request;
  const poolId = nodePoolIdFor(pool);
  const besides = machines.machines.map(({ id }) => id).sort();
  const { drainSeconds } = pool.spec.updateSettings;
  const opening = openingSteps(going, endpoint);
  const properties = { endpoint, poolId, groupName: group.name, besides, drainSeconds };
  const lowering =
    surge > 0 || group.surge !== undefined
      ? [
          removeStep(
            { key: surgeKey(poolId), kind: 'surge', properties },
            opening.map(({ id }) => id),
          ),
        ]
      : [];
  const undo = orderedSteps([...opening, ...lowering]);
  return undo.length === 0 ? {} : { undo };
};

/** The plan of the turn in which these machines go. Those beyond the surge are gone for a while before others have their places. */
export const planTurn = (request: TurnRequest, batch: Batch): Plan => {
  const { going, surge } = batch;
  const ensured = request.ensured(heldLarger(request, surge));
  const made = ensured.steps.map(({ id }) => id);
  const awaited = awaitedNodes(request, batch);
  const before = nodesSteps(request, newNodesKey, awaited, made);
  const isThere = before.length === 0 ? made : before.map(({ id }) => id);
  const leaving = going.flatMap((machine, index) =>
    goingSteps({ machine, ...leavingOf(request, index < surge) }, isThere),
  );
  const missing = going.length - surge;
  const all = { ...awaited, expected: awaited.expected + missing };
  const after =
    missing === 0
      ? []
      : nodesSteps(
          request,
          nodesKey,
          all,
          leaving.map(({ id }) => id),
        );
  const steps = [...ensured.steps, ...opened(request, going), ...before, ...leaving, ...after];
  return { ...ensured, steps: orderedSteps(steps), ...takenBack(request, going, surge) };
};

/** The plan of a turn in which machines go that only a rollout had added; nobody takes their places. */
export const planFewer = (request: TurnRequest, going: readonly PoolMachine[]): Plan => {
  const ensured = request.ensured(heldLarger(request, going.length));
  const made = ensured.steps.map(({ id }) => id);
  const leaving = going.flatMap((machine) => goingSteps({ machine, ...leavingOf(request, true) }, made));
  const steps = orderedSteps([...ensured.steps, ...opened(request, going), ...leaving]);
  return { ...ensured, steps, ...takenBack(request, [], 0) };
};
