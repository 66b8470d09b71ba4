/**
 * Minor: the minor version of a component, which is what rules about versions count in.
 *
 * Owns: reading it, saying it, and counting from one to another. Neighbours: `skew.ts` and `version-change.ts` have the rules.
 */
export type Minor = { readonly major: number; readonly minor: number };

/** Of a version without a leading v, such as 1.36.3. */
export const minorOf = (version: string): Minor => {
  const [major, minor] = version.split('.').map(Number);
  if (major === undefined || minor === undefined || Number.isNaN(major) || Number.isNaN(minor)) {
    throw new Error(`"${version}" is no version such as 1.36.3: the release catalogue is wrong.`);
  }
  return { major, minor };
};

/** As people say it: 1.36. */
export const minorText = (version: string): string => {
  const { major, minor } = minorOf(version);
  return `${major}.${minor}`;
};

/** More than any rule allows: majors are never gone from one to the next. */
const FAR = 1_000;

/** How many minors `to` is newer than `from`; below zero where it is older. */
export const minorsBetween = (from: string, to: string): number => {
  const [old, young] = [minorOf(from), minorOf(to)];
  return old.major === young.major ? young.minor - old.minor : (young.major - old.major) * FAR;
};
