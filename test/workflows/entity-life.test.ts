/** What each event makes of an entity; whatever order they come in is entity-invariants.test.ts's. */
import { describe, expect, test } from '@jest/globals';
import type { Assessment, OperationInput } from '../../activities/contract.ts';
import { next } from '../../workflows/entity-life.ts';
import { begin, carriedOver, type EntityEvent, type EntityLife } from '../../workflows/entity-states.ts';
import { viewOf } from '../../workflows/entity-view.ts';
import type { OperationResult } from '../../workflows/messages.ts';
import { operationOf, planOf, securityGroup, stepOf } from './builders.ts';

const GROUP = 'ensure security-group/controlplane';
const PACING = { retryMs: 1_000, retryMaxMs: 60_000 };
const create = operationOf(planOf(stepOf(securityGroup('controlplane'))));
const remove = operationOf(planOf(), { type: 'DeleteCluster', generation: 2 });
const { object } = create;

const seenOf = (changes: number, progress = 0) => ({ changes, progress });
const assessed = (assessment: Assessment, { at = 0, seen = seenOf(1) } = {}): EntityEvent => ({
  kind: 'assessed',
  at,
  seen,
  assessment,
});
const operate = (operation: OperationInput = create): Assessment => ({ kind: 'operate', operation });
const settled: Assessment = { kind: 'settled', generation: 1 };
const waiting: Assessment = { kind: 'waiting', generation: 1, reason: 'no network yet', entityId: 'awscluster/a' };
const blocked: Assessment = { kind: 'blocked', generation: 1, reason: 'wrong account', cure: 'use the other' };
const unassessed = (at = 0): EntityEvent => ({ kind: 'unassessed', at, seen: seenOf(1), reason: 'ECONNREFUSED' });
const asked = (...verbs: readonly ('retry' | 'pause' | 'resume' | 'abort')[]): EntityEvent => ({
  kind: 'asked',
  verbs: verbs.map((verb) => ({ verb, ask: {} })),
});
const started: EntityEvent = { kind: 'started', operationId: 'awscluster/a/operation' };
const ended = (result: OperationResult, { at = 0, news = seenOf(1) } = {}): EntityEvent => ({
  kind: 'ended',
  at,
  result,
  news,
});
const woken = ({ at = 0, news = seenOf(1), leaving = false } = {}): EntityEvent => ({
  kind: 'woken',
  at,
  news,
  leaving,
});
const retry: EntityEvent = { kind: 'retry' };
const resume: EntityEvent = { kind: 'resume' };

const born = begin({ pacing: PACING });
const after = (...events: readonly EntityEvent[]): EntityLife => events.reduce<EntityLife>(next, born);
const running = [assessed(operate()), asked(), started] as const;
const phaseAfter = (...events: readonly EntityEvent[]) => viewOf(object, after(...events));

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

  test('stays aborted while its next turn still waits, and its pause ends with it', () => {
    const looked = (...events: readonly EntityEvent[]) =>
      after(...between, ...events, woken({ news: seenOf(2) }), assessed(waitingForTurn)).kept;
    expect(looked(said('abort')).held).toBeDefined();
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

describe('an assessment', () => {
  test.each<[string, Assessment, object]>([
    ['settles', settled, { state: 'settled', status: { kind: 'settled' } }],
    [
      'settles, and is done again by itself where replicas ail',
      { ...settled, lookAgainSeconds: 60, note: 'a rollout is due' },
      { state: 'settled', until: 60_500, status: { kind: 'settled', note: 'a rollout is due' } },
    ],
    [
      'settles, and says which nodes are unhealthy, and how many are Ready',
      { ...settled, nodePool: { nodes: [] }, nodes: { ready: 4 } },
      { state: 'settled', status: { kind: 'settled', nodePool: { nodes: [] }, nodes: { ready: 4 } } },
    ],
    ['waits for the cluster', waiting, { state: 'waiting', cluster: 'awscluster/a', until: 60_500 }],
    [
      'says what a person must see to',
      blocked,
      { state: 'blocked', until: 1_500, status: { kind: 'blocked', reason: 'wrong account', cure: 'use the other' } },
    ],
    ['is done again soon where what blocks may pass', { ...blocked, lookAgainSeconds: 5 }, { until: 5_500 }],
    ['ends the entity of an object that is gone', { kind: 'orphaned', reason: 'gone' }, { state: 'orphaned' }],
    ['ends the entity whose delete is done', { kind: 'finished' }, { state: 'finished' }],
    ['has an operation begin', operate(), { state: 'beginning', operation: create }],
  ])('%s', (_, assessment, expected) => {
    expect(after(assessed(assessment, { at: 500 }))).toMatchObject(expected);
  });

  test('that fails is told, and done again ever more rarely until one succeeds', () => {
    expect(after(unassessed(500))).toMatchObject({
      state: 'blocked',
      generation: 0,
      until: 1_500,
      status: { kind: 'failing', reason: 'It could not be looked at: ECONNREFUSED', attempt: 1, retryAt: 1_500 },
    });
    const thrice = after(unassessed(), woken(), unassessed(), woken(), unassessed());
    expect(thrice).toMatchObject({ until: 4_000, kept: { obstacle: { verdict: 'retry', attempt: 3 } } });
    const anew = next(next(next(next(thrice, woken()), assessed(settled)), woken()), unassessed());
    expect(anew).toMatchObject({ until: 1_000 });
  });

  test('brings the pace of the worker that did it', () => {
    const pacing = { retryMs: 7, retryMaxMs: 7 };
    expect(after(assessed({ ...blocked, pacing }))).toMatchObject({ until: 7 });
    expect(after(...running, assessed({ ...operate(), pacing })).kept.pacing).toBe(pacing);
  });
});

describe('an operation', () => {
  test('begins paused where a pause was asked for, or where the one before ended by itself while paused', () => {
    expect(after(assessed(operate()), asked('pause'))).toMatchObject({ operation: { paused: true } });
    const again = after(
      ...running,
      ended({ state: 'superseded', paused: true }),
      woken(),
      assessed(operate()),
      asked(),
    );
    expect(again).toMatchObject({ state: 'operating', operation: { paused: true }, kept: { paused: false } });
  });

  test('that is aborted before it begins does not begin; a delete does', () => {
    expect(after(assessed(operate()), asked('abort'))).toMatchObject({ state: 'held', operation: 'CreateCluster' });
    expect(after(assessed(operate(remove)), asked('abort'))).toMatchObject({ state: 'operating', operation: remove });
  });

  test('is shown once it has started', () => {
    expect(phaseAfter(assessed(operate()), asked())).toEqual({ object, phase: 'assessing' });
    expect(phaseAfter(...running)).toEqual({ object, phase: 'operating', operationId: 'awscluster/a/operation' });
  });

  test('that leaves nothing to do settles its entity, unless news came, a step was skipped or more is to be done', () => {
    const settles = [assessed(operate({ ...create, settles: true })), asked(), started] as const;
    expect(after(...settles, ended({ state: 'succeeded' }, { at: 9 }))).toMatchObject({ state: 'settled', since: 9 });
    expect(after(...settles, ended({ state: 'succeeded' }))).not.toHaveProperty('status');
    expect(after(...settles, ended({ state: 'succeeded' }, { news: seenOf(2) })).state).toBe('assessing');
    expect(after(...settles, ended({ state: 'succeeded', skipped: [GROUP] })).state).toBe('assessing');
    expect(after(...running, ended({ state: 'succeeded' })).state).toBe('assessing');
  });

  test('whose steps were skipped is not begun again for these alone, until somebody says retry', () => {
    const skipped = after(...running, ended({ state: 'succeeded', skipped: [GROUP] }));
    const note = `skipped by hand: ${GROUP}; retry begins again`;
    const again = assessed(operate());
    expect(next(skipped, again)).toMatchObject({ state: 'settled', status: { note } });
    expect([again, retry, woken(), again].reduce(next, skipped).state).toBe('beginning');
  });

  test('that ends with an error is begun again ever more rarely, and the error is told', () => {
    const failed = ended({ state: 'failed', reason: 'a bug' }, { at: 500 });
    expect(after(...running, failed)).toMatchObject({
      state: 'blocked',
      generation: 1,
      until: 1_500,
      status: { kind: 'failing', reason: 'The operation ended with an error: a bug', attempt: 1 },
    });
    expect(after(...running, failed, woken(), ...running, failed)).toMatchObject({ until: 2_500 });
  });

  test('whose plan was out of date is looked at again soon, makes no storm, and at once where news came', () => {
    const outdated = ended({ state: 'superseded', reason: 'made from old facts' });
    expect(after(...running, outdated)).toMatchObject({ state: 'outdated', until: 500 });
    expect(phaseAfter(...running, outdated)).toEqual({ object, phase: 'waiting', reason: 'made from old facts' });
    expect(after(...running, outdated, woken(), ...running, outdated)).toMatchObject({ until: 1_000 });
    const withNews = ended({ state: 'superseded' }, { news: seenOf(2) });
    expect(after(...running, withNews).state).toBe('assessing');
    expect(after(...running, outdated, woken(), ...running, withNews, ...running, outdated)).toMatchObject({
      until: 500,
    });
  });

  test('gives way to what supersedes it, which is looked at again afterwards, however it ends', () => {
    const deletion = assessed(operate(remove), { seen: seenOf(2) });
    const superseded = after(...running, deletion);
    expect(superseded).toMatchObject({ superseded: 'DeleteCluster takes its place', seen: seenOf(1) });
    for (const state of ['succeeded', 'superseded'] as const) {
      expect(next(superseded, ended({ state }, { news: seenOf(2) })).state).toBe('assessing');
    }
  });

  test('goes on where a newer look asks for the same, or fails', () => {
    const same = after(...running, assessed(operate(), { seen: seenOf(5) }));
    expect(same).toMatchObject({ state: 'operating', seen: seenOf(5), failures: 0 });
    expect(same).not.toHaveProperty('superseded');
    expect(after(...running, unassessed(), unassessed())).toMatchObject({ seen: seenOf(1), failures: 2 });
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

describe('a settled entity', () => {
  const drift = [{ key: 'security-group-rules/controlplane', difference: 'tcp 6443 is not allowed' }];
  const controlPlane = { replicas: [] } as never;

  test('told of drift says so, plans nothing, and keeps what it knew of its replicas', () => {
    const told = after(assessed({ ...settled, controlPlane }), {
      kind: 'reported',
      report: { kind: 'settled', drift },
    });
    expect(told).toMatchObject({ state: 'settled', status: { kind: 'settled', drift, controlPlane } });
    expect(viewOf(object, told)).toEqual({ object, phase: 'settled', drifted: true });
  });

  test('told by a sweep keeps what it knew of single nodes', () => {
    const nodePool = { nodes: [{ instanceId: 'i-1', since: '2026-08-01T10:00:00Z', message: 'it is not Ready' }] };
    const report = { kind: 'settled', nodes: { ready: 3 } } as const;
    const told = after(assessed({ ...settled, nodePool }), { kind: 'reported', report });
    expect(told).toMatchObject({ state: 'settled', status: { kind: 'settled', nodes: { ready: 3 }, nodePool } });
  });

  test('whose status could not be written writes it again, and looks only for news or when it is time', () => {
    const unwritten = after(assessed({ ...settled, lookAgainSeconds: 60 }), { kind: 'unwritten' });
    expect(next(unwritten, woken({ at: 1_000 }))).toBe(unwritten);
    expect(next(unwritten, woken({ at: 60_000 })).state).toBe('assessing');
    expect(next(unwritten, woken({ news: seenOf(2) })).state).toBe('assessing');
    expect(next(unwritten, woken({ leaving: true })).state).toBe('assessing');
    expect(next(next(unwritten, { kind: 'written' }), woken()).state).toBe('assessing');
  });
});

describe('a waiting node pool', () => {
  test('looks past what its cluster’s status says once it was told of progress, or waited long', () => {
    const waits = after(assessed(waiting));
    expect(next(waits, woken({ news: seenOf(1, 1) }))).toMatchObject({ state: 'assessing', progressed: true });
    expect(next(waits, woken())).toMatchObject({ progressed: true });
    expect(next(waits, woken({ news: seenOf(2) }))).toMatchObject({ progressed: false });
    expect(after(assessed(blocked), woken())).toMatchObject({ progressed: false });
  });
});

describe('what stands in the way', () => {
  test('is counted anew once a person says retry, and stands since the same moment until the way is clear', () => {
    const twice = after(assessed(blocked, { at: 10 }), woken(), assessed(blocked, { at: 20 }));
    expect(twice).toMatchObject({ until: 2_020, kept: { obstacle: { since: 10, attempt: 2 } } });
    const asked = [retry, woken(), assessed(blocked, { at: 30 })].reduce(next, twice);
    expect(asked).toMatchObject({ until: 1_030, kept: { obstacle: { since: 10, attempt: 1 } } });
    expect([woken(), assessed(settled)].reduce(next, asked).kept).not.toHaveProperty('obstacle');
  });
});
