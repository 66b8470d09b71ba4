/** A node pool that is to keep fewer machines than it does: one turn a machine, the minimum first and the maximum last. */
import { describe, expect, test } from '@jest/globals';
import type { AWSNodePool } from '../../api/nodepool.ts';
import type { AutoScalingGroupState } from '../../kinds/auto-scaling-group.ts';
import type { Found } from '../../kinds/resource.ts';
import type { Assessment } from '../../policy/assessment.ts';
import type { PoolMachines } from '../../policy/pool-machines.ts';
import { inventoryOf } from './account.ts';
import {
  decide as decideAbout,
  GROUP,
  inventoryWith,
  poolWith as livingPoolWith,
  nodeOf,
  POOL_ID,
} from './living-pool.ts';

/** A pool of three to five nodes that keeps five, all of them Ready. */
const poolWith = (spec: Partial<AWSNodePool['spec']>, status: Partial<AWSNodePool['status']> = {}): AWSNodePool =>
  livingPoolWith(spec, { readyNodes: 5, ...status });

const machinesOf = (
  inventory: readonly Found[],
  pods: readonly number[],
  taints: readonly number[] = [],
): PoolMachines => {
  const group = inventory.find(({ key }) => key === GROUP)?.state as AutoScalingGroupState;
  const fingerprint = inventory.find(({ outputs }) => outputs.id === group.launchTemplateId)?.outputs.fingerprint ?? '';
  return {
    machines: pods.map((count, index) => ({
      id: `i-${index}`,
      inService: true,
      templateId: group.launchTemplateId,
      templateVersion: group.launchTemplateVersion,
      madeOf: { fingerprint },
      node: nodeOf(`node-${index}`, { pods: count, endedByAutoscaler: taints.includes(index) }),
    })),
  };
};

const decide = (pool: AWSNodePool, inventory: readonly Found[], machines?: PoolMachines): Assessment =>
  decideAbout(pool, machines, { inventory: inventoryOf(inventory) });

const operationOf = (assessment: Assessment) => {
  if (assessment.kind !== 'operate') throw new Error(`expected an operation: ${JSON.stringify(assessment)}`);
  return assessment.operation;
};
const needsIn = (assessment: Assessment): Record<string, readonly string[]> =>
  Object.fromEntries(operationOf(assessment).plan.steps.map(({ id, needs }) => [id, needs]));

describe('a pool that keeps five machines and should keep two', () => {
  const pool = poolWith({ minNodeCount: 1, nodeCount: 2 });
  const inventory = inventoryWith();
  const decided = decide(pool, inventory, machinesOf(inventory, [4, 0, 2, 7, 1]));

  test('lowers the minimum, then closes, drains and ends the machine with the fewest pods, and no other', () => {
    expect(needsIn(decided)).toEqual({
      'ensure preflight': [],
      [`ensure ${GROUP}`]: ['ensure preflight'],
      'ensure cordon/i-1': [`ensure ${GROUP}`, 'ensure preflight'],
      'wait drain/i-1': ['ensure cordon/i-1'],
      'remove node-machine/i-1': ['wait drain/i-1'],
      [`wait nodes/${POOL_ID}`]: [`ensure ${GROUP}`, 'remove node-machine/i-1'],
    });
  });

  test('does so in the first of three turns of a resize', () => {
    expect(operationOf(decided)).toMatchObject({ type: 'ResizeNodePool', turn: { number: 1, of: 3 } });
    expect(operationOf(decided).settles).toBeUndefined();
  });

  test('goes on with the second after the first came to its end', () => {
    const rollout = { type: 'ResizeNodePool', turn: 1, of: 3, startedAt: '2026-08-01T09:00:00Z' };
    const lastOperation = {
      type: 'ResizeNodePool',
      state: 'succeeded' as const,
      workflowID: 'w',
      runID: 'r',
      startedAt: '2026-08-01T09:00:00Z',
      progress: { done: 5, total: 5 },
    };
    const four = inventoryWith({ desired: 4, minSize: 1 });
    const between = poolWith({ minNodeCount: 1, nodeCount: 2 }, { state: 'Resizing', rollout, lastOperation } as never);
    const next = decide(between, four, machinesOf(four, [4, 2, 7, 1]));
    expect(operationOf(next)).toMatchObject({
      turn: { number: 2, of: 3, since: '2026-08-01T09:00:00Z' },
    });
    expect(Object.keys(needsIn(next))).toEqual([
      ...['ensure cordon/i-3', 'wait drain/i-3', 'remove node-machine/i-3', `wait nodes/${POOL_ID}`],
    ]);
  });

  test('ends nobody while nobody can ask the cluster which nodes to drain, and says so', () => {
    const { machines } = machinesOf(inventory, [1, 1, 1, 1, 1]);
    const unread = decide(pool, inventory, { machines, unread: 'its API does not answer' });
    expect(unread).toMatchObject({ kind: 'settled', rollout: 'ResizeNodePool', lookAgainSeconds: 30 });
    expect(unread).toMatchObject({ note: expect.stringContaining('its API does not answer') });
  });

  test('leaves to the autoscaler those that it has chosen, and waits where they are enough', () => {
    expect(operationOf(decide(pool, inventory, machinesOf(inventory, [0, 0, 2, 7, 1], [0, 1]))).turn?.of).toBe(1);
    expect(decide(pool, inventory, machinesOf(inventory, [0, 0, 0, 7, 1], [0, 1, 2]))).toMatchObject({
      kind: 'settled',
      note: expect.stringContaining('autoscaler is ending nodes by itself'),
    });
  });
});

describe('a pool whose maximum is lowered below what it keeps', () => {
  const pool = poolWith({ minNodeCount: 1, maxNodeCount: 4 });

  test('has its maximum lowered in a turn of its own, after the last machine above it has gone', () => {
    const five = inventoryWith({ minSize: 1 });
    const first = decide(pool, five, machinesOf(five, [1, 2, 3, 4, 5]));
    expect(operationOf(first).turn).toMatchObject({ number: 1, of: 2 });
    expect(Object.keys(needsIn(first))).not.toContain(`ensure ${GROUP}`);
    const four = inventoryWith({ minSize: 1, desired: 4 });
    const [change] = operationOf(decide(pool, four)).plan.steps.filter(({ id }) => id === `ensure ${GROUP}`);
    expect(change?.resource.properties).toMatchObject({ minSize: 1, maxSize: 4 });
  });
});

describe('a pool that is to keep its five machines after all', () => {
  const rollout = { type: 'ResizeNodePool', turn: 1, of: 3, startedAt: '2026-08-01T09:00:00Z' };
  const pool = poolWith({ minNodeCount: 1, nodeCount: 5 }, { state: 'Resizing', rollout });
  const inventory = inventoryWith({ minSize: 1 });
  const closed = ({ machines }: PoolMachines, by: 'slipway' | 'others'): PoolMachines => ({
    machines: machines.map((machine, index) =>
      index === 1 && machine.node !== undefined ? { ...machine, node: { ...machine.node, closedBy: by } } : machine,
    ),
  });

  test('has the node opened again that was closed to go', () => {
    const decided = decide(pool, inventory, closed(machinesOf(inventory, [1, 1, 1, 1, 1]), 'slipway'));
    expect(needsIn(decided)).toEqual({ 'remove cordon/i-1': [] });
    expect(operationOf(decided)).toMatchObject({ type: 'ResizeNodePool', turn: { number: 1, of: 3 } });
  });

  test('keeps closed what somebody else closed', () => {
    const decided = decide(pool, inventory, closed(machinesOf(inventory, [1, 1, 1, 1, 1]), 'others'));
    expect(Object.keys(needsIn(decided)).filter((id) => id.includes('cordon'))).toEqual([]);
  });
});

test('whatever else of a pool differs is made before any of its machines goes', () => {
  const pool = poolWith({ minNodeCount: 1, nodeCount: 2, tags: { team: 'new' } });
  const inventory = inventoryWith();
  const decided = decide(pool, inventory, machinesOf(inventory, [1, 1, 1, 1, 1]));
  expect(operationOf(decided).type).toBe('UpdateNodePool');
  expect(Object.keys(needsIn(decided)).some((id) => id.includes('drain'))).toBe(false);
});
