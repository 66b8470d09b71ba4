/**
 * The watcher process. It has no AWS rights.
 *
 * Owns: configuration, connections and shutdown. Neighbours: `watcher.ts` does the work.
 */
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { transportTo } from '../../kubernetes/access.ts';
import { openAccess } from '../access.ts';
import { readServiceConfiguration } from '../configuration.ts';
import { connectionOptions } from '../temporal.ts';
import { runService, UserError } from '../user-error.ts';
import { runWatcher } from './watcher.ts';

const RELIST_SECONDS = 600;
const PROBE_MS = 3_000;
const SWEEP_MS = 20_000;
const PATIENCE_MS = 2_000;

const log = pino({ base: { component: 'watcher' }, level: process.env['SLIPWAY_LOG_LEVEL'] || 'info' });

const relistMs = (): number => {
  const text = process.env['SLIPWAY_RELIST_SECONDS'] || String(RELIST_SECONDS);
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds * 1_000;
  throw new UserError(`SLIPWAY_RELIST_SECONDS is "${text}": give it a number of seconds above 0, or leave it out.`);
};

const main = async (): Promise<void> => {
  const configuration = readServiceConfiguration();
  const settings = { relistMs: relistMs(), probeMs: PROBE_MS, sweepMs: SWEEP_MS };
  const api = transportTo(openAccess(configuration));
  const { temporalAddress, temporalNamespace: namespace, taskQueue } = configuration;
  const connection = Connection.lazy(connectionOptions(temporalAddress));
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      stop.abort();
      // What hangs on an absent Temporal is dropped: the next start tells everything again.
      setTimeout(() => process.exit(0), PATIENCE_MS).unref();
    });
  }
  log.info({ temporal: temporalAddress, namespace, api: api.server }, 'Watching clusters and node pools');
  try {
    const client = new Client({ connection, namespace });
    const queue = taskQueue === undefined ? {} : { taskQueueOf: () => taskQueue };
    await runWatcher({ ...settings, ...queue, api, connection, client, namespace, log, signal: stop.signal });
  } finally {
    await connection.close();
  }
  log.info('Stopped');
};

await runService(main, log);
