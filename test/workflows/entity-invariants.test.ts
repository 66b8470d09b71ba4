/** The mechanism's invariants E1 to E8, whatever happens to an entity; single events are entity-life.test.ts's. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Assessment } from '../../activities/contract.ts';
import { present } from '../../words/present.ts';
import { next } from '../../workflows/entity-life.ts';
import { begin, type EntityEvent, type EntityLife } from '../../workflows/entity-states.ts';
import { isOf } from '../../workflows/judgements.ts';
import type { OperationResult } from '../../workflows/messages.ts';
import { operationOf, planOf, securityGroup, stepOf } from './builders.ts';

const GROUP = 'ensure security-group/controlplane';
const create = operationOf(planOf(stepOf(securityGroup('controlplane'))));
const givenUp = operationOf(planOf(), { givesUp: true });
const upgrade = operationOf(planOf(), { type: 'UpgradeNodePool' });
const repair = operationOf(planOf(), { type: 'RepairNodePool' });
const remove = operationOf(planOf(), { type: 'DeleteCluster', generation: 2 });
const settled: Assessment = { kind: 'settled', generation: 1 };
const waiting: Assessment = { kind: 'waiting', generation: 1, reason: 'no network yet', entityId: 'awscluster/a' };
const blocked: Assessment = { kind: 'blocked', generation: 1, reason: 'wrong account', cure: 'use the other' };
const born = begin({ pacing: { retryMs: 1_000, retryMaxMs: 60_000 } });

describe('whatever happens to an entity, in whatever order', () => {
  const time = fc.nat(1_000_000);
  const seen = fc.record({ changes: fc.nat(5), progress: fc.nat(5) });
  const operation = fc.constantFrom(
    create,
    { ...create, settles: true as const },
    { ...create, generation: 2 },
    remove,
    upgrade,
    repair,
  );
  const assessment: fc.Arbitrary<Assessment> = fc.oneof(
    { weight: 3, arbitrary: operation.map((one): Assessment => ({ kind: 'operate', operation: one })) },
    {
      weight: 2,
      arbitrary: operation.map(
        (one): Assessment => ({ kind: 'operate', operation: one, givenUp: { ...one, givesUp: true } }),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Assessment>(
        { ...settled, rollout: 'CreateCluster', givenUp },
        { ...settled, rollout: 'CreateCluster' },
        { ...settled, rollout: 'UpgradeNodePool', givenUp },
        { ...settled, rollout: 'UpgradeNodePool' },
      ),
    },
    { weight: 4, arbitrary: fc.constantFrom(settled, waiting, blocked, { ...settled, lookAgainSeconds: 60 }) },
    { weight: 1, arbitrary: fc.constantFrom<Assessment>({ kind: 'orphaned', reason: 'gone' }, { kind: 'finished' }) },
  );
  const verb = fc.constantFrom(
    'retry' as const,
    'skip' as const,
    'pause' as const,
    'resume' as const,
    'abort' as const,
  );
  const result: fc.Arbitrary<OperationResult> = fc.constantFrom<OperationResult>(
    { state: 'succeeded' },
    { state: 'succeeded', skipped: [GROUP] },
    { state: 'superseded', reason: 'the spec changed' },
    { state: 'superseded', paused: true },
    { state: 'aborted' },
    { state: 'failed', reason: 'a bug' },
  );
  const event: fc.Arbitrary<EntityEvent> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('assessed' as const), at: time, seen, assessment }) },
    fc.record({ kind: fc.constant('unassessed' as const), at: time, seen, reason: fc.constant('ECONNREFUSED') }),
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('asked' as const),
        verbs: fc.array(fc.record({ verb, ask: fc.constant({}) }), { maxLength: 2 }),
      }),
    },
    fc.constant<EntityEvent>({ kind: 'started', operationId: 'awscluster/a/operation' }),
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('ended' as const), at: time, result, news: seen }) },
    fc.constantFrom<EntityEvent>(
      { kind: 'reported', report: { kind: 'settled', note: 'drifted' } },
      { kind: 'reported', report: { kind: 'settled' }, mends: true },
    ),
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('woken' as const), at: time, news: seen, leaving: fc.boolean() }),
    },
    fc.constantFrom<EntityEvent>({ kind: 'written' }, { kind: 'unwritten' }, { kind: 'retry' }, { kind: 'resume' }),
    fc.constantFrom<EntityEvent>({ kind: 'abort' }, { kind: 'pause' }),
  );

  type Change = { readonly from: EntityLife; readonly by: EntityEvent; readonly to: EntityLife };
  const histories = fc.array(event, { maxLength: 40 });
  const always = (holds: (change: Change) => void): void =>
    fc.assert(
      fc.property(histories, (events) => {
        let life: EntityLife = born;
        for (const by of events) {
          const from = life;
          life = next(from, by);
          holds({ from, by, to: life });
        }
      }),
      { numRuns: 500 },
    );
  const seenIn = (life: EntityLife) => ('seen' in life ? life.seen : undefined);

  test('an operation begins only where an assessment asked for it, and as it was asked for (E1)', () => {
    always(({ from, by, to }) => {
      if (to.state === 'beginning' && from.state !== 'beginning')
        expect([from.state, by.kind]).toEqual(['assessing', 'assessed']);
      if (to.state !== 'operating' || from.state === 'operating') return;
      if (from.state !== 'beginning') throw new Error(`It began from ${from.state}.`);
      const { held } = to.kept;
      // Of what was aborted nothing begins but what takes it back; what is no part of it goes on.
      const isAborted = held !== undefined && held.back !== true && isOf(held, to.operation);
      const asked = isAborted ? from.givenUp : from.operation;
      expect({ ...to.operation, paused: undefined }).toEqual({ ...asked, paused: undefined });
      if (isAborted) expect(to.operation.givesUp).toBe(true);
    });
  });

  test('an entity ends only by an assessment or by a delete that succeeded, and for good (E2)', () => {
    always(({ from, by, to }) => {
      if (from.state === 'finished' || from.state === 'orphaned') expect(to).toBe(from);
      else if (to.state === 'orphaned') expect(by).toMatchObject({ assessment: { kind: 'orphaned' } });
      else if (to.state === 'finished') {
        const deleted = from.state === 'operating' && from.operation.type === 'DeleteCluster';
        expect(by).toMatchObject(deleted ? { result: { state: 'succeeded' } } : { assessment: { kind: 'finished' } });
      }
    });
  });

  test('what a state rests on moves on only with an assessment, and never past what supersedes (E3)', () => {
    always(({ from, by, to }) => {
      const [before, now] = [seenIn(from), seenIn(to)];
      if (now === undefined) return;
      if (by.kind === 'assessed' && from.state === 'operating' && to.state === 'operating') {
        const isNew = to.superseded !== undefined && from.superseded === undefined;
        if (isNew) expect(now).toEqual(before);
      } else if (by.kind === 'assessed' || by.kind === 'unassessed') {
        expect([before, by.seen]).toContainEqual(now);
      } else expect(now.changes).toBe(before?.changes);
    });
  });

  test('an abort is forgotten only by a resume, or by an assessment that asks for something else (E4)', () => {
    always(({ from, by, to }) => {
      if (from.kept.held === undefined || to.kept.held !== undefined) return;
      const resumed =
        by.kind === 'resume' || (by.kind === 'asked' && by.verbs.some(({ verb: said }) => said === 'resume'));
      if (!resumed) expect(by.kind).toBe('assessed');
    });
  });

  test('what stands in the way stands since the same moment until an assessment clears it, or an abort (E5)', () => {
    always(({ from, by, to }) => {
      const [before, now] = [from.kept.obstacle, to.kept.obstacle];
      if (before === undefined) return;
      if (now !== undefined) expect(now.since).toBe(before.since);
      else expect(by.kind === 'assessed' || to.state === 'held').toBe(true);
    });
  });

  test('a report of drift is told by what is settled, or looked at where it is to be mended, and does nothing else (E7, E8)', () => {
    always(({ from, by, to }) => {
      if (by.kind !== 'reported') return;
      if (from.state !== 'settled') expect(to).toBe(from);
      else if (by.mends === true && to.state === 'assessing') expect(to.kept).toEqual(from.kept);
      // A rollout that waits, of which no sweep says anything, waits on.
      else expect(to).toEqual({ ...from, status: { ...by.report, ...present({ rollout: from.status?.rollout }) } });
    });
  });

  test('all that it is and keeps is plain data', () => {
    fc.assert(
      fc.property(histories, (events) => {
        const life = events.reduce<EntityLife>(next, born);
        expect(JSON.parse(JSON.stringify(life))).toEqual(life);
      }),
    );
  });
});
