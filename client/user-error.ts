/**
 * Errors for people: the message says what happened, what it means and what to do, and stands for itself.
 *
 * Owns: telling such an error from one that nobody foresaw, which keeps its whole chain of causes; and how commands that
 * a message recommends are spelled. Neighbour: `words/failure.ts` reads what was thrown.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** An error whose message is for the person at the terminal. */
export class UserError extends Error {}

const inCheckout = existsSync(fileURLToPath(new URL('../.git', import.meta.url)));

/** How this program is called where it runs: in a checkout through npx. */
export const SLIPWAY = inCheckout ? 'npx slipway' : 'slipway';

/** Runs a service. What a person can mend ends it with a word; what nobody foresaw, with a trace. */
export const runService = async (
  run: () => Promise<void>,
  log: { readonly fatal: (message: string) => void },
): Promise<void> => {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log.fatal(error.message);
    process.exitCode = 1;
  }
};
