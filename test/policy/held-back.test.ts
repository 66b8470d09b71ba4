/** Turns that an update policy holds back: what waits and what doesn't, what is said meanwhile, and what lets them begin. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AWSNodePool, awsNodePool } from '../../api/nodepool.ts';
import type { UpdatePolicy } from '../../api/update-policy.ts';
import type { Assessment } from '../../policy/assessment.ts';
import { conditionOf } from '../../policy/conditions.ts';
import { findingOf } from '../../policy/drift.ts';
import type { PoolMachine } from '../../policy/pool-machines.ts';
import { statusOf } from '../../policy/status.ts';
import { seedCluster } from '../topology/objects.ts';
import { clusterThat, LIVE, NOW, READY } from './living-pool.ts';
import {
  assessed,
  CLUSTER,
  carriedOut,
  changedTo,
  groupIn,
  type Looking,
  livePool,
  ranToEnd,
  told,
  type World,
  worldOf,
} from './pool-world.ts';

const MANUAL: UpdatePolicy = { mode: 'Manual' };
// NOW is a Saturday, 10:00 UTC.
const AT_NOON: UpdatePolicy = { mode: 'Window', windows: [{ days: ['Sat'], start: '12:00', minutes: 60 }] };
const NOON = NOW + 2 * 3_600_000;
const LATER = NOON + 3_600_000;
const OTHER = { instanceType: 't3.large' };

const silent = (machine: PoolMachine): PoolMachine => {
  if (machine.node === undefined) return machine;
  const notReady = { since: '2026-08-01T09:00:00Z', says: 'Kubelet stopped posting node status.' };
  return { ...machine, node: { ...machine.node, ready: false, notReady } };
};

const ids = ({ machines }: Pick<World, 'machines'>): readonly string[] => machines.map(({ id }) => id).sort();
type Settled = Extract<Assessment, { kind: 'settled' }>;

/** As its entity writes it while nothing is under way. */
const written = (pool: AWSNodePool, { note, heldBack, rollout }: Settled): AWSNodePool => {
  const subject = {
    kind: 'settled' as const,
    ...(note === undefined ? {} : { note }),
    ...(heldBack === undefined ? {} : { heldBack }),
    ...(rollout === undefined ? {} : { rollout }),
  };
  const { uid, name, namespace, generation } = pool.metadata;
  const request = { object: { kind: 'AWSNodePool' as const, namespace, name, uid }, generation, events: [], subject };
  return awsNodePool.parse({ ...pool, status: statusOf(request, pool, NOW) });
};

/** What is done without a turn, and what is said then. */
const waiting = (pool: AWSNodePool, world: World, looking: Looking = {}) => {
  const ran = ranToEnd(pool, world, looking);
  if (ran.end.kind !== 'settled') throw new Error(`It does not wait: ${JSON.stringify(ran.end)}`);
  return { ...ran, end: ran.end, pool: written(ran.pool, ran.end) };
};

const changedWith = (updatePolicy: UpdatePolicy, spec: object = OTHER) => {
  const before = livePool({ updatePolicy });
  return { world: worldOf(before, 3), pool: changedTo(before, spec) };
};

describe('with the policy Manual', () => {
  const { world, pool } = changedWith(MANUAL);
  const held = waiting(pool, world);

  test('machines that come are told at once, and none of those that run is touched', () => {
    expect(held.operations.map(({ type, turn }) => [type, turn])).toEqual([['UpdateNodePool', undefined]]);
    expect(held.world.machines).toEqual(world.machines);
    expect(groupIn(held.world).launchTemplateVersion).not.toBe(groupIn(world).launchTemplateVersion);
  });

  test('what waits is told with the command that lets it begin, and nobody looks again by himself', () => {
    expect(held.end.note).toBe(
      '3 machines wait to be replaced until somebody lets it begin, as the update policy is Manual: npx slipway operations resume nodepool cluster-0-pool-0 -n default',
    );
    expect(held.end).not.toHaveProperty('lookAgainSeconds');
    expect(held.end.heldBack).toMatchObject({ type: 'UpdateNodePool', until: 'Manual' });
  });

  test('its status is that of an object with which nothing is under way', () => {
    const { status } = held.pool;
    expect(status?.state).toBe('Provisioned');
    expect(conditionOf(held.pool, 'ChangesPending')).toMatchObject({ status: 'True', reason: 'WaitsForWord' });
    expect(conditionOf(held.pool, 'Ready')?.status).toBe('True');
    expect(conditionOf(held.pool, 'Reconciling')?.status).toBe('False');
    expect(conditionOf(held.pool, 'Stalled')?.status).toBe('False');
  });

  test('a word lets all turns begin, and status remembers it', () => {
    const released = held.end.heldBack?.target ?? '';
    const first = assessed(held.pool, held.world, { released });
    if (first.kind !== 'operate') throw new Error('it was let begin');
    const afterOne = told(held.pool, first.operation, 'succeeded');
    expect(afterOne.status?.rollout?.released).toBe(released);
    // Whoever looks next may have lost its memory.
    const ran = ranToEnd(afterOne, carriedOut(held.world, first.operation).world);
    expect(ran.end.kind).not.toBe('stuck');
    expect(ids(ran.world).some((id) => ids(world).includes(id))).toBe(false);
    expect(ran.pool.status?.rollout).toBeUndefined();
  });

  test('a word for one change is none for the next', () => {
    const released = held.end.heldBack?.target ?? '';
    const first = assessed(held.pool, held.world, { released });
    if (first.kind !== 'operate') throw new Error('it was let begin');
    const afterOne = told(held.pool, first.operation, 'succeeded');
    const next = changedTo(afterOne, { instanceType: 't3.xlarge' });
    const half = carriedOut(held.world, first.operation).world;
    const again = waiting(next, half, { released });
    expect(again.end.heldBack?.target).not.toBe(released);
    expect(again.world.machines).toEqual(half.machines);
  });

  test('another number of nodes takes no word from it', () => {
    const released = held.end.heldBack?.target ?? '';
    const first = assessed(held.pool, held.world, { released });
    if (first.kind !== 'operate') throw new Error('it was let begin');
    const scaled = changedTo(told(held.pool, first.operation, 'succeeded'), { nodeCount: 4 });
    const ran = ranToEnd(scaled, carriedOut(held.world, first.operation).world);
    expect(ids(ran.world).some((id) => ids(world).includes(id))).toBe(false);
    expect(ran.world.machines).toHaveLength(4);
  });

  test('a change that is taken back waits for nothing any more', () => {
    const back = ranToEnd(changedTo(held.pool, { instanceType: 't3.medium' }), held.world);
    expect(back.world.machines).toEqual(world.machines);
    expect(back.end).not.toHaveProperty('heldBack');
  });

  test("a cluster's policy counts for a pool that has none", () => {
    const before = livePool();
    const cluster = seedCluster({ spec: { updatePolicy: MANUAL }, status: LIVE });
    const ran = waiting(changedTo(before, OTHER), worldOf(before, 3), { cluster });
    expect(ran.end.heldBack?.until).toBe('Manual');
    const own = changedTo(livePool({ updatePolicy: { mode: 'Immediate' } }), OTHER);
    expect(ranToEnd(own, worldOf(before, 3), { cluster }).end).not.toHaveProperty('heldBack');
  });
});

describe('with the policy Window', () => {
  const { world, pool } = changedWith(AT_NOON);
  const held = waiting(pool, world);

  test('what waits is told with the time, when it is looked at again', () => {
    expect(held.end.note).toBe(
      '3 machines wait to be replaced until the next window of the update policy begins at 2026-08-01T12:00:00Z; to begin now: npx slipway operations resume nodepool cluster-0-pool-0 -n default',
    );
    expect(held.end.lookAgainSeconds).toBe(7_200);
    expect(conditionOf(held.pool, 'ChangesPending')?.reason).toBe('WaitsForWindow');
  });

  test('a node that fails meanwhile is looked at as soon as ever', () => {
    const machines = held.world.machines.map((machine, index) => (index === 0 ? silent(machine) : machine));
    const failing = awsNodePool.parse({
      ...held.pool,
      status: { ...held.pool.status, readyNodes: 2, desiredNodes: 3 },
    });
    const settled = assessed(failing, { ...held.world, machines }, { now: NOW + 1_000 });
    expect(settled).toMatchObject({ kind: 'settled', heldBack: { until: 'Window' } });
    expect((settled as Settled).lookAgainSeconds).toBeLessThanOrEqual(600);
  });

  test('turns begin with the window', () => {
    expect(assessed(held.pool, held.world, { now: NOON - 1 }).kind).toBe('settled');
    const ran = ranToEnd(held.pool, held.world, { now: NOON });
    expect(ids(ran.world).some((id) => ids(world).includes(id))).toBe(false);
  });

  test('the next turn waits for the next window, which goes on counting', () => {
    const first = assessed(held.pool, held.world, { now: NOON });
    if (first.kind !== 'operate') throw new Error('the window is open');
    const afterOne = told(held.pool, first.operation, 'succeeded');
    const second = waiting(afterOne, carriedOut(held.world, first.operation).world, { now: LATER });
    expect(second.end.note).toContain('2 machines wait to be replaced until');
    expect(second.pool.status?.rollout).toMatchObject({ turn: 1, of: 4 });
    expect(second.pool.status?.state).toBe('Provisioned');
    const third = assessed(second.pool, second.world, { now: NOON + 7 * 24 * 3_600_000 });
    expect(third).toMatchObject({ kind: 'operate', operation: { turn: { number: 2, of: 4 } } });
  });

  test('a turn that has closed a node is ended, whatever the time', () => {
    const first = assessed(held.pool, held.world, { now: NOON });
    if (first.kind !== 'operate') throw new Error('the window is open');
    const end = first.operation.plan.steps.find(({ resource }) => resource.kind === 'node-machine')?.id;
    const broken = carriedOut(held.world, first.operation, end).world;
    const superseded = told(held.pool, first.operation, 'superseded');
    const again = assessed(superseded, broken, { now: LATER });
    expect(again).toMatchObject({ kind: 'operate', operation: { type: 'UpdateNodePool', turn: { number: 1 } } });
  });
});

describe('what no policy holds back', () => {
  test.each<[string, object]>([
    ['tags', { tags: { team: 'platform' } }],
    ['labels', { labels: { team: 'platform' } }],
    ['more nodes', { nodeCount: 5 }],
    ['a lower minimum', { minNodeCount: 1 }],
  ])('%s', (_, spec) => {
    const { world, pool } = changedWith(MANUAL, spec);
    const ran = ranToEnd(pool, world);
    expect(ran.operations.length).toBeGreaterThan(0);
    expect(ran.end).not.toHaveProperty('heldBack');
  });

  test('any of them beside a change that waits', () => {
    const { world, pool } = changedWith(MANUAL, { ...OTHER, labels: { team: 'platform' }, nodeCount: 5 });
    const { world: now, end } = waiting(pool, world);
    expect(now.machines).toHaveLength(5);
    expect(now.machines.every(({ node }) => node?.marks.labels['team'] === 'platform')).toBe(true);
    expect(end.note).toContain('3 machines wait to be replaced');
  });

  test('fewer nodes, those that were to be replaced first', () => {
    const { world, pool } = changedWith(MANUAL, { ...OTHER, minNodeCount: 1, nodeCount: 2 });
    const { world: now, end } = waiting(pool, world);
    expect(now.machines).toHaveLength(2);
    expect(end.note).toContain('2 machines wait to be replaced');
  });
});

describe('an upgrade that waits', () => {
  const { world, pool } = changedWith(MANUAL, { version: '1.36.3-gke.1' });
  const held = waiting(pool, world);

  test('pins no revision whose machines do not run', () => {
    expect(held.end.heldBack?.type).toBe('UpgradeNodePool');
    expect(held.pool.status?.revision).toEqual(LIVE.revision);
    expect(held.operations.map(({ type, version }) => [type, version])).toEqual([
      ['UpdateNodePool', LIVE.revision.version],
    ]);
  });

  test('is not said to be over by a repair that comes between', () => {
    const { pool: waits, world: now } = held;
    const machines = now.machines.map((machine, index) => (index === 0 ? silent(machine) : machine));
    const failing = awsNodePool.parse({
      ...waits,
      status: {
        ...waits.status,
        ...{ readyNodes: 2, desiredNodes: 3 },
        unhealthyNodes: [{ instanceID: machines[0]?.id, since: '2026-08-01T09:00:00Z', message: 'it is silent' }],
      },
    });
    const repair = assessed(failing, { ...now, machines }, { cluster: clusterThat(READY) });
    if (repair.kind !== 'operate') throw new Error(`nothing is repaired: ${JSON.stringify(repair)}`);
    expect(repair.operation.type).toBe('RepairNodePool');
    expect(told(failing, repair.operation, 'succeeded').status?.revision).toEqual(LIVE.revision);
  });

  test('pins it once it was let begin and is over', () => {
    const released = held.end.heldBack?.target ?? '';
    const ran = ranToEnd(held.pool, held.world, { released });
    expect(ran.pool.status?.revision?.version).toBe('1.36.3-gke.1');
    expect(ids(ran.world).some((id) => ids(world).includes(id))).toBe(false);
  });
});

test('an upgrade that somebody aborted goes back without a further word', () => {
  const { world, pool } = changedWith(MANUAL, { version: '1.36.3-gke.1' });
  const held = waiting(pool, world);
  const first = assessed(held.pool, held.world, { released: held.end.heldBack?.target ?? '' });
  if (first.kind !== 'operate') throw new Error('it was let begin');
  const half = carriedOut(held.world, first.operation).world;
  const afterOne = told(held.pool, first.operation, 'succeeded');
  const back = awsNodePool.parse({ ...afterOne, spec: { ...afterOne.spec, version: LIVE.revision.version } });
  const newOnes = ids(half).filter((id) => !ids(world).includes(id));
  expect(newOnes).toHaveLength(1);
  const ran = ranToEnd(back, half, { goesBack: true });
  expect(ids(ran.world).some((id) => newOnes.includes(id))).toBe(false);
});

describe('a sweep, which sees no machine', () => {
  const { world, pool } = changedWith(AT_NOON);
  const held = waiting(pool, world);
  const sweeping = (now: number, cluster = CLUSTER) => {
    // Sweeps read no machines.
    const assessment = assessed(held.pool, held.world, { now, cluster, sweep: true });
    return findingOf(held.pool, assessment, held.world.found);
  };

  test('tells nothing while turns are held back', () => expect(sweeping(NOW)).toBeUndefined());

  test('has the pool looked at once they may begin, by whosever policy', () => {
    expect(sweeping(NOON)).toMatchObject({ kind: 'look' });
  });
});

test('whatever the policy, the time and the words: no machine is replaced that may not be, and all are once they may', () => {
  const hour = fc.integer({ min: 0, max: 23 }).map((value) => `${String(value).padStart(2, '0')}:00`);
  const days = fc.constantFrom<('Sat' | 'Sun')[]>(['Sat'], ['Sun'], ['Sat', 'Sun']);
  const windows = fc.array(fc.record({ days, start: hour, minutes: fc.constantFrom(30, 60, 180) }), {
    minLength: 1,
    maxLength: 2,
  });
  const policy = fc.oneof(
    fc.constant(MANUAL),
    windows.map((list): UpdatePolicy => ({ mode: 'Window', windows: list })),
  );
  const steps = fc.array(fc.record({ hours: fc.integer({ min: 0, max: 12 }), word: fc.integer({ min: 0, max: 9 }) }), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(policy, steps, fc.integer({ min: 1, max: 4 }), (updatePolicy, moments, count) => {
      const before = livePool({ minNodeCount: 0, maxNodeCount: 9, updatePolicy });
      let pool = changedTo(before, OTHER);
      let world = worldOf(before, count);
      let now = NOW;
      let released: string | undefined;
      for (const { hours, word } of moments) {
        now += hours * 3_600_000;
        const assessment = assessed(pool, world, { now, ...(released === undefined ? {} : { released }) });
        if (assessment.kind === 'settled') {
          pool = written(pool, assessment);
          if (word === 0) released = assessment.heldBack?.target ?? released;
          // It is looked at again when it may go on, and not before.
          const { lookAgainSeconds, heldBack } = assessment;
          if (heldBack?.until === 'Window') {
            const opens = now + (lookAgainSeconds ?? 0) * 1_000;
            expect(assessed(pool, world, { now: opens }).kind).toBe('operate');
            expect(assessed(pool, world, { now: opens - 1_000 }).kind).toBe('settled');
          }
          continue;
        }
        if (assessment.kind !== 'operate') throw new Error(assessment.kind);
        const { turn } = assessment.operation;
        const ranBefore = ids(world);
        world = carriedOut(world, assessment.operation).world;
        pool = told(pool, assessment.operation, 'succeeded');
        const went = ranBefore.filter((id) => !ids(world).includes(id));
        const isOpen = updatePolicy.mode === 'Window' && isWithin(updatePolicy, now);
        if (!isOpen && released === undefined) expect(went).toEqual([]);
        if (turn === undefined) expect(went).toEqual([]);
      }
      const last = assessed(pool, world, { now });
      const target = last.kind === 'settled' ? last.heldBack?.target : undefined;
      const end = ranToEnd(pool, world, { now, ...(target === undefined ? {} : { released: target }) });
      const left = end.end.kind === 'settled' ? end.end.heldBack?.target : undefined;
      const all = left === undefined ? end : ranToEnd(end.pool, end.world, { now, released: left });
      expect(all.world.machines.filter(({ id }) => ids(worldOf(before, count)).includes(id))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

/** By the calendar. */
const isWithin = ({ windows = [] }: UpdatePolicy, now: number): boolean =>
  windows.some(({ days, start, minutes }) =>
    [0, 1].some((ago) => {
      const day = new Date(now - ago * 86_400_000).toISOString().slice(0, 10);
      const begun = Date.parse(`${day}T${start}:00Z`);
      const name = new Date(begun).toUTCString().slice(0, 3);
      return days.some((one) => one === name) && begun <= now && now < begun + minutes * 60_000;
    }),
  );
