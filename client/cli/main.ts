/**
 * `slipway`: runs what was typed. Data goes to standard output, everything else to standard error.
 *
 * Owns: exit codes: 0 done, 1 it failed, 2 it was called wrongly. Neighbours: `slipway.js` starts this, `program.ts` has the
 * commands.
 */
import { CommanderError } from 'commander';
import { endWithReader, say } from './output.ts';
import { slipwayProgram } from './program.ts';

const FAILED = 1;
const WRONG_USAGE = 2;

endWithReader();
try {
  await slipwayProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  else {
    const { userMessage } = await import('./errors.ts');
    say(`slipway: ${userMessage(error)}`);
    process.exitCode = FAILED;
  }
}
