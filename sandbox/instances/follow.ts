/**
 * Follow: when to look at the account again.
 *
 * Owns: the rhythm of a level-triggered loop: at once when the account says that something changed or a part says so,
 * and in any case after a while. Neighbours: `instances` and `network` look; `account.ts` holds the long poll. A look
 * that fails is tried again; that an account doesn't answer is said once, and said again when it does.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../failure.ts';
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

/** Rings the bell at each change, until the signal fires. */
const ringOnChanges = async (account: Account, bell: Bell, signal: AbortSignal): Promise<void> => {
  let after: number | undefined;
  while (!signal.aborted) {
    try {
      const next = await account.changes(after, signal);
      if (after !== undefined && next !== after) bell.ring();
      after = next;
    } catch {
      // The loop that looks says so; here it only means that there is nothing to wait for.
      await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
};

/** Looks again and again until the signal fires. */
export const follow = async (options: {
  readonly account: Account;
  readonly bell: Bell;
  readonly look: () => Promise<void>;
  readonly everyMs: number;
  readonly signal: AbortSignal;
  readonly log: Log;
}): Promise<void> => {
  const { bell, signal, log } = options;
  const changes = ringOnChanges(options.account, bell, signal);
  signal.addEventListener('abort', () => bell.ring());
  let failing: string | undefined;
  while (!signal.aborted) {
    try {
      await options.look();
      if (failing !== undefined) log.info({}, 'The account answers again');
      failing = undefined;
    } catch (error) {
      const message = messageOf(error);
      if (message !== failing)
        log.error({ error: message }, 'The account could not be read; nothing is changed meanwhile');
      failing = message;
    }
    await bell.wait(failing === undefined ? options.everyMs : RETRY_MS);
  }
  await changes;
};
