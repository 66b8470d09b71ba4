/**
 * Emulation: which minor version of Kubernetes a control plane serves as, and below which it never goes again, as tags of the
 * replicas' etcd volumes.
 *
 * Owns: both tags' keys, and the spelling and order of minors, `1.36`. Neighbours: workers write the tags; `machine/emulation.ts`
 * says what follows from them, and the agent does it. Pure.
 */

/** Newer binaries serve as this minor while an upgrade may still go back. Written by workers; whoever loses it lifts nothing. */
export const EMULATES_TAG = 'slipway.dev/emulates';
/** The minor that an upgrade was committed to: no API server of an older one starts any more. Written by workers, never lowered. */
export const COMMITTED_TAG = 'slipway.dev/committed';

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

/** Negative where `a` is older than `b`, 0 where they are the same: `1.9` is older than `1.10`. */
export const compareMinors = (a: Minor, b: Minor): number => {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
};

/** The newer of two, of which either may not be there. */
export const newerMinor = (a: Minor | undefined, b: Minor | undefined): Minor | undefined => {
  if (a === undefined || b === undefined) return a ?? b;
  return compareMinors(a, b) < 0 ? b : a;
};

/** What a control plane's machine runs: its Kubernetes version without a leading v, and the minor that it serves as. */
export type Serves = { readonly version: string; readonly emulation: Minor };

/** `1.37.2 1.36` */
export const servesText = ({ version, emulation }: Serves): string => `${version} ${emulation}`;

/** Undefined for what says no such thing, as agents of before emulation do. */
export const servesIn = (text: string | undefined): Serves | undefined => {
  const [version = '', says, ...more] = text?.split(' ') ?? [];
  const emulation = minorIn(says);
  if (emulation === undefined || more.length > 0 || minorOfVersion(version) === undefined) return undefined;
  return { version, emulation };
};
