/**
 * Waits: what a test file waits for while it runs, so that somebody can see where its time goes.
 *
 * Owns: noting a wait's kind and its two ends. Neighbours: the environment that each file runs in (`../runner/environment.ts`)
 * provides the list and keeps it; `../runner/shares.ts` makes shares of it. Outside of that environment nothing is noted.
 */

export type WaitKind =
  /** A sandbox, a Temporal, an API server or an account of its own is started or ended. */
  | 'starting'
  | 'ending'
  /** A deletion that is waited for by its own command, with the settling time at its end. */
  | 'deleting'
  /** A process of a command line, from its start to its end. */
  | 'commands'
  /** Looking again and again until something holds, between two looks. */
  | 'polling'
  /** A pause of a length that the test chose. */
  | 'timers';

/** Milliseconds since the epoch, both ends. */
export type Wait = { readonly kind: WaitKind; readonly what: string; readonly from: number; readonly to: number };

/** Where the environment of a test file keeps its list. */
export const WAITS = Symbol.for('slipway.tests.waits');

const listed = (): Wait[] | undefined => (globalThis as { [WAITS]?: Wait[] })[WAITS];

/** Does something, and notes how long that took, whatever came of it. */
export const noting = async <T>(kind: WaitKind, what: string, act: () => Promise<T>): Promise<T> => {
  const from = Date.now();
  try {
    return await act();
  } finally {
    listed()?.push({ kind, what, from, to: Date.now() });
  }
};

/** A pause, for what no condition tells. */
export const pause = (milliseconds: number): Promise<void> =>
  noting('timers', `${milliseconds} ms`, () => new Promise((resolve) => setTimeout(resolve, milliseconds)));
