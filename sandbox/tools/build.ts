/**
 * Build: makes sure that every tool is in the cache, and says where.
 *
 * Owns: the order: look, and only when something is missing take the lock, ask the sites and get it. A start with a warm
 * cache touches no network. Neighbours: `recipes.ts` says what is needed, `obtain.ts` gets it, `store.ts` keeps it.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { pinsFrom } from './checksums.ts';
import { type Downloads, obtain, placeOf } from './obtain.ts';
import { FOLDER, type Recipe, recipesFor } from './recipes.ts';
import { openSites, siteSettings } from './sites.ts';
import { cacheFolder, clearDrafts, linkSet, lockCache } from './store.ts';
import { toolsOf } from './wanted.ts';

export { cacheFolder } from './store.ts';

export type Tools = {
  /** Absolute folder with every binary. */
  readonly bin: string;
  /** Absolute path of the Python that has moto. */
  readonly python: string;
};

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const getMissing = async (cache: string, recipes: readonly Recipe[], downloads: Downloads | undefined) => {
  const lock = await lockCache(cache);
  try {
    clearDrafts(cache);
    // Whoever held the lock before may have made what was missing.
    const missing = recipes.filter((recipe) => placeOf(recipe, downloads?.pins) === undefined);
    if (missing.length === 0) return;
    say(`Getting ${missing.map(({ title }) => title).join(', ')} into ${cache}, once`);
    await obtain(cache, missing, downloads, say);
  } finally {
    lock.release();
  }
};

/**
 * Gets what is missing, with progress on the terminal, and says where everything is. `releases` are versions of the catalogue whose
 * programs are wanted, too, beside those that everybody needs.
 */
export const ensureTools = async (releases: readonly string[] = []): Promise<Tools> => {
  const asked = toolsOf(releases);
  const cache = cacheFolder();
  const settings = siteSettings(process.env);
  const pins = settings.downloads === 'off' ? undefined : pinsFrom(readFileSync(`${FOLDER}/pins.json`, 'utf8'));
  mkdirSync(`${cache}/tmp`, { recursive: true });
  const { recipes, venv } = await recipesFor(cache, asked);
  if (recipes.some((recipe) => placeOf(recipe, pins) === undefined)) {
    const sites = openSites(settings);
    try {
      await getMissing(cache, recipes, pins === undefined ? undefined : { sites, pins });
    } finally {
      await sites.close();
    }
  }
  const members = recipes.map((recipe) => {
    const place = placeOf(recipe, pins);
    if (place === undefined) throw new Error(`${recipe.title} was deleted from ${cache} while it was needed`);
    return { ...recipe, place };
  });
  return { bin: linkSet(cache, members, venv), python: `${venv}/bin/python` };
};
