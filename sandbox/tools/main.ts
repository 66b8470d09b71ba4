/**
 * Tools: `npm run tools`, which makes sure that every tool is in the cache before something needs it.
 *
 *   node sandbox/tools/main.ts [version of a release …]
 *
 * Owns: the process; the folder with the binaries goes to standard output. Neighbours: `build.ts` does the work, also for `up`
 * and for tests, which need nobody to have called this.
 */
import { reportFailure } from '../failure.ts';
import { ensureTools } from './build.ts';

try {
  const { bin } = await ensureTools(process.argv.slice(2));
  process.stdout.write(`${bin}\n`);
} catch (error) {
  reportFailure(error);
}
