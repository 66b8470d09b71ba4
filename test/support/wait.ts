import { noting } from './waits.ts';

type Patience = { readonly timeoutMs?: number; readonly intervalMs?: number };

/** Polls until `look` answers something, or fails after `timeoutMs` saying what was waited for and what was seen last. */
export const waitFor = <T>(what: string, look: () => Promise<T | undefined>, patience: Patience = {}): Promise<T> =>
  noting('polling', what, () => poll(what, look, patience));

const poll = async <T>(
  what: string,
  look: () => Promise<T | undefined>,
  { timeoutMs = 20_000, intervalMs = 50 }: Patience,
): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
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
      throw new Error(`Waited ${timeoutMs} ms in vain: ${what}.`, trouble === undefined ? {} : { cause: trouble });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
};
