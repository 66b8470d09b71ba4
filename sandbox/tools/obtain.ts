/**
 * Obtain: gets the tools that are missing, each by the best way that works.
 *
 * Owns: the choice. What is there already, however it came, is taken and no site is asked. Else the maker's binaries are
 * taken; where that doesn't work, for whichever reason, the tool is built and the reason is kept with it. Only a binary that
 * contradicts a pin ends it (`checksums.ts`). Neighbours: `recipes.ts` has the ways, `download.ts` and the recipes walk them.
 */
import { existsSync } from 'node:fs';
import PQueue from 'p-queue';
import { runTasks, type Task } from '../progress.ts';
import { type Pins, type Plan, planFor } from './checksums.ts';
import { type Taken, takeTool } from './download.ts';
import { type Origin, readRecord } from './origin.ts';
import type { Recipe } from './recipes.ts';
import { askAll, type Sites } from './sites.ts';
import { fill, type Place } from './store.ts';

/** What one needs to take the makers' binaries; undefined where they are not wanted. */
export type Downloads = { readonly sites: Sites; readonly pins: Pins };

type Note = (text: string) => void;
type Taking =
  | { readonly kind: 'none' }
  | { readonly kind: 'taken' }
  | { readonly kind: 'failed'; readonly why: string };

/** A download from before there was a pin counts if it is what the pin says. */
const agrees = (origin: Origin | undefined, pins: Pins): boolean =>
  origin?.kind !== 'downloaded' ||
  origin.files.every(({ url, sha256 }) => pins[url] === undefined || pins[url]?.toLowerCase() === sha256);

/** Where a tool is already. */
export const placeOf = (recipe: Recipe, pins: Pins | undefined): Place | undefined => {
  const { release, build } = recipe;
  if (release !== undefined && pins !== undefined && existsSync(release.place.folder)) {
    if (agrees(readRecord(release.place.folder)?.origin, pins)) return release.place;
  }
  // What has no record is of a time when none was kept: nobody could say how it came.
  return readRecord(build.place.folder) === undefined ? undefined : build.place;
};

/** A reason that somebody gave for not taking a maker's binary, which belongs with what was made instead. */
const because = (origin: Origin, why: string | undefined): Origin =>
  why === undefined || origin.kind === 'downloaded' ? origin : { ...origin, because: why };

const plansFor = async (recipes: readonly Recipe[], { sites, pins }: Downloads): Promise<ReadonlyMap<Recipe, Plan>> => {
  const files = recipes.flatMap(({ release }) => release?.files ?? []);
  const answers = await askAll(
    sites,
    files.map(({ checksum }) => checksum.url),
  );
  return new Map(
    recipes.flatMap((recipe) =>
      recipe.release === undefined ? [] : [[recipe, planFor(recipe.release.files, answers, pins)] as const],
    ),
  );
};

/** Fills the release's place with what `take` puts there; says why that was not possible. */
const takeRelease = async (
  cache: string,
  { tool, version, release }: Recipe,
  take: (target: string) => Promise<Taken>,
): Promise<string | undefined> => {
  if (release === undefined) return undefined;
  let why: string | undefined;
  await fill(cache, release.place, async (target) => {
    const taken = await take(target);
    if (taken.kind === 'not taken') {
      why = taken.because;
      return undefined;
    }
    return { tool, version, origin: { kind: 'downloaded', files: taken.files } };
  });
  return why;
};

/** One line for each reason, with the tools that it meets. */
const reasonsIn = (met: readonly (readonly [Recipe, string])[]): readonly string[] => {
  const reasons = [...new Set(met.map(([, why]) => why))];
  return reasons.map((why) => {
    const titles = met.filter(([, other]) => other === why).map(([recipe]) => recipe.title);
    return `${why}: ${titles.join(', ')} made from packages instead.`;
  });
};

/** Gets every recipe's tool into the cache. `say` is for lines that stay. */
export const obtain = async (
  cache: string,
  recipes: readonly Recipe[],
  downloads: Downloads | undefined,
  say: (line: string) => void,
): Promise<void> => {
  const plans = downloads === undefined ? new Map<Recipe, Plan>() : await plansFor(recipes, downloads);
  const early = [...plans].flatMap(([recipe, plan]) =>
    plan.kind === 'build' ? [[recipe, plan.because] as const] : [],
  );
  for (const line of reasonsIn(early)) say(line);
  const late: (readonly [Recipe, string])[] = [];
  // One after another: the first compiles what most of the others need, too, and each fills the cores by itself.
  const builds = new PQueue({ concurrency: 1 });

  const take = async (recipe: Recipe, note: Note): Promise<Taking> => {
    const plan = plans.get(recipe);
    if (downloads === undefined || plan === undefined) return { kind: 'none' };
    if (plan.kind === 'build') return { kind: 'failed', why: plan.because };
    const { sites } = downloads;
    const why = await takeRelease(cache, recipe, (target) => takeTool(sites, plan.files, target, note));
    if (why === undefined) return { kind: 'taken' };
    late.push([recipe, why]);
    return { kind: 'failed', why };
  };

  const build = async (recipe: Recipe, why: string | undefined, note: Note): Promise<void> => {
    const { tool, version } = recipe;
    const { place, weight, make, origin } = recipe.build;
    const run = async () => {
      await fill(cache, place, async (target) => {
        await make(target, note);
        return { tool, version, origin: because(origin, why) };
      });
    };
    if (weight === undefined) return run();
    note('waiting for its turn');
    await builds.add(run, { priority: weight });
  };

  const tasks = recipes.map(
    (recipe): Task => ({
      title: recipe.title,
      run: async (note) => {
        const taking = await take(recipe, note);
        if (taking.kind === 'taken') return;
        await build(recipe, taking.kind === 'failed' ? taking.why : undefined, note);
      },
    }),
  );
  try {
    await runTasks(tasks);
  } finally {
    for (const line of reasonsIn(late)) say(line);
  }
};
