/**
 * The worker process: runs workflows and activities for one AWS account and one region.
 *
 * Owns: wiring and shutdown order: Temporal's worker drains, then connections close. Everything it does can be lost
 * and done again (I2).
 */
import { setTimeout } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { TASK_QUEUE } from '../workflows/messages.ts';
import { type WiredActivities, wireActivities } from './activities.ts';
import { listStuck } from './blocked.ts';
import { readWorkerConfiguration } from './configuration.ts';
import { HEARTBEAT_MS, outcomeInterceptor } from './interceptors.ts';
import { createMetrics, serveMetrics } from './metrics.ts';
import { keepScheduleAlive } from './sweep-schedule.ts';
import { versioningOf } from './versioning.ts';
import { packWorkflows } from './workflow-bundle.ts';

const configuration = readWorkerConfiguration();
const log = pino({ base: { component: 'worker' }, level: configuration.logLevel });

Runtime.install({
  logger: {
    log: (level, message, meta) => log[level === 'TRACE' ? 'trace' : levelOf(level)]({ ...meta }, message),
    trace: (message, meta) => log.trace({ ...meta }, message),
    debug: (message, meta) => log.debug({ ...meta }, message),
    info: (message, meta) => log.info({ ...meta }, message),
    warn: (message, meta) => log.warn({ ...meta }, message),
    error: (message, meta) => log.error({ ...meta }, message),
  },
});

function levelOf(level: string): 'debug' | 'info' | 'warn' | 'error' {
  switch (level) {
    case 'DEBUG':
      return 'debug';
    case 'WARN':
      return 'warn';
    case 'ERROR':
      return 'error';
    default:
      return 'info';
  }
}

/** Its client, once Temporal answers, and what the management API is asked by. */
const temporal: { client?: Client } = {};
const management: { objects?: WiredActivities['objects'] } = {};

/** Who asks for figures is told what there is; why some can't be had is in the log. */
const counted = async <T>(what: string, list: (() => Promise<T>) | undefined): Promise<T> => {
  if (list === undefined) throw new Error(`${what} is not connected yet`);
  try {
    return await list();
  } catch (error) {
    log.warn({ error: String(error) }, `${what} does not list what metrics count`);
    throw error;
  }
};
const metrics = createMetrics({
  stuck: () => {
    const { client } = temporal;
    return counted('Temporal', client === undefined ? undefined : () => listStuck(client));
  },
  objects: () => counted('The management API', management.objects),
});
const metricsServer =
  configuration.metricsAddress === undefined
    ? undefined
    : serveMetrics(configuration.metricsAddress, metrics, (error) =>
        log.error({ address: configuration.metricsAddress, error: String(error) }, 'Metrics are not served'),
      );

/** Temporal may start later than this process, or be away for a while. */
const connect = async (): Promise<NativeConnection> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await NativeConnection.connect({ address: configuration.temporalAddress });
    } catch (error) {
      if (attempt >= 60) {
        throw new Error(
          `Temporal does not answer at ${configuration.temporalAddress}: start it, or set TEMPORAL_ADDRESS.`,
          { cause: error },
        );
      }
      log.warn({ address: configuration.temporalAddress, attempt }, 'Temporal does not answer yet: trying again');
      await setTimeout(Math.min(250 * attempt, 5_000));
    }
  }
};

const onUnkept = (error: unknown): void =>
  log.warn({ folder: configuration.packedWorkflows, error: String(error) }, 'Packed workflows are not kept');
const taskQueue = configuration.taskQueue ?? TASK_QUEUE;
const [connection, workflowBundle] = await Promise.all([
  connect(),
  packWorkflows(configuration.packedWorkflows, onUnkept),
]);
temporal.client = new Client({ connection, namespace: configuration.temporalNamespace });
const wired = wireActivities(configuration, metrics, log);
management.objects = wired.objects;
const worker = await Worker.create({
  connection,
  namespace: configuration.temporalNamespace,
  taskQueue,
  workflowBundle,
  ...versioningOf(taskQueue, configuration.buildId),
  activities: wired.activities,
  interceptors: { activity: [(context) => ({ inbound: outcomeInterceptor(context, metrics, log) })] },
  // Else only a beat each 6.4 of the 8 seconds is sent on, and a stall of two takes what runs from a worker that lives.
  maxHeartbeatThrottleInterval: HEARTBEAT_MS,
  maxConcurrentActivityTaskExecutions: configuration.activitySlots,
  maxCachedWorkflows: configuration.cachedWorkflows,
  // What is under way settles; the process that stops us must wait longer than this.
  shutdownGraceTime: '30 s',
  shutdownForceTime: '45 s',
});
log.info({ taskQueue, region: configuration.region, build: configuration.buildId }, 'Working');
const stopping = new AbortController();
const scheduled = keepScheduleAlive({
  client: new Client({ connection, namespace: configuration.temporalNamespace }),
  account: wired.account,
  region: configuration.region,
  taskQueue,
  seconds: configuration.sweepSeconds,
  signal: stopping.signal,
  pause: (milliseconds) => setTimeout(milliseconds, undefined, { signal: stopping.signal }).catch(() => undefined),
  onKept: (scheduleId) => log.info({ scheduleId, seconds: configuration.sweepSeconds }, 'Sweeps for drift'),
  onTrouble: (error, nextTryMs) =>
    log.warn({ error: String(error), nextTryMs }, 'The schedule of the sweeps could not be kept: trying again'),
});
try {
  await worker.run();
} finally {
  stopping.abort();
  await scheduled;
  await wired.close();
  await connection.close();
  metricsServer?.close();
}
log.info('Stopped');
