/** Errors for the person at the terminal: what happened and what to do, without a stack unless asked for. */
import { UserError } from '../management.ts';

const causes = (error: unknown): string[] =>
  error instanceof Error ? [error.message, ...causes(error.cause)] : typeof error === 'string' ? [error] : [];

export const userMessage = (error: unknown): string => {
  if (process.env['SLIPWAY_DEBUG'] && error instanceof Error) return error.stack ?? error.message;
  if (error instanceof UserError) return error.message;
  const text = [...new Set(causes(error))].join(': ');
  return /UNAVAILABLE|ECONNREFUSED|connect before deadline/i.test(text)
    ? `Temporal did not answer: ${text}. Check TEMPORAL_ADDRESS, or the sandbox's status.`
    : text;
};
