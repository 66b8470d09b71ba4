import { describe, expect, test } from '@jest/globals';
import { keyedQueue } from '../../client/watcher/keyed-queue.ts';

const queueOf = (work: (item: string) => Promise<void>) => {
  const stop = new AbortController();
  const errors: string[] = [];
  const queue = keyedQueue<string>({
    work,
    signal: stop.signal,
    backoff: () => 1,
    onError: (key) => errors.push(key),
  });
  return { queue, stop, errors };
};

describe('a keyed queue', () => {
  test('runs work for one key one at a time, and the newest request wins over one that still waits', async () => {
    const done: string[] = [];
    let running = 0;
    const { queue } = queueOf(async (item) => {
      running += 1;
      expect(running).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      done.push(item);
      running -= 1;
    });
    queue.put('a', 'first');
    queue.put('a', 'second');
    queue.put('a', 'third');
    await queue.idle();
    expect(done).toEqual(['first', 'third']);
  });

  test('runs work for different keys side by side', async () => {
    let together = 0;
    let most = 0;
    const { queue } = queueOf(async () => {
      together += 1;
      most = Math.max(most, together);
      await new Promise((resolve) => setImmediate(resolve));
      together -= 1;
    });
    for (const key of ['a', 'b', 'c']) queue.put(key, key);
    await queue.idle();
    expect(most).toBe(3);
  });

  test('tries again until the work is acknowledged', async () => {
    let tries = 0;
    const { queue, errors } = queueOf(async () => {
      tries += 1;
      if (tries < 4) throw new Error('Temporal is away');
    });
    queue.put('a', 'news');
    await queue.idle();
    expect(tries).toBe(4);
    expect(errors).toEqual(['a', 'a', 'a']);
  });

  test('a failing key does not hold up another', async () => {
    const done: string[] = [];
    const { queue, stop } = queueOf(async (item) => {
      if (item === 'bad') throw new Error('no');
      done.push(item);
      stop.abort();
    });
    queue.put('a', 'bad');
    queue.put('b', 'good');
    await queue.idle();
    expect(done).toEqual(['good']);
  });

  test('work that fails after the end was asked for does not hold it up', async () => {
    const stop = new AbortController();
    const queue = keyedQueue<string>({
      signal: stop.signal,
      backoff: () => 60_000,
      onError: () => undefined,
      work: async () => {
        stop.abort();
        throw new Error('the connection is closed');
      },
    });
    queue.put('a', 'news');
    const began = Date.now();
    await queue.idle();
    expect(Date.now() - began).toBeLessThan(5_000);
  });
});
