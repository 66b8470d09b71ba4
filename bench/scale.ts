/**
 * Scale: many clusters with a pool each, wave by wave: what the first and the last of them cost, and what all of them hold.
 *
 * Owns: the measurement, and what a thousand would take, which is extrapolated and called so. Neighbours: `processes.ts`
 * reads what parts used, `fit.ts` draws lines. AWS and control planes are doubles, Temporal keeps its data in memory; what
 * counts is the worker and the watcher. What the doubles take is told apart, for on one computer they take it from us.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CACHED_WORKFLOWS } from '../worker/configuration.ts';
import { type CallCount, callsTable, countCalls } from './calls.ts';
import { type Cloud, inCloud } from './cloud.ts';
import { lineThrough, valueAt } from './fit.ts';
import type { BenchOptions } from './main.ts';
import { apply, oneOfMany, stored, untilProvisioned, untilQuiet } from './manifests.ts';
import { countOf, countsOf } from './options.ts';
import { CAPI_SCALE } from './peers.ts';
import { type Cost, costsOf } from './processes.ts';
import type { Budget, Report, Table } from './report.ts';

const THOUSAND = 1_000;
const MOST_GIBIBYTES = 1.9;
/** The last wave may cost so much of the first: a wave of seconds on a shared computer is not measured better. */
const MOST_SLOPE = 1.25;
const LIMIT_MS = 40 * 60_000;
const IDLE_MS = 30_000;
const QUIET_MS = 5_000;
const OURS = ['slipway-worker', 'slipway-client'] as const;
const DOUBLES = ['temporal', 'aws', 'instances', 'network', 'management-apiserver', 'management-etcd', 'hub'] as const;
const NAMES: Readonly<Record<string, string>> = {
  'slipway-worker': 'worker',
  'slipway-client': 'watcher',
  aws: 'AWS double',
  instances: 'stub machines',
};

type Wave = {
  /** Clusters there are after it. */
  readonly clusters: number;
  readonly made: number;
  readonly seconds: number;
  readonly used: ReadonlyMap<string, number>;
  readonly mebibytes: ReadonlyMap<string, number>;
  readonly calls: CallCount;
};
type Start = {
  readonly part: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly calls: CallCount;
};
type Measured = {
  readonly waves: readonly Wave[];
  readonly idle: ReadonlyMap<string, Cost>;
  readonly starts: readonly Start[];
};

const costsNow = (cloud: Cloud): ReadonlyMap<string, Cost> => costsOf(cloud.status().parts);

const usedSince = (before: ReadonlyMap<string, Cost>, after: ReadonlyMap<string, Cost>): ReadonlyMap<string, number> =>
  new Map([...after].map(([name, { cpuSeconds }]) => [name, cpuSeconds - (before.get(name)?.cpuSeconds ?? 0)]));

const runWave = async (cloud: Cloud, from: number, count: number): Promise<Wave> => {
  const before = costsNow(cloud);
  const { next } = await cloud.callsSince(0);
  const began = performance.now();
  for (let index = from; index < from + count; index += 1) await apply(cloud, oneOfMany(`scale-${index}`, index));
  await untilProvisioned(cloud, (from + count) * 2, LIMIT_MS);
  const seconds = (performance.now() - began) / 1_000;
  const { calls } = await untilQuiet(cloud, next, QUIET_MS);
  const after = costsNow(cloud);
  return {
    clusters: from + count,
    made: count,
    seconds,
    used: usedSince(before, after),
    mebibytes: new Map([...after].map(([name, cost]) => [name, cost.mebibytes])),
    calls: countCalls(calls),
  };
};

/** From the death of a part until it has caught up: AWS hears nothing more of it. */
const restart = async (cloud: Cloud, part: string): Promise<Start> => {
  const { next } = await cloud.callsSince(0);
  const find = () => cloud.status().parts.find(({ name }) => name === part);
  const before = find()?.pid;
  const began = performance.now();
  await cloud.sandbox('kill', part);
  for (let now = find(); now?.state !== 'ready' || now.pid === null || now.pid === before; now = find())
    await delay(50);
  const seconds = (performance.now() - began) / 1_000;
  const { calls } = await untilQuiet(cloud, next, 2 * QUIET_MS);
  return { part, seconds, cpuSeconds: costsNow(cloud).get(part)?.cpuSeconds ?? 0, calls: countCalls(calls) };
};

/** What the worker may use, where its defaults are not meant. */
type Room = { readonly slots: number | undefined; readonly cached: number | undefined };

const environmentOf = ({ slots, cached }: Room): Readonly<Record<string, string>> => ({
  ...(slots === undefined ? {} : { SLIPWAY_ACTIVITY_SLOTS: String(slots) }),
  ...(cached === undefined ? {} : { SLIPWAY_CACHED_WORKFLOWS: String(cached) }),
});

const measure = (sizes: readonly number[], room: Room): Promise<Measured> => {
  const clusters = sizes.reduce((sum, size) => sum + size, 0);
  const environment = environmentOf(room);
  return inCloud({ stub: true, temporal: 'memory', environment }, async (cloud) => {
    const waves: Wave[] = [];
    for (const size of sizes) {
      const done = await runWave(cloud, waves.at(-1)?.clusters ?? 0, size);
      waves.push(done);
      process.stderr.write(
        `${done.clusters} of ${clusters} clusters, the last ${size} in ${done.seconds.toFixed(0)} s\n`,
      );
    }
    await delay(IDLE_MS);
    const idle = costsNow(cloud);
    const starts = [await restart(cloud, 'slipway-worker'), await restart(cloud, 'slipway-client')];
    const there = (await stored(cloud)).filter(({ status }) => status?.state === 'Provisioned').length;
    if (there !== clusters * 2) throw new Error(`${there} of ${clusters * 2} objects are still provisioned`);
    return { waves, idle, starts };
  });
};

const sumOf = (values: ReadonlyMap<string, number>, names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (values.get(name) ?? 0), 0);

const perCluster = (wave: Wave, names: readonly string[]): number => sumOf(wave.used, names) / wave.made;

const nameOf = (part: string): string => NAMES[part] ?? part;

const waveTable = (waves: readonly Wave[]): Table => ({
  title: 'Wave by wave: CPU-seconds and calls for each new cluster with its pool, and MiB in the end',
  columns: [
    'CLUSTERS',
    'SECONDS',
    'WORKER',
    'WATCHER',
    ...DOUBLES.map((name) => nameOf(name).toUpperCase()),
    'CALLS',
    'WORKER MIB',
    'WATCHER MIB',
  ],
  rows: waves.map((wave) => [
    wave.clusters,
    wave.seconds.toFixed(0),
    ...[...OURS, ...DOUBLES].map((name) => perCluster(wave, [name]).toFixed(2)),
    (wave.calls.all / wave.made).toFixed(1),
    ...OURS.map((name) => Math.round(wave.mebibytes.get(name) ?? 0)),
  ]),
});

const memoryLine = (waves: readonly Wave[]) =>
  lineThrough(waves.map((wave) => ({ x: wave.clusters, y: sumOf(wave.mebibytes, OURS) })));

const ratio = (waves: readonly Wave[], of: (wave: Wave) => number): number => {
  const [first, last] = [waves[0], waves.at(-1)];
  return first === undefined || last === undefined ? Number.NaN : of(last) / of(first);
};

const thousandTable = (waves: readonly Wave[]): Table => {
  const last = waves.at(-1);
  const cpu = last === undefined ? Number.NaN : perCluster(last, OURS);
  const seconds = last === undefined ? Number.NaN : last.seconds / last.made;
  return {
    title: 'A thousand clusters, extrapolated from these waves',
    columns: ['WHAT', 'SLIPWAY', 'CLUSTER API (METAL3, TUNED)'],
    rows: [
      ['memory of worker and watcher, GiB', valueAt(memoryLine(waves), THOUSAND) / 1_024, CAPI_SCALE.gibibytes],
      ['CPU-minutes of worker and watcher to create them', (cpu * THOUSAND) / 60, ''],
      ['minutes on this computer, doubles included', (seconds * THOUSAND) / 60, `${CAPI_SCALE.minutes} on 32 cores`],
    ],
  };
};

const startTable = (starts: readonly Start[], clusters: number): Table => ({
  title: `Cold start with ${clusters} clusters that exist`,
  columns: ['PART', 'READY AFTER S', 'CPU-SECONDS UNTIL QUIET', 'AWS CALLS', 'MUTATING'],
  rows: starts.map(({ part, seconds, cpuSeconds, calls }) => [
    nameOf(part),
    seconds.toFixed(1),
    cpuSeconds.toFixed(1),
    calls.all,
    calls.mutating,
  ]),
});

const budgetsOf = ({ waves, starts }: Measured, judgesSlope: boolean): readonly Budget[] => [
  ...(judgesSlope
    ? [
        {
          what: 'CPU of worker and watcher for a cluster, last wave of first',
          measured: ratio(waves, (wave) => perCluster(wave, OURS)),
          unit: 'x',
          most: MOST_SLOPE,
        },
        {
          what: 'calls for a cluster, last wave of first',
          measured: ratio(waves, (wave) => wave.calls.all / wave.made),
          unit: 'x',
          most: MOST_SLOPE,
        },
        {
          what: 'memory of worker and watcher at 1,000 clusters, extrapolated',
          measured: valueAt(memoryLine(waves), THOUSAND) / 1_024,
          unit: 'GiB',
          most: MOST_GIBIBYTES,
        },
      ]
    : []),
  {
    what: 'mutating calls after a cold start',
    measured: starts.reduce((sum, { calls }) => sum + calls.mutating, 0),
    unit: 'calls',
    most: 0,
  },
];

export const run = async (options: BenchOptions): Promise<Report> => {
  const sizes = countsOf(options['waves'], 'waves');
  const given = (name: string): number | undefined =>
    options[name] === undefined ? undefined : countOf(options[name], name);
  const room = { slots: given('slots'), cached: given('cached') };
  const measured = await measure(sizes, room);
  const { waves, idle, starts } = measured;
  const last = waves.at(-1);
  const clusters = last?.clusters ?? 0;
  return {
    bench: 'scale',
    budgets: budgetsOf(measured, waves.length > 1),
    tables: [
      waveTable(waves),
      ...(last === undefined ? [] : [callsTable(`Calls of the last wave of ${last.made}`, { calls: last.calls })]),
      {
        title: `Memory after ${IDLE_MS / 1_000} s of idleness, MiB`,
        columns: ['PART', 'MIB'],
        rows: [...idle].map(([name, { mebibytes }]) => [nameOf(name), Math.round(mebibytes)]),
      },
      startTable(starts, clusters),
      ...(waves.length > 1 ? [thousandTable(waves)] : []),
    ],
    notes: [
      `${clusters} clusters with a pool each, in waves of ${sizes.join(', ')}${room.slots === undefined ? '' : `, on ${room.slots} activity slots`}, with room for ${room.cached ?? CACHED_WORKFLOWS} workflows in memory; AWS and machines are doubles on the same computer.`,
      'CPU-seconds are the kernel’s, so that a busy computer changes them little; seconds are the clock’s.',
    ],
  };
};
