/**
 * Setting: the sandbox, the lanes and the watcher in which cases live.
 *
 * Owns: that Slipway's own worker and watcher of the sandbox make room for lanes, and which case is for which lane.
 * Neighbours: `run.ts` lives cases in it.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { pino } from 'pino';
import { openAccess } from '../../client/access.ts';
import { connectionOptions } from '../../client/temporal.ts';
import { runWatcher } from '../../client/watcher/watcher.ts';
import { transportTo } from '../../kubernetes/access.ts';
import { cached, folders, type HostPort, type SandboxLayout } from '../../sandbox/layout.ts';
import { workerEnvironment } from '../../sandbox/supervisor/environment.ts';
import { packWorkflows } from '../../worker/workflow-bundle.ts';
import { type Cloud, type CloudSettings, openCloud } from '../cloud.ts';
import { type Lane, startLane } from './lane.ts';
import { type World, watchWorld } from './world.ts';

export type Setting = {
  readonly cloud: Cloud;
  readonly world: World;
  /** Where the stub's own door is; undefined with real control planes. */
  readonly stub: HostPort | undefined;
  readonly startLane: (name: string) => Promise<Lane>;
  /** From now on entities of this case's objects are started for this lane. */
  readonly assign: (ofCase: string, lane: Lane) => void;
  readonly end: () => Promise<void>;
};

/** An order to a replica is heard at once: waiting for its looks would only cost time. */
const PACE = { SLIPWAY_ORDER_SECONDS: '1' };
const WATCHER = { relistMs: 600_000, probeMs: 3_000, sweepMs: 20_000 };

/** Where lanes write, and what their workers run on. */
type Ground = {
  readonly folder: string;
  readonly logs: string;
  readonly bundle: string;
  /** The sandbox's own worker's. */
  readonly environment: NodeJS.ProcessEnv;
};

const laneOn = ({ folder, logs, bundle, environment }: Ground, name: string): Promise<Lane> =>
  startLane({
    queue: `faults-${name}`,
    environment: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      SLIPWAY_LOG_LEVEL: 'info',
      // A worker starts once for each case that kills it.
      NODE_COMPILE_CACHE: join(folder, 'code'),
      // What is blocked is tried again soon: the default's minutes would only cost time.
      SLIPWAY_RETRY_SECONDS: '2',
      SLIPWAY_RETRY_MAX_SECONDS: '10',
      ...environment,
    },
    bundle,
    log: join(logs, `${name}.log`),
  });

export type SettingOptions = Pick<CloudSettings, 'stub' | 'releases'> & {
  readonly settleSeconds: number;
  /** Absolute folder where the workers' logs stay; elsewhere, and not for long, without. */
  readonly logs?: string;
};

export const openSetting = async ({ settleSeconds, logs, ...clouds }: SettingOptions): Promise<Setting> => {
  const cloud = await openCloud({ ...clouds, temporal: 'memory', environment: PACE });
  const folder = await mkdtemp(join(tmpdir(), 'slipway-faults-'));
  const lanes: Lane[] = [];
  const stop = new AbortController();
  const { home, temporal, kubeconfig } = cloud.status();
  try {
    await cloud.sandbox('stop', 'slipway-worker');
    await cloud.sandbox('stop', 'slipway-client');
    const layout = JSON.parse(await readFile(folders(home).layout, 'utf8')) as SandboxLayout;
    const quiet = () => undefined;
    const { code } = await packWorkflows(cached(layout.cache).packed);
    const bundle = join(folder, 'workflows.js');
    await writeFile(bundle, code);
    const { SLIPWAY_METRICS_ADDRESS: _none, ...environment } = workerEnvironment(layout, {
      SLIPWAY_SETTLE_SECONDS: String(settleSeconds),
    });
    const queues = new Map<string, string>();
    const connection = await Connection.connect(connectionOptions(temporal.address));
    const watching = runWatcher({
      ...WATCHER,
      api: transportTo(openAccess({ kubeconfig })),
      connection,
      client: cloud.temporal,
      namespace: temporal.namespace,
      log: pino({ level: 'silent' }),
      signal: stop.signal,
      taskQueueOf: ({ name }) => queues.get(name.replace(/-pool-0$/, '')) ?? 'nobody',
    });
    const world = watchWorld(cloud, layout.stub);
    return {
      cloud,
      world,
      stub: layout.stub,
      startLane: async (name) => {
        const lane = await laneOn({ folder, logs: logs ?? folder, bundle, environment }, name);
        lanes.push(lane);
        return lane;
      },
      assign: (ofCase, lane) => void queues.set(ofCase, lane.queue),
      end: async () => {
        stop.abort();
        await Promise.all([world.end(), watching.catch(quiet), ...lanes.map((lane) => lane.end())]);
        await connection.close();
        await cloud.end();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    stop.abort();
    await cloud.end();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
};
