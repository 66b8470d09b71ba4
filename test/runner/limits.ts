/**
 * Limits: that no test has a time limit of its own.
 *
 * How fast a computer is, no file can know: its limit fails on a slower one, or while another run shares the processors. What
 * hangs is ended by `waitFor`, with words. Neighbours: `environment.ts` tells what a file declares. Pure.
 */
import type { Circus } from '@jest/types';

/** The limit in milliseconds that a file gives itself with this event, if any; `configured` is everybody's. */
export const ownLimit = (event: Circus.Event, current: number, configured: number): number | undefined => {
  switch (event.name) {
    case 'add_test':
    case 'add_hook':
      return event.timeout;
    // Declared by now; `jest.setTimeout` may stand anywhere before.
    case 'run_start':
      return current === configured ? undefined : current;
    default:
      return undefined;
  }
};
