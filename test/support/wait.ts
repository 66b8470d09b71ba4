import { noting } from './waits.ts';

type Pace = { readonly intervalMs?: number };

/**
 * The longest wait: it ends what hangs, and says what for. It is the same for all, and far longer than anything takes, for a
 * busy computer has been seen to be fourteen times slower than a calm one; jest's own limit is longer still.
 */
const PATIENCE_MS = 600_000;

/** Where each look costs a process, or a request that the thing under test has to answer. */
export const UNHURRIED: Pace = { intervalMs: 300 };

/** Polls until `look` answers something, or fails at last saying what was waited for and what was seen last. */
export const waitFor = <T>(what: string, look: () => Promise<T | undefined>, pace: Pace = {}): Promise<T> =>
  noting('polling', what, () => poll(what, look, pace));

const poll = async <T>(what: string, look: () => Promise<T | undefined>, { intervalMs = 50 }: Pace): Promise<T> => {
  const deadline = Date.now() + PATIENCE_MS;
  let trouble: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
      trouble = undefined;
    } catch (error) {
      trouble = error;
    }
    if (Date.now() >= deadline) {
      throw new Error(
        `Waited ${PATIENCE_MS / 1_000} s in vain: ${what}.`,
        trouble === undefined ? {} : { cause: trouble },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
};
