/** An API of AWS with a bucket of tokens, and many who call it at once. */
import { describe, expect, test } from '@jest/globals';
import { createLimiter } from '../../../activities/aws/limiter.ts';
import { isThrottled, verdictOf } from '../../../activities/verdicts.ts';
import { virtualTime } from '../../../bench/virtual-time.ts';
import { refusal } from './answering.ts';

/** A bucket as EC2 has one for each API: so many tokens at most, and so many more each second. */
const bucketOf = (now: () => number, size: number, perSecond: number) => {
  let tokens = size;
  let filledAt = now();
  const taken: number[] = [];
  let refused = 0;
  return {
    taken,
    refused: () => refused,
    call: async (): Promise<string> => {
      tokens = Math.min(size, tokens + ((now() - filledAt) / 1_000) * perSecond);
      filledAt = now();
      if (tokens < 1) {
        refused += 1;
        throw refusal('RequestLimitExceeded', 'Request limit exceeded.', 503);
      }
      tokens -= 1;
      taken.push(now());
      return 'done';
    },
  };
};

const API = 'EC2 CreateVolume';

const account = (size = 10, perSecond = 5) => {
  const time = virtualTime(1_000_000);
  const bucket = bucketOf(time.now, size, perSecond);
  const limiter = createLimiter({ ...time, isThrottled });
  /** Tries again after what it is told, or a second, until it is done. */
  const untilDone = async (api = API): Promise<void> => {
    for (;;) {
      try {
        await limiter.send(api, bucket.call);
        return;
      } catch (error) {
        await time.sleep(verdictOf(error).delayMs ?? 1_000);
      }
    }
  };
  return { time, bucket, limiter, untilDone };
};

const times = <T>(count: number, make: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, make));

describe('an API that AWS throttles', () => {
  test('is called ever more slowly until AWS takes what is sent, and hardly refuses any more', async () => {
    const { time, bucket, untilDone } = account();
    const began = time.now();
    await time.run(times(300, () => untilDone()));
    const seconds = (time.now() - began) / 1_000;
    // The bucket gives no more than (300 - 10) / 5.
    expect(seconds).toBeGreaterThan(57);
    expect(seconds).toBeLessThan(1.6 * 58);
    // Beside the first burst, which nobody could know of.
    expect(bucket.refused() - 290).toBeLessThan(60);
  });

  test('is lowered once by a burst that was sent before anybody knew', async () => {
    const { time, bucket, limiter } = account(10, 5);
    const answers = await time.run(
      times(30, () =>
        limiter
          .send(API, async () => {
            await time.sleep(100);
            return bucket.call();
          })
          .then(
            () => 'done',
            () => 'refused',
          ),
      ),
    );
    expect(answers.filter((one) => one === 'refused').length).toBe(20);
    expect(limiter.rateOf(API)).toBe(15);
  });

  test('says at once when to come back to those who would wait long, and keeps no slot for them', async () => {
    const { time, limiter, bucket } = account(1, 0.1);
    await time.run(times(3, () => limiter.send(API, bucket.call).catch(() => 'refused')));
    const began = time.now();
    const asked = times(20, () => limiter.send(API, () => Promise.resolve('done')).then(String, verdictOf));
    const answers = await time.run(asked);
    const refused = answers.filter((one) => one !== 'done');
    expect(refused.length).toBeGreaterThan(10);
    expect(refused.length).toBeLessThan(20);
    expect(time.now() - began).toBeLessThanOrEqual(2_010);
    for (const one of refused) {
      expect(one).toMatchObject({
        verdict: 'retry',
        spread: true,
        message: expect.stringContaining(`AWS throttles ${API}`),
      });
    }
  });

  test('holds back no other API', async () => {
    const { time, limiter, bucket } = account(1, 0.1);
    await time.run(times(3, () => limiter.send(API, bucket.call).catch(() => 'refused')));
    const before = time.now();
    expect(await time.run(times(50, () => limiter.send('EC2 DescribeVolumes', () => Promise.resolve(1))))).toHaveLength(
      50,
    );
    expect(time.now()).toBe(before);
  });

  test('is let go once nobody was throttled for a minute', async () => {
    const { time, limiter, bucket } = account(1, 0.1);
    await time.run(times(3, () => limiter.send(API, bucket.call).catch(() => 'refused')));
    await time.run(time.sleep(60_000));
    const before = time.now();
    await time.run(times(20, () => limiter.send(API, () => Promise.resolve(1))));
    expect([time.now(), limiter.rateOf(API)]).toEqual([before, undefined]);
  });

  test('keeps the order in which it was asked, and passes over who was cancelled meanwhile', async () => {
    const { time, limiter, bucket } = account(1, 0.1);
    await time.run(times(9, () => limiter.send(API, bucket.call).catch(() => 'refused')));
    const order: number[] = [];
    const cancelled = new AbortController();
    const send = (number: number, signal?: AbortSignal) =>
      limiter.send(API, async () => order.push(number), signal).catch((error: unknown) => (error as Error).name);
    const all = Promise.all([send(1), send(2, cancelled.signal), send(3)]);
    cancelled.abort();
    expect((await time.run(all))[1]).toBe('AbortError');
    expect(order).toEqual([1, 3]);
  });
});

describe('an API that AWS does not throttle', () => {
  test('is called as fast as anybody likes', async () => {
    const { time, limiter, bucket } = account(1_000, 5);
    const before = time.now();
    await time.run(times(1_000, () => limiter.send(API, bucket.call)));
    expect([time.now() - before, limiter.rateOf(API)]).toEqual([0, undefined]);
  });

  test('is not slowed down by other errors', async () => {
    const { time, limiter } = account();
    const missing = () => Promise.reject(refusal('InvalidVolume.NotFound', 'no'));
    await time.run(times(20, () => limiter.send(API, missing).catch(() => 'no')));
    expect(limiter.rateOf(API)).toBeUndefined();
  });
});
