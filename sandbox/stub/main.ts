/**
 * The part `instances` of a stub sandbox: `node sandbox/stub/main.ts <sandbox.json>`.
 *
 * Owns: the process in which all machines are objects, so that hundreds of clusters fit on one computer. Everything around
 * them is real: the account, balancers and their health checks, Slipway. Neighbours: `sandbox/instances` is the part in a
 * sandbox whose machines are processes. Limits: see the top of `api.ts`, `replica.ts`, `node.ts`, `machine.ts` and
 * `clusters.ts`; in one sentence, what Kubernetes itself does beyond keeping objects is not there.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createLog } from '../../agent/log.ts';
import { connectAccount } from '../instances/account.ts';
import { createBell, follow } from '../instances/follow.ts';
import { ACCOUNT, type SandboxLayout } from '../layout.ts';
import { paceOf } from '../pace.ts';
import { roleClients } from './clients.ts';
import { createClusters } from './clusters.ts';
import { listenForControl } from './control.ts';
import { createFaults } from './faults.ts';
import { createStubHost } from './host.ts';
import { orderedVolumes } from './orders.ts';

const FULL_LOOK_MS = 1_000;
/** A listing of hundreds of instances costs the account tens of milliseconds: a burst of changes is one look. */
const LEAST_PAUSE_MS = 100;
/** Whose eyes see whether a volume still exists. */
const ROLE = `arn:aws:iam::${ACCOUNT}:role/gke-404767c1-controlplane`;

const main = async (path: string | undefined): Promise<void> => {
  if (path === undefined) throw new Error('Usage: node sandbox/stub/main.ts <sandbox.json>');
  const layout = JSON.parse(readFileSync(path, 'utf8')) as SandboxLayout;
  if (layout.stub === undefined) throw new Error(`${path} is of a sandbox with real machines`);
  const log = createLog((line) => process.stdout.write(line));
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  const account = connectAccount(layout.moto);
  const bell = createBell();
  const clusters = createClusters();
  const faults = createFaults();
  const clients = roleClients(layout);
  const { nodeGraceSeconds, leaveSeconds } = paceOf(process.env);
  const orders = { ...orderedVolumes(layout, process.env), leaveMillis: leaveSeconds * 1_000 };
  const host = createStubHost({
    account,
    around: { layout, clients, clusters, faults, orders, log },
    volumeExists: async (id) => (await (await clients(ROLE)).ec2.volume(id)) !== undefined,
    nodeGraceMs: nodeGraceSeconds * 1_000,
    ring: bell.ring,
  });
  const control = await listenForControl({ at: layout.stub, faults, clusters, host });
  log.info('Playing the instances of this account, all of them in this process');
  await follow({
    account,
    bell,
    look: async () => {
      await host.look();
      await delay(LEAST_PAUSE_MS);
    },
    everyMs: FULL_LOOK_MS,
    signal: stop.signal,
    log: {
      info: (fields, message) => log.info(message, { ...fields }),
      error: (fields, message) => log.error(message, { ...fields }),
    },
  });
  control.close();
};

await main(process.argv[2]);
// Whatever a peer still holds open must not keep a part that was told to stop.
process.exit(0);
