/**
 * What admission takes is carried out: preflight names what an object refers to in vain before anything is made; of everything else
 * AWS's double refuses nothing, every machine is launched and reads what it is told, and all of it can be taken away again.
 * Each request is held to AWS's own models and documentation as well. What isn't AWS's is played by nothing: `carried.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clusterRequest, poolRequest } from '../../activities/assess.ts';
import { type AWSCluster, awsCluster } from '../../api/cluster.ts';
import { clusterIdOf, nodePoolIdOf } from '../../api/names.ts';
import { type AWSNodePool, awsNodePool } from '../../api/nodepool.ts';
import type { KeptRequest } from '../../sandbox/aws/proxy/requests.ts';
import { ensureTools } from '../../sandbox/tools/build.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { CLUSTER_OUTPUTS_FOR_POOLS } from '../../words/keys.ts';
import { type Row, startAccount, type TestAccount } from '../activities/aws/account.ts';
import { withPath } from '../api/manifests.ts';
import { judge, sentenceOf } from '../judge/judge.ts';
import { type Models, modelsOf } from '../judge/models.ts';
import { release } from '../topology/objects.ts';
import { IN_VAIN, unmetByCluster, unmetByPool } from './account.ts';
import { type Admission, startAdmission } from './admission.ts';
import { boot, launched, make, refusedByPreflight, type Subject, stillDiffering, takeAway } from './carried.ts';
import { pairs, type Written } from './generated.ts';

/** Pairs that admission takes; each that preflight takes as well costs a second or two. */
const RUNS = 24;

let admission: Admission;
let account: TestAccount;
let models: Models;
let before: readonly Row[];
const requests: KeptRequest[] = [];

beforeAll(async () => {
  models = modelsOf((await ensureTools()).python);
  admission = await startAdmission();
  account = await startAccount({ onRequest: (request) => requests.push(request) });
  before = await account.rows();
});
afterAll(async () => {
  await account?.end();
  await admission?.stop();
});

const seen = { clusters: 0, pools: 0, machines: 0 };

/** Whether preflight takes it: it must exactly where the account holds all that it refers to, and name what it lacks. */
const passes = async (subject: Subject, unmet: readonly string[]): Promise<boolean> => {
  const refusal = await refusedByPreflight(subject);
  if (unmet.length === 0) expect(refusal).toBeUndefined();
  for (const field of unmet) expect(refusal).toContain(field);
  return refusal === undefined;
};

/** Made, looked at, and what is known of it. */
const carriedOut = async (subject: Subject) => {
  const known = await make(subject);
  seen.machines += await launched(subject);
  await boot(subject, known);
  expect(await stillDiffering(subject)).toEqual([]);
  return known;
};

const subjectOf = (cluster: AWSCluster): Subject => {
  const { name, namespace, uid } = cluster.metadata;
  const object = { kind: 'AWSCluster', namespace, name, uid, clusterId: clusterIdOf(uid) } as const;
  return {
    account,
    aws: account.newWorker(),
    object,
    request: { ...clusterRequest(object, cluster), isNew: false },
    resources: clusterTopology(cluster, release()),
  };
};

const subjectOfPool = (ofCluster: Subject, cluster: AWSCluster, pool: AWSNodePool): Subject => {
  const { name, namespace, uid } = pool.metadata;
  const object = { kind: 'AWSNodePool', namespace, name, uid, clusterId: ofCluster.object.clusterId } as const;
  return {
    ...ofCluster,
    object,
    request: { ...poolRequest(object, pool, cluster), isNew: false },
    resources: nodePoolTopology(pool, cluster, release()),
    ofCluster: ofCluster.resources,
  };
};

const carryOutPool = async (subject: Subject, pool: AWSNodePool): Promise<void> => {
  if (!(await passes(subject, unmetByPool(pool)))) return;
  await carriedOut(subject);
  await takeAway(subject, { kind: 'AWSNodePool', poolId: nodePoolIdOf(pool.metadata.uid), living: {} });
  seen.pools += 1;
};

const carryOutCluster = async (cluster: AWSCluster, pool: AWSNodePool): Promise<void> => {
  const subject = subjectOf(cluster);
  if (!(await passes(subject, unmetByCluster(cluster)))) return;
  const known = await carriedOut(subject);
  seen.clusters += 1;
  const external = Object.fromEntries(CLUSTER_OUTPUTS_FOR_POOLS.map((key) => [key, known[key] ?? {}]));
  const { name } = cluster.metadata;
  if (pool.spec.clusterName === name) {
    await carryOutPool({ ...subjectOfPool(subject, cluster, pool), external }, pool);
  }
  await takeAway(subject, { kind: 'AWSCluster', clusterName: name });
};

type Pair = { readonly cluster: AWSCluster; readonly pool: AWSNodePool };

/** As they would be stored, or undefined where either is refused. */
const admittedPair = async (cluster: Written, pool: Written): Promise<Pair | undefined> => {
  const storedCluster = await admission.admitted(cluster);
  if (storedCluster === undefined) return undefined;
  const storedPool = await admission.admitted(pool, storedCluster);
  if (storedPool === undefined) return undefined;
  return { cluster: awsCluster.parse(storedCluster), pool: awsNodePool.parse(storedPool) };
};

describe('what admission takes', () => {
  test('is made in AWS, launches its machines and goes again, unless preflight names first what it refers to in vain', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async (written) => {
        const pair = await admittedPair(written.cluster, written.pool);
        fc.pre(pair !== undefined);
        requests.length = 0;
        await carryOutCluster(pair.cluster, pair.pool);
        expect(await account.rows()).toEqual(before);
        expect(judge(models, requests).map(sentenceOf)).toEqual([]);
      }),
      // A smaller pair takes as long as the one that failed.
      { numRuns: RUNS, endOnFailure: true },
    );
    // The property says nothing of what is refused: enough has to be made.
    expect(seen.clusters).toBeGreaterThan(RUNS / 4);
    expect(seen.pools).toBeGreaterThan(RUNS / 8);
    expect(seen.machines).toBeGreaterThan(RUNS);
  });

  const named = (of: keyof typeof IN_VAIN) => IN_VAIN[of].map(([path, value]) => [of, path, value] as const);

  test.each([...named('cluster'), ...named('pool')])(
    'is refused by preflight where a %s refers in vain with %s, and nothing is made',
    async (of, path, value) => {
      let refused = 0;
      const property = fc.asyncProperty(pairs, async (written) => {
        const pair = await admittedPair(
          of === 'cluster' ? withPath(written.cluster, path, value) : written.cluster,
          of === 'pool' ? withPath(written.pool, path, value) : written.pool,
        );
        fc.pre(pair !== undefined);
        const { cluster, pool } = pair;
        const unmet = of === 'cluster' ? unmetByCluster(cluster) : unmetByPool(pool);
        expect(unmet.some((field) => field.startsWith(path))).toBe(true);
        const subject = subjectOf(cluster);
        expect(await passes(of === 'cluster' ? subject : subjectOfPool(subject, cluster, pool), unmet)).toBe(false);
        refused += 1;
      });
      await fc.assert(property, { numRuns: 3, endOnFailure: true });
      expect(refused).toBe(3);
    },
  );
});
