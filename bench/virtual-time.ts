/**
 * Virtual time: hours of waiting in moments, in an order that is the same each time.
 *
 * Owns: a clock that moves on to the next who sleeps once nobody has anything to do before. Neighbours: `throttling.ts` plays a busy
 * account on it, tests of what waits use it, too.
 */
import { setImmediate } from 'node:timers/promises';

type Sleeper = { readonly at: number; readonly number: number; readonly wake: () => void };

export type VirtualTime = {
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Lets everything happen until `done` has, and answers what it answers. */
  readonly run: <T>(done: Promise<T>) => Promise<T>;
};

export const virtualTime = (start = 0): VirtualTime => {
  let time = start;
  let number = 0;
  /** In the order in which they wake, the last first. */
  const sleepers: Sleeper[] = [];
  const lie = (sleeper: Sleeper): void => {
    let [low, high] = [0, sleepers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = sleepers[middle];
      const isBefore =
        other !== undefined && (other.at > sleeper.at || (other.at === sleeper.at && other.number > sleeper.number));
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    sleepers.splice(low, 0, sleeper);
  };
  return {
    now: () => time,
    sleep: (milliseconds) =>
      new Promise((wake) => {
        number += 1;
        lie({ at: time + Math.max(0, milliseconds), number, wake });
      }),
    run: async (done) => {
      let isOver = false;
      const over = (): void => {
        isOver = true;
      };
      void done.then(over, over);
      for (;;) {
        // Whoever was woken does all that needs no time.
        await setImmediate();
        if (isOver) return done;
        const sleeper = sleepers.pop();
        if (sleeper === undefined) throw new Error('everybody waits, and nobody for a time');
        time = sleeper.at;
        sleeper.wake();
      }
    },
  };
};
