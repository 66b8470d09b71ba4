/** What an abort makes of an entity, whenever it comes; and a rollout between two of its turns, which takes words as an operation does. */
import { describe, expect, test } from '@jest/globals';
import type { Assessment } from '../../activities/contract.ts';
import { begin, carriedOver, type EntityEvent } from '../../workflows/entity-states.ts';
import { operationOf, planOf, securityGroup, stepOf } from './builders.ts';
import {
  after,
  asked,
  assessed,
  create,
  ended,
  GROUP,
  operate,
  PACING,
  phaseAfter,
  remove,
  resume,
  running,
  seenOf,
  settled,
  started,
  woken,
} from './life-events.ts';

describe('a rollout between two of its turns', () => {
  const waitingForTurn = { ...settled, rollout: 'RepairCluster' as const, lookAgainSeconds: 60 };
  const repair = operationOf(planOf(stepOf(securityGroup('controlplane'))), { type: 'RepairCluster' });
  const between = [assessed(waitingForTurn)] as const;
  const said = (kind: 'pause' | 'resume' | 'abort'): EntityEvent => ({ kind });

  test('takes a pause, with which its next turn begins, and its end', () => {
    expect(phaseAfter(...between)).toMatchObject({ phase: 'settled', rollout: 'RepairCluster' });
    expect(phaseAfter(...between, said('pause'))).toMatchObject({ paused: true });
    const begun = after(...between, said('pause'), woken({ news: seenOf(2) }), assessed(operate(repair)), asked());
    expect(begun).toMatchObject({ state: 'operating', operation: { paused: true } });
    expect(phaseAfter(...between, said('pause'), said('resume'))).not.toHaveProperty('paused');
  });

  test('takes an abort, and goes no further until it is resumed', () => {
    const held = [...between, said('abort')];
    expect(after(...held)).toMatchObject({ state: 'held', operation: 'RepairCluster' });
    const again = [...held, woken({ news: seenOf(2) }), assessed(operate(repair)), asked()];
    expect(after(...again).state).toBe('held');
    expect(after(...again, resume, woken({ news: seenOf(3) }), assessed(operate(repair)), asked()).state).toBe(
      'operating',
    );
  });

  describe('that left something to be taken back', () => {
    const givenUp = { ...repair, givesUp: true as const };
    const waits = { ...waitingForTurn, givenUp };
    const due: Assessment = { ...operate(repair), givenUp };
    const isHeld = { held: { operation: 'RepairCluster', generation: 1 } };

    test.each<[string, readonly EntityEvent[]]>([
      ['while its next turn waits', [assessed(waits), said('abort'), assessed(waits), asked()]],
      [
        'while its next turn waits, and is due by the next look',
        [assessed(waits), said('abort'), assessed(due), asked()],
      ],
      ['before its next turn begins', [assessed(due), asked('abort')]],
    ])('has it taken back where it is aborted %s, and is held then', (_, events) => {
      expect(after(...events)).toMatchObject({ state: 'operating', operation: givenUp, kept: isHeld });
      const back = [...events, started, ended({ state: 'aborted', left: 'not taken back: x' })];
      expect(after(...back)).toMatchObject({ state: 'held', operation: 'RepairCluster', kept: isHeld });
      expect(after(...back, resume, woken({ news: seenOf(3) }), assessed(operate(repair)), asked()).state).toBe(
        'operating',
      );
    });

    test('is looked at anew where an abort finds its next turn waiting, and not begun', () => {
      expect(after(assessed(waits), said('abort'))).toMatchObject({ state: 'assessing', kept: isHeld });
    });

    test('is taken back once more where that was out of date, and forgotten where another spec is asked for', () => {
      const begun = [assessed(due), asked('abort'), started] as const;
      const again = [...begun, ended({ state: 'superseded' }), woken(), assessed(due), asked()];
      expect(after(...again)).toMatchObject({ state: 'operating', operation: givenUp, kept: isHeld });
      const other = { ...repair, generation: 2 };
      const changed = [
        ...begun,
        ended({ state: 'superseded' }),
        woken(),
        assessed({ ...operate(other), givenUp }),
        asked(),
      ];
      expect(after(...changed)).toMatchObject({ state: 'operating', operation: other });
      expect(after(...changed).kept).not.toHaveProperty('held');
    });

    test('goes on where it is resumed before that begins', () => {
      const before = [assessed(waits), said('abort'), assessed(waits), asked('resume')];
      expect(after(...before)).toMatchObject({ state: 'assessing' });
      expect(after(...before).kept).not.toHaveProperty('held');
      expect(after(assessed(waits), said('abort'), resume, assessed(due), asked())).toMatchObject({
        operation: repair,
      });
    });
  });

  test('is aborted no more once the spec asks for something else while its next turn waits', () => {
    const changed = [
      ...between,
      said('abort'),
      woken({ news: seenOf(2) }),
      assessed({ ...waitingForTurn, generation: 2 }),
    ];
    expect(after(...changed)).toMatchObject({ state: 'settled', rollout: 'RepairCluster' });
    expect(after(...changed).kept).not.toHaveProperty('held');
  });

  test('stays aborted while its next turn still waits, and its pause ends with it', () => {
    const looked = (...events: readonly EntityEvent[]) =>
      after(...between, ...events, woken({ news: seenOf(2) }), assessed(waitingForTurn)).kept;
    expect(looked(said('abort')).held).toBeDefined();
    expect(after(...between, said('abort'), woken({ news: seenOf(2) }), assessed(waitingForTurn)).state).toBe('held');
    expect(looked(said('pause')).paused).toBe(true);
    const over = after(...between, said('pause'), woken({ news: seenOf(2) }), assessed(settled));
    expect(over.kept.paused).toBe(false);
  });

  test('passes its pause on to no deletion', () => {
    const going = [...between, said('pause'), woken({ news: seenOf(2) }), assessed(operate(remove)), asked()];
    expect(after(...going)).toMatchObject({ state: 'operating', operation: { type: 'DeleteCluster' } });
    expect(after(...going)).not.toMatchObject({ operation: { paused: true } });
  });

  test('keeps its pause in the next run of its entity', () => {
    expect(carriedOver(after(...between, said('pause')).kept)).toMatchObject({ paused: true });
  });
});

describe('an abort', () => {
  const aborted = [...running, ended({ state: 'aborted' })] as const;

  test('is told, and stands while the same operation is to be done, whatever is told again', () => {
    expect(after(...aborted)).toMatchObject({ state: 'held', status: { kind: 'held', operation: 'CreateCluster' } });
    expect(phaseAfter(...aborted)).toMatchObject({ phase: 'blocked', held: 'CreateCluster' });
    expect(after(...aborted, woken(), assessed(operate()), asked('retry')).state).toBe('held');
  });

  test('ends by a resume, said while it is held or before the operation would begin; by a change and a deletion', () => {
    expect(after(...aborted, resume, woken(), assessed(operate()), asked()).state).toBe('operating');
    expect(after(...aborted, woken(), assessed(operate()), asked('resume')).state).toBe('operating');
    expect(after(...aborted, woken(), assessed(operate({ ...create, generation: 2 })), asked()).state).toBe(
      'operating',
    );
    expect(after(...aborted, woken(), assessed(operate(remove)), asked()).state).toBe('operating');
  });

  test('of a change is no abort of a repair whose turn has to wait meanwhile: that is looked at again by itself', () => {
    const repairWaits = { ...settled, rollout: 'RepairCluster' as const, lookAgainSeconds: 60 };
    const waits = after(...aborted, woken(), assessed(repairWaits));
    expect(waits).toMatchObject({ state: 'settled', rollout: 'RepairCluster', until: 60_000 });
    expect(waits.kept.held).toMatchObject({ operation: 'CreateCluster' });
  });

  test('is carried over to the next run, as is what was skipped', () => {
    const newer = [assessed(operate({ ...create, generation: 2 })), asked(), started] as const;
    const skipped = ended({ state: 'succeeded', skipped: [GROUP] });
    const { kept } = after(...running, skipped, ...newer, ended({ state: 'aborted' }));
    const carried = carriedOver(kept);
    expect(carried).toEqual({
      pacing: PACING,
      held: { operation: 'CreateCluster', generation: 2 },
      skipped: { operation: 'CreateCluster', generation: 1, steps: [GROUP] },
    });
    expect(carriedOver(begin(carried).kept)).toEqual(carried);
  });
});

describe('an upgrade that is aborted', () => {
  const upgrade = operationOf(planOf(stepOf(securityGroup('controlplane'))), { type: 'UpgradeNodePool' });
  const settles = { ...upgrade, settles: true as const };
  const givenUp = { ...upgrade, givesUp: true as const };
  const back = { held: { operation: 'UpgradeNodePool', generation: 1, back: true } };
  const held = { held: { operation: 'UpgradeNodePool', generation: 1 } };
  const turn = (operation = upgrade) => [assessed(operate(operation)), asked(), started] as const;
  const aborted = [...turn(), ended({ state: 'aborted' })] as const;
  const waits: Assessment = { ...settled, rollout: 'UpgradeNodePool', givenUp };

  test.each<[string, readonly EntityEvent[]]>([
    ['while a turn runs', aborted],
    ['before a turn begins', [assessed(operate(upgrade)), asked('abort')]],
    ['while its next turn waits', [assessed(waits), { kind: 'abort' }]],
  ])('%s is looked at anew, for its way back', (_, events) => {
    expect(after(...events)).toMatchObject({ state: 'assessing', kept: back });
    expect(after(...events, assessed(operate(upgrade)), asked())).toMatchObject({
      state: 'operating',
      operation: upgrade,
    });
  });

  test('goes back in turns, and is held once nothing is left of it, however often it is looked at', () => {
    const returned = [
      ...aborted,
      ...turn(),
      ended({ state: 'succeeded' }),
      ...turn(settles),
      ended({ state: 'succeeded' }),
    ];
    expect(after(...returned)).toMatchObject({ state: 'assessing', kept: back });
    const rests = [...returned, assessed(settled)];
    expect(after(...rests)).toMatchObject({
      state: 'held',
      kept: back,
      status: { kind: 'held', returned: true },
    });
    expect(after(...rests, woken({ news: seenOf(2) }), assessed(settled))).toMatchObject({ state: 'held', kept: back });
    expect(phaseAfter(...rests)).toMatchObject({ held: 'UpgradeNodePool' });
  });

  test('is held, too, while a repair comes between', () => {
    const repair = operationOf(planOf(), { type: 'RepairNodePool', settles: true });
    const between = [...aborted, assessed(settled), woken({ news: seenOf(2) }), assessed(operate(repair)), asked()];
    expect(after(...between)).toMatchObject({ state: 'operating', operation: repair, kept: back });
    expect(after(...between, started, ended({ state: 'succeeded' }), assessed(settled)).state).toBe('held');
  });

  test('waits on its way back where a turn has to, and says so', () => {
    expect(after(...aborted, assessed(waits))).toMatchObject({
      state: 'settled',
      rollout: 'UpgradeNodePool',
      kept: back,
    });
  });

  test.each<[string, readonly EntityEvent[], string]>([
    ['a turn of that runs', [...aborted, ...turn(), ended({ state: 'aborted' })], 'held'],
    ['a turn of that is about to begin', [...aborted, assessed(operate(upgrade)), asked('abort')], 'held'],
    [
      'its next turn waits',
      [...aborted, assessed({ ...settled, rollout: 'UpgradeNodePool' }), { kind: 'abort' }],
      'held',
    ],
  ])('and on its way back is aborted once more while %s stops where it is', (_, events, state) => {
    expect(after(...events)).toMatchObject({ state, kept: held });
    expect(after(...events).kept.held).not.toHaveProperty('back');
    expect(after(...events, woken({ news: seenOf(2) }), assessed(operate(upgrade)), asked()).state).toBe('held');
  });

  test('and on its way back is aborted once more takes back what its turns left', () => {
    const events = [...aborted, assessed({ ...operate(upgrade), givenUp }), asked('abort')];
    expect(after(...events)).toMatchObject({ state: 'operating', operation: givenUp });
    expect(after(...events, started, ended({ state: 'aborted' }))).toMatchObject({ state: 'held', kept: held });
  });

  test('begins again by a resume, and by a change, with what is planned then', () => {
    const rests = [...aborted, assessed(settled)] as const;
    const again = after(...rests, resume, woken({ news: seenOf(2) }));
    expect(again).toMatchObject({ state: 'assessing' });
    expect(again.kept).not.toHaveProperty('held');
    // What was planned is the way back.
    const early = after(...aborted, assessed(operate(upgrade)), asked('resume'));
    expect(early).toMatchObject({ state: 'assessing' });
    expect(early.kept).not.toHaveProperty('held');
    const changed = after(...rests, woken({ news: seenOf(2) }), assessed({ ...settled, generation: 2 }));
    expect(changed).toMatchObject({ state: 'settled' });
    expect(changed.kept).not.toHaveProperty('held');
  });
});
