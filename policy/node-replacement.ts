/**
 * Node replacement: the plan of one turn in which another machine takes the place of one whose node does not serve.
 *
 * Owns: that the group keeps as many as before, and that the turn ends only once another node is Ready: where none comes, the next
 * machine is not touched. Neighbours: `node-repair.ts` says which machine, `going-machine.ts` has the steps in which it goes. Pure.
 * Invariants: I2 (a turn that was interrupted is planned again from what is there).
 */

import type { AWSNodePool } from '../api/nodepool.ts';
import { nodePoolIdFor } from '../api/ownership.ts';
import type { AutoScalingGroupState } from '../kinds/auto-scaling-group.ts';
import { nodesKey } from '../words/keys.ts';
import { PLAN_VERSION } from '../words/steps.ts';
import { goingSteps, openingSteps } from './going-machine.ts';
import { orderedSteps } from './order.ts';
import type { Plan } from './plan.ts';
import type { PoolMachine, PoolMachines } from './pool-machines.ts';
import { waitStep } from './steps.ts';

export type NodeReplacement = {
  readonly pool: AWSNodePool;
  readonly machine: PoolMachine;
  readonly machines: PoolMachines;
  readonly group: Pick<AutoScalingGroupState, 'name' | 'desired'>;
  /** Where the cluster's API is. */
  readonly endpoint: string;
  /** Machines whose nodes an earlier turn closed, and which stay. */
  readonly stays: readonly PoolMachine[];
};

export const planNodeReplacement = ({ pool, machine, machines, group, endpoint, stays }: NodeReplacement): Plan => {
  const poolId = nodePoolIdFor(pool);
  const { drainSeconds } = pool.spec.updateSettings;
  const name = machine.node === undefined ? `Machine ${machine.id}` : `Node ${machine.node.name} (${machine.id})`;
  const unhealthy = `${name} does not serve: another takes its place`;
  const going = goingSteps(
    { machine, poolId, groupName: group.name, endpoint, drainSeconds, shrinks: false, unhealthy },
    [],
  );
  // Its group may keep fewer by now than there are.
  const expected = Math.min(group.desired, machines.machines.filter(({ node }) => node?.ready === true).length + 1);
  const event = {
    reason: 'RepairedNode',
    message: [`Another node is Ready in place of ${machine.node?.name ?? machine.id}`],
  };
  const joined = waitStep(
    { key: nodesKey(poolId), kind: 'nodes', properties: { endpoint, poolId, expected }, event },
    going.slice(-1).map(({ id }) => id),
  );
  const undo = openingSteps([machine], endpoint);
  return {
    version: PLAN_VERSION,
    steps: orderedSteps([...openingSteps(stays, endpoint), ...going, joined]),
    known: {},
    ...(undo.length === 0 ? {} : { undo }),
  };
};

/** Nobody is to go any more: nodes that were closed for it are opened. */
export const planNodesOpening = (stays: readonly PoolMachine[], endpoint: string): Plan => ({
  version: PLAN_VERSION,
  steps: orderedSteps([...openingSteps(stays, endpoint)]),
  known: {},
});
