/** What each event makes of a step, in whatever order events come: the mechanism's invariants S1 to S7. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { StepOutcome } from '../../activities/contract.ts';
import type { StepVerb } from '../../words/steps.ts';
import type { StepFailure } from '../../workflows/outcomes.ts';
import { awaitedOf, next, pendingStep, type StepEvent, type StepLife } from '../../workflows/step-life.ts';

const PACING = { retryMs: 1_000, retryMaxMs: 240_000, overdueMs: 600_000 };
const MADE: StepOutcome = { change: 'created', outputs: { id: 'sg-1' } };

const met: StepEvent = { kind: 'met', at: 0 };
const begin: StepEvent = { kind: 'begin' };
const due: StepEvent = { kind: 'due' };
const retry: StepEvent = { kind: 'retry' };
const stop: StepEvent = { kind: 'stop' };
const skip: StepEvent = { kind: 'skip', at: 50, outputs: { id: 'sg-by-hand' } };
const succeeded: StepEvent = { kind: 'succeeded', at: 60, outcome: MADE };
const failed = (at = 10, failure: Partial<StepFailure> = {}): StepEvent => ({
  kind: 'failed',
  at,
  failure: { verdict: 'retry', message: 'throttled', ...failure },
});
const notReady = (at: number, lookAgain?: number): StepEvent =>
  failed(at, { verdict: 'not-ready', message: '1 of 3 ready', ...(lookAgain === undefined ? {} : { lookAgain }) });

const on = (life: StepLife, ...events: readonly StepEvent[]): StepLife => events.reduce(next, life);
const after = (verb: StepVerb, ...events: readonly StepEvent[]): StepLife =>
  on(pendingStep({ verb, pacing: PACING }), ...events);
const shownAfter = (verb: StepVerb, ...events: readonly StepEvent[]) => after(verb, ...events).shown;
/** One more try, from wherever a step is parked. */
const again = [due, begin] as const;

describe('a step', () => {
  test('is pending until it begins, runs since its needs were met, and is done with what its try yields', () => {
    expect(shownAfter('ensure')).toEqual({ state: 'pending' });
    expect(shownAfter('ensure', { kind: 'met', at: 5 })).toEqual({ state: 'pending' });
    expect(shownAfter('ensure', { kind: 'met', at: 5 }, begin)).toEqual({ state: 'running', since: 5 });
    expect(after('ensure', met, begin, succeeded)).toMatchObject({ state: 'over', end: 'done', outcome: MADE });
    expect(shownAfter('ensure', met, begin, succeeded)).toEqual({ state: 'done', at: 60, change: 'created' });
  });

  test('that fails is blocked since its first failure, and is tried ever more rarely', () => {
    expect(shownAfter('ensure', met, begin, failed(10))).toEqual({
      state: 'blocked',
      since: 10,
      attempt: 1,
      verdict: 'retry',
      message: 'throttled',
      retryAt: 1_010,
    });
    const twice = after('ensure', met, begin, failed(10), ...again, failed(1_500, { verdict: 'capacity' }));
    expect(twice).toMatchObject({ state: 'parked', until: 3_500 });
    expect(twice.shown).toMatchObject({ since: 10, attempt: 2, verdict: 'capacity', retryAt: 3_500 });
  });

  test('that is a wait never keeps away for longer than a minute, whatever fails', () => {
    const failures = Array.from({ length: 9 }, () => [...again, failed(0)]).flat();
    expect(after('wait', met, begin, failed(0), ...failures)).toMatchObject({ until: 60_000 });
    expect(after('ensure', met, begin, failed(0), ...failures)).toMatchObject({ until: 240_000 });
  });

  test('that is not ready says what it waits for, and looks again when it was told to', () => {
    const parked = after('wait', { kind: 'met', at: 5 }, begin, notReady(20, 1_500));
    expect(parked).toMatchObject({ state: 'parked', until: 1_520 });
    expect(parked.shown).toEqual({ state: 'running', since: 5, awaited: '1 of 3 ready' });
    expect(awaitedOf(next(parked, due))).toBe('1 of 3 ready');
    expect(after('remove', met, begin, notReady(100_000))).toMatchObject({ until: 110_000 });
  });

  test('that waits for too long is shown as overdue since then, and looks again all the same', () => {
    const early = shownAfter('wait', met, begin, notReady(599_999, 10));
    expect(early.state).toBe('running');
    const overdue = after('wait', met, begin, notReady(600_000, 10), ...again, notReady(700_000, 10));
    expect(overdue.shown).toEqual({
      state: 'blocked',
      since: 600_000,
      attempt: 2,
      verdict: 'overdue',
      message: '1 of 3 ready',
      retryAt: 700_010,
    });
    expect(awaitedOf(overdue)).toBe('1 of 3 ready');
    expect(shownAfter('remove', met, begin, notReady(600_000, 10)).state).toBe('running');
  });

  test('that failed and then only waits is no longer blocked, and blocked anew when it fails again', () => {
    const waits = after('wait', met, begin, failed(10), ...again, notReady(20, 10));
    expect(waits.shown).toEqual({ state: 'running', since: 0, awaited: '1 of 3 ready' });
    const fails = on(waits, ...again, failed(40));
    expect(fails.shown).toMatchObject({ state: 'blocked', since: 40, attempt: 2 });
    expect(awaitedOf(fails)).toBeUndefined();
  });

  test('that finds its plan out of date ends as outdated, whatever was asked meanwhile', () => {
    const outdated = failed(10, { verdict: 'superseded', message: 'the object is gone' });
    for (const asked of [[], [retry], [skip], [stop]]) {
      expect(after('ensure', met, begin, ...asked, outdated)).toMatchObject({
        end: 'outdated',
        reason: 'the object is gone',
        shown: { state: 'pending' },
      });
    }
  });
});

describe('what is asked of a step', () => {
  test.each<[string, readonly StepEvent[], object]>([
    ['a stop before it begins', [met, stop], { end: 'stopped' }],
    ['a stop while it is blocked', [met, begin, failed(), stop], { end: 'stopped' }],
    ['a skip while it is blocked', [met, begin, failed(), skip], { end: 'skipped', outputs: { id: 'sg-by-hand' } }],
    ['a skip that waits for leave to be tried again', [met, begin, failed(), due, skip], { end: 'skipped' }],
  ])('ends it at once: %s', (_, events, end) => {
    expect(after('ensure', ...events)).toMatchObject({ state: 'over', ...end });
  });

  test('waits for the outcome of a try under way: a success counts, anything else ends it as was asked', () => {
    for (const asked of [skip, stop]) {
      expect(after('ensure', met, begin, asked).state).toBe('trying');
      expect(after('ensure', met, begin, asked, succeeded)).toMatchObject({ end: 'done' });
    }
    expect(after('wait', met, begin, skip, failed(70))).toMatchObject({ end: 'skipped', shown: { at: 70 } });
    expect(after('wait', met, begin, stop, notReady(70))).toMatchObject({ end: 'stopped' });
    expect(after('wait', met, begin, stop, skip, failed())).toMatchObject({ end: 'skipped' });
    expect(after('wait', met, begin, skip, stop, failed())).toMatchObject({ end: 'skipped' });
  });

  test('as a retry tries it now, also when its try fails just after it was asked, and shows that failure', () => {
    expect(after('ensure', met, begin, failed(), retry).state).toBe('ready');
    const late = after('ensure', met, begin, failed(10), ...again, retry, failed(20));
    expect(late).toMatchObject({ state: 'ready', pausable: false, shown: { state: 'blocked', attempt: 2 } });
    expect(after('ensure', met, begin, failed(10), ...again, retry, failed(20), begin)).toMatchObject({ again: false });
  });

  test('as a pause holds back what has not begun or has failed, not a look, nor what is retried by name', () => {
    expect(after('ensure', met)).toMatchObject({ state: 'ready', pausable: true });
    expect(after('ensure', met, begin, failed(), due)).toMatchObject({ state: 'ready', pausable: true });
    expect(after('wait', met, begin, notReady(10), due)).toMatchObject({ state: 'ready', pausable: false });
    expect(after('wait', met, begin, notReady(900_000), due)).toMatchObject({ state: 'ready', pausable: false });
    expect(after('ensure', met, begin, failed(), due, retry)).toMatchObject({ state: 'ready', pausable: false });
  });
});

describe('whatever happens to a step, in whatever order', () => {
  const time = fc.nat(2_000_000);
  const event: fc.Arbitrary<StepEvent> = fc.oneof(
    fc.record({ kind: fc.constant('met' as const), at: time }),
    fc.constantFrom(begin, begin, due, retry, stop, met),
    fc.record({ kind: fc.constant('skip' as const), at: time, outputs: fc.constant({ id: 'sg-by-hand' }) }),
    fc.record({ kind: fc.constant('succeeded' as const), at: time, outcome: fc.constant(MADE) }),
    fc.record({
      kind: fc.constant('failed' as const),
      at: time,
      failure: fc.record({
        verdict: fc.constantFrom<StepFailure['verdict']>(
          'retry',
          'blocked',
          'bug',
          'not-ready',
          'not-ready',
          'superseded',
        ),
        message: fc.constantFrom('one', 'other'),
      }),
    }),
  );
  const verb = fc.constantFrom<StepVerb>('ensure', 'remove', 'wait');

  /** Every change of a life: where from, by what, where to. */
  const changes = (of: StepVerb, events: readonly StepEvent[]) => {
    let life: StepLife = pendingStep({ verb: of, pacing: PACING });
    return events.map((by) => {
      const from = life;
      life = next(life, by);
      return { from, by, to: life };
    });
  };
  const always = (holds: (change: ReturnType<typeof changes>[number]) => void): void =>
    fc.assert(
      fc.property(verb, fc.array(event, { maxLength: 30 }), (of, events) => changes(of, events).forEach(holds)),
      {
        numRuns: 500,
      },
    );

  test('a try begins only from ready (S1), and ends only by its own outcome (S2)', () => {
    always(({ from, by, to }) => {
      if (from.state !== 'trying' && to.state === 'trying') expect([from.state, by.kind]).toEqual(['ready', 'begin']);
      if (from.state === 'trying' && to.state !== 'trying') expect(['succeeded', 'failed']).toContain(by.kind);
      if (from.state === 'trying' && by.kind === 'succeeded') expect(to).toMatchObject({ state: 'over', end: 'done' });
    });
  });

  const KNOWN: Readonly<Record<StepLife['state'], readonly StepEvent['kind'][]>> = {
    pending: ['met', 'stop'],
    ready: ['begin', 'retry', 'skip', 'stop'],
    trying: ['succeeded', 'failed', 'retry', 'skip', 'stop'],
    parked: ['due', 'retry', 'skip', 'stop'],
    over: [],
  };

  test('what is over stays as it is (S3), as does whatever meets an event that it does not know (S7)', () => {
    always(({ from, by, to }) => {
      if (!KNOWN[from.state].includes(by.kind)) expect(to).toBe(from);
    });
  });

  test('only the first try is the first (S4)', () => {
    fc.assert(
      fc.property(verb, fc.array(event, { maxLength: 30 }), (of, events) => {
        const begun = changes(of, events).flatMap(({ from, to }) =>
          from.state === 'ready' && to.state === 'trying' ? [to.tries.first] : [],
        );
        expect(begun).toEqual(begun.map((_, index) => index === 0));
      }),
      { numRuns: 500 },
    );
  });

  test('what failed is shown as blocked since the same moment until it is over or only waits (S5)', () => {
    always(({ from, to }) => {
      if (from.shown.state !== 'blocked' || from.shown.verdict === 'overdue' || to.state === 'over') return;
      if (to.shown.state === 'blocked' && to.shown.verdict !== 'overdue') expect(to.shown.since).toBe(from.shown.since);
      else expect(awaitedOf(to)).toBeDefined();
    });
  });

  test('a step that is parked says when it goes on, and waits for nothing else (S6)', () => {
    always(({ from, by, to }) => {
      if (from.state !== 'parked') return;
      if (by.kind === 'due') expect(to).toMatchObject({ state: 'ready', pausable: from.pausable, shown: from.shown });
      if (from.shown.state === 'blocked') expect(from.shown.retryAt).toBe(from.until);
    });
  });
});
