/**
 * Differences: what a plan says of an object's resources that are not as its spec asks for.
 *
 * Owns: which of a plan's steps are for something that differs, and the sentence about each. Neighbours: `drift.ts` tells them,
 * `mending.ts` has them mended; `ensure.ts` and a kind's row say what differs. Pure.
 */
import { type Found, rowOf } from '../kinds/resource.ts';
import { beginningOf } from '../words/text.ts';
import { differencesIn, type Known, knownFrom } from './known.ts';
import type { Plan } from './plan.ts';
import type { Drift } from './views.ts';

/** A person reads the first few, and neither a condition nor a history has room for more. */
const TOLD = 20;
const LONGEST = 300;

/**
 * The plan's own reasons: what is missing, and what differs. What merely follows from them is no difference. `isInsideRead`: the cluster
 * itself was asked about its add-ons.
 */
export const differencesOf = (plan: Plan, inventory: readonly Found[], isInsideRead: boolean): readonly Drift[] => {
  const known: Known = { ...plan.known, ...knownFrom(inventory) };
  const all = plan.steps.flatMap((step): Drift[] => {
    const { key, kind } = step.resource;
    // A machine only goes because of what else is said of its replica.
    if (step.verb === 'remove' && kind === 'instance') return [];
    if (step.verb === 'remove') return [{ key, difference: 'is no part of the cluster’s revision any more' }];
    const { planned } = rowOf(kind);
    // What no inventory shows is in the plan because of something else.
    const isSeen = planned === 'when it differs' || (planned === 'as seen inside' && isInsideRead);
    if (step.verb !== 'ensure' || !isSeen) return [];
    if (step.found === undefined) return [{ key, difference: 'is missing' }];
    const differences = differencesIn(step.resource, step.found, known);
    if (differences === 'unknown') return [];
    const mended = differences.filter(({ what }) => step.leaves?.includes(what) !== true);
    return [...new Set(mended.map(({ says }) => says))].map((says) => ({
      key,
      difference: beginningOf(says, LONGEST),
    }));
  });
  return all.slice(0, TOLD);
};

/** Replicas whose machines a plan replaces because they are others than the spec asks for. */
export const replacedIn = ({ steps }: Plan): readonly Drift[] =>
  steps.flatMap(({ resource: { kind, key } }): Drift[] =>
    kind === 'replica' ? [{ key, difference: 'its machine was made of something else than the spec asks for' }] : [],
  );
