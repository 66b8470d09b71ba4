import { describe, expect, test } from '@jest/globals';
import { createInsideSweep } from '../../activities/inside-sweep.ts';
import { observed } from '../../kinds/resource.ts';
import type { InsideRequest } from '../../policy/inside.ts';
import type { Inside } from '../../policy/plan.ts';

const HOUR = 3_600_000;
const requestOf = (clusterId: string, image = 'a'): InsideRequest => ({
  namespace: 'default',
  clusterId,
  endpoint: `${clusterId}.example`,
  addons: [{ key: 'addon/coredns', addon: 'coredns', parameters: { image } }],
});
const seen = (...differs: string[]): Inside => ({ found: [observed('addon', 'addon/coredns', {}, { differs })] });

const sweepOf = (answers: Record<string, Inside>, allMs?: number) => {
  const asked: string[] = [];
  const clock = { now: 0 };
  const sweep = createInsideSweep(
    async ({ clusterId }) => {
      asked.push(clusterId);
      return answers[clusterId] ?? seen();
    },
    { now: () => clock.now, ...(allMs === undefined ? {} : { allMs }) },
  );
  const run = (...looks: { request: InsideRequest; fresh: boolean }[]) => sweep(looks, new AbortController().signal);
  return { asked, clock, run };
};
const look = (clusterId: string, fresh = false, image?: string) => ({ request: requestOf(clusterId, image), fresh });

describe('the sweeps of an hour', () => {
  test('ask a cluster once that is as it should be, and the next hour again', async () => {
    const { asked, clock, run } = sweepOf({});
    expect(await run(look('a'))).toEqual(new Map([['a', seen()]]));
    clock.now = HOUR - 1;
    expect(await run(look('a'))).toEqual(new Map());
    clock.now = HOUR;
    await run(look('a'));
    expect(asked).toEqual(['a', 'a']);
  });

  test('ask one each time that differs, or lacks something, or did not answer', async () => {
    const { asked, run } = sweepOf({ a: seen('edited'), b: { found: [] }, c: { unread: 'silent' } });
    for (const _ of [1, 2]) await run(look('a'), look('b'), look('c'), look('d'));
    expect(asked.toSorted().join('')).toBe('aabbccd');
  });

  test('ask anew where its status says something, or where it is to have something else', async () => {
    const { asked, run } = sweepOf({});
    await run(look('a'));
    await run(look('a', true));
    await run(look('a', false, 'b'));
    expect(asked).toHaveLength(3);
  });

  test('say of those for whom no time was left that nobody asked them', async () => {
    const { run } = sweepOf({});
    const sweep = createInsideSweep(
      () => new Promise((resolve) => AbortSignal.timeout(30).addEventListener('abort', () => resolve(seen()))),
      { allMs: 10 },
    );
    const many = Array.from({ length: 11 }, (_, index) => look(`c${index}`));
    const answers = await sweep(many, new AbortController().signal);
    expect(answers.get('c10')).toEqual({ unread: expect.stringContaining('no time was left') });
    expect(await run(...many)).toHaveProperty('size', 11);
  });
});
