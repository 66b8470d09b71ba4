/** A node pool whose machines are to be other ones: a few in each turn, the first alone, and never fewer nodes than may be missing. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ResourceProperties } from '../../kinds/resource.ts';
import type { OperationInput } from '../../policy/assessment.ts';
import { revisionOf } from '../../policy/revision.ts';
import { earliest } from '../topology/objects.ts';
import { GROUP, POOL_ID } from './living-pool.ts';
import {
  assessed,
  CLUSTER,
  carriedOut,
  changedTo,
  groupIn,
  livePool,
  type Ran,
  ranToEnd,
  takenBack,
  told,
  type World,
  worldOf,
} from './pool-world.ts';

const LARGER = { instanceType: 't3.large' };
const settings = (maxSurge: number, maxUnavailable: number) => ({
  updateSettings: { drainSeconds: 600, surgeSettings: { maxSurge, maxUnavailable } },
});

const idsIn = ({ plan }: OperationInput): readonly string[] => plan.steps.map(({ id }) => id);
const endedIn = (operation: OperationInput): readonly string[] =>
  idsIn(operation).filter((id) => id.startsWith('remove node-machine/'));
const endedBy = ({ operations }: Ran): readonly number[] => operations.map((one) => endedIn(one).length);
const operationOf = (assessment: ReturnType<typeof assessed>): OperationInput => {
  if (assessment.kind !== 'operate') throw new Error(`expected an operation: ${JSON.stringify(assessment)}`);
  return assessment.operation;
};

describe('a pool of three nodes that are to be of another type', () => {
  const before = livePool();
  const world = worldOf(before, 3);
  const pool = changedTo(before, LARGER);
  const first = operationOf(assessed(pool, world));

  test('gets a template that says so, one machine more, and gives up one only after the new node is Ready', () => {
    expect(first).toMatchObject({ type: 'UpdateNodePool', turn: { number: 1, of: 4 } });
    expect(first.settles).toBeUndefined();
    const template = `ensure launch-template/nodepool-${GROUP.split('nodepool-')[1]}/${pool.spec.version}`;
    const needs = Object.fromEntries(first.plan.steps.map(({ id, needs: needed }) => [id, needed]));
    const nodes = `wait nodes/${POOL_ID}/new`;
    expect(needs).toEqual({
      'ensure preflight': [],
      [template]: ['ensure preflight'],
      [`ensure ${GROUP}`]: [template],
      [nodes]: ['ensure preflight', `ensure ${GROUP}`, template].sort(),
      'ensure cordon/i-0000': [nodes],
      'wait drain/i-0000': ['ensure cordon/i-0000'],
      'remove node-machine/i-0000': ['wait drain/i-0000'],
      [`wait nodes/${POOL_ID}`]: [`ensure ${GROUP}`, 'remove node-machine/i-0000'],
    });
    const group = first.plan.steps.find(({ id }) => id === `ensure ${GROUP}`);
    expect(group?.resource.properties).toMatchObject({ desired: 4, maxSize: 5, surge: { desired: 3, maxSize: 5 } });
  });

  test('replaces each machine once, and is then as it was: no tag, no cordon, no machine too many', () => {
    const ran = ranToEnd(pool, world);
    expect(endedBy(ran)).toEqual([1, 1, 1, 0]);
    expect(ran.operations.map(({ turn }) => turn?.number)).toEqual([1, 2, 3, 4]);
    expect(ran.world.machines.map(({ id }) => id)).toEqual(['i-0003', 'i-0004', 'i-0005']);
    expect(groupIn(ran.world)).toMatchObject({ desired: 3, minSize: 3, maxSize: 5 });
    expect(groupIn(ran.world)).not.toHaveProperty('surge');
    expect(ran.end).toEqual({ kind: 'settles' });
  });

  test('shows one edge each way to whoever watches, and one entry in the list of operations', () => {
    const ran = ranToEnd(pool, world);
    expect(ran.states).toEqual(['Provisioned', 'Updating', 'Provisioned']);
    expect(ran.pool.status?.rollout).toBeUndefined();
    expect(ran.pool.status?.operations).toMatchObject([{ type: 'UpdateNodePool', state: 'succeeded' }]);
  });

  test('goes on where it was if all that is remembered of the rollout is lost', () => {
    const after = carriedOut(world, first).world;
    const { rollout: _, lastOperation: _last, ...status } = told(pool, first, 'succeeded').status ?? {};
    const ran = ranToEnd({ ...pool, status }, after);
    expect(endedBy(ran)).toEqual([1, 1, 0]);
    expect(ran.world.machines.map(({ id }) => id)).toEqual(['i-0003', 'i-0004', 'i-0005']);
  });

  test('goes on with the machine that was being drained if a turn breaks off there, and launches no further one', () => {
    const { world: half } = carriedOut(world, first, 'wait drain/i-0000');
    const again = operationOf(assessed(told(pool, first, 'superseded'), half));
    expect(again.turn).toMatchObject({ number: 1 });
    expect(endedIn(again)).toEqual(['remove node-machine/i-0000']);
    expect(carriedOut(half, again).world.machines.map(({ id }) => id)).toEqual(['i-0001', 'i-0002', 'i-0003']);
  });

  test('stops at a first new node that never gets Ready: the other machines stay, and no other is launched', () => {
    const ran = ranToEnd(pool, { ...world, broken: true });
    expect(ran.end).toEqual({ kind: 'stuck', step: `wait nodes/${POOL_ID}/new` });
    expect(ran.world.machines.map(({ id, node }) => `${id} ${node?.ready} ${node?.closedBy ?? 'open'}`)).toEqual([
      'i-0000 true open',
      'i-0001 true open',
      'i-0002 true open',
      'i-0003 false open',
    ]);
    const again = operationOf(assessed(ran.pool, ran.world));
    expect(carriedOut(ran.world, again).stuck).toBe(`wait nodes/${POOL_ID}/new`);
    expect(carriedOut(ran.world, again).world.machines).toHaveLength(4);
  });

  test('returns if the type is taken back half way: only what is of the other one is replaced', () => {
    const { world: half } = carriedOut(world, first, 'wait drain/i-0000');
    const back = changedTo(told(pool, first, 'superseded'), { instanceType: 't3.medium' });
    const ran = ranToEnd(back, half);
    expect(ran.world.machines.map(({ id, node }) => `${id} ${node?.closedBy ?? 'open'}`)).toEqual([
      'i-0000 open',
      'i-0001 open',
      'i-0002 open',
    ]);
    expect(groupIn(ran.world)).toMatchObject({ desired: 3, maxSize: 5 });
    expect(groupIn(ran.world)).not.toHaveProperty('surge');
  });

  describe.each([
    ['before anything of it was done', `ensure ${GROUP}`],
    ['while the new node is awaited', `wait nodes/${POOL_ID}/new`],
    ['while the old node is drained', 'wait drain/i-0000'],
    ['once the old machine has ended', undefined],
  ])('and whose turn is aborted %s', (_when, until) => {
    const { world: half } = carriedOut(world, first, until);
    const back = takenBack(half, first).world;

    test('has as many machines as before, all of them open, and a group that nothing holds larger', () => {
      expect(back.machines).toHaveLength(3);
      expect(back.machines.map(({ node }) => node?.closedBy)).toEqual([undefined, undefined, undefined]);
      expect(groupIn(back)).toMatchObject({ desired: 3, maxSize: 5 });
      expect(groupIn(back)).not.toHaveProperty('surge');
    });

    test('goes on to its end once it is resumed', () => {
      const ran = ranToEnd(told(pool, first, 'aborted'), back);
      expect(ran.world.machines.filter(({ id }) => ['i-0000', 'i-0001', 'i-0002'].includes(id))).toEqual([]);
      expect(ran.world.machines).toHaveLength(3);
      expect(ran.pool.status?.state).toBe('Provisioned');
    });
  });

  test('waits while nobody can ask which nodes to drain, and says so', () => {
    expect(assessed(pool, world, { unread: 'its API does not answer' })).toMatchObject({
      kind: 'settled',
      rollout: 'UpdateNodePool',
      lookAgainSeconds: 30,
      note: expect.stringContaining('its API does not answer'),
    });
  });
});

describe('a machine is outdated by what it was told, and by nothing else', () => {
  const pool = livePool();
  const world = worldOf(pool, 3);

  test('another version of the template that says the same, as tags make one, replaces none', () => {
    const other = { ...world, machines: world.machines.map((one) => ({ ...one, templateVersion: '0' })) };
    expect(assessed(pool, other)).toMatchObject({ kind: 'settled' });
  });

  test('another token to join with is told to machines that come, and replaces none that has joined', () => {
    const found = world.found.map((one) =>
      one.kind === 'secret' && one.key.includes('nodepool')
        ? { ...one, outputs: { ...one.outputs, fingerprint: 'another' } }
        : one,
    );
    const ran = ranToEnd(pool, { ...world, found });
    expect(endedBy(ran)).toEqual([0]);
    expect(idsIn(ran.operations[0] as OperationInput)).toEqual(
      expect.arrayContaining([expect.stringContaining('ensure launch-template/'), `ensure ${GROUP}`]),
    );
    expect(ran.end).toMatchObject({ kind: 'settled' });
    expect(ran.end).not.toHaveProperty('note');
  });

  test('one whose template is gone cannot be shown to be as it should, and is replaced', () => {
    const machines = world.machines.map((machine, index) => {
      const { madeOf: _gone, ...left } = machine;
      return index === 0 ? { ...left, templateId: 'lt-gone' } : machine;
    });
    expect(endedIn(operationOf(assessed(pool, { ...world, machines })))).toEqual(['remove node-machine/i-0000']);
  });

  test('one that the autoscaler ends is left to the autoscaler', () => {
    const taken = ({ node, ...one }: World['machines'][number]) => ({
      ...one,
      ...(node === undefined ? {} : { node: { ...node, endedByAutoscaler: one.id === 'i-0000' } }),
    });
    const next = operationOf(assessed(changedTo(pool, LARGER), { ...world, machines: world.machines.map(taken) }));
    expect(endedIn(next)).toEqual(['remove node-machine/i-0001']);
  });
});

test('another instance type is looked at before anything is changed, and may be set to another again', () => {
  const pool = livePool();
  const first = operationOf(assessed(changedTo(pool, { instanceType: 't4g.large' }), worldOf(pool, 3)));
  const [preflight, ...others] = first.plan.steps;
  expect(preflight?.resource).toMatchObject({ kind: 'preflight', properties: { instanceType: 't4g.large' } });
  expect(others.filter(({ needs }) => needs.length === 0)).toEqual([]);
  expect((preflight?.resource.properties as ResourceProperties['preflight'] | undefined)?.fields).toContainEqual({
    about: 'instanceType',
    field: 'spec.instanceType',
    value: 't4g.large',
  });
});

test('a pool of twenty replaces one, and then three at a time where three more may be there', () => {
  const pool = livePool({ minNodeCount: 20, maxNodeCount: 20, ...settings(3, 0) });
  const ran = ranToEnd(changedTo(pool, LARGER), worldOf(pool, 20));
  expect(endedBy(ran)).toEqual([1, 3, 3, 3, 3, 3, 3, 1, 0]);
  expect(ran.operations.map(({ turn }) => turn?.of)).toEqual(Array.from({ length: 9 }, () => 9));
  expect(ran.world.extremes).toEqual({ least: 20, most: 23, leastReady: 20 });
});

test('a pool without room for another machine gives one up first, and waits for the one in its place', () => {
  const pool = livePool(settings(0, 1));
  const ran = ranToEnd(changedTo(pool, LARGER), worldOf(pool, 3));
  expect(endedBy(ran)).toEqual([1, 1, 1]);
  expect(ran.world.extremes).toMatchObject({ most: 3, leastReady: 2 });
  expect(groupIn(ran.world)).not.toHaveProperty('surge');
});

describe('a pool whose status lost which revision its machines are of', () => {
  const before = earliest();
  const old = livePool({}, { revision: revisionOf(before) });
  const { revision: _lost, ...status } = old.status ?? {};
  const world = worldOf(old, 3, before);

  test('is judged by the revision that its template is of: no machine is replaced, and that one is said again', () => {
    expect(assessed({ ...old, status }, world)).toMatchObject({
      kind: 'settled',
      recalled: { revision: { number: 1, format: 1 } },
    });
  });
});

test('no machine is replaced while nobody knows what the revision of its cluster tells machines', () => {
  const pool = livePool();
  const { revision: _lost, ...status } = CLUSTER.status ?? {};
  const cluster = { ...CLUSTER, status };
  expect(assessed(changedTo(pool, LARGER), worldOf(pool, 3), { cluster })).toMatchObject({
    kind: 'settled',
    rollout: 'UpdateNodePool',
    note: expect.stringContaining('does not say which revision runs'),
  });
});

test('a pool that changes while it is being made replaces what was launched already, once it is there', () => {
  const making = livePool({}, { state: 'Provisioning' });
  const ran = ranToEnd(changedTo(making, LARGER), worldOf(making, 3));
  expect(ran.operations.map(({ type }) => type)).toEqual([
    'CreateNodePool',
    ...Array.from({ length: 4 }, () => 'UpdateNodePool'),
  ]);
  expect(ran.world.machines.map(({ id }) => id)).toEqual(['i-0003', 'i-0004', 'i-0005']);
});

test('a pool without machines has nothing to replace', () => {
  const pool = livePool({ minNodeCount: 0, nodeCount: 0 });
  const ran = ranToEnd(changedTo(pool, LARGER), worldOf(pool, 0));
  expect(endedBy(ran)).toEqual([0]);
  expect(ran.end).toMatchObject({ kind: 'settled' });
});

describe('another version', () => {
  const before = livePool();
  const pool = changedTo(before, { version: '1.36.3-gke.1' });
  const ran = ranToEnd(pool, worldOf(before, 3));

  test('is an upgrade in turns, which leaves nothing of the version before behind', () => {
    expect(ran.operations.map(({ type }) => type)).toEqual(Array.from({ length: 4 }, () => 'UpgradeNodePool'));
    expect(ran.states).toEqual(['Provisioned', 'Upgrading', 'Provisioned']);
    const templates = ran.world.found.filter(({ key }) => key.startsWith('launch-template/nodepool-'));
    expect(templates.map(({ key }) => key)).toEqual([expect.stringContaining('/1.36.3-gke.1')]);
    expect(idsIn(ran.operations[3] as OperationInput)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^remove launch-template\/.*\/1\.16\.9-gke\.12$/)]),
    );
  });

  test('is pinned once its last turn is over, and not before', () => {
    expect(ran.pool.status?.revision?.version).toBe('1.36.3-gke.1');
    const [first] = ran.operations;
    if (first === undefined) throw new Error('no operation');
    expect(told(pool, first, 'succeeded').status?.revision?.version).toBe('1.16.9-gke.12');
  });

  test('that nobody knows is blocked, and touches nothing', () => {
    expect(assessed(changedTo(before, { version: '9.99.9-gke.1' }), worldOf(before, 3))).toMatchObject({
      kind: 'blocked',
      reason: expect.stringContaining('9.99.9-gke.1'),
    });
  });

  test('returns to the revision that ran when the version is set back half way', () => {
    const world = worldOf(before, 3);
    const [first] = ran.operations;
    if (first === undefined) throw new Error('no operation');
    const half = carriedOut(world, first).world;
    const back = ranToEnd(changedTo(told(pool, first, 'succeeded'), { version: before.spec.version }), half);
    expect(endedBy(back).reduce((sum, one) => sum + one, 0)).toBe(1);
    expect(back.pool.status?.revision).toEqual(before.status?.revision);
    expect(back.world.found.filter(({ key }) => key.startsWith('launch-template/nodepool-'))).toHaveLength(1);
  });
});

test('however many there are, and may be more or fewer: none too many, none too few, each replaced once, the first alone', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 0, max: 4 }),
      fc.boolean(),
      (count, maxSurge, maxUnavailable, fixed) => {
        fc.pre(maxSurge + maxUnavailable > 0);
        const pool = livePool({
          minNodeCount: 0,
          maxNodeCount: 12,
          ...(fixed ? { nodeCount: count } : {}),
          ...settings(maxSurge, maxUnavailable),
        });
        const ran = ranToEnd(changedTo(pool, LARGER), worldOf(pool, count));
        const [canary] = endedBy(ran);
        expect(canary).toBe(1);
        expect(endedBy(ran).reduce((sum, one) => sum + one, 0)).toBe(count);
        expect(ran.world.extremes.most).toBeLessThanOrEqual(count + maxSurge);
        expect(ran.world.extremes.leastReady).toBeGreaterThanOrEqual(count - Math.max(maxUnavailable, 0));
        expect(groupIn(ran.world)).toMatchObject({ desired: count, maxSize: 12 });
        expect(groupIn(ran.world)).not.toHaveProperty('surge');
        expect(ran.states).toEqual(['Provisioned', 'Updating', 'Provisioned']);
      },
    ),
    { numRuns: 60 },
  );
});

test('wherever a turn breaks off, and whatever the spec asks for by then: in the end all is so, and nothing is left of the turn', () => {
  const specs = fc.record({
    nodeCount: fc.integer({ min: 1, max: 5 }),
    instanceType: fc.constantFrom('t3.medium', LARGER.instanceType, 't3.xlarge'),
    ...{ maxSurge: fc.integer({ min: 0, max: 3 }), maxUnavailable: fc.integer({ min: 1, max: 2 }) },
  });
  const poolOf = ({ maxSurge, maxUnavailable, ...spec }: typeof specs extends fc.Arbitrary<infer S> ? S : never) => ({
    ...{ minNodeCount: 0, maxNodeCount: 5, ...spec },
    ...settings(maxSurge, maxUnavailable),
  });
  fc.assert(
    fc.property(specs, specs, specs, fc.nat({ max: 12 }), fc.boolean(), (before, between, after, step, aborts) => {
      const pool = livePool(poolOf(before));
      const here = worldOf(pool, before.nodeCount);
      const changed = changedTo(pool, poolOf(between));
      const assessment = assessed(changed, here);
      fc.pre(assessment.kind === 'operate');
      const first = operationOf(assessment);
      const broken = carriedOut(here, first, idsIn(first)[step]).world;
      const half = aborts ? takenBack(broken, first).world : broken;
      const ran = ranToEnd(changedTo(told(changed, first, aborts ? 'aborted' : 'superseded'), poolOf(after)), half);
      expect(ran.end.kind).toMatch(/settled|settles/);
      expect(ran.world.machines).toHaveLength(after.nodeCount);
      expect(ran.world.machines.filter(({ node }) => node?.closedBy !== undefined)).toEqual([]);
      expect(groupIn(ran.world)).toMatchObject({ desired: after.nodeCount, minSize: 0, maxSize: 5 });
      expect(groupIn(ran.world)).not.toHaveProperty('surge');
      const again = assessed(ran.pool, ran.world);
      expect(again).toMatchObject({ kind: 'settled' });
      expect(again).not.toHaveProperty('note');
      const own = ran.world.found.find(({ key }) => key.startsWith('launch-template/nodepool-'));
      const fingerprints = new Set(ran.world.machines.map(({ madeOf }) => madeOf?.fingerprint));
      expect([...fingerprints]).toEqual([own?.outputs.fingerprint]);
    }),
    { numRuns: 100 },
  );
});

describe('a pool of which fewer nodes are Ready than it keeps, and whose nodes can’t be read', () => {
  const short = livePool({}, { readyNodes: 2, desiredNodes: 3 });
  const world = worldOf(short, 3);

  test('is in no rollout by that, and looked at again soon, and not only by the next sweep', () => {
    const look = assessed(short, world, { unread: 'its API does not answer' });
    expect(look).toMatchObject({ kind: 'settled', lookAgainSeconds: 60 });
    expect(look).not.toHaveProperty('rollout');
    expect(assessed(short, world)).not.toHaveProperty('lookAgainSeconds');
  });
});
