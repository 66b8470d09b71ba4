/**
 * Resize: a node pool that is made larger, smaller and other, and one of a thousand nodes.
 *
 * Owns: what is done, the budgets, and the report. Neighbours: `living-pool.ts` does it and counts; `peers.ts` has what others take.
 *
 * Machines are the sandbox's stub, which boots in no time: seconds are what Slipway and AWS's double add to a machine's own. Calls are
 * those that a real account and a real API server would be sent.
 */
import { DRIFT_SWEEP_WORKFLOW, sweepScheduleId, TASK_QUEUE } from '../workflows/messages.ts';
import { callsTable } from './calls.ts';
import { type Cloud, inCloud } from './cloud.ts';
import { begin, type LivingPool, type Phase } from './living-pool.ts';
import type { BenchOptions } from './main.ts';
import { NODE_ROLLOUTS } from './peers.ts';
import type { Budget, Report, Table } from './report.ts';

const ACCOUNT = '0123456789012';
const REGION = 'eu-west-1';
const SMALL = { first: 3, more: 10, fewer: 5 } as const;
const TOGETHER = 20;
const LIMIT_MS = 15 * 60_000;
/** A sweep looks at groups, not at machines: a thousand of them add pages of lists, and no calls of their own. */
const MOST_SWEEP_CALLS = 20;
/** To find it, to end it, and to see it gone. */
const MOST_CALLS_A_MACHINE = 8;

const say = (phase: Phase): Phase => {
  process.stderr.write(`${phase.what}: ${phase.seconds.toFixed(1)} s, ${phase.aws.all} calls to AWS\n`);
  return phase;
};

const small = (): Promise<readonly Phase[]> =>
  inCloud({ stub: true, temporal: 'memory' }, async (cloud) => {
    const { first, more, fewer } = SMALL;
    const pool = await begin(cloud, first, LIMIT_MS);
    const phases: Phase[] = [];
    const measure = async (what: string, spec: object, nodes: number): Promise<void> => {
      const act = async (): Promise<void> => {
        await pool.set(spec);
        await pool.untilKept(nodes);
      };
      phases.push(say(await pool.during(what, act)));
    };
    await measure(`${first} nodes become ${more}`, { nodeCount: more }, more);
    await measure(`${more} nodes become ${fewer}, one after the other`, { nodeCount: fewer }, fewer);
    await measure(`${fewer} nodes are replaced, one more meanwhile`, { maxPodsPerNode: 90 }, fewer);
    const updateSettings = { surgeSettings: { maxSurge: fewer, maxUnavailable: 0 } };
    await measure(
      `${fewer} nodes are replaced, ${fewer} more meanwhile`,
      { maxPodsPerNode: 100, updateSettings },
      fewer,
    );
    return phases;
  });

const sweep = async (cloud: Cloud, pool: LivingPool, what: string, workflowId: string): Promise<Phase> =>
  say(
    await pool.during(
      what,
      async () =>
        void (await cloud.temporal.workflow.execute(DRIFT_SWEEP_WORKFLOW, { workflowId, taskQueue: TASK_QUEUE })),
    ),
  );

/** The first turns of a rollout, which is aborted then; and a machine that goes and has no successor. */
const turns = async (pool: LivingPool, nodes: number): Promise<readonly Phase[]> => {
  const before = await pool.ended();
  await pool.set({ updateSettings: { surgeSettings: { maxSurge: TOGETHER, maxUnavailable: 0 } } });
  const rollout = await pool.during(`three turns of a rollout: 1, ${TOGETHER} and ${TOGETHER} machines`, async () => {
    await pool.set({ maxPodsPerNode: 90 });
    await pool.untilEnded(before + 3);
    await pool.abort('enough');
    await pool.untilEnded(before + 4);
  });
  const back = await pool.during(`the ${1 + 2 * TOGETHER} machines are replaced again: the way back`, async () => {
    await pool.set({ maxPodsPerNode: 100 });
    await pool.untilKept(nodes);
  });
  const fewer = await pool.during('one node fewer', async () => {
    await pool.set({ nodeCount: nodes - 1 });
    await pool.untilKept(nodes - 1);
  });
  return [rollout, back, fewer].map(say);
};

const large = (nodes: number, pods: number): Promise<readonly Phase[]> =>
  inCloud({ stub: true, temporal: 'memory' }, async (cloud) => {
    const began = performance.now();
    const pool = await begin(cloud, nodes, LIMIT_MS);
    process.stderr.write(`${nodes} nodes after ${((performance.now() - began) / 1_000).toFixed(0)} s\n`);
    await pool.fill(pods);
    // Its own sweeps would be counted, too.
    await cloud.temporal.schedule.getHandle(sweepScheduleId(ACCOUNT, REGION)).pause('counted by a bench');
    return [
      await sweep(cloud, pool, 'a sweep that asks everything anew', 'bench-first'),
      await sweep(cloud, pool, 'the next sweep', 'bench-next'),
      ...(await turns(pool, nodes)),
    ];
  });

const requests = ({ inside }: Phase): number => [...inside.values()].reduce((sum, one) => sum + one.requests, 0);
const mebibytes = ({ inside }: Phase): number =>
  [...inside.values()].reduce((sum, one) => sum + one.bytes, 0) / 2 ** 20;

const phasesTable = (title: string, phases: readonly Phase[]): Table => ({
  title,
  columns: [
    'WHAT',
    'SECONDS',
    'LAUNCHED',
    'ENDED',
    'AWS CALLS',
    'MUTATING',
    'REQUESTS TO THE CLUSTER',
    'MIB OF ANSWERS',
  ],
  rows: phases.map((phase) => [
    phase.what,
    phase.seconds,
    phase.launched,
    phase.ended,
    phase.aws.all,
    phase.aws.mutating,
    requests(phase),
    mebibytes(phase),
  ]),
});

const insideTable = (title: string, phases: readonly Phase[]): Table => ({
  title,
  columns: ['REQUEST', ...phases.map(({ what }) => what.toUpperCase())],
  rows: [...new Set(phases.flatMap(({ inside }) => [...inside.keys()]))]
    .sort()
    .map((name) => [name, ...phases.map(({ inside }) => inside.get(name)?.requests ?? 0)]),
});

const byWhat = (phases: readonly Phase[]) => Object.fromEntries(phases.map((phase) => [phase.what, phase.aws]));

const PEERS: Table = {
  title: 'What is said of others, machines that boot included',
  columns: ['WHO', 'SAYS', 'WHERE'],
  rows: NODE_ROLLOUTS.map(({ who, says, source }) => [who, says, source]),
};

const perMachine = (phases: readonly Phase[]): number => {
  const ended = phases.reduce((sum, phase) => sum + phase.ended, 0);
  return phases.reduce((sum, { aws }) => sum + aws.all, 0) / Math.max(1, ended);
};

const budgetsOf = (phases: readonly Phase[], more: readonly Phase[]): readonly Budget[] => {
  const sweeps = more.filter(({ what }) => what.includes('sweep'));
  const replaced = more.filter(({ ended }) => ended > 1);
  return [
    ...sweeps.map(({ what, aws }) => ({
      what: `AWS calls of ${what}, large pool`,
      measured: aws.all,
      unit: 'calls',
      most: MOST_SWEEP_CALLS,
    })),
    ...sweeps.map(({ what, aws }) => ({
      what: `of these mutating, ${what}`,
      measured: aws.mutating,
      unit: 'calls',
      most: 0,
    })),
    ...(replaced.length === 0
      ? []
      : [
          {
            what: 'AWS calls for each machine that is replaced in the large pool',
            measured: perMachine(replaced),
            unit: 'calls',
            most: MOST_CALLS_A_MACHINE,
          },
        ]),
    {
      what: 'AWS calls for each node of a pool that grows',
      measured: (phases[0]?.aws.all ?? 0) / Math.max(1, phases[0]?.launched ?? 0),
      unit: 'calls',
      most: MOST_CALLS_A_MACHINE,
    },
  ];
};

const wholeNumber = (value: unknown, name: string): number => {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new Error(`--${name} is "${String(value)}": give it a whole number`);
};

export const run = async (options: BenchOptions): Promise<Report> => {
  const nodes = wholeNumber(options['nodes'], 'nodes');
  const pods = wholeNumber(options['pods'], 'pods');
  const phases = await small();
  const more = nodes === 0 ? [] : await large(nodes, pods);
  const named = `${nodes} nodes in one pool, ${pods} pods on each`;
  return {
    bench: 'resize',
    budgets: budgetsOf(phases, more),
    tables: [
      phasesTable('A small pool', phases),
      callsTable('AWS calls', byWhat(phases)),
      ...(nodes === 0
        ? []
        : [
            phasesTable(named, more),
            callsTable('AWS calls', byWhat(more)),
            insideTable('Requests to the cluster', more),
          ]),
      PEERS,
    ],
    notes: [
      'Machines are stubs, which boot in no time: seconds are what Slipway, Temporal and the double of AWS add to a machine’s own.',
      `A turn of a rollout waits until a new node was Ready in three looks in a row, a second apart.`,
    ],
  };
};
