/**
 * Create: how long the seed's cluster takes from apply to its last auto scaling group, and what it asks of AWS.
 *
 * Owns: the measurement and its budget. Neighbours: `critical-path.ts` accounts for each hop, `calls.ts`
 * counts, `latencies.ts` and `peers.ts` hold what ours is compared with.
 *
 * Machines and control planes are the sandbox's stub: what is measured ends before the first of them matters, and real
 * ones would take the processor from what is measured. AWS, Temporal, the management API, watcher and worker are the real
 * programs of a sandbox, on this computer, all at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordedCall } from '../sandbox/aws/proxy/call.ts';
import { operationIdOf } from '../words/operations.ts';
import { specChanged } from '../workflows/messages.ts';
import { type CallCount, callsTable, countCalls } from './calls.ts';
import { type Cloud, inCloud } from './cloud.ts';
import { criticalPath, type Hop, type HopKind, sums } from './critical-path.ts';
import { readTimes } from './histories.ts';
import { LONGEST_CHAIN_MS, SEED_MS } from './latencies.ts';
import type { BenchOptions } from './main.ts';
import { apply, entityIdOf, removeAll, seedManifests, stored, untilProvisioned, untilQuiet } from './manifests.ts';
import { CAPA, range } from './peers.ts';
import { measureReactions, type Reaction } from './reaction.ts';
import type { Budget, Report, Table } from './report.ts';

const MOST_CALLS = 60;
/** Looks at what goes slowly included: machines of the stub go at once. */
const MOST_DELETE_CALLS = 89;
const MOST_RATIO = 1.25;
const MOST_REACTION_SECONDS = 1;
const LIMIT_MS = 300_000;
const QUIET_MS = 4_000;
/** Facts of the account are remembered for a minute: a second run must ask again as the first did. */
const FORGOTTEN_MS = 61_000;
/** The first on a worker that has just started, the next on one that has worked. */
const RUNS = 2;
const LAST = 'CreateAutoScalingGroup';

type Temporal = 'memory' | 'file';
type Run = {
  /** From the first request of the apply to the answer of the last group. */
  readonly milliseconds: number;
  readonly provisionedMs: number;
  readonly hops: readonly Hop[];
  readonly create: CallCount;
};
type Phases = {
  readonly runs: readonly Run[];
  readonly again: CallCount;
  readonly remove: CallCount;
  readonly reactions: readonly Reaction[];
};

const endOf = (call: RecordedCall): number => Date.parse(call.time) + call.ms;

const hopsOf = async (cloud: Cloud, applied: number, last: RecordedCall): Promise<readonly Hop[]> => {
  const entities = (await stored(cloud)).map(entityIdOf);
  const ids = entities.flatMap((id) => [id, operationIdOf(id)]);
  const workflows = await Promise.all(ids.map((id) => readTimes(cloud.temporal, id)));
  const until = endOf(last);
  const candidates = workflows.flatMap(({ id: operation, activities }) =>
    activities
      .filter(({ id, started }) => id.startsWith('ensure auto-scaling-group/') && started <= Date.parse(last.time) + 2)
      .map(({ id: step, completed }) => ({ operation, step, completed })),
  );
  // The call's own activity ends first after it; a clock's millisecond is rounded.
  const [own] = candidates.filter(({ completed }) => completed >= until - 2).sort((a, b) => a.completed - b.completed);
  if (own === undefined) {
    const seen = candidates.map(({ operation, step, completed }) => `${step} of ${operation}: ${completed - until} ms`);
    throw new Error(`no activity ended after the last ${LAST}; before it ended ${seen.join(', ') || 'none either'}`);
  }
  return criticalPath(workflows, { ...own, until, applied });
};

const runOnce = async (cloud: Cloud): Promise<Run> => {
  const { next } = await cloud.callsSince(0);
  const manifests = seedManifests();
  const applied = Date.now();
  await apply(cloud, manifests);
  await untilProvisioned(cloud, manifests.length, LIMIT_MS);
  const provisionedMs = Date.now() - applied;
  const { calls } = await untilQuiet(cloud, next, QUIET_MS);
  const last = calls
    .filter(({ operation }) => operation === LAST)
    .reduce<RecordedCall | undefined>((a, b) => (a !== undefined && endOf(a) > endOf(b) ? a : b), undefined);
  if (last === undefined) throw new Error(`AWS was asked for no ${LAST}`);
  const hops = await hopsOf(cloud, applied, last);
  return { milliseconds: endOf(last) - applied, provisionedMs, hops, create: countCalls(calls) };
};

const lookAgain = async (cloud: Cloud): Promise<CallCount> => {
  const { next } = await cloud.callsSince(0);
  for (const object of await stored(cloud))
    await cloud.temporal.workflow.getHandle(entityIdOf(object)).signal(specChanged);
  return countCalls((await untilQuiet(cloud, next, QUIET_MS)).calls);
};

const removed = async (cloud: Cloud): Promise<CallCount> => {
  const { next } = await cloud.callsSince(0);
  await removeAll(cloud, LIMIT_MS);
  return countCalls((await untilQuiet(cloud, next, QUIET_MS)).calls);
};

const measure = (temporal: Temporal): Promise<Phases> =>
  // A sweep, which comes by the clock, would be counted with whatever it happens upon.
  inCloud({ stub: true, temporal, environment: { SLIPWAY_SWEEP_SECONDS: '0' } }, async (cloud) => {
    await cloud.slowDown();
    const runs: Run[] = [];
    let again: CallCount | undefined;
    let remove: CallCount | undefined;
    for (let index = 0; index < RUNS; index += 1) {
      runs.push(await runOnce(cloud));
      again ??= await lookAgain(cloud);
      const gone = await removed(cloud);
      remove ??= gone;
      if (index < RUNS - 1) await delay(FORGOTTEN_MS);
    }
    const reactions = await measureReactions(cloud, LIMIT_MS);
    return { runs, again: again ?? countCalls([]), remove: remove ?? countCalls([]), reactions };
  });

const best = ({ runs }: Phases): Run => {
  const [first, ...rest] = runs;
  if (first === undefined) throw new Error('nothing was measured');
  return rest.reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a), first);
};

const hopTable = (temporal: Temporal, { hops }: Run): Table => ({
  title: `Critical path with Temporal's data in ${temporal}: what the time from apply to the last group was spent on`,
  columns: ['FROM MS', 'TOOK MS', 'KIND', 'WHAT'],
  rows: hops.map(({ kind, what, from, to }) => [
    Math.round(from - (hops[0]?.from ?? from)),
    Math.round(to - from),
    kind,
    what,
  ]),
});

const KINDS: Readonly<Record<HopKind, string>> = {
  watcher: 'API server, watcher, signal',
  activity: 'activities: AWS as slow as the seed, the management API, our code',
  dispatch: 'from command to slot',
  workflow: 'workflow tasks',
  signal: 'signals between workflows',
};

const sumTable = (measured: Readonly<Record<string, Phases>>): Table => {
  const columns = Object.entries(measured).flatMap(([name, phases]) =>
    phases.runs.map(({ hops }, index) => [index === 0 ? `${name}, new worker` : name, sums(hops)] as const),
  );
  return {
    title: 'The critical path by kind of hop, in ms',
    columns: ['KIND', ...columns.map(([name]) => name.toUpperCase())],
    rows: (Object.keys(KINDS) as HopKind[]).map((kind) => [
      KINDS[kind],
      ...columns.map(([, sum]) => Math.round(sum[kind])),
    ]),
  };
};

const timeTable = (measured: Readonly<Record<string, Phases>>): Table => ({
  title: 'From apply to the answer of the last CreateAutoScalingGroup, in s',
  columns: ['WHO', 'FIRST ON A NEW WORKER', 'LATER', 'OF THE LONGEST CHAIN', 'TO PROVISIONED'],
  rows: [
    ...Object.entries(measured).map(([temporal, phases]) => {
      const seconds = phases.runs.map(({ milliseconds }) => (milliseconds / 1_000).toFixed(2));
      const run = best(phases);
      return [
        `Slipway, Temporal in ${temporal}`,
        seconds[0] ?? '',
        seconds.slice(1).join(', '),
        `${(run.milliseconds / LONGEST_CHAIN_MS).toFixed(2)} x`,
        (run.provisionedMs / 1_000).toFixed(1),
      ];
    }),
    ['the longest chain of the seed', '', (LONGEST_CHAIN_MS / 1_000).toFixed(2), '1.00 x', ''],
    ['the seed', (SEED_MS / 1_000).toFixed(1), '', `${(SEED_MS / LONGEST_CHAIN_MS).toFixed(2)} x`, ''],
    [`Cluster API (machines running)`, range(CAPA.createSeconds), '', '', ''],
  ],
});

const peerTable = ({ runs, again, remove }: Phases): Table => {
  const create = runs[0]?.create ?? countCalls([]);
  return {
    title: 'Calls beside those of others',
    columns: ['WHAT', 'SLIPWAY', 'MUTATING', 'CLUSTER API', 'MUTATING'],
    rows: [
      [
        'create: three replicas, three pools',
        create.all,
        create.mutating,
        `${range(CAPA.createCalls)}, then ${range(CAPA.callsUntilQuiet)} until quiet`,
        range(CAPA.createMutating),
      ],
      [
        'all look again, nothing changed',
        again.all,
        again.mutating,
        `${CAPA.resyncCalls} a resync`,
        CAPA.resyncMutating,
      ],
      ['delete', remove.all, remove.mutating, CAPA.deleteCalls, CAPA.deleteMutating],
    ],
  };
};

const budgetsOf = (memory: Phases | undefined, all: readonly Phases[]): readonly Budget[] => {
  const counted = all.flatMap(({ runs }) => runs.map(({ create }) => create.all));
  return [
    ...(memory === undefined
      ? []
      : [
          {
            what: 'apply to last group, of the longest chain, Temporal in memory',
            measured: best(memory).milliseconds / LONGEST_CHAIN_MS,
            unit: 'x',
            most: MOST_RATIO,
          },
        ]),
    { what: 'AWS calls of a create with three pools', measured: Math.max(...counted), unit: 'calls', most: MOST_CALLS },
    {
      what: 'AWS calls of a delete with three pools',
      measured: Math.max(...all.map(({ remove }) => remove.all)),
      unit: 'calls',
      most: MOST_DELETE_CALLS,
    },
    ...all.flatMap(({ reactions }) =>
      reactions.map(({ fact, milliseconds }) => ({
        what: `from when ${fact} to the end of the step that waited`,
        measured: milliseconds / 1_000,
        unit: 's',
        most: MOST_REACTION_SECONDS,
      })),
    ),
    {
      what: 'mutating calls when all look again',
      measured: Math.max(...all.map(({ again }) => again.mutating)),
      unit: 'calls',
      most: 0,
    },
  ];
};

export const run = async (options: BenchOptions): Promise<Report> => {
  const asked = String(options['temporal']);
  const kinds: readonly Temporal[] = asked === 'memory' || asked === 'file' ? [asked] : ['memory', 'file'];
  const measured: Partial<Record<Temporal, Phases>> = {};
  for (const kind of kinds) measured[kind] = await measure(kind);
  const all = Object.values(measured);
  const [first] = all;
  if (first === undefined) throw new Error('nothing was measured');
  const create = first.runs[0]?.create ?? countCalls([]);
  return {
    bench: 'create',
    budgets: budgetsOf(measured.memory, all),
    tables: [
      timeTable(measured),
      ...kinds.flatMap((kind) => {
        const phases = measured[kind];
        return phases === undefined ? [] : [hopTable(kind, best(phases))];
      }),
      sumTable(measured),
      callsTable('Calls of the worker by name', { create, 'look again': first.again, delete: first.remove }),
      peerTable(first),
    ],
    notes: [
      'AWS answers as slowly as in the seed’s log (bench/latencies.ts); machines are stubs.',
      'The whole sandbox and this bench share the computer: on a busy one the figures are upper bounds.',
      'A repeated `kubectl apply` of the same manifest changes nothing and is no event: no call. "Look again" makes all four entities look.',
    ],
  };
};
