/**
 * The watcher: AWSCluster and AWSNodePool objects in, signals to their entities out.
 *
 * Owns: how its parts work together. One list-watch a kind reports what it sees; a queue tells entities, and a change
 * counts only once Temporal has acknowledged it; whoever notices that something was lost has everything listed again.
 * Everything it does can be lost and done again. Neighbours: `main.ts` is the process.
 */
import type { Client, ConnectionLike } from '@temporalio/client';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { API_VERSION } from '../../api/names.ts';
import type { ObjectKind, ObjectRef } from '../../api/object.ts';
import { listWatch } from '../../kubernetes/list-watch.ts';
import { createSource } from '../../kubernetes/source.ts';
import type { Transport } from '../../kubernetes/transport.ts';
import { wholeMessageOf } from '../../words/failure.ts';
import { runningEntities, sweepEntities } from './entity-sweep.ts';
import { keyedQueue } from './keyed-queue.ts';
import { type Observed, observed, type Report } from './observed.ts';
import { signals } from './signals.ts';
import { watchNamespace } from './temporal-presence.ts';
import { waitingPools } from './waiting-pools.ts';

const KINDS: readonly ObjectKind[] = ['AWSCluster', 'AWSNodePool'];
/** Signals under way at once: a thousand clusters that are listed together must not overrun Temporal. */
const SIGNALS_AT_ONCE = 32;
/** A server that takes the call and never answers is away; and what never ends would hold up the end of the process. */
const CALL_DEADLINE_MS = 5_000;

export type WatcherSettings = {
  readonly api: Transport;
  readonly connection: ConnectionLike;
  readonly client: Client;
  readonly namespace: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Milliseconds: full lists at least this often, looks at Temporal's namespace, and looks for ended entities. */
  readonly relistMs: number;
  readonly probeMs: number;
  readonly sweepMs: number;
  /** The queue of the workers that an object's entity is for; `slipway` where it isn't given. */
  readonly taskQueueOf?: (object: ObjectRef) => string;
};

const said = (error: unknown): string => wholeMessageOf(error);

const inTime = <T>(connection: ConnectionLike, call: () => Promise<T>): Promise<T> =>
  connection.withDeadline(Date.now() + CALL_DEADLINE_MS, call);

/** One list-watch a kind, until the signal aborts. */
const listWatchAll = (
  { api, log, relistMs }: WatcherSettings,
  report: (report: Report) => void,
  signal: AbortSignal,
): Promise<void[]> =>
  Promise.all(
    KINDS.map((kind) =>
      listWatch({
        source: createSource(api, { apiVersion: API_VERSION, kind }, observed),
        report,
        signal,
        relistMs,
        onTrouble: (what, error, nextTryMs) =>
          log.warn({ kind, error: said(error), nextTryMs }, `Trouble with ${what}: trying again`),
      }),
    ),
  );

/** Tells entities what is reported: the changes of one object in their order, those of many at once. */
const tellEntities = ({ client, connection, log, signal, taskQueueOf }: WatcherSettings) => {
  const entities = signals(client, taskQueueOf);
  const atOnce = pLimit(SIGNALS_AT_ONCE);
  const onError = (key: string, error: unknown, nextTryMs: number): void =>
    log.warn({ uid: key, error: said(error), nextTryMs }, 'Temporal did not take the signal: trying again');

  const queue = keyedQueue<Report>({
    signal,
    work: async (report) => {
      await atOnce(() => inTime(connection, () => entities.tell(report)));
      const { kind, namespace, name, generation } = report.object;
      log.debug({ kind, namespace, name, generation, change: report.type }, 'Told the entity');
    },
    onError,
  });
  const waiting = waitingPools();
  const ofClusters = keyedQueue<Observed>({
    signal,
    work: (pool) => atOnce(() => inTime(connection, () => entities.tellOfCluster(pool))),
    onError,
  });

  return {
    entities,
    take: (report: Report): void => {
      queue.put(report.object.uid, report);
      for (const pool of waiting.afterReport(report)) ofClusters.put(pool.uid, pool);
    },
    idle: () => Promise.all([queue.idle(), ofClusters.idle()]),
  };
};

/** Runs until the signal aborts. */
export const runWatcher = async (settings: WatcherSettings): Promise<void> => {
  const { connection, log, signal, namespace } = settings;
  const { entities, take, idle } = tellEntities(settings);

  let round = new AbortController();
  const listAgain = (): void => round.abort();

  const presence = watchNamespace({
    describe: () => inTime(connection, () => connection.workflowService.describeNamespace({ namespace })),
    intervalMs: settings.probeMs,
    signal,
    onAppeared: () => {
      log.info('Temporal is back or new: telling every entity again');
      entities.forget();
      listAgain();
    },
    onTrouble: (error) => log.warn({ error: said(error) }, 'Temporal does not answer'),
  });
  const sweep = sweepEntities({
    runningEntities: () => inTime(connection, () => runningEntities(settings.client)),
    signals: entities,
    intervalMs: settings.sweepMs,
    graceMs: settings.sweepMs / 2,
    signal,
    onEnded: (count) => {
      log.info({ count }, 'Entities have ended although their objects are there: telling them again');
      listAgain();
    },
    onTrouble: (error) => log.warn({ error: said(error) }, 'Temporal does not list what runs'),
  });

  while (!signal.aborted) {
    round = new AbortController();
    await listWatchAll(settings, take, AbortSignal.any([signal, round.signal]));
  }
  await Promise.all([presence, sweep, idle()]);
};
