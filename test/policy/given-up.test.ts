/** What turns of a node pool leave, and what takes it back where somebody aborts them between two. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Assessment, OperationInput } from '../../policy/assessment.ts';
import { returned } from '../../policy/given-up.ts';
import {
  assessed,
  carriedOut,
  changedTo,
  groupIn,
  livePool,
  ranToEnd,
  told,
  type World,
  worldOf,
} from './pool-world.ts';

const LARGER = { instanceType: 't3.large' };
const settings = (maxSurge: number, maxUnavailable = 0) => ({
  updateSettings: { drainSeconds: 600, surgeSettings: { maxSurge, maxUnavailable } },
});
const sizes = (count: number) => ({ minNodeCount: count, maxNodeCount: count });
const before = livePool({ ...sizes(7), ...settings(3) });
const changed = changedTo(before, LARGER);

const givenUpOf = (assessment: Assessment): OperationInput | undefined =>
  assessment.kind === 'operate' || assessment.kind === 'settled' ? assessment.givenUp : undefined;

/** After so many turns, and with the next one broken off before this step, where it says one. */
const afterTurns = (turns: number, brokenOff?: number): { pool: typeof changed; world: World } => {
  let pool = changed;
  let world = worldOf(before, 7);
  for (let turn = 0; turn <= turns; turn += 1) {
    const assessment = assessed(pool, world);
    if (assessment.kind !== 'operate') return { pool, world };
    const { operation } = assessment;
    if (turn < turns) {
      world = carriedOut(world, operation).world;
      pool = told(pool, operation, 'succeeded');
    } else if (brokenOff !== undefined) {
      const step = operation.plan.steps[brokenOff % operation.plan.steps.length]?.id;
      world = carriedOut(world, operation, step).world;
      pool = told(pool, operation, 'superseded');
    }
  }
  return { pool, world };
};

test('before its first turn a rollout has left nothing, and nothing is to be taken back', () => {
  expect(givenUpOf(assessed(changed, worldOf(before, 7)))).toBeUndefined();
});

describe('between two turns', () => {
  const { pool, world } = afterTurns(2);

  test('the group is held larger, which goes where somebody aborts it there; machines stay as they are', () => {
    expect(groupIn(world)).toMatchObject({ desired: 7, maxSize: 10, surge: { desired: 7, maxSize: 7 } });
    const givenUp = givenUpOf(assessed(pool, world));
    expect(givenUp).toMatchObject({ type: 'UpdateNodePool', givesUp: true, turn: { number: 3, of: 4 } });
    expect(givenUp?.plan.steps.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^remove surge\//),
      expect.stringMatching(/^wait nodes\//),
    ]);
    const back = carriedOut(world, givenUp as OperationInput).world;
    expect(groupIn(back)).toMatchObject({ desired: 7, maxSize: 7 });
    expect(groupIn(back)).not.toHaveProperty('surge');
    expect(back.machines).toEqual(world.machines);
  });

  test('it goes also where the next turn has to wait', () => {
    const waits = assessed(pool, world, { unread: 'its API does not answer' });
    expect(waits).toMatchObject({ kind: 'settled', rollout: 'UpdateNodePool', givenUp: { givesUp: true } });
  });

  test('a turn that gave the rollout up is no turn of it: resumed, it goes on where it was', () => {
    const givenUp = givenUpOf(assessed(pool, world)) as OperationInput;
    const back = carriedOut(world, givenUp).world;
    const held = told(pool, givenUp, 'aborted');
    expect(held.status?.operations?.[0]).toMatchObject({ type: 'UpdateNodePool', state: 'aborted' });
    const ran = ranToEnd(held, back);
    expect(ran.operations[0]?.turn).toMatchObject({ number: 3, of: 4 });
    expect(ran.world.machines).toHaveLength(7);
    expect(groupIn(ran.world)).not.toHaveProperty('surge');
  });
});

test('wherever a rollout was broken off, what takes it back leaves the group as it was and no node closed', () => {
  fc.assert(
    fc.property(fc.nat(3), fc.nat(20), (turns, step) => {
      const { pool, world } = afterTurns(turns, step);
      const givenUp = givenUpOf(assessed(pool, world));
      const back = givenUp === undefined ? world : carriedOut(world, givenUp).world;
      expect(groupIn(back)).toMatchObject({ desired: 7, maxSize: 7 });
      expect(groupIn(back)).not.toHaveProperty('surge');
      expect(back.machines.filter(({ node }) => node?.closedBy !== undefined)).toEqual([]);
      expect(givenUpOf(assessed(pool, back))).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

describe('an upgrade that is aborted', () => {
  const old = livePool({ ...sizes(7), ...settings(3) });
  const asked = changedTo(old, { version: '1.36.3-gke.1' });
  const { generation } = asked.metadata;
  const first = assessed(asked, worldOf(old, 7));
  if (first.kind !== 'operate') throw new Error('an upgrade was due');
  const canary = carriedOut(worldOf(old, 7), first.operation).world;
  const afterCanary = told(asked, first.operation, 'succeeded');

  test('returns: machines that were replaced are so once more, by those of the version before, and nothing else is', () => {
    const second = assessed(afterCanary, canary);
    if (second.kind !== 'operate') throw new Error('a second turn was due');
    const half = carriedOut(canary, second.operation).world;
    const ran = ranToEnd(returned(told(afterCanary, second.operation, 'aborted'), generation), half);
    expect(ran.states).toEqual(['Upgrading', 'Provisioned']);
    expect(ran.operations.map(({ type }) => type)).toEqual(ran.operations.map(() => 'UpgradeNodePool'));
    const ended = ran.operations.flatMap(({ plan }) =>
      plan.steps.filter(({ id }) => id.startsWith('remove node-machine/')),
    );
    expect(ended).toHaveLength(4);
    expect(ran.pool.status?.revision).toEqual(old.status?.revision);
    expect(ran.pool.status).not.toHaveProperty('rollout');
    expect(groupIn(ran.world)).toMatchObject({ desired: 7, maxSize: 7 });
    expect(groupIn(ran.world)).not.toHaveProperty('surge');
    const untouched = worldOf(old, 7).machines.map(({ id }) => id);
    expect(ran.world.machines.filter(({ id }) => untouched.includes(id))).toHaveLength(3);
    expect(assessed(returned(ran.pool, generation), ran.world)).toMatchObject({ kind: 'settled' });
    expect(assessed(returned(ran.pool, generation), ran.world)).not.toHaveProperty('note');
  });

  test('whose spec has changed since is what that one asks for', () => {
    expect(returned(changedTo(afterCanary, LARGER), generation).spec.version).toBe('1.36.3-gke.1');
    expect(returned(afterCanary, undefined)).toBe(afterCanary);
    expect(returned(afterCanary, generation).spec.version).toBe(old.spec.version);
  });
});
