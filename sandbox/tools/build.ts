/**
 * Build: makes sure that every tool is in the cache, and says where.
 *
 * Owns: the cache's layout. `store/<tool>-<fingerprint>/` holds what one recipe made, put there whole by a rename, never
 * changed; `sets/<fingerprint>/` links what one checkout needs together, so that checkouts of different versions share a
 * cache; `bin` and `venv` lead to the set built last. Neighbours: `go.ts` and `python.ts` make the content.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import { isLock, type Lock, tryLock } from '../lock.ts';
import { runTasks, type Task } from '../progress.ts';
import { GO_TOOLS, PYTHON_TOOL } from './catalogue.ts';
import { buildGo, goFingerprint, goVersion } from './go.ts';
import { buildPython, findPython, pythonFingerprint } from './python.ts';

const FOLDER = dirname(fileURLToPath(import.meta.url));

export type Tools = {
  /** Absolute folder with every binary. */
  readonly bin: string;
  /** Absolute path of the Python that has moto. */
  readonly python: string;
};

export const cacheFolder = (): string => resolve(process.env.SLIPWAY_CACHE ?? `${homedir()}/.cache/slipway`);

type Recipe = {
  readonly title: string;
  readonly store: string;
  /** Binary -> path within the store's folder. */
  readonly binaries: Readonly<Record<string, string>>;
  readonly make: (target: string, note: (text: string) => void) => Promise<void>;
};

const recipesOf = async (cache: string): Promise<{ recipes: readonly Recipe[]; venv: string }> => {
  const [go, python] = await Promise.all([goVersion(`${FOLDER}/etcd`), findPython()]);
  // One module after another: each fills the cores by itself, and the linker of Kubernetes needs gigabytes.
  const oneAtATime = pLimit(1);
  const pythonFolder = `${FOLDER}/${PYTHON_TOOL.folder}`;
  const venv = `${cache}/store/${PYTHON_TOOL.name}-${pythonFingerprint(pythonFolder, python)}`;
  const goRecipes = GO_TOOLS.map((tool): Recipe => {
    const folder = `${FOLDER}/${tool.folder}`;
    return {
      title: Object.keys(tool.binaries).join(', '),
      store: `${cache}/store/${tool.name}-${goFingerprint(tool, folder, go)}`,
      binaries: Object.fromEntries(Object.keys(tool.binaries).map((name) => [name, name])),
      make: (target, note) => oneAtATime(() => buildGo(tool, folder, target, note)),
    };
  });
  const pythonRecipe: Recipe = {
    title: `${PYTHON_TOOL.binaries.join(', ')}, moto`,
    store: venv,
    binaries: Object.fromEntries(PYTHON_TOOL.binaries.map((name) => [name, `bin/${name}`])),
    make: (target, note) => buildPython(python, pythonFolder, target, note),
  };
  return { recipes: [...goRecipes, pythonRecipe], venv };
};

/** Makes a store's folder whole or not at all: built elsewhere, then renamed. */
const fill = async (cache: string, recipe: Recipe, note: (text: string) => void): Promise<void> => {
  const draft = `${cache}/tmp/${process.pid}-${recipe.store.slice(recipe.store.lastIndexOf('/') + 1)}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    await recipe.make(draft, note);
    mkdirSync(dirname(recipe.store), { recursive: true });
    renameSync(draft, recipe.store);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
};

/** Points a link elsewhere in one step. */
const pointTo = (link: string, target: string): void => {
  const draft = `${link}.${process.pid}`;
  rmSync(draft, { force: true });
  symlinkSync(target, draft);
  renameSync(draft, link);
};

/** Links the binaries of all recipes into one folder, whose name says exactly which they are. */
const linkSet = (cache: string, recipes: readonly Recipe[], venv: string): Tools => {
  const fingerprint = createHash('sha256')
    .update(recipes.map((recipe) => recipe.store).join('\n'))
    .digest('hex');
  const set = `${cache}/sets/${fingerprint.slice(0, 16)}`;
  if (!existsSync(set)) {
    const draft = `${cache}/tmp/${process.pid}-set`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    for (const { store, binaries } of recipes) {
      for (const [name, path] of Object.entries(binaries)) symlinkSync(`${store}/${path}`, `${draft}/${name}`);
    }
    mkdirSync(dirname(set), { recursive: true });
    renameSync(draft, set);
  }
  pointTo(`${cache}/bin`, set);
  pointTo(`${cache}/venv`, venv);
  return { bin: set, python: `${venv}/bin/python` };
};

/** Waits for another build in the same cache: what it makes need not be made twice. */
const lockCache = async (cache: string): Promise<Lock> => {
  let told = false;
  for (;;) {
    const answer = tryLock(`${cache}/lock`, 'building tools');
    if (isLock(answer)) return answer;
    if (!told) process.stderr.write(`Waiting for process ${answer.pid}, which builds tools in ${cache}\n`);
    told = true;
    await delay(500);
  }
};

/** Builds what is missing, with progress on the terminal, and says where everything is. */
export const ensureTools = async (): Promise<Tools> => {
  const cache = cacheFolder();
  mkdirSync(`${cache}/tmp`, { recursive: true });
  const { recipes, venv } = await recipesOf(cache);
  const isMissing = (recipe: Recipe) => !existsSync(recipe.store);
  if (recipes.some(isMissing)) {
    const lock = await lockCache(cache);
    try {
      // Left behind by builds that were killed: nobody else builds while the lock is held.
      for (const entry of readdirSync(`${cache}/tmp`))
        rmSync(`${cache}/tmp/${entry}`, { recursive: true, force: true });
      const missing = recipes.filter(isMissing);
      if (missing.length > 0) {
        process.stderr.write(`Building tools into ${cache} (all of them: about ten minutes on two cores; once)\n`);
        const tasks = missing.map(
          (recipe): Task => ({ title: recipe.title, run: (note) => fill(cache, recipe, note) }),
        );
        await runTasks(tasks);
      }
      return linkSet(cache, recipes, venv);
    } finally {
      lock.release();
    }
  }
  return linkSet(cache, recipes, venv);
};
