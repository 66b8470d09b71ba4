/**
 * Follow: when to look at the account again.
 *
 * Owns: the rhythm of a level-triggered loop: at once when the account says that something changed or a part says so,
 * and in any case after a while. Neighbours: `instances` and `network` look; `account.ts` holds the long poll. A look
 * that fails is tried again; that an account doesn't answer, or doesn't say when it changes, is said once,
 * and said again when it does.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../words/failure.ts';
import type { Account } from './account.ts';

export type Log = {
  readonly info: (fields: object, message: string) => void;
  readonly error: (fields: object, message: string) => void;
};

/** Something that can be rung; rings that come while nobody waits are kept as one. */
export type Bell = { readonly ring: () => void; readonly wait: (milliseconds: number) => Promise<void> };

export const createBell = (): Bell => {
  const state: { rung: boolean; waiting: (() => void) | undefined } = { rung: false, waiting: undefined };
  return {
    ring: () => {
      state.rung = true;
      state.waiting?.();
    },
    wait: async (milliseconds) => {
      if (!state.rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          state.waiting = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      state.rung = false;
      state.waiting = undefined;
    },
  };
};

const RETRY_MS = 500;

/** Says a trouble once for as long as it is the same, and once that it is over. */
const trouble = (log: Log, begins: string, ends: string) => {
  let said: string | undefined;
  return {
    met: (error: unknown): void => {
      const message = messageOf(error);
      if (message !== said) log.error({ error: message }, begins);
      said = message;
    },
    over: (): void => {
      if (said !== undefined) log.info({}, ends);
      said = undefined;
    },
  };
};

type Following = { readonly account: Account; readonly bell: Bell; readonly signal: AbortSignal; readonly log: Log };

/** Rings the bell at each change, until the signal fires. */
const ringOnChanges = async ({ account, bell, signal, log }: Following): Promise<void> => {
  const deaf = trouble(
    log,
    'The account does not say when something changes; it is only looked at from time to time meanwhile',
    'The account says again when something changes',
  );
  let after: number | undefined;
  while (!signal.aborted) {
    try {
      const next = await account.changes(after, signal);
      if (after !== undefined && next !== after) bell.ring();
      after = next;
      deaf.over();
    } catch (error) {
      if (signal.aborted) return;
      deaf.met(error);
      await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
};

/** Looks again and again until the signal fires. */
export const follow = async (
  options: Following & { readonly look: () => Promise<void>; readonly everyMs: number },
): Promise<void> => {
  const { bell, signal, log } = options;
  const changes = ringOnChanges(options);
  signal.addEventListener('abort', () => bell.ring());
  const blind = trouble(
    log,
    'The account could not be read; nothing is changed meanwhile',
    'The account answers again',
  );
  while (!signal.aborted) {
    let wait = options.everyMs;
    try {
      await options.look();
      blind.over();
    } catch (error) {
      blind.met(error);
      wait = RETRY_MS;
    }
    await bell.wait(wait);
  }
  await changes;
};
