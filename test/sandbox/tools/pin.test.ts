/** `npm run pins`, against a local server that plays the makers' sites. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { EXIT } from '../../../sandbox/failure.ts';
import { ARCHITECTURES, type ReleaseFile, TOOLS } from '../../../sandbox/tools/catalogue.ts';
import { versionOf } from '../../../sandbox/tools/recipes.ts';
import { CHECKOUT, type Ran, run } from '../../support/sandbox.ts';
import { type SitesDouble, sha256, startSites } from './sites-double.ts';

const FILES: readonly ReleaseFile[] = TOOLS.flatMap((tool) =>
  Object.values(ARCHITECTURES).flatMap((architecture) => tool.releases?.(versionOf(tool), architecture) ?? []),
);
const nameOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);
const contentOf = ({ url }: ReleaseFile): string => `what is at ${url}`;

let folder = '';
let sites: SitesDouble;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-pins-test-'));
  sites = await startSites();
  for (const file of FILES) {
    sites.give(file.url, contentOf(file));
    const same = FILES.filter(({ checksum }) => checksum.url === file.checksum.url);
    const lines = same.map((one) => `${sha256(contentOf(one))}  ${nameOf(one.url)}`);
    const assets = same.map((one) => ({ name: nameOf(one.url), digest: `sha256:${sha256(contentOf(one))}` }));
    sites.give(file.checksum.url, file.checksum.kind === 'github' ? JSON.stringify({ assets }) : lines.join('\n'));
  }
});
afterEach(async () => {
  await sites.end();
  rmSync(folder, { recursive: true, force: true });
});

const pins = (options: readonly string[] = ['--of-a-mirror']): Promise<Ran> =>
  run(process.execPath, [`${CHECKOUT}/sandbox/tools/pin.ts`, ...options, `${folder}/pins.json`], {
    env: { ...process.env, SLIPWAY_DOWNLOAD_MIRROR: sites.mirror, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' },
  });
const written = (): unknown => JSON.parse(readFileSync(`${folder}/pins.json`, 'utf8'));

test('every file of every architecture is pinned, and pins of other versions go', async () => {
  writeFileSync(`${folder}/pins.json`, JSON.stringify({ 'https://dl.k8s.io/release/v1.2.3/kubectl': 'a'.repeat(64) }));
  expect(await pins()).toMatchObject({ code: 0, stdout: `22 files are pinned in ${folder}/pins.json\n` });
  expect(written()).toEqual(Object.fromEntries(FILES.map((file) => [file.url, sha256(contentOf(file))])));
});

test('what a mirror gives is pinned only by who says so', async () => {
  const { code, stderr } = await pins([]);
  expect(code).toBe(EXIT.refused);
  expect(stderr).toContain(`SLIPWAY_DOWNLOAD_MIRROR is ${sites.mirror}`);
  expect(existsSync(`${folder}/pins.json`)).toBe(false);
});

test('what is not what its site says is not pinned, nor is anything else', async () => {
  const [file] = FILES;
  sites.give(file?.url ?? '', 'something else');
  const { code, stderr } = await pins();
  expect(code).toBe(EXIT.build);
  expect(stderr).toContain(`${file?.url} cannot be pinned: it has the SHA-256 ${sha256('something else')}`);
  expect(existsSync(`${folder}/pins.json`)).toBe(false);
});

test('a file that a site says nothing about is not pinned', async () => {
  const kwok = FILES.find(({ checksum }) => checksum.kind === 'github');
  sites.give(kwok?.checksum.url ?? '', JSON.stringify({ assets: [] }));
  const { code, stderr } = await pins();
  expect(code).toBe(EXIT.build);
  expect(stderr).toContain(`${kwok?.url} cannot be pinned: there is no checksum`);
});

test('a pin that stands is not changed into another', async () => {
  const before = { [FILES[0]?.url ?? '']: sha256('what a maintainer saw') };
  writeFileSync(`${folder}/pins.json`, JSON.stringify(before));
  const { code, stderr } = await pins();
  expect(code).toBe(EXIT.build);
  expect(stderr).toContain('is not what it was');
  expect(written()).toEqual(before);
});
