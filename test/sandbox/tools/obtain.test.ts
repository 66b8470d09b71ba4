/** Where the sandbox's tools come from, against a local server that plays the makers' sites. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { create } from 'tar';
import { obtain, placeOf } from '../../../sandbox/tools/obtain.ts';
import { readRecord } from '../../../sandbox/tools/origin.ts';
import type { Recipe } from '../../../sandbox/tools/recipes.ts';
import { type CacheForTests, CONTENT, cacheForTests, fileOf, VERSION } from './cache.ts';
import { sha256 } from './sites-double.ts';

let env: CacheForTests;
beforeEach(async () => {
  env = await cacheForTests();
});
afterEach(() => env.end());

describe('a site that gives what is right', () => {
  test('is where the tool comes from, and nothing is built', async () => {
    const recipe = env.recipeOf('kubernetes');
    env.give(recipe);
    await env.get([recipe]);
    const place = placeOf(recipe, {});
    expect(place).toEqual(recipe.release.place);
    for (const binary of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
      expect(readFileSync(`${place?.folder}/${binary}`)).toEqual(CONTENT);
      expect(statSync(`${place?.folder}/${binary}`).mode & 0o777).toBe(0o755);
    }
    expect(readdirSync(`${env.cache}/store`)).toEqual(['kubernetes-downloaded']);
    expect(env.said).toEqual([]);
  });

  test('is kept with the tool, with the checksum and who said it', async () => {
    const recipe = env.recipeOf('kubectl');
    env.give(recipe);
    await env.get([recipe]);
    expect(readRecord(recipe.release.place.folder)).toEqual({
      tool: 'kubectl',
      version: VERSION,
      binaries: ['kubectl'],
      seconds: expect.any(Number),
      origin: {
        kind: 'downloaded',
        files: [
          {
            url: 'https://dl.k8s.io/release/v1.2.3/bin/linux/amd64/kubectl',
            mirror: `${env.sites.mirror}/dl.k8s.io/release/v1.2.3/bin/linux/amd64/kubectl`,
            sha256: sha256(CONTENT),
            proofs: ['site'],
          },
        ],
      },
    });
  });

  test('may give an archive, of which the binary is taken and nothing else', async () => {
    const recipe = env.recipeOf('etcd');
    const name = `etcd-${VERSION}-linux-amd64`;
    const source = `${env.cache}/source`;
    mkdirSync(`${source}/${name}`, { recursive: true });
    for (const file of ['etcd', 'etcdctl', 'etcdutl', 'README.md']) writeFileSync(`${source}/${name}/${file}`, file);
    await create({ file: `${source}/archive.tar.gz`, cwd: source, gzip: true }, [name]);
    const archive = readFileSync(`${source}/archive.tar.gz`);
    const release = `https://github.com/etcd-io/etcd/releases/download/${VERSION}`;
    env.sites.give(`${release}/${name}.tar.gz`, archive);
    env.sites.give(
      `${release}/SHA256SUMS`,
      `${sha256('x')}  etcd-${VERSION}-linux-arm64.tar.gz\n${sha256(archive)}  ${name}.tar.gz\n`,
    );
    await env.get([recipe]);
    expect(readdirSync(recipe.release.place.folder).toSorted()).toEqual(['etcd', 'etcdutl', 'origin.json']);
    expect(readFileSync(`${recipe.release.place.folder}/etcd`, 'utf8')).toBe('etcd');
  });

  test('may be GitHub, which computes the checksum itself', async () => {
    const recipe = env.recipeOf('kwok');
    const file = fileOf(recipe);
    const assets = [
      { name: 'kwok-linux-arm64', digest: null },
      { name: 'kwok-linux-amd64', digest: `sha256:${sha256(CONTENT)}` },
    ];
    env.sites.give(file.url, CONTENT);
    env.sites.give(
      'https://api.github.com/repos/kubernetes-sigs/kwok/releases/tags/v1.2.3',
      JSON.stringify({ assets }),
    );
    await env.get([recipe]);
    expect(env.originOf(recipe)).toMatchObject({ kind: 'downloaded', files: [{ proofs: ['site'] }] });
  });
});

describe('a file with a wrong checksum', () => {
  test('is deleted and told, and the tool is built', async () => {
    const recipe = env.recipeOf('kubectl');
    env.give(recipe);
    env.sites.give(fileOf(recipe).url, 'something else');
    await env.get([recipe]);
    env.expectBuilt(
      recipe,
      /came with the SHA-256 [0-9a-f]{64} where its site says [0-9a-f]{64}: it was deleted, and not run/,
    );
  });

  test('takes the whole tool with it: its other files are not kept either', async () => {
    const recipe = env.recipeOf('kubernetes');
    env.give(recipe);
    env.sites.give(fileOf(recipe, 1).url, 'something else');
    await env.get([recipe]);
    env.expectBuilt(recipe, /kube-controller-manager came with the SHA-256/);
    for (const binary of Object.keys(recipe.build.place.binaries)) {
      expect(readFileSync(`${recipe.build.place.folder}/${binary}`, 'utf8')).toBe('built');
    }
  });

  test('that contradicts a pin ends it, and is not built around', async () => {
    const recipe = env.recipeOf('kwok');
    const url = fileOf(recipe).url;
    env.sites.give(url, 'something else');
    // GitHub's description is out of reach: the pin alone says what must come.
    env.sites.give(fileOf(recipe).checksum.url, '', { kind: 'status', status: 403 });
    await expect(env.get([recipe], { [url]: sha256(CONTENT) })).rejects.toMatchObject({
      kind: 'build',
      message: expect.stringContaining(
        `came with the SHA-256 ${sha256('something else')}, and this checkout says ${sha256(CONTENT)}`,
      ),
      cure: expect.stringContaining('SLIPWAY_DOWNLOADS=off'),
    });
    expect(placeOf(recipe, {})).toBeUndefined();
    expect(readdirSync(`${env.cache}/tmp`)).toEqual([]);
  });

  test('is noticed before anything is downloaded where the site itself contradicts the pin', async () => {
    const recipe = env.recipeOf('kubectl');
    env.give(recipe);
    const file = fileOf(recipe);
    await expect(env.get([recipe], { [file.url]: sha256('what a maintainer saw') })).rejects.toMatchObject({
      kind: 'build',
      message: expect.stringContaining('is not what it was'),
    });
    expect(env.sites.asked).toEqual([file.checksum.url]);
  });
});

test('a file that is as pinned says so', async () => {
  const recipe = env.recipeOf('kubectl');
  env.give(recipe);
  const pins = { [fileOf(recipe).url]: sha256(CONTENT) };
  await env.get([recipe], pins);
  expect(env.originOf(recipe, pins)).toMatchObject({ kind: 'downloaded', files: [{ proofs: ['site', 'pin'] }] });
});

test('a file that nothing says the checksum of is not taken', async () => {
  const recipe = env.recipeOf('kwok');
  env.sites.give(fileOf(recipe).url, CONTENT);
  env.sites.give(fileOf(recipe).checksum.url, JSON.stringify({ assets: [{ name: 'kwok-linux-amd64' }] }));
  await env.get([recipe]);
  env.expectBuilt(recipe, /there is no checksum for kwok-linux-amd64/);
  expect(env.sites.asked).not.toContain(fileOf(recipe).url);
});

describe('what is there already', () => {
  const putInto = (folder: string, sum: string, url: string): void => {
    mkdirSync(folder, { recursive: true });
    const origin = { kind: 'downloaded', files: [{ url, sha256: sum, proofs: ['site'] }] };
    writeFileSync(`${folder}/origin.json`, JSON.stringify({ tool: 'kubectl', version: VERSION, binaries: [], origin }));
  };

  test('is taken, whichever way it came', () => {
    const recipe = env.recipeOf('kubectl');
    expect(placeOf(recipe, {})).toBeUndefined();
    mkdirSync(recipe.build.place.folder, { recursive: true });
    // Nobody could say which way it came.
    expect(placeOf(recipe, {})).toBeUndefined();
    writeFileSync(`${recipe.build.place.folder}/origin.json`, JSON.stringify({ origin: recipe.build.origin }));
    expect(placeOf(recipe, {})).toBe(recipe.build.place);
    putInto(recipe.release.place.folder, sha256(CONTENT), fileOf(recipe).url);
    expect(placeOf(recipe, {})).toBe(recipe.release.place);
  });

  test('is not taken from a maker by who wants everything built', () => {
    const recipe = env.recipeOf('kubectl');
    putInto(recipe.release.place.folder, sha256(CONTENT), fileOf(recipe).url);
    expect(placeOf(recipe, undefined)).toBeUndefined();
  });

  test('and contradicts a pin that came later is not taken', () => {
    const recipe = env.recipeOf('kubectl');
    const url = fileOf(recipe).url;
    putInto(recipe.release.place.folder, sha256(CONTENT), url);
    expect(placeOf(recipe, { [url]: sha256(CONTENT).toUpperCase() })).toBe(recipe.release.place);
    expect(placeOf(recipe, { [url]: sha256('what a maintainer saw') })).toBeUndefined();
  });

  test('and contradicts a pin that came later is replaced by what the pin says', async () => {
    const recipe = env.recipeOf('kubectl');
    const pins = { [fileOf(recipe).url]: sha256(CONTENT) };
    putInto(recipe.release.place.folder, sha256('what came before there was a pin'), fileOf(recipe).url);
    env.give(recipe);
    await env.get([recipe], pins);
    expect(placeOf(recipe, pins)).toBe(recipe.release.place);
    expect(env.originOf(recipe, pins)).toMatchObject({ kind: 'downloaded', files: [{ sha256: sha256(CONTENT) }] });
  });
});

test('who wants no downloads asks no site', async () => {
  const recipe = env.recipeOf('kubectl');
  const said: string[] = [];
  await obtain(env.cache, [recipe], undefined, (line) => said.push(line));
  expect(readRecord(recipe.build.place.folder)?.origin).toEqual(recipe.build.origin);
  expect(existsSync(recipe.release.place.folder)).toBe(false);
  expect([said, env.sites.asked]).toEqual([[], []]);
});

test('of two that are built one after the other, who takes longer is first', async () => {
  const order: string[] = [];
  const named = (tool: string, weight: number): Recipe => {
    const { build, ...recipe } = env.recipeOf('kubectl');
    const folder = `${env.cache}/store/${tool}`;
    const make = async () => {
      order.push(tool);
    };
    return { ...recipe, tool, build: { ...build, weight, make, place: { ...build.place, folder } } };
  };
  await obtain(env.cache, [named('first come', 1), named('short', 1), named('long', 2)], undefined, () => undefined);
  expect(order).toEqual(['first come', 'long', 'short']);
});
