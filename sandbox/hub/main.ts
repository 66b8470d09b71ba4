/**
 * Hub: the part of the sandbox that plays GKE Hub.
 * `node sandbox/hub/main.ts <sandbox.json>`
 *
 * Owns: the process. Neighbours: `server.ts` and `memberships.ts` are all there is to it.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { pino } from 'pino';
import { folders, type SandboxLayout } from '../layout.ts';
import { startHub } from './server.ts';

/** Short, and yet long enough that a caller which doesn't follow its operation sees an unfinished membership. */
const LATENCY_MS = 300;

const main = async (path: string | undefined): Promise<void> => {
  if (path === undefined) throw new Error('Usage: node sandbox/hub/main.ts <sandbox.json>');
  const layout = JSON.parse(readFileSync(path, 'utf8')) as SandboxLayout;
  const log = pino({ base: { part: 'hub' }, timestamp: pino.stdTimeFunctions.isoTime });
  const { data } = folders(layout.home);
  mkdirSync(data, { recursive: true });
  const hub = await startHub({
    address: layout.hub,
    file: `${data}/hub.json`,
    latencyMs: LATENCY_MS,
    onRequest: (line) => log.info(line, 'Request'),
  });
  log.info({ url: hub.url }, 'GKE Hub answers');
  const stop = (): void => {
    hub.close().then(
      () => log.info({}, 'Stopped'),
      (error: unknown) => log.error({ reason: String(error) }, 'Did not stop in order'),
    );
  };
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, stop);
};

await main(process.argv[2]);
