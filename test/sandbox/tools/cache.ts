/**
 * A cache of a test's own, a server that plays the makers' sites, and recipes as of the catalogue whose build only writes a word.
 *
 * Owns: what each test about getting tools begins with, and what "built, and nothing else left" means.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type ReleaseFile, TOOLS } from '../../../sandbox/tools/catalogue.ts';
import type { Pins } from '../../../sandbox/tools/checksums.ts';
import { obtain, placeOf } from '../../../sandbox/tools/obtain.ts';
import { type Origin, readRecord } from '../../../sandbox/tools/origin.ts';
import type { Recipe } from '../../../sandbox/tools/recipes.ts';
import { openSites, type Patience } from '../../../sandbox/tools/sites.ts';
import { type SitesDouble, sha256, startSites } from './sites-double.ts';

/** Where nothing is slow but perhaps this computer. */
const PATIENCE: Patience = { answerMilliseconds: 30_000, paceMilliseconds: 10_000, paceBytes: 1_000 };
/** Where a site is, and one waits for that to be noticed. */
export const IMPATIENCE: Patience = { answerMilliseconds: 2_000, paceMilliseconds: 300, paceBytes: 1_000 };
export const VERSION = 'v1.2.3';

/** What the sites would give if all is well. */
export const CONTENT = randomBytes(100_000);

export type Downloadable = Recipe & { readonly release: NonNullable<Recipe['release']> };

export type CacheForTests = {
  readonly cache: string;
  readonly sites: SitesDouble;
  /** The lines that were told. */
  readonly said: readonly string[];
  readonly recipeOf: (tool: string) => Downloadable;
  readonly get: (recipes: readonly Recipe[], pins?: Pins, mirror?: string, patience?: Patience) => Promise<void>;
  /** Gives files that are themselves, each with its checksum beside it. */
  readonly give: (recipe: Downloadable) => void;
  readonly originOf: (recipe: Recipe, pins?: Pins) => Origin | undefined;
  /** That a tool was built for this reason, which was told once, and nothing of what came from the sites is left. */
  readonly expectBuilt: (recipe: Recipe, because: RegExp) => void;
  readonly end: () => Promise<void>;
};

export const fileOf = ({ release }: Downloadable, index = 0): ReleaseFile => {
  const file = release.files[index];
  if (file === undefined) throw new Error(`there is no file ${index}`);
  return file;
};

export const cacheForTests = async (): Promise<CacheForTests> => {
  const cache = mkdtempSync(join(tmpdir(), 'slipway-cache-'));
  mkdirSync(`${cache}/tmp`);
  const sites = await startSites();
  const said: string[] = [];
  const originOf = (recipe: Recipe, pins: Pins = {}) => readRecord(placeOf(recipe, pins)?.folder ?? '')?.origin;
  return {
    cache,
    sites,
    said,
    originOf,
    recipeOf: (tool) => {
      const files = TOOLS.find(({ name }) => name === tool)?.releases?.(VERSION, 'amd64') ?? [];
      const binaries = Object.fromEntries(files.flatMap(({ binaries: names }) => names.map((name) => [name, name])));
      const make = async (target: string) => {
        for (const binary of Object.keys(binaries)) writeFileSync(`${target}/${binary}`, 'built');
      };
      const place = { folder: `${cache}/store/${tool}-built`, binaries };
      const origin = { kind: 'built', go: 'go1.26.8', packages: [] } as const;
      return {
        tool,
        title: tool,
        version: VERSION,
        found: 'by both',
        release: { files, place: { folder: `${cache}/store/${tool}-downloaded`, binaries } },
        build: { place, weight: 1, make, origin },
      };
    },
    get: async (recipes, pins = {}, mirror = sites.mirror, patience = PATIENCE) => {
      const opened = openSites({ downloads: 'auto', mirror }, patience, {});
      try {
        await obtain(cache, recipes, { sites: opened, pins }, (line) => said.push(line));
      } finally {
        await opened.close();
      }
    },
    give: ({ release }) => {
      for (const { url, checksum } of release.files) {
        sites.give(url, CONTENT);
        sites.give(checksum.url, sha256(CONTENT));
      }
    },
    expectBuilt: (recipe, because) => {
      expect(originOf(recipe)).toMatchObject({ kind: 'built', because: expect.stringMatching(because) });
      expect(said.filter((line) => because.test(line) && line.includes(recipe.title))).toHaveLength(1);
      expect(readdirSync(`${cache}/store`)).toEqual([`${recipe.tool}-built`]);
      expect(readdirSync(`${cache}/tmp`)).toEqual([]);
    },
    end: async () => {
      await sites.end();
      rmSync(cache, { recursive: true, force: true });
    },
  };
};
