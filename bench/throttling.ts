/**
 * Throttling: a hundred creates at once against the buckets that AWS documents, on virtual time.
 *
 * Owns: the comparison and its budget. Neighbours: `throttled-account.ts` plays the account and the worker around the real limiter; plans
 * are those that a create has, of the seed's cluster and its pools.
 */
import { awsCluster } from '../api/cluster.ts';
import { awsNodePool } from '../api/nodepool.ts';
import { RELEASES, type Release, releaseOf } from '../api/releases.ts';
import type { Resource } from '../kinds/resource.ts';
import { planEnsure } from '../policy/ensure.ts';
import type { Plan } from '../policy/plan.ts';
import { clusterTopology } from '../topology/cluster.ts';
import { nodePoolTopology } from '../topology/nodepool.ts';
import type { BenchOptions } from './main.ts';
import { type Manifest, seedManifests } from './manifests.ts';
import { countOf } from './options.ts';
import type { Report } from './report.ts';
import { type Manner, type Played, play } from './throttled-account.ts';
import { virtualTime } from './virtual-time.ts';

/** Of the time that the fullest bucket takes to give as much. */
const MOST_OF_LEAST = 1.5;
/** Of all calls that are sent: the first burst, which nobody can know of, and what is learnt by. */
const MOST_THROTTLED = 0.1;

const stored = (manifest: Manifest, uid: string) => ({
  ...manifest,
  metadata: {
    ...manifest.metadata,
    uid,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
});

const planOf = (topology: readonly Resource[], external: readonly Resource[] = []): Plan => {
  // What a pool takes from its cluster is there by then.
  const known = Object.fromEntries(external.map(({ key }) => [key, {}]));
  return planEnsure(topology, [], { external: known, fresh: true, provisioned: false, live: false }).plan;
};

/** The plans of one create: a cluster's, and those of its pools. */
const plansOf = (): readonly Plan[] => {
  const [first, ...others] = seedManifests();
  if (first === undefined) throw new Error('the seed has no cluster');
  const cluster = awsCluster.parse(stored(first, '00000000-0000-4000-8000-000000000000'));
  const release: Release | undefined = releaseOf(cluster.spec.controlPlane.version) ?? RELEASES[0];
  if (release === undefined) throw new Error('the catalogue is empty');
  const topology = clusterTopology(cluster, release);
  const pools = others.map((manifest, index) =>
    awsNodePool.parse(stored(manifest, `00000000-0000-4000-8000-00000000000${index + 1}`)),
  );
  return [planOf(topology), ...pools.map((pool) => planOf(nodePoolTopology(pool, cluster, release), topology))];
};

const MANNERS: Readonly<Record<string, Manner>> = {
  'all after two seconds': { limited: false, spread: false },
  'each at a moment of its own': { limited: false, spread: true },
  'and a rate learnt for each API': { limited: true, spread: true },
};

/** What so many creates at once come to, by manner. */
export const playAll = async (creates: number): Promise<Readonly<Record<string, Played>>> => {
  const plans = Array.from({ length: creates }, plansOf).flat();
  const played: Record<string, Played> = {};
  for (const [name, manner] of Object.entries(MANNERS)) played[name] = await play(virtualTime(), plans, manner);
  return played;
};

export const run = async (options: BenchOptions): Promise<Report> => {
  const creates = countOf(options['creates'], 'creates');
  const played = await playAll(creates);
  const last = Object.values(played).at(-1);
  if (last === undefined) throw new Error('nothing was played');
  return {
    bench: 'throttling',
    budgets: [
      {
        what: 'time to the last step, of what the fullest bucket takes',
        measured: last.seconds / last.leastSeconds,
        unit: 'x',
        most: MOST_OF_LEAST,
      },
      {
        what: 'calls that AWS throttles, of those that are sent',
        measured: last.throttled / last.sent,
        unit: '',
        most: MOST_THROTTLED,
      },
    ],
    tables: [
      {
        title: `${creates} creates of the seed’s cluster and its three pools, at the same moment`,
        columns: [
          'WHO IS THROTTLED COMES BACK',
          'SECONDS',
          'AT LEAST',
          'CALLS SENT',
          'THROTTLED',
          'STEPS SEEN FAILING',
        ],
        rows: Object.entries(played).map(([name, one]) => [
          name,
          one.seconds.toFixed(0),
          one.leastSeconds.toFixed(0),
          one.sent,
          one.throttled,
          one.shown,
        ]),
      },
    ],
    notes: [
      'Virtual time: the limiter, the delays and the plans are the worker’s own; account, Temporal and slots are played.',
      'EC2’s buckets are documented: 100 calls and 20 a second for what reads, 50 and 5 for what changes something. Auto Scaling and Elastic Load Balancing document none; they are played with the same.',
    ],
  };
};
