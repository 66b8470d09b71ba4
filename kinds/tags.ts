/**
 * Tags: an aspect of every kind that carries the tags of its object's spec.
 *
 * Owns: which of them differ, and what is to be set and taken off. Neighbours: a row says whether its kind is tagged;
 * `activities/aws/tagging.ts` asks AWS. Pure.
 * Invariants: I4 (the owner's tags are never touched, and what others tagged stays: only keys that the spec names, or named
 * once, count).
 */
import { isOwnTag } from '../api/names.ts';
import { ownOf } from '../words/own.ts';
import type { Difference, Tagged, Tags } from './row.ts';

/** `remove` are keys, whatever their values. Both are of the spec, and sorted. */
export type Tagging = { readonly set: Tags; readonly remove: readonly string[] };

/** Those that aren't Slipway's own. */
export const withoutOwnTags = (tags: Tags): Tags =>
  Object.fromEntries(
    Object.entries(tags)
      .filter(([key]) => !isOwnTag(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** All that the spec says of tags; setting one twice, and taking off what isn't there, is the same as once. */
export const taggingOf = ({ tags, formerTags = [] }: Tagged): Tagging => ({
  set: withoutOwnTags(tags),
  remove: formerTags.filter((key) => ownOf(tags, key) === undefined && !isOwnTag(key)).sort(),
});

/** One difference for all tags; none where nobody looked at them. */
export const tagDifferences = (wanted: Tagged, is: Tags | undefined): readonly Difference<'tags'>[] => {
  if (is === undefined) return [];
  const { set, remove } = taggingOf(wanted);
  const said = [
    ...Object.entries(set).flatMap(([key, value]) => {
      const there = ownOf(is, key);
      if (there === value) return [];
      return there === undefined ? `${key} is missing` : `${key} is "${there}", not "${value}"`;
    }),
    ...remove.filter((key) => ownOf(is, key) !== undefined).map((key) => `${key} is still there`),
  ];
  return said.length === 0 ? [] : [{ what: 'tags', says: `its tags differ: ${said.join(', ')}` }];
};
