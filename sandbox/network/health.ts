/**
 * Health: what a target's checks say about it.
 *
 * Owns: the thresholds and the rhythm, as pure functions. Neighbours: `probe.ts` makes one check; `monitor.ts` runs them
 * and tells the account. As with an NLB, a state changes after consecutive equal answers only.
 */

/** Consecutive answers that change a target's state. */
const UP_AFTER = 2;
const DOWN_AFTER = 2;

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

/** The next health after one check; `failure` is undefined when the check succeeded. */
export const afterCheck = (health: Health, failure: string | undefined): Health => {
  const answer = failure === undefined ? 'ok' : 'failed';
  const confirms = (health.state === 'healthy') === (answer === 'ok') && health.state !== 'initial';
  const streak = confirms ? 0 : health.lastAnswer === answer ? health.streak + 1 : 1;
  const turned = streak >= (answer === 'ok' ? UP_AFTER : DOWN_AFTER);
  return {
    state: turned ? (answer === 'ok' ? 'healthy' : 'unhealthy') : health.state,
    streak: turned ? 0 : streak,
    lastAnswer: answer,
    failure: failure ?? health.failure,
    checks: turned ? 0 : health.checks + 1,
  };
};

/** Milliseconds to the next check: quick while something is about to change, slow once it has long been the same. */
export const nextCheckIn = (health: Health): number => {
  if (health.streak > 0) return 100;
  if (health.state === 'healthy') return 1_000;
  return health.checks < 240 ? 250 : 1_000;
};
