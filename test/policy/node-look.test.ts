/** Whatever changes how many nodes a pool has ends by a look at them, so that its status says how many there are. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ResourceProperties, rowOf } from '../../kinds/resource.ts';
import type { OperationInput } from '../../policy/assessment.ts';
import type { Step } from '../../policy/plan.ts';
import { decide, machinesIn, POOL_ID, poolWith, seen } from './living-pool.ts';
import {
  assessed,
  carriedOut,
  changedTo,
  livePool,
  type Ran,
  ranToEnd,
  takenBack,
  told,
  worldOf,
} from './pool-world.ts';

const LOOK = `wait nodes/${POOL_ID}`;

const operationOf = (assessment: ReturnType<typeof assessed>): OperationInput => {
  if (assessment.kind !== 'operate') throw new Error(`expected an operation: ${JSON.stringify(assessment)}`);
  return assessment.operation;
};

/** Steps that change how many nodes there are, and what the look waits for and leaves out. */
const lookIn = (steps: readonly Step[]) => {
  const look = steps.find(({ id }) => id === LOOK);
  return {
    changing: steps.filter(({ verb, resource }) => verb !== 'wait' && rowOf(resource.kind).changesNodes === true),
    needs: look?.needs ?? [],
    ...(look?.resource.properties as Partial<ResourceProperties['nodes']> | undefined),
  };
};

const expectLook = (steps: readonly Step[]): void => {
  const { changing, needs, gone = [] } = lookIn(steps);
  expect(needs).toEqual(expect.arrayContaining(changing.map(({ id }) => id)));
  const ended = steps.filter(({ id }) => id.startsWith('remove node-machine/')).map(({ id }) => id.split('/')[1] ?? '');
  expect(gone).toEqual(ended.sort());
};

const countsOf = ({ pool }: Pick<Ran, 'pool'>) => [pool.status?.readyNodes, pool.status?.desiredNodes];

describe('the last step of what changes how many nodes a pool has', () => {
  test('is a look where a machine goes and none comes: no node is waited for, and that of the machine is left out', () => {
    const pool = changedTo(livePool({ minNodeCount: 1, nodeCount: 5 }), { nodeCount: 4 });
    const { plan } = operationOf(assessed(pool, worldOf(pool, 5)));
    expect(lookIn(plan.steps)).toMatchObject({ expected: 0, gone: ['i-0000'] });
    expectLook(plan.steps);
  });

  test('is the wait for nodes where there is one anyway', () => {
    const hanging = poolWith({}, { unhealthyNodes: [seen(1, 900)] });
    const { plan } = operationOf(decide(hanging, machinesIn('ready', 900, 'ready', 'ready', 'ready')));
    expect(lookIn(plan.steps)).toMatchObject({ expected: 5, gone: ['i-1'] });
    expect(plan.steps.filter(({ resource }) => resource.kind === 'nodes')).toHaveLength(1);
  });

  test('is a look on the way back, too, where a rollout had made the group larger', () => {
    const pool = livePool();
    const changed = changedTo(pool, { instanceType: 't3.large' });
    const world = worldOf(pool, 3);
    const first = operationOf(assessed(changed, world));
    const { changing, expected } = lookIn(first.plan.undo ?? []);
    expect(changing.map(({ resource }) => resource.kind)).toEqual(['surge']);
    expect(expected).toBe(0);
    expectLook(first.plan.undo ?? []);
    const half = carriedOut(world, first, 'wait drain/i-0000');
    const back = takenBack(half.world, first);
    const counted = told(changed, first, 'aborted', { ...half.outputs, ...back.outputs });
    expect(countsOf({ pool: counted })).toEqual([3, 3]);
  });

  test('is no look where nothing of it changes', () => {
    const pool = livePool(
      {},
      { rollout: { type: 'ResizeNodePool', turn: 1, of: 2, startedAt: '2026-08-01T09:00:00Z' } },
    );
    const world = worldOf(pool, 3);
    const machines = world.machines.map((one) => ({
      ...one,
      ...(one.node === undefined ? {} : { node: { ...one.node, closedBy: 'slipway' as const } }),
    }));
    const { plan } = operationOf(assessed(pool, { ...world, machines }));
    expect(plan.steps.map(({ resource }) => resource.kind)).toEqual(['cordon', 'cordon', 'cordon']);
  });
});

test('whatever is asked of a pool, each of its operations ends so, and then its status counts what is there', () => {
  const specs = fc.record({
    nodeCount: fc.integer({ min: 1, max: 5 }),
    instanceType: fc.constantFrom('t3.medium', 't3.large'),
    updateSettings: fc.record({
      drainSeconds: fc.constant(600),
      surgeSettings: fc.record({
        maxSurge: fc.integer({ min: 0, max: 3 }),
        maxUnavailable: fc.integer({ min: 1, max: 2 }),
      }),
    }),
  });
  fc.assert(
    fc.property(specs, specs, (before, after) => {
      const count = before.nodeCount;
      const pool = livePool({ minNodeCount: 0, ...before }, { readyNodes: count, desiredNodes: count });
      const ran = ranToEnd(changedTo(pool, after), worldOf(pool, count));
      for (const { plan } of ran.operations) {
        expectLook(plan.steps);
        expectLook(plan.undo ?? []);
      }
      expect(countsOf(ran)).toEqual([after.nodeCount, after.nodeCount]);
    }),
    { numRuns: 60 },
  );
});
