/**
 * Health: what a target's checks say about it.
 *
 * Owns: when a state turns and when the next check is due, as pure functions. Neighbours: `routes.ts` reads what the target
 * group asks for; `probe.ts` makes one check; `monitor.ts` runs them and tells the account.
 */
import type { Rhythm } from './routes.ts';

export type Health = {
  readonly state: 'initial' | 'healthy' | 'unhealthy';
  /** Consecutive answers that speak against the present state. */
  readonly streak: number;
  readonly lastAnswer: 'none' | 'ok' | 'failed';
  /** What the last failed check met. */
  readonly failure: string | undefined;
  /** Checks since the state last changed. */
  readonly checks: number;
};

export const INITIAL_HEALTH: Health = {
  state: 'initial',
  streak: 0,
  lastAnswer: 'none',
  failure: undefined,
  checks: 0,
};

/** How many equal answers in a row turn this state: a target that is new is in service after the first good one. */
const threshold = (health: Health, answer: 'ok' | 'failed', rhythm: Rhythm): number => {
  if (answer === 'failed') return rhythm.unhealthyThreshold;
  return health.state === 'initial' ? 1 : rhythm.healthyThreshold;
};

/** The next health after one check; `failure` is undefined when the check succeeded. */
export const afterCheck = (health: Health, failure: string | undefined, rhythm: Rhythm): Health => {
  const answer = failure === undefined ? 'ok' : 'failed';
  const confirms = (health.state === 'healthy') === (answer === 'ok') && health.state !== 'initial';
  const streak = confirms ? 0 : health.lastAnswer === answer ? health.streak + 1 : 1;
  const turned = !confirms && streak >= threshold(health, answer, rhythm);
  return {
    state: turned ? (answer === 'ok' ? 'healthy' : 'unhealthy') : health.state,
    streak: turned ? 0 : streak,
    lastAnswer: answer,
    failure: failure ?? health.failure,
    checks: turned ? 0 : health.checks + 1,
  };
};

/** After so many checks without a change a target in a hurry is no more than looked after. */
const LONG_THE_SAME = 240;

/**
 * Milliseconds from the beginning of a check to that of the next. In a hurry: often while something is about to change, and
 * rarely once it has long been the same.
 */
export const nextCheckIn = (health: Health, rhythm: Rhythm): number => {
  if (rhythm.hurriedSeconds === undefined) return rhythm.intervalSeconds * 1_000;
  const steady = rhythm.hurriedSeconds * 1_000;
  if (health.streak > 0) return steady / 10;
  if (health.state === 'healthy') return steady;
  return health.checks < LONG_THE_SAME ? steady / 4 : steady;
};
