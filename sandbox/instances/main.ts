/**
 * Instances: the part of the sandbox that plays EC2's machines. `node sandbox/instances/main.ts <sandbox.json>`
 *
 * Owns: the process. Neighbours: `host.ts` does the work. SIGTERM ends this host and no instance: `down` ends those
 * itself, by `parts.ts`.
 */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { folders, type SandboxLayout } from '../layout.ts';
import { connectAccount } from './account.ts';
import { assumeRoleAt, roleCredentials } from './credentials.ts';
import { createBell, follow } from './follow.ts';
import { createHost } from './host.ts';
import { metadataServers } from './metadata-server.ts';
import { metadataTokens, tokenKey } from './tokens.ts';

const FULL_LOOK_MS = 1_000;

const main = async (path: string | undefined): Promise<void> => {
  if (path === undefined) throw new Error('Usage: node sandbox/instances/main.ts <sandbox.json>');
  const layout = JSON.parse(readFileSync(path, 'utf8')) as SandboxLayout;
  const log = pino({ base: { part: 'instances' }, timestamp: pino.stdTimeFunctions.isoTime });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  const account = connectAccount(layout.moto);
  const bell = createBell();
  const key = tokenKey(`${folders(layout.home).instances}/metadata.key`);
  const metadata = metadataServers({
    sourceOf: (instance) => ({
      tokens: metadataTokens(key, instance.id),
      credentials: roleCredentials(assumeRoleAt(layout.moto, instance.id)),
    }),
    onError: (message) => log.error({}, message),
  });
  const host = createHost({ layout, account, metadata, log, onExit: bell.ring });
  log.info({ home: layout.home }, 'Playing the instances of this account');
  await follow({ account, bell, look: host.look, everyMs: FULL_LOOK_MS, signal: stop.signal, log });
  host.close();
  log.info({}, 'Stopped; instances go on without their host');
};

await main(process.argv[2]);
// Whatever a peer still holds open must not keep a part that was told to stop.
process.exit(0);
