/**
 * The watcher process: AWSCluster and AWSNodePool objects in, signals to their entities out. It has no AWS rights.
 *
 * Owns: wiring and shutdown. Everything it does can be lost and done again.
 */
import { KubeConfig } from '@kubernetes/client-node';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import type { ObjectKind } from '../../api/object.ts';
import { readConfiguration } from '../configuration.ts';
import { keyedQueue } from './keyed-queue.ts';
import { kubernetesSource } from './kubernetes-source.ts';
import { listWatch, type Report } from './list-watch.ts';
import { signals } from './signals.ts';
import { watchNamespace } from './temporal-presence.ts';

const KINDS: readonly ObjectKind[] = ['AWSCluster', 'AWSNodePool'];
const RELIST_MS = Number(process.env['SLIPWAY_RELIST_SECONDS'] ?? 600) * 1_000;
const PROBE_MS = 3_000;

const log = pino({ base: { component: 'watcher' } });
const configuration = readConfiguration();
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());

const kubeConfig = new KubeConfig();
if (configuration.kubeconfig === undefined) kubeConfig.loadFromDefault();
else kubeConfig.loadFromFile(configuration.kubeconfig);

const connection = Connection.lazy({ address: configuration.temporalAddress });
const client = new Client({ connection, namespace: configuration.temporalNamespace });
const entities = signals(client);

const queue = keyedQueue<Report>({
  signal: stop.signal,
  work: async (report) => {
    await entities.tell(report);
    const { kind, namespace, name, generation } = report.object;
    log.debug({ kind, namespace, name, generation, change: report.type }, 'Told the entity');
  },
  onError: (key, error, nextTryMs) =>
    log.warn({ object: key, error: String(error), nextTryMs }, 'Temporal did not take the signal: trying again'),
});
const report = (one: Report): void => queue.put(one.object.uid, one);

/** One list-watch per kind; a new one starts whenever everything must be told again. */
const watchAll = (signal: AbortSignal): Promise<void[]> =>
  Promise.all(
    KINDS.map((kind) =>
      listWatch({
        source: kubernetesSource(kubeConfig, kind),
        report,
        signal,
        relistMs: RELIST_MS,
        onTrouble: (what, error, nextTryMs) =>
          log.warn({ kind, error: String(error), nextTryMs }, `Trouble with ${what}: trying again`),
      }),
    ),
  );

log.info(
  { temporal: configuration.temporalAddress, relistSeconds: RELIST_MS / 1_000 },
  'Watching clusters and node pools',
);
let round = new AbortController();
const presence = watchNamespace({
  connection,
  namespace: configuration.temporalNamespace,
  intervalMs: PROBE_MS,
  signal: stop.signal,
  onAppeared: () => {
    log.info('Temporal is back or new: telling every entity again');
    entities.forget();
    round.abort();
  },
  onTrouble: (error) => log.warn({ error: String(error) }, 'Temporal does not answer'),
});
while (!stop.signal.aborted) {
  round = new AbortController();
  await watchAll(AbortSignal.any([stop.signal, round.signal]));
}
await presence;
await connection.close();
log.info('Stopped');
