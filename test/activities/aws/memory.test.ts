/** What is remembered of the account, and when it is looked at again. */
import { describe, expect, test } from '@jest/globals';
import { createMemory } from '../../../activities/aws/memory.ts';

const always = () => true;

/** Answers 1, 2, 3, … and counts how often it was asked. */
const counter = () => {
  let asked = 0;
  return { ask: () => Promise.resolve((asked += 1)), asked: () => asked };
};

describe('an answer', () => {
  test('is remembered for a minute, and shared while it is being asked for', async () => {
    let now = 0;
    const remember = createMemory(() => now);
    const { ask, asked } = counter();
    expect(await Promise.all([remember('q', ask, always), remember('q', ask, always)])).toEqual([1, 1]);
    now = 59_999;
    expect(await remember('q', ask, always)).toBe(1);
    now = 60_000;
    expect(await remember('q', ask, always)).toBe(2);
    expect(asked()).toBe(2);
  });

  test('that is not enough for who asks is asked for anew, and is then what others find', async () => {
    const remember = createMemory(() => 0);
    const { ask } = counter();
    await remember('q', ask, always);
    const atLeastTwo = (answer: number) => answer >= 2;
    expect(await remember('q', ask, atLeastTwo)).toBe(2);
    expect(await remember('q', ask, atLeastTwo)).toBe(2);
  });

  test('that is not enough for several at once is asked for once', async () => {
    const remember = createMemory(() => 0);
    const { ask, asked } = counter();
    await remember('q', ask, always);
    const never = () => false;
    expect(await Promise.all([1, 2, 3].map(() => remember('q', ask, never)))).toEqual([2, 2, 2]);
    expect(asked()).toBe(2);
  });

  test('that failed is forgotten', async () => {
    const remember = createMemory(() => 0);
    await expect(remember('q', () => Promise.reject(new Error('away')), always)).rejects.toThrow('away');
    expect(await remember('q', counter().ask, always)).toBe(1);
  });
});
