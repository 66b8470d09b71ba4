/**
 * Known: outputs that an inventory or another object's resources yield, put in the place of references.
 *
 * Owns: substitution for planning; a running operation substitutes by itself as outputs become known. Neighbours: `kinds/` compares
 * properties without references with what was found. Pure.
 */
import { differencesOf, type Found, type Resource } from '../kinds/resource.ts';
import type { Difference, Outputs } from '../kinds/row.ts';
import type { ResourceKey } from '../words/keys.ts';
import { substituted } from '../words/references.ts';

export type Known = Readonly<Record<ResourceKey, Outputs>>;

/** What the things of an inventory yield, but for those of some keys; sorted, since plans carry it (I10). */
export const knownFrom = (
  inventory: readonly Pick<Found, 'key' | 'outputs'>[],
  but: ReadonlySet<ResourceKey> = new Set(),
): Known =>
  Object.fromEntries(
    inventory
      .filter(({ key }) => !but.has(key))
      .map(({ key, outputs }): [ResourceKey, Outputs] => [key, outputs])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** Any document with its references replaced; undefined as soon as one of them is unknown. */
export const resolved = (document: unknown, known: Known): unknown => {
  let complete = true;
  const result = substituted(document, ({ ref, output }) => {
    const value = known[ref]?.[output];
    if (value === undefined) complete = false;
    return value;
  });
  return complete ? result : undefined;
};

/** What differs, or `unknown` where what it refers to does not exist yet or is going to be another one. */
export const differencesIn = (
  resource: Resource,
  found: Pick<Found, 'state' | 'tags'>,
  known: Known,
): readonly Difference[] | 'unknown' => {
  const wanted = resolved(resource.properties, known);
  // The properties of a resource, and nothing of them was lost.
  return wanted === undefined ? 'unknown' : differencesOf(resource.kind, wanted as never, found);
};
