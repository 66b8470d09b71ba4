/** Errors for the person at the terminal: what happened and what to do, without a stack unless SLIPWAY_DEBUG asks for it. */
import { inspect } from 'node:util';
import { wholeMessageOf } from '../../words/failure.ts';
import { ended } from '../../words/text.ts';
import { UserError } from '../user-error.ts';

export const userMessage = (error: unknown, environment: NodeJS.ProcessEnv = process.env): string => {
  if (environment['SLIPWAY_DEBUG']) return inspect(error);
  if (error instanceof UserError) return error.message;
  return `${ended(wholeMessageOf(error))} This was not foreseen: SLIPWAY_DEBUG=1 shows where it came from.`;
};
