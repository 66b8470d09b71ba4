/**
 * The agent's process: what every instance starts.
 *
 * Owns: signals, the exit status, and the cache of compiled code, which halves what a start costs: a dozen agents may share one
 * computer. Everything else is loaded after the cache is there. Neighbours: each kind of host has a program that calls this with
 * how to load itself; `boot.ts` tells the story; what started the program starts it again if it ends.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import type { Host } from './host.ts';
import type { Log } from './log.ts';

export const runAgent = async (loadHost: (log: Log) => Promise<Host>): Promise<never> => {
  enableCompileCache();
  const { boot } = await import('./boot.ts');
  const { wholeMessageOf } = await import('../words/failure.ts');
  const { createLog } = await import('./log.ts');

  const log = createLog((line) => process.stdout.write(line));
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => stopping.abort(new Error(`the agent was asked to stop by ${signal}`)));
  }

  try {
    // An instance that is killed never gets to write the cache at its end.
    await boot({ loadHost, loaded: flushCompileCache }, log, stopping.signal);
  } catch (thrown) {
    if (!stopping.signal.aborted) {
      log.error(`The agent ends: ${wholeMessageOf(thrown)}`);
      process.exitCode = 1;
    }
  }
  // Timers and kept connections must not hold the machine up.
  process.exit();
};
