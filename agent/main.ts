/**
 * The agent's process: what every instance starts.
 *
 * Owns: signals, the exit status, and the cache of compiled code, which halves what a start costs; in the sandbox a
 * dozen agents share one computer. Everything else is loaded after the cache is there. Neighbours: `boot.ts` tells the
 * story; the host starts the agent again if it ends.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';

enableCompileCache();
const { boot } = await import('./boot.ts');
const { messageOf } = await import('./failure.ts');
const { createLog } = await import('./log.ts');

const log = createLog((line) => process.stdout.write(line));
const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => stopping.abort(new Error(`the agent was asked to stop by ${signal}`)));
}

try {
  // An instance that is killed never gets to write the cache at its end.
  await boot(process.env, log, stopping.signal, flushCompileCache);
} catch (thrown) {
  if (!stopping.signal.aborted) {
    log.error(`The agent ends: ${messageOf(thrown)}`);
    process.exitCode = 1;
  }
}
// Timers and kept connections must not hold the machine up.
process.exit();
