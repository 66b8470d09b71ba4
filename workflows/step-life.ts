/**
 * A step's life: the states of one step of a running plan, and what each event makes of them.
 *
 *   pending --met--> ready --begin--> trying --succeeded, failed--> over
 *                      ^                 |
 *                      |              failed
 *                      +--due, retry-- parked
 *   skip and stop end a step that is ready or parked at once, and one that is trying when its try has settled.
 *
 * Owns: the states, the events and `next`, which is pure: time, outcomes and what people ask for come as events.
 * Neighbours: `run-plan.ts` holds the lives of a plan and orders them; `step-effects.ts` does what `trying` and `parked`
 * stand for; the delays are those of `activities.ts`.
 *
 * Invariants of the mechanism:
 *   S1  A try begins only by `begin`, and only from `ready`: a step never has two executions under way.
 *   S2  Only its own outcome takes a step out of `trying`. Skip, stop and retry are noted and count once the try has
 *       settled, so that no mutation is abandoned. A success counts, whatever was asked meanwhile.
 *   S3  What is over stays as it is.
 *   S4  Only the first try is `first`, and may trust the plan's inventory (I2).
 *   S5  A failed step is shown as blocked, since the same moment, until it is over or a wait reports progress again:
 *       what a person reads doesn't come and go with each try. A `shown` is replaced only when there is news.
 *   S6  A pause holds back what has not begun or has failed; not a wait that looks again, nor what is retried by name.
 *   S7  An event that a state doesn't know changes nothing.
 */
import type { Pacing, StepOutcome, StepState } from '../activities/contract.ts';
import type { Outputs } from '../kinds/row.ts';
import type { StepVerb } from '../words/steps.ts';
import { isOverdue, notReadyDelay, stepRetryDelay } from './activities.ts';
import type { StepFailure } from './outcomes.ts';

/** How soon a step is tried again depends on its verb and on the operation's settings. */
export type Pace = { readonly verb: StepVerb; readonly pacing: Pacing };

/** What a step that has begun remembers from try to try. */
type Tries = {
  readonly pace: Pace;
  /** When all that it needs was done, in epoch milliseconds, as every time here. */
  readonly since: number;
  /** No try has ended yet. */
  readonly first: boolean;
  /** How many tries have failed or found a wait overdue. */
  readonly failures: number;
  readonly overdueSince?: number;
};

/** How a step is over: done, left out by a person, not to be tried any more, or made from an outdated plan. */
export type StepEnd =
  | { readonly end: 'done'; readonly outcome: StepOutcome }
  | { readonly end: 'skipped'; readonly outputs: Outputs }
  | { readonly end: 'stopped' }
  | { readonly end: 'outdated'; readonly reason: string };

/** How a step that is trying ends unless its try succeeds. */
type Leaving = { readonly end: 'skipped'; readonly outputs: Outputs } | { readonly end: 'stopped' };

/** What people see of a step, and its state. */
export type StepLife = { readonly shown: StepState } & (
  | { readonly state: 'pending'; readonly pace: Pace }
  | { readonly state: 'ready'; readonly tries: Tries; readonly pausable: boolean }
  | {
      readonly state: 'trying';
      readonly tries: Tries;
      /** A person asked for another try while this one is under way. */
      readonly again: boolean;
      readonly leaving?: Leaving;
    }
  | { readonly state: 'parked'; readonly tries: Tries; readonly pausable: boolean; readonly until: number }
  | ({ readonly state: 'over' } & StepEnd)
);

export type StepEvent =
  /** All that it needs is done. */
  | { readonly kind: 'met'; readonly at: number }
  | { readonly kind: 'begin' }
  | { readonly kind: 'succeeded'; readonly at: number; readonly outcome: StepOutcome }
  | { readonly kind: 'failed'; readonly at: number; readonly failure: StepFailure }
  /** The pause between two tries has passed. */
  | { readonly kind: 'due' }
  /** A person wants it tried now. */
  | { readonly kind: 'retry' }
  /** A person goes on without it; `outputs` stand for its own. */
  | { readonly kind: 'skip'; readonly at: number; readonly outputs: Outputs }
  /** The operation starts nothing more. */
  | { readonly kind: 'stop' };

type LifeOf<S extends StepLife['state']> = Extract<StepLife, { readonly state: S }>;

/** A step before anything happened. */
export const pendingStep = (pace: Pace): LifeOf<'pending'> => ({ state: 'pending', pace, shown: { state: 'pending' } });

/** What an event makes of a step's life; the same object where it makes nothing of it. */
export const next = (life: StepLife, event: StepEvent): StepLife => {
  switch (life.state) {
    case 'pending':
      return fromPending(life, event);
    case 'ready':
      return fromReady(life, event);
    case 'trying':
      return fromTrying(life, event);
    case 'parked':
      return fromParked(life, event);
    case 'over':
      return life;
  }
};

/** What the step's last look found missing, as a sentence; undefined where nothing is awaited. */
export const awaitedOf = ({ shown }: StepLife): string | undefined => {
  if (shown.state === 'running') return shown.awaited;
  return shown.state === 'blocked' && shown.verdict === 'overdue' ? shown.message : undefined;
};

/** An overdue wait is shown as blocked, too, but nothing failed. */
export const isFailing = (shown: StepState): shown is Extract<StepState, { state: 'blocked' }> =>
  shown.state === 'blocked' && shown.verdict !== 'overdue';

const fromPending = (life: LifeOf<'pending'>, event: StepEvent): StepLife => {
  const { shown, pace } = life;
  switch (event.kind) {
    case 'met': {
      const tries: Tries = { pace, since: event.at, first: true, failures: 0 };
      return { state: 'ready', shown, tries, pausable: true };
    }
    case 'stop':
      return { state: 'over', shown, end: 'stopped' };
    case 'begin':
    case 'succeeded':
    case 'failed':
    case 'due':
    case 'retry':
    case 'skip':
      return life;
  }
};

const fromReady = (life: LifeOf<'ready'>, event: StepEvent): StepLife => {
  const { tries } = life;
  switch (event.kind) {
    case 'begin': {
      const shown: StepState = life.shown.state === 'pending' ? { state: 'running', since: tries.since } : life.shown;
      return { state: 'trying', shown, tries, again: false };
    }
    case 'retry':
      return { ...life, pausable: false };
    case 'skip':
    case 'stop':
      return left(event);
    case 'met':
    case 'succeeded':
    case 'failed':
    case 'due':
      return life;
  }
};

const fromTrying = (life: LifeOf<'trying'>, event: StepEvent): StepLife => {
  switch (event.kind) {
    case 'succeeded': {
      const { at, outcome } = event;
      return { state: 'over', shown: { state: 'done', at, change: outcome.change }, end: 'done', outcome };
    }
    case 'failed':
      return afterFailure(life, event.at, event.failure);
    case 'retry':
      return { ...life, again: true };
    case 'skip':
      return { ...life, leaving: { end: 'skipped', outputs: event.outputs } };
    case 'stop':
      return life.leaving === undefined ? { ...life, leaving: { end: 'stopped' } } : life;
    case 'met':
    case 'begin':
    case 'due':
      return life;
  }
};

const fromParked = (life: LifeOf<'parked'>, event: StepEvent): StepLife => {
  const { shown, tries, pausable } = life;
  switch (event.kind) {
    case 'due':
      return { state: 'ready', shown, tries, pausable };
    case 'retry':
      return { state: 'ready', shown, tries, pausable: false };
    case 'skip':
    case 'stop':
      return left(event);
    case 'met':
    case 'begin':
    case 'succeeded':
    case 'failed':
      return life;
  }
};

const left = (event: Extract<StepEvent, { kind: 'skip' | 'stop' }>): LifeOf<'over'> => {
  switch (event.kind) {
    case 'skip':
      return { state: 'over', shown: { state: 'skipped', at: event.at }, end: 'skipped', outputs: event.outputs };
    case 'stop':
      return { state: 'over', shown: { state: 'pending' }, end: 'stopped' };
  }
};

const afterFailure = (life: LifeOf<'trying'>, at: number, failure: StepFailure): StepLife => {
  if (failure.verdict === 'superseded') {
    return { state: 'over', shown: { state: 'pending' }, end: 'outdated', reason: failure.message };
  }
  switch (life.leaving?.end) {
    case 'skipped':
      return left({ kind: 'skip', at, outputs: life.leaving.outputs });
    case 'stopped':
      return left({ kind: 'stop' });
    case undefined: {
      const parked = parkedBy(life, at, { ...failure, verdict: failure.verdict });
      return life.again ? fromParked(parked, { kind: 'retry' }) : parked;
    }
  }
};

type Curable = StepFailure & { readonly verdict: Exclude<StepFailure['verdict'], 'superseded'> };

const parkedBy = (
  life: LifeOf<'trying'>,
  at: number,
  { verdict, message, lookAgain = 0 }: Curable,
): LifeOf<'parked'> => {
  const { pace, since, failures, overdueSince } = life.tries;
  const tries: Tries = { ...life.tries, first: false };
  if (verdict !== 'not-ready') {
    const attempt = failures + 1;
    const until = at + stepRetryDelay(pace.pacing, pace, attempt);
    const began = isFailing(life.shown) ? life.shown.since : at;
    const shown: StepState = { state: 'blocked', since: began, attempt, verdict, message, retryAt: until };
    return { state: 'parked', shown, tries: { ...tries, failures: attempt }, pausable: true, until };
  }
  const waited = at - since;
  const until = at + notReadyDelay(pace, waited, lookAgain);
  if (!isOverdue(pace.pacing, pace, waited)) {
    const shown: StepState = { state: 'running', since, awaited: message };
    return { state: 'parked', shown, tries, pausable: false, until };
  }
  const attempt = failures + 1;
  const overdue = overdueSince ?? at;
  const shown: StepState = { state: 'blocked', since: overdue, attempt, verdict: 'overdue', message, retryAt: until };
  return {
    state: 'parked',
    shown,
    tries: { ...tries, failures: attempt, overdueSince: overdue },
    pausable: false,
    until,
  };
};
