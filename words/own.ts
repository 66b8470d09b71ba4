/**
 * Own: what a map holds under a name that people chose, such as that of a label or a tag.
 *
 * Owns: that one look. Every object has more than it holds: `constructor` and `valueOf` are names like others. Pure.
 */

/** Undefined where the map holds nothing under the name, whatever all objects inherit. */
export const ownOf = <T>(map: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(map, name) ? map[name] : undefined;
