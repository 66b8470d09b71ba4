/** What an entity makes of turns that an update policy holds back, and of what people say to them. */
import { describe, expect, test } from '@jest/globals';
import { carriedOver, type EntityEvent } from '../../workflows/entity-states.ts';
import { operationOf, planOf, securityGroup, stepOf } from './builders.ts';
import {
  after,
  asked,
  assessed,
  ended,
  operate,
  phaseAfter,
  resume,
  seenOf,
  settled,
  started,
  woken,
} from './life-events.ts';

describe('turns that an update policy holds back', () => {
  const heldBack = { type: 'UpdateNodePool', until: 'Manual', target: 'f-1' } as const;
  const held = { ...settled, note: '3 machines wait to be replaced', heldBack };
  const update = operationOf(planOf(stepOf(securityGroup('controlplane'))), { type: 'UpdateNodePool' });
  const said = (kind: 'pause' | 'resume' | 'abort'): EntityEvent => ({ kind });
  const waits = [assessed(held)] as const;

  test('wake nobody by themselves until a window opens', () => {
    expect(after(...waits)).not.toHaveProperty('until');
    const inWindow = { ...held, heldBack: { ...heldBack, until: 'Window' as const }, lookAgainSeconds: 7_200 };
    expect(after(assessed(inWindow, { at: 500 }))).toMatchObject({ state: 'settled', until: 7_200_500 });
  });

  test('are let begin by resume, for what was told when it was said, and the next run of the entity knows', () => {
    expect(phaseAfter(...waits)).toMatchObject({ phase: 'settled', rollout: 'UpdateNodePool', heldBack: true });
    const released = after(...waits, resume);
    expect(released.kept.released).toBe('f-1');
    expect(carriedOver(released.kept)).toMatchObject({ released: 'f-1' });
    const begun = after(...waits, resume, woken({ news: seenOf(2) }), assessed(operate(update)), asked(), started);
    expect(begun).toMatchObject({ state: 'operating', kept: { released: 'f-1' } });
  });

  test('are resumed from a pause first, and let begin by a second word', () => {
    const once = [...waits, said('pause'), resume] as const;
    expect(after(...once).kept).not.toHaveProperty('released');
    expect(after(...once, resume).kept.released).toBe('f-1');
  });

  test('keep a pause, and forget the word once all is there', () => {
    expect(after(...waits, said('pause'), woken(), assessed(held)).kept.paused).toBe(true);
    expect(after(...waits, resume, woken(), assessed(held)).kept.released).toBe('f-1');
    expect(after(...waits, resume, woken(), assessed(settled)).kept).not.toHaveProperty('released');
    const ending = { ...update, settles: true as const };
    const done = [assessed(operate(ending)), asked(), started, ended({ state: 'succeeded' })] as const;
    expect(after(...waits, resume, woken(), ...done).kept).not.toHaveProperty('released');
  });

  test('stay aborted whenever they are looked at, until they are resumed', () => {
    const aborted = [...waits, said('abort')] as const;
    expect(after(...aborted)).toMatchObject({ state: 'held', operation: 'UpdateNodePool' });
    expect(after(...aborted, woken(), assessed(held))).toMatchObject({ state: 'held' });
    expect(after(...aborted, resume, woken(), assessed(held))).toMatchObject({ state: 'settled' });
  });

  test('go on being held back, to status, when a sweep reports', () => {
    const reported = after(...waits, { kind: 'reported', report: { kind: 'settled', note: held.note } });
    expect(reported).toMatchObject({ status: { note: held.note, heldBack } });
  });
});
