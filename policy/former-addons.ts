/**
 * Former add-ons: what a revision had, and the one that a cluster is to have has no more.
 *
 * Owns: which of the add-ons that were seen go. Neighbours: `inside.ts` has what was seen, which is what carries Slipway's label and was
 * applied by it; `decide-cluster.ts` puts these steps beside those that make. Pure. Invariants: I4 (nothing goes that another release
 * of Slipway may still count on: what the revision lists stays, though this release doesn't know it), I12 (what was not read does not go).
 */
import type { Release } from '../api/releases.ts';
import type { FoundOf, Going, Resource } from '../kinds/resource.ts';
import { rowOf } from '../kinds/resource.ts';
import { nameInKey } from '../words/keys.ts';
import type { RemoveStep } from './plan.ts';
import { removeStep } from './steps.ts';

const goingOf = (found: FoundOf<'addon'>): Going => ({
  key: found.key,
  kind: 'addon',
  properties: rowOf('addon').removal?.identity(found) as Extract<Going, { kind: 'addon' }>['properties'],
});

export const formerAddons = (
  topology: readonly Resource[],
  seen: readonly FoundOf<'addon'>[],
  { addons }: Pick<Release, 'addons'>,
  /** Steps that make add-ons: what one of them takes over is not taken away with the one that had it. */
  making: readonly string[],
): readonly RemoveStep[] => {
  const stays = (key: string): boolean =>
    topology.some((resource) => resource.key === key) || Object.hasOwn(addons, nameInKey(key));
  return seen.filter(({ key }) => !stays(key)).map((found) => removeStep(goingOf(found), making, found));
};
