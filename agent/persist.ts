/**
 * Persist: try until it is done, and say what it waits for.
 *
 * Owns: the one retry loop of the agent. Every wait of a machine at boot is level-triggered: look, act, look again, for
 * ever, since nobody is there to start it anew.
 * Invariant: I9 (each new reason is logged at once, and the same reason again every minute).
 */

import { setTimeout as delay } from 'node:timers/promises';
import { wholeMessageOf } from '../words/failure.ts';
import type { Log } from './log.ts';

export type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** A sentence that says what is missing and what would end the wait. */
  | { readonly kind: 'again'; readonly why: string };

export const done = <T>(value: T): Attempt<T> => ({ kind: 'done', value });
export const again = (why: string): Attempt<never> => ({ kind: 'again', why });

export type Pace = { readonly firstMillis: number; readonly maxMillis: number };

const REPEAT_MILLIS = 60_000;

/** Waits, or throws the signal's reason when it is aborted. */
export const pause = async (millis: number, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted();
  await delay(millis, undefined, { signal });
};

/** Says what is new at once, and the same again every minute (I9). */
export const onlyNews = (): ((why: string, say: (why: string) => void) => void) => {
  let said = { why: '', at: 0 };
  return (why, say) => {
    if (why === said.why && Date.now() - said.at < REPEAT_MILLIS) return;
    say(why);
    said = { why, at: Date.now() };
  };
};

/** One attempt. What fails is tried again like what isn't done, but for a stop. */
const attempted = async <T>(
  attempt: () => Promise<Attempt<T>>,
  signal: AbortSignal,
): Promise<Attempt<T> & { readonly failed?: true }> => {
  try {
    return await attempt();
  } catch (thrown) {
    signal.throwIfAborted();
    return { ...again(wholeMessageOf(thrown)), failed: true };
  }
};

export const persist = async <T>(options: {
  readonly what: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly pace: Pace;
  readonly attempt: () => Promise<Attempt<T>>;
}): Promise<T> => {
  const { what, log, signal, pace } = options;
  const startedAt = Date.now();
  const news = onlyNews();
  for (let attempts = 1; ; attempts += 1) {
    signal.throwIfAborted();
    const outcome = await attempted(options.attempt, signal);
    const fields = { attempts, seconds: (Date.now() - startedAt) / 1000 };
    if (outcome.kind === 'done') {
      if (attempts > 1) log.info(`${what}: done`, fields);
      return outcome.value;
    }
    const { why, failed } = outcome;
    news(why, () => (failed ? log.warn : log.info)(`${what}: ${why}`, fields));
    await pause(Math.min(pace.maxMillis, pace.firstMillis * 1.5 ** Math.min(attempts - 1, 20)), signal);
  }
};
