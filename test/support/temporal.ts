/**
 * A real Temporal server in memory and a worker on it, for tests of workflows.
 *
 * Owns: starting and ending both. One server serves all files of a run, each in a namespace of its own (`../run.ts` starts it);
 * a file that runs by itself starts one. Tests give activities as plain functions: doubles, not mocks.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Runtime, Worker } from '@temporalio/worker';
import type { Activities } from '../../activities/contract.ts';
import { cached } from '../../sandbox/layout.ts';
import { cacheFolder } from '../../sandbox/tools/build.ts';
import { beating, HEARTBEAT_MS } from '../../worker/interceptors.ts';
import { versioningOf } from '../../worker/versioning.ts';
import { packWorkflows, type WorkflowBundle } from '../../worker/workflow-bundle.ts';
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.ts';
import { deliveredOnce } from './deliveries.ts';
import { sharedTemporal } from './shared-temporal.ts';
import { toolsFolder } from './tools.ts';
import { noting } from './waits.ts';

export type TemporalForTests = {
  readonly environment: TestWorkflowEnvironment;
  /** For command lines: where the server is, and the namespace. */
  readonly address: string;
  readonly namespace: string;
  /** Runs `body` with a worker on a task queue of its own. */
  readonly withWorker: <T>(
    activities: Partial<Activities>,
    body: (taskQueue: string) => Promise<T>,
    options?: { maxCachedWorkflows?: number; taskQueue?: string; buildId?: string },
  ) => Promise<T>;
  readonly stop: () => Promise<void>;
};

/** The file that jest runs at this moment; undefined for who records histories, where there is no jest. */
const testFile = (): string | undefined => {
  const { expect } = globalThis as { readonly expect?: { getState(): { readonly testPath?: string } } };
  return expect?.getState().testPath;
};

export const startTemporal = async (): Promise<TemporalForTests> => {
  Runtime.install({ logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} } });
  const shared = sharedTemporal(process.env, testFile());
  const environment = await noting('starting', 'Temporal', async () =>
    shared === undefined
      ? TestWorkflowEnvironment.createLocal({
          server: {
            executable: { type: 'existing-path', path: join(await toolsFolder(), 'temporal') },
            searchAttributes: Object.values(SEARCH_ATTRIBUTES),
          },
        })
      : TestWorkflowEnvironment.createFromExistingServer(shared),
  );
  const namespace = shared?.namespace ?? 'default';
  let bundle: WorkflowBundle | undefined;
  return {
    environment,
    address: shared?.address ?? environment.address,
    namespace,
    withWorker: async (activities, body, options = {}) => {
      bundle ??= await noting('starting', 'packing of workflows', () => packWorkflows(cached(cacheFolder()).packed));
      const taskQueue = options.taskQueue ?? `test-${randomUUID()}`;
      const deliveries = deliveredOnce();
      const worker = await Worker.create({
        connection: environment.nativeConnection,
        namespace,
        taskQueue,
        workflowBundle: bundle,
        activities,
        ...versioningOf(taskQueue, options.buildId),
        interceptors: {
          activity: [
            (context) => ({
              inbound: {
                execute: (input, next) => beating(context, () => deliveries(context.info, () => next(input))),
              },
            }),
          ],
        },
        maxHeartbeatThrottleInterval: HEARTBEAT_MS,
        shutdownGraceTime: 100,
        // No cache: every workflow task replays from the start, which finds non-determinism (I10).
        maxCachedWorkflows: options.maxCachedWorkflows ?? 0,
      });
      return worker.runUntil(body(taskQueue));
    },
    stop: () => environment.teardown(),
  };
};
