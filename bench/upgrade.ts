/**
 * Upgrade: a control plane that comes to the next minor of Kubernetes, goes back to the one before, comes again and is committed.
 *
 * Owns: what is done, the budgets, and the report. Neighbours: `living-control-plane.ts` does it and counts; `peers.ts` has what others take.
 *
 * With stub machines, which boot in no time, seconds are what Slipway, a replica's leave and AWS's double take. With `--real` the control
 * planes are real, the load balancer keeps AWS's pace, and five kinds of users ask the API all the time.
 */
import { type Figures, figuresTable, type User } from '../sandbox/availability/figures.ts';
import { startProbe } from '../sandbox/availability/probe.ts';
import { callsTable } from './calls.ts';
import { type CloudSettings, inCloud } from './cloud.ts';
import {
  accessTo,
  createdCluster,
  type LivingControlPlane,
  living,
  type UpgradePhase,
} from './living-control-plane.ts';
import type { BenchOptions } from './main.ts';
import { CONTROL_PLANE_UPGRADES } from './peers.ts';
import type { Budget, Report, Table } from './report.ts';

const [FROM, TO] = ['1.36.3-gke.1', '1.37.2-gke.1'] as const;
const REPLICAS = 3;
const LIMIT_MS = 30 * 60_000;
/** A turn looks at all there is before it and after it; a restart only sends an order and looks for its report. */
const MOST_CALLS_A_REPLICA = 60;
const USERS: readonly User[] = ['read', 'write', 'h1', 'h2', 'watch'];

const STUB: CloudSettings = { stub: true, temporal: 'memory' };
/** What a load balancer takes to know a target only counts when the cluster is made. */
const REAL: CloudSettings = {
  stub: false,
  temporal: 'file',
  releases: [TO],
  environment: { SLIPWAY_PACE: 'aws', SLIPWAY_REGISTRATION_SECONDS: '20' },
};

const say = (phase: UpgradePhase): UpgradePhase => {
  process.stderr.write(`${phase.what}: ${phase.seconds.toFixed(1)} s, ${phase.aws.all} calls to AWS\n`);
  return phase;
};

const story = async (cluster: LivingControlPlane): Promise<readonly UpgradePhase[]> => {
  const phases: UpgradePhase[] = [];
  const measure = async (what: string, act: () => Promise<void>): Promise<void> => {
    phases.push(say(await cluster.during(what, act)));
  };
  await measure(`${FROM} -> ${TO}, until it soaks`, async () => {
    await cluster.askFor(TO);
    await cluster.untilSoaking();
  });
  await measure('the way back, by an abort', async () => {
    await cluster.say('abort');
    await cluster.untilRuns(FROM);
  });
  await measure('once more, until it soaks', async () => {
    await cluster.say('resume');
    await cluster.untilSoaking();
  });
  await measure('the commit', async () => {
    await cluster.say('resume');
    await cluster.untilRuns(TO);
  });
  return phases;
};

const measured = (real: boolean): Promise<readonly UpgradePhase[]> =>
  inCloud(real ? REAL : STUB, async (cloud) => {
    const cluster = await createdCluster(cloud, FROM, LIMIT_MS);
    if (!real) return story(living(cloud, cluster, { limitMs: LIMIT_MS }));
    const probe = startProbe(await accessTo(cloud, cluster));
    try {
      return await story(living(cloud, cluster, { limitMs: LIMIT_MS, probe }));
    } finally {
      await probe.end();
    }
  });

const secondsOf = (seconds: readonly number[]): string => seconds.map((one) => one.toFixed(1)).join(', ');

/** One row a phase; `felt` as `failed/sent`. */
export const phasesTable = (phases: readonly UpgradePhase[]): Table => ({
  title: 'One control plane, in s',
  columns: ['WHAT', 'IN ALL', 'EACH REPLICA', 'AWS CALLS', 'MUTATING'],
  rows: phases.map(({ what, seconds, replicas, aws }) => [what, seconds, secondsOf(replicas), aws.all, aws.mutating]),
});

/** The table of `sandbox/availability`, as a table of a report. */
export const feltTable = (phases: readonly UpgradePhase[]): readonly Table[] => {
  const felt = phases.flatMap(({ what, felt: figures }): [string, Figures][] =>
    figures === undefined ? [] : [[what, figures]],
  );
  if (felt.length === 0) return [];
  const [head = [], , ...rows] = figuresTable(felt).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return [{ title: 'What users of its API felt', columns: head.map((column) => column.toUpperCase()), rows }];
};

const uncured = (felt: Figures): number => USERS.reduce((sum, user) => sum + felt[user].uncured, 0);

export const budgetsOf = (phases: readonly UpgradePhase[]): readonly Budget[] =>
  phases.flatMap(({ what, aws, replicas, felt }): Budget[] => [
    {
      what: `replicas that served again: ${what}`,
      measured: replicas.length,
      unit: '',
      most: REPLICAS,
      least: REPLICAS,
    },
    {
      what: `AWS calls for each replica: ${what}`,
      measured: aws.all / REPLICAS,
      unit: 'calls',
      most: MOST_CALLS_A_REPLICA,
    },
    ...(felt === undefined
      ? []
      : [{ what: `requests that no retry cured: ${what}`, measured: uncured(felt), unit: 'requests', most: 0 }]),
  ]);

const PEERS: Table = {
  title: 'What is said of others, machines that boot included',
  columns: ['WHO', 'SAYS', 'WHERE'],
  rows: CONTROL_PLANE_UPGRADES.map(({ who, says, source }) => [who, says, source]),
};

export const run = async (options: BenchOptions): Promise<Report> => {
  const real = options['real'] === true;
  const phases = await measured(real);
  return {
    bench: 'upgrade',
    budgets: budgetsOf(phases),
    tables: [
      phasesTable(phases),
      ...feltTable(phases),
      callsTable('AWS calls', Object.fromEntries(phases.map(({ what, aws }) => [what, aws]))),
      PEERS,
    ],
    notes: [
      real
        ? 'Control planes are real, in machines that boot in no time; a load balancer notices and tells as slowly as AWS’s.'
        : 'Machines are stubs, which boot in no time; a replica that leaves serves on for three seconds, and its agent looks every five whether it is told something.',
      'A replica’s seconds are those from the start of its turn, or from when the one before it served, until it served in three looks. What comes before the first, insights and a snapshot, counts as the first one’s.',
    ],
  };
};
