/**
 * Whatever admission takes, a cluster and a node pool come of it: AWS refuses nothing for a reason that could be known before, and
 * every machine boots. Admission is a real API server with the CRDs, and the webhook's judge.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { awsCluster } from '../../api/cluster.ts';
import { awsNodePool } from '../../api/nodepool.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { release } from '../topology/objects.ts';
import { type Admission, startAdmission } from './admission.ts';
import { refusedByAws } from './aws.ts';
import { pairs } from './generated.ts';
import { bootEach } from './machines.ts';

const RUNS = 250;

let admission: Admission;

beforeAll(async () => {
  admission = await startAdmission();
});
afterAll(() => admission?.stop());

describe('what admission takes', () => {
  test('AWS takes as well, as far as it can be known before, and every machine boots with it', async () => {
    const seen = { clusters: 0, pools: 0, machines: 0 };
    await fc.assert(
      fc.asyncProperty(pairs, async ({ cluster: writtenCluster, pool: writtenPool }) => {
        const storedCluster = await admission.admitted(writtenCluster);
        if (storedCluster === undefined) return;
        const cluster = awsCluster.parse(storedCluster);
        const resources = clusterTopology(cluster, release());
        expect(resources.flatMap(refusedByAws)).toEqual([]);
        seen.machines += bootEach(resources);
        seen.clusters += 1;
        const storedPool = await admission.admitted(writtenPool, storedCluster);
        if (storedPool === undefined) return;
        const pool = awsNodePool.parse(storedPool);
        // A pool waits for its cluster, so there has to be one that it could wait for.
        const itsCluster = { ...writtenCluster, metadata: { ...writtenCluster.metadata, name: pool.spec.clusterName } };
        expect(await admission.admitted(itsCluster)).toBeDefined();
        const ofPool = nodePoolTopology(pool, cluster, release());
        expect(ofPool.flatMap(refusedByAws)).toEqual([]);
        seen.machines += bootEach(ofPool, resources);
        seen.pools += 1;
      }),
      { numRuns: RUNS },
    );
    // The property says nothing of what is refused: enough has to be taken.
    expect(seen.clusters).toBeGreaterThan(RUNS / 20);
    expect(seen.pools).toBeGreaterThan(RUNS / 100);
  });
});
