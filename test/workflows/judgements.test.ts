/** What a person's abort or skip still stands for when the object is looked at again. */
import { describe, expect, test } from '@jest/globals';
import type { Assessment } from '../../activities/contract.ts';
import type { Resource } from '../../kinds/resource.ts';
import type { Verb } from '../../words/verbs.ts';
import { attemptOf } from '../../worker/activities.ts';
import { askedBefore, butForSkipped, stillHeld, supersedes } from '../../workflows/judgements.ts';
import { operationOf, planOf, securityGroup, stepOf } from './builders.ts';

const GROUP = 'ensure security-group/controlplane';
const preflight = stepOf({ key: 'preflight', kind: 'preflight', properties: {} } as unknown as Resource);
const wait = stepOf({ key: 'nodes/1', kind: 'nodes', properties: {} } as unknown as Resource, {
  id: 'wait nodes/1',
  verb: 'wait',
});
const create = operationOf(planOf(preflight, stepOf(securityGroup('controlplane')), wait));
const remove = operationOf(planOf(), { type: 'DeleteCluster', generation: 2 });
const operate = (operation: typeof create): Assessment => ({ kind: 'operate', operation });
const settled: Assessment = { kind: 'settled', generation: 1 };

describe('an abort', () => {
  const held = { operation: 'CreateCluster', generation: 1 } as const;

  test('stands while the same operation is to be done, and while nobody can tell', () => {
    expect(stillHeld(held, operate(create))).toBe(held);
    expect(stillHeld(held, { kind: 'blocked', generation: 1, reason: 'x', cure: 'y' })).toBe(held);
  });

  test('stands for what is left of a change, whatever the operation is called', () => {
    const update = operate({ ...create, type: 'UpdateNodePool' });
    expect(stillHeld({ operation: 'ResizeNodePool', generation: 1 }, update)).toBeDefined();
    expect(stillHeld({ operation: 'RepairCluster', generation: 1 }, operate(create))).toBeUndefined();
  });

  test('ends with another generation, a deletion, and when nothing is left to do', () => {
    expect(stillHeld(held, operate({ ...create, generation: 2 }))).toBeUndefined();
    expect(stillHeld(held, operate(remove))).toBeUndefined();
    expect(stillHeld(held, settled)).toBeUndefined();
    expect(stillHeld(undefined, operate(create))).toBeUndefined();
  });
});

describe('a skip', () => {
  const skipped = { operation: 'CreateCluster', generation: 1, steps: [GROUP] } as const;

  test('of all that is to be done leaves nothing to do, and says so', () => {
    expect(butForSkipped(operate(create), skipped)).toMatchObject({
      kind: 'settled',
      note: `skipped by hand: ${GROUP}; retry begins again`,
    });
  });

  test('of less, or for another generation, is no reason not to begin', () => {
    const more = operationOf(planOf(stepOf(securityGroup('controlplane')), stepOf(securityGroup('nodepool'))));
    expect(butForSkipped(operate(more), skipped)).toEqual(operate(more));
    expect(butForSkipped(operate({ ...create, generation: 2 }), skipped).kind).toBe('operate');
    expect(butForSkipped(operate(remove), { ...skipped, generation: 2 }).kind).toBe('operate');
    expect(butForSkipped(settled, skipped)).toBe(settled);
  });
});

describe('a newer look', () => {
  test('supersedes what it asks otherwise, and never a deletion', () => {
    expect(supersedes(operate(remove), create)).toBe('DeleteCluster takes its place');
    expect(supersedes(operate({ ...create, generation: 2 }), create)).toBe('the spec changed');
    expect(supersedes(operate(create), create)).toBeUndefined();
    expect(supersedes(operate({ ...remove, generation: 3 }), remove)).toBeUndefined();
  });

  test('lets a change go on, whatever is left of it, and a repair come before it', () => {
    const [update, repair] = [
      operationOf(create.plan, { type: 'UpdateCluster' }),
      operationOf(create.plan, { type: 'RepairCluster' }),
    ];
    expect(supersedes(operate(update), create)).toBeUndefined();
    expect(supersedes(operate(repair), update)).toBe('RepairCluster takes its place');
    expect(supersedes(operate(update), repair)).toBeUndefined();
    expect(supersedes(operate({ ...update, generation: 2 }), repair)).toBe('the spec changed');
  });

  test('lets a restore take the place of all but a deletion, and nothing but a deletion take its place', () => {
    const restore = operationOf(create.plan, { type: 'RestoreCluster' });
    const repair = operationOf(create.plan, { type: 'RepairCluster', generation: 2 });
    for (const running of [create, repair]) {
      expect(supersedes(operate({ ...restore, generation: running.generation }), running)).toBe(
        'RestoreCluster takes its place',
      );
    }
    expect(supersedes(operate(restore), remove)).toBeUndefined();
    expect(supersedes(operate(repair), restore)).toBeUndefined();
    expect(supersedes(operate({ ...create, generation: 2 }), restore)).toBeUndefined();
    expect(supersedes(operate(remove), restore)).toBe('DeleteCluster takes its place');
  });
});

describe('what is said before an operation begins', () => {
  const ask = (...verbs: readonly Verb[]) =>
    askedBefore(
      create,
      verbs.map((verb) => ({ verb, ask: {} })),
      false,
    );

  test('has it begin paused, or not at all; the last word counts', () => {
    expect(ask('retry')).toEqual({ operation: create, aborted: false, resumed: false });
    expect(ask('pause').operation.paused).toBe(true);
    expect(ask('pause', 'resume').operation.paused).toBeUndefined();
    expect(ask('abort')).toMatchObject({ aborted: true, resumed: false });
    expect(ask('abort', 'resume')).toMatchObject({ aborted: false, resumed: true });
    expect(askedBefore(create, [], true).operation.paused).toBe(true);
  });

  test('does not abort a deletion', () => {
    expect(askedBefore(remove, [{ verb: 'abort', ask: {} }], false).aborted).toBe(false);
  });
});

describe("an attempt's number", () => {
  test('is that of a later one after a reset, which begins to count anew (I2)', () => {
    const at = (attempt: number, later: number) =>
      attemptOf({ attempt, scheduledTimestampMs: 5_000, currentAttemptScheduledTimestampMs: 5_000 + later });
    expect([at(1, 0), at(2, 700), at(1, 60_000), at(4, 60_000)]).toEqual([1, 2, 2, 4]);
  });
});
