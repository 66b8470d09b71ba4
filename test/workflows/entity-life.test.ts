/** What each event makes of an entity; whatever order they come in is entity-invariants.test.ts's, and aborts are entity-aborts.test.ts's. */
import { describe, expect, test } from '@jest/globals';
import type { Assessment } from '../../activities/contract.ts';
import { next } from '../../workflows/entity-life.ts';
import type { EntityLife } from '../../workflows/entity-states.ts';
import { viewOf } from '../../workflows/entity-view.ts';
import {
  after,
  asked,
  assessed,
  blocked,
  create,
  ended,
  GROUP,
  object,
  operate,
  phaseAfter,
  remove,
  retry,
  running,
  seenOf,
  settled,
  started,
  unassessed,
  waiting,
  woken,
} from './life-events.ts';

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

  test('told that drift is to be mended looks, unless a person skipped all of it', () => {
    const mends = { kind: 'reported', report: { kind: 'settled', drift }, mends: true } as const;
    expect(after(assessed(settled), mends).state).toBe('assessing');
    const { kept, ...life } = after(assessed(settled));
    const skipped = {
      operation: 'UpdateCluster',
      generation: 1,
      steps: ['ensure security-group-rules/controlplane'],
    } as const;
    const resting = { ...life, kept: { ...kept, skipped } } as EntityLife;
    expect(next(resting, mends)).toMatchObject({ state: 'settled', status: { drift } });
    const more = [...drift, { key: 'security-group/nodes', difference: 'is missing' }];
    expect(next(resting, { ...mends, report: { kind: 'settled', drift: more } }).state).toBe('assessing');
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
