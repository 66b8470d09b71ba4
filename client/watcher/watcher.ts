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
import type { ObjectKind, ObjectRef } from '../../api/object.ts';
import type { ApiServer } from '../api-server.ts';
import { messagesOf } from '../user-error.ts';
import { runningEntities, sweepEntities } from './entity-sweep.ts';
import { keyedQueue } from './keyed-queue.ts';
import { kubernetesSource } from './kubernetes-source.ts';
import { listWatch, type Observed, type Report } from './list-watch.ts';
import { signals } from './signals.ts';
import { watchNamespace } from './temporal-presence.ts';
import { waitingPools } from './waiting-pools.ts';

const KINDS: readonly ObjectKind[] = ['AWSCluster', 'AWSNodePool'];
/** Signals under way at once: a thousand clusters that are listed together must not overrun Temporal. */
const SIGNALS_AT_ONCE = 32;
/** A server that takes the call and never answers is away; and what never ends would hold up the end of the process. */
const CALL_DEADLINE_MS = 5_000;

export type WatcherSettings = {
  readonly api: Pick<ApiServer, 'get'>;
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

/** Runs until the signal aborts. */
export const runWatcher = async (settings: WatcherSettings): Promise<void> => {
  const { log, signal, namespace } = settings;
  const entities = signals(settings.client, settings.taskQueueOf);
  const atOnce = pLimit(SIGNALS_AT_ONCE);
  const inTime = <T>(call: () => Promise<T>): Promise<T> =>
    settings.connection.withDeadline(Date.now() + CALL_DEADLINE_MS, call);
  const said = (error: unknown): string => messagesOf(error).join(': ');

  const queue = keyedQueue<Report>({
    signal,
    work: async (report) => {
      await atOnce(() => inTime(() => entities.tell(report)));
      const { kind, namespace, name, generation } = report.object;
      log.debug({ kind, namespace, name, generation, change: report.type }, 'Told the entity');
    },
    onError: (key, error, nextTryMs) =>
      log.warn({ uid: key, error: said(error), nextTryMs }, 'Temporal did not take the signal: trying again'),
  });

  const waiting = waitingPools();
  const ofClusters = keyedQueue<Observed>({
    signal,
    work: (pool) => atOnce(() => inTime(() => entities.tellOfCluster(pool))),
    onError: (key, error, nextTryMs) =>
      log.warn({ uid: key, error: said(error), nextTryMs }, 'Temporal did not take the signal: trying again'),
  });
  const take = (report: Report): void => {
    queue.put(report.object.uid, report);
    for (const pool of waiting.afterReport(report)) ofClusters.put(pool.uid, pool);
  };

  let round = new AbortController();
  const listAgain = (): void => round.abort();
  const listWatchAll = (until: AbortSignal): Promise<void[]> =>
    Promise.all(
      KINDS.map((kind) =>
        listWatch({
          source: kubernetesSource(settings.api, kind),
          report: take,
          signal: until,
          relistMs: settings.relistMs,
          onTrouble: (what, error, nextTryMs) =>
            log.warn({ kind, error: said(error), nextTryMs }, `Trouble with ${what}: trying again`),
        }),
      ),
    );

  const presence = watchNamespace({
    describe: () => inTime(() => settings.connection.workflowService.describeNamespace({ namespace })),
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
    runningEntities: () => inTime(() => runningEntities(settings.client)),
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
    await listWatchAll(AbortSignal.any([signal, round.signal]));
  }
  await Promise.all([presence, sweep, queue.idle(), ofClusters.idle()]);
};
