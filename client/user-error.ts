/**
 * Errors for people: the message says what happened, what it means and what to do, and stands for itself.
 *
 * Owns: telling such an error from one that nobody foresaw, which keeps its whole chain of causes; and how commands that
 * a message recommends are spelled.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect, types } from 'node:util';

/** An error whose message is for the person at the terminal. */
export class UserError extends Error {}

const inCheckout = existsSync(fileURLToPath(new URL('../.git', import.meta.url)));

/** How this program is called where it runs: in a checkout through npx. */
export const SLIPWAY = inCheckout ? 'npx slipway' : 'slipway';

/** Also of another realm, as those of a library that runs workflows or tests. */
const isError = (value: unknown): value is Error => value instanceof Error || types.isNativeError(value);

const messageOf = (error: unknown): string => {
  if (!isError(error)) return typeof error === 'string' ? error : inspect(error);
  // Of a connection tried at several addresses, the single failures say more than their sum.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  return error.message || error.name;
};

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

/** The messages of an error and its causes, each once, from the outermost to the innermost. */
export const messagesOf = (error: unknown): readonly string[] => {
  const messages: string[] = [];
  let current = error;
  while (current !== undefined && current !== null && messages.length < 8) {
    const message = messageOf(current);
    if (!messages.includes(message)) messages.push(message);
    current = isError(current) ? current.cause : undefined;
  }
  return messages;
};
