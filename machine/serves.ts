/**
 * Serves: what a control plane's machine runs and serves as, as its agent reports it to a worker.
 *
 * Owns: spelling it. Neighbours: `emulation.ts` decides as what it may serve, `words/orders.ts` has the report that says it. Pure.
 */
import { type Minor, minorIn, minorOfVersion } from '../api/minor.ts';

/** Its Kubernetes version without a leading v, and the minor that it serves as. */
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
