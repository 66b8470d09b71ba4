/**
 * Minor: the minor version of a component, `1.36`, which is what rules about versions count in, and what tags of disks say.
 *
 * Owns: spelling it, reading it out of a text and out of a version, which of two is older, and by how many. Neighbours: `skew.ts` and
 * `version-change.ts` have the rules between versions, `machine/emulation.ts` what a disk may be served by. Pure.
 */

/** `1.36`. */
export type Minor = `${number}.${number}`;

const MINOR = /^(?:0|[1-9]\d{0,3})\.(?:0|[1-9]\d{0,3})$/;

const isMinor = (text: string): text is Minor => MINOR.test(text);

/** What a tag or a file says, exactly as it is written; undefined for what is no minor: nobody acts on half of one. */
export const minorIn = (text: string | undefined): Minor | undefined =>
  text !== undefined && isMinor(text) ? text : undefined;

/** The minor of a version without a leading v: `1.36.3` is of `1.36`. Undefined for what is no such version. */
export const minorOfVersion = (version: string): Minor | undefined =>
  minorIn(/^(\d+\.\d+)\.\d+(?:[-+].*)?$/.exec(version)?.[1]);

/** Of a version without a leading v that the catalogue or a status has, such as 1.36.3, or of a minor, which it is. Throws for others. */
export const minorOf = (text: string): Minor => {
  const minor = minorIn(text) ?? minorOfVersion(text);
  if (minor === undefined) throw new Error(`"${text}" is neither a version such as 1.36.3 nor a minor such as 1.36.`);
  return minor;
};

/** Major and minor, as numbers. */
export const numbersOf = (minor: Minor): readonly [number, number] => {
  const [major = 0, rest = 0] = minor.split('.').map(Number);
  return [major, rest];
};

/** More than any rule allows: majors are never gone from one to the next. */
const FAR = 1_000;

/** How many minors `to` is newer than `from`, each a version or a minor; below zero where it is older. */
export const minorsBetween = (from: string, to: string): number => {
  const [[oldMajor, old], [youngMajor, young]] = [numbersOf(minorOf(from)), numbersOf(minorOf(to))];
  return oldMajor === youngMajor ? young - old : (youngMajor - oldMajor) * FAR;
};

/** Negative where `a` is older than `b`, 0 where they are the same: `1.9` is older than `1.10`. */
export const compareMinors = (a: Minor, b: Minor): number => minorsBetween(b, a);

/** The newer of two, of which either may not be there. */
export const newerMinor = (a: Minor | undefined, b: Minor | undefined): Minor | undefined => {
  if (a === undefined || b === undefined) return a ?? b;
  return compareMinors(a, b) < 0 ? b : a;
};
