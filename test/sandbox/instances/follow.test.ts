import { describe, expect, test } from '@jest/globals';
import type { Account } from '../../../sandbox/instances/account.ts';
import { createBell, follow } from '../../../sandbox/instances/follow.ts';
import { waitFor } from '../../support/wait.ts';

/** Follows an account until its words are as expected; answers them. */
const wordsOf = async (doors: Pick<Account, 'changes'> & { look: () => Promise<void> }, last: string) => {
  const words: string[] = [];
  const stopping = new AbortController();
  const bell = createBell();
  const following = follow({
    account: doors as Partial<Account> as Account,
    bell,
    look: doors.look,
    everyMs: 10,
    signal: stopping.signal,
    log: { info: (_fields, message) => words.push(message), error: (_fields, message) => words.push(message) },
  });
  await waitFor(last, () => Promise.resolve(words.includes(last) || undefined), { intervalMs: 5 });
  stopping.abort();
  await following;
  return words;
};

/** Refuses so many times, then answers. */
const failingFirst = (times: number) => {
  let asked = 0;
  return (): Promise<void> => {
    asked += 1;
    return asked > times ? Promise.resolve() : Promise.reject(new Error('503'));
  };
};

/** A long poll: nothing changes until it is told to stop. */
const nothingChanges = (signal: AbortSignal): Promise<number> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

describe('Following an account', () => {
  test('says once that it does not tell of changes, also while looking at it works, and that it does again', async () => {
    const changed = failingFirst(2);
    const words = await wordsOf(
      {
        look: () => Promise.resolve(),
        changes: async (after, signal) => {
          await changed();
          return after === undefined ? 7 : nothingChanges(signal);
        },
      },
      'The account says again when something changes',
    );
    expect(words).toEqual([
      'The account does not say when something changes; it is only looked at from time to time meanwhile',
      'The account says again when something changes',
    ]);
  });

  test('says once that it cannot be read, and that it can be again', async () => {
    const words = await wordsOf(
      {
        look: failingFirst(2),
        changes: (_after, signal) => nothingChanges(signal),
      },
      'The account answers again',
    );
    expect(words).toEqual(['The account could not be read; nothing is changed meanwhile', 'The account answers again']);
  });
});
