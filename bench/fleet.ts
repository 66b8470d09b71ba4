/**
 * Fleet: many clusters of which three are stuck, each in another way: how long a person waits to find them, and whether they are found.
 *
 * Owns: the three ways, the measurement and its budget: two seconds each for `slipway clusters list`, `slipway operations list`, the
 * query of Temporal that the documentation names, and the worker's metrics. Neighbours: `scale.ts` measures what many clusters
 * cost; `command-line.ts` what a command takes that has little to say. Clusters are stubs and have no pools.
 */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { API_VERSION, clusterIdOf, replicaName } from '../api/names.ts';
import { STUCK_QUERY } from '../workflows/messages.ts';
import { type Cloud, inCloud } from './cloud.ts';
import type { BenchOptions } from './main.ts';
import { apply, type Manifest, oneOfMany, type Stored, stored, untilProvisioned } from './manifests.ts';
import { countOf } from './options.ts';
import type { Report } from './report.ts';

const MOST_SECONDS = 2;
const LIMIT_MS = 20 * 60_000;
const LOOK_MS = 500;
/** A create of a stub takes a few seconds. */
const SOON_MS = 50;

const execute = promisify(execFile);

type Finding = { readonly seconds: number; readonly found: number };
type Way = { readonly text: string; readonly look: () => Promise<number> };
type Timed = { readonly text: string; readonly seconds: readonly number[]; readonly found: readonly number[] };

const clusterNamed = (name: string, index: number, changes: Readonly<Record<string, unknown>> = {}): Manifest => {
  const [cluster] = oneOfMany(name, index);
  if (cluster === undefined) throw new Error('a small cluster has a cluster');
  const controlPlane = cluster.spec['controlPlane'] as Readonly<Record<string, unknown>>;
  return { ...cluster, spec: { ...cluster.spec, controlPlane: { ...controlPlane, ...changes } } };
};

const clusterIn = async (cloud: Cloud, name: string): Promise<Stored> =>
  (await cloud.objects.get({ apiVersion: API_VERSION, kind: 'AWSCluster', namespace: 'default', name })) as Stored;

/** Two of three replicas get no machine: one alone would not keep the API from answering. */
const withoutCapacity = async (cloud: Cloud, name: string, index: number): Promise<void> => {
  await apply(cloud, [clusterNamed(name, index)]);
  const id = clusterIdOf((await clusterIn(cloud, name)).metadata.uid);
  for (const replica of [1, 2]) {
    const fault = {
      action: `asg:${replicaName(id, replica)}`,
      code: 'InsufficientInstanceCapacity',
      message: 'InsufficientInstanceCapacity: We currently do not have sufficient capacity',
      count: 1_000_000,
    };
    const answer = await fetch(`${cloud.status().aws.endpoint}/_sim/fault`, {
      method: 'POST',
      body: JSON.stringify(fault),
    });
    if (!answer.ok) throw new Error(`The sandbox did not take the fault: ${answer.status} ${await answer.text()}`);
  }
};

const aborted = async (cloud: Cloud, name: string, index: number): Promise<void> => {
  await apply(cloud, [clusterNamed(name, index)]);
  const isRunning = async (): Promise<boolean> =>
    (await clusterIn(cloud, name)).status?.lastOperation?.state === 'running';
  while (!(await isRunning())) await delay(SOON_MS);
  await execute(cloud.status().slipway, ['operations', 'abort', 'cluster', name, '-n', 'default']);
};

/** In capacity, in what the object names, and by a person's word. */
const makeStuck = async (cloud: Cloud, from: number): Promise<void> => {
  await withoutCapacity(cloud, 'stuck-in-capacity', from);
  await apply(cloud, [clusterNamed('stuck-in-preflight', from + 1, { keyName: 'nobody-has-it' })]);
  await aborted(cloud, 'stuck-by-abort', from + 2);
};

/** Lines of a table under its header. */
const linesOf = (stdout: string): number => stdout.trim().split('\n').length - 1;

const waysIn = (cloud: Cloud): readonly Way[] => {
  const { slipway, metrics } = cloud.status();
  const listing = (what: string, ...more: readonly string[]): Way => ({
    text: ['slipway', what, 'list -A', ...more].join(' '),
    look: async () => linesOf((await execute(slipway, [what, 'list', '-A', ...more])).stdout),
  });
  return [
    listing('clusters', '--stuck'),
    listing('operations', '--stuck'),
    {
      text: 'the query of Temporal',
      look: async () => {
        const found: string[] = [];
        for await (const { workflowId } of cloud.temporal.workflow.list({ query: STUCK_QUERY })) found.push(workflowId);
        return found.length;
      },
    },
    {
      text: 'the worker’s metrics',
      look: async () => {
        const page = await (await fetch(metrics)).text();
        const counts = page.matchAll(/^slipway_stuck_objects\{[^}]*\} (\d+)$/gm);
        return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
      },
    },
  ];
};

const timed = async (look: () => Promise<number>): Promise<Finding> => {
  const began = performance.now();
  const found = await look();
  return { seconds: (performance.now() - began) / 1_000, found };
};

const STUCK = 3;

const untilFound = async (ways: readonly Way[]): Promise<void> => {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const found = await Promise.all(ways.map(({ look }) => look()));
    if (found.every((count) => count === STUCK)) return;
    if (performance.now() > deadline) throw new Error(`not ${STUCK} are found to be stuck, but ${found.join(', ')}`);
    await delay(LOOK_MS);
  }
};

const measure = (clusters: number, runs: number): Promise<readonly Timed[]> =>
  inCloud({ stub: true, temporal: 'memory' }, async (cloud) => {
    const well = clusters - STUCK;
    for (let index = 0; index < well; index += 1) await apply(cloud, [clusterNamed(`well-${index}`, index)]);
    await untilProvisioned(cloud, well, LIMIT_MS);
    await makeStuck(cloud, well);
    const ways = waysIn(cloud);
    await untilFound(ways);
    const measured: { text: string; seconds: number[]; found: number[] }[] = [];
    for (const { text, look } of ways) {
      const one = { text, seconds: [] as number[], found: [] as number[] };
      for (let run = 0; run < runs; run += 1) {
        const { seconds, found } = await timed(look);
        one.seconds.push(seconds);
        one.found.push(found);
      }
      measured.push(one);
    }
    const there = (await stored(cloud)).length;
    if (there !== clusters) throw new Error(`${there} of ${clusters} clusters are there`);
    return measured;
  });

export const run = async (options: BenchOptions): Promise<Report> => {
  const clusters = countOf(options['clusters'], 'clusters');
  const runs = countOf(options['runs'], 'runs');
  const ways = await measure(clusters, runs);
  return {
    bench: 'fleet',
    budgets: ways.flatMap(({ text, seconds, found }) => [
      { what: `${text}, the longest`, measured: Math.max(...seconds), unit: 's', most: MOST_SECONDS },
      { what: `${text}, stuck ones found`, measured: Math.min(...found), unit: '', least: STUCK, most: STUCK },
    ]),
    tables: [
      {
        title: `Seconds until ${STUCK} stuck ones of ${clusters} clusters are found, ${runs} runs each`,
        columns: ['WAY', 'SHORTEST', 'LONGEST'],
        rows: ways.map(({ text, seconds }) => [text, Math.min(...seconds), Math.max(...seconds)]),
      },
    ],
    notes: [
      'One waits for capacity, one for what its object names and nobody has, one was aborted; machines and account are doubles.',
    ],
  };
};
