/**
 * Idle: what clusters cost that nobody touches: calls to AWS in an hour, for one cluster and for many.
 *
 * Owns: the measurement and its budget. Neighbours: the drift sweep (`workflows/drift-sweep.ts`) is what an
 * idle Slipway does; its schedule says how often. Sweeps are counted, not waited for: each is started by hand, several in a
 * row, and an hour is so many of them as its schedule starts. That nothing else happens in between is counted, too.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ACCOUNT, REGION } from '../sandbox/layout.ts';
import { DRIFT_SWEEP_WORKFLOW, sweepScheduleId, TASK_QUEUE } from '../workflows/messages.ts';
import { type CallCount, callsTable, countCalls } from './calls.ts';
import { type Cloud, inCloud } from './cloud.ts';
import type { BenchOptions } from './main.ts';
import { apply, oneOfMany, untilProvisioned, untilQuiet } from './manifests.ts';
import { countOf } from './options.ts';
import { CAPA } from './peers.ts';
import { costsOf } from './processes.ts';
import type { Budget, Report, Table } from './report.ts';

const MOST_PER_CLUSTER_HOUR = 10;
const SWEEPS = 5;
const AT_ONCE = 25;
const QUIET_MS = 5_000;
/** Facts of the account are remembered for a minute, and sweeps are further apart. */
const FORGOTTEN_MS = 61_000;
const LIMIT_MS = 40 * 60_000;
const HOUR_MS = 3_600_000;
const OURS = ['slipway-worker', 'slipway-client'] as const;

type Measured = {
  readonly clusters: number;
  /** The first after a pause, as all are an hour long. */
  readonly first: CallCount;
  /** Those that followed at once. */
  readonly next: CallCount;
  readonly sweepsPerHour: number;
  readonly cpuSecondsPerSweep: number;
  /** Calls while nobody did anything, in as long as a sweep's facts are remembered. */
  readonly between: CallCount;
};

const cpuSeconds = (cloud: Cloud): number => {
  const costs = costsOf(cloud.status().parts);
  return OURS.reduce((sum, name) => sum + (costs.get(name)?.cpuSeconds ?? 0), 0);
};

const sweeps = async (cloud: Cloud, name: string, count: number): Promise<CallCount> => {
  const { next } = await cloud.callsSince(0);
  for (let index = 0; index < count; index += 1) {
    const workflowId = `${name}-${index}`;
    await cloud.temporal.workflow.execute(DRIFT_SWEEP_WORKFLOW, { workflowId, taskQueue: TASK_QUEUE });
  }
  return countCalls((await untilQuiet(cloud, next, QUIET_MS)).calls);
};

const measureWith = async (cloud: Cloud, clusters: number): Promise<Measured> => {
  const schedule = cloud.temporal.schedule.getHandle(sweepScheduleId(ACCOUNT, REGION));
  const { spec } = await schedule.describe();
  const every = spec.intervals?.[0]?.every;
  if (every === undefined) throw new Error('the sweep’s schedule has no interval');
  // Its own sweeps would be counted, too.
  await schedule.pause('counted by a bench');
  const { next: quiet } = await cloud.callsSince(0);
  await delay(FORGOTTEN_MS);
  const { calls: between } = await cloud.callsSince(quiet);
  const before = cpuSeconds(cloud);
  const first = await sweeps(cloud, `bench-${clusters}-first`, 1);
  const next = await sweeps(cloud, `bench-${clusters}-next`, SWEEPS - 1);
  return {
    clusters,
    first,
    next,
    sweepsPerHour: HOUR_MS / Number(every),
    cpuSecondsPerSweep: (cpuSeconds(cloud) - before) / SWEEPS,
    between: countCalls(between),
  };
};

const measure = (many: number): Promise<readonly Measured[]> =>
  inCloud({ stub: true, temporal: 'memory' }, async (cloud) => {
    const measured: Measured[] = [];
    let made = 0;
    for (const clusters of many > 1 ? [1, many] : [1]) {
      while (made < clusters) {
        const wave = Math.min(AT_ONCE, clusters - made);
        for (let index = made; index < made + wave; index += 1) await apply(cloud, oneOfMany(`idle-${index}`, index));
        made += wave;
        await untilProvisioned(cloud, made * 2, LIMIT_MS);
      }
      measured.push(await measureWith(cloud, clusters));
    }
    return measured;
  });

/** What has no listing is believed for an hour: one sweep of it asks everything anew, the others only list. */
const perHour = ({ first, next, sweepsPerHour }: Measured): number =>
  first.all + (next.all / (SWEEPS - 1)) * (sweepsPerHour - 1);
const perClusterHour = (measured: Measured): number => perHour(measured) / measured.clusters;

const named = (clusters: number): string => `${clusters} cluster${clusters === 1 ? '' : 's'}`;

const budgetsOf = (measured: readonly Measured[]): readonly Budget[] => {
  const last = measured.at(-1);
  const changing = measured.flatMap(({ first, next, between }) => [first.mutating, next.mutating, between.mutating]);
  return [
    ...(last === undefined || last.clusters < 100
      ? []
      : [
          {
            what: `calls in a cluster-hour with ${named(last.clusters)}`,
            measured: perClusterHour(last),
            unit: 'calls',
            most: MOST_PER_CLUSTER_HOUR,
          },
        ]),
    {
      what: 'calls that change something, in all sweeps',
      measured: changing.reduce((sum, one) => sum + one, 0),
      unit: 'calls',
      most: 0,
    },
  ];
};

const hoursTable = (measured: readonly Measured[]): Table => ({
  title: 'An idle hour, each cluster with one node pool',
  columns: [
    'CLUSTERS',
    'FIRST SWEEP',
    'NEXT SWEEPS',
    'SWEEPS AN HOUR',
    'CALLS AN HOUR',
    'CALLS A CLUSTER-HOUR',
    'CLUSTER API',
    'CPU-SECONDS A SWEEP',
    'CALLS BETWEEN SWEEPS',
  ],
  rows: measured.map((one) => [
    one.clusters,
    one.first.all,
    (one.next.all / (SWEEPS - 1)).toFixed(0),
    one.sweepsPerHour,
    perHour(one).toFixed(0),
    perClusterHour(one).toFixed(1),
    CAPA.resyncCalls * CAPA.resyncsPerHour,
    one.cpuSecondsPerSweep.toFixed(2),
    one.between.all,
  ]),
});

export const run = async (options: BenchOptions): Promise<Report> => {
  const measured = await measure(countOf(options['clusters'], 'clusters'));
  return {
    bench: 'idle',
    budgets: budgetsOf(measured),
    tables: [
      hoursTable(measured),
      callsTable(
        'Calls of sweeps by name: the first after a pause, and the next ones together',
        Object.fromEntries(
          measured.flatMap(({ clusters, first, next }) => [
            [`${named(clusters)}, first`, first],
            [`next ${SWEEPS - 1}`.concat(clusters === 1 ? '' : ` of ${clusters}`), next],
          ]),
        ),
      ),
    ],
    notes: [
      'An hour is the first sweep, which asks everything anew, and as many of the next as the schedule starts in the rest of it: what has no listing is believed for an hour.',
      'Cluster API: one resync of a cluster, each ten minutes by default, with three control-plane and three worker machines.',
    ],
  };
};
