/** Many creates at once in an account whose buckets are as AWS documents them. */
import { describe, expect, test } from '@jest/globals';
import { playAll } from '../../bench/throttling.ts';

describe('fifty creates at the same moment', () => {
  test('are hardly throttled once the worker knows how fast it may call, take no longer, and nobody sees a step fail', async () => {
    const [herd, apart, learnt] = Object.values(await playAll(50));
    if (herd === undefined || apart === undefined || learnt === undefined) throw new Error('three manners were played');
    expect(herd.throttled / herd.sent).toBeGreaterThan(0.4);
    expect(learnt.throttled / learnt.sent).toBeLessThan(0.1);
    expect(learnt.sent).toBeLessThan(apart.sent);
    expect(learnt.seconds).toBeLessThan(1.5 * learnt.leastSeconds);
    expect(learnt.shown).toBe(0);
  });
});
