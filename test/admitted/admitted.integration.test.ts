/**
 * Whatever admission takes, a cluster and a node pool come of it: AWS refuses nothing for a reason that could be known before, and
 * every machine boots. Admission is a real API server with the CRDs, and the webhook's judge.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { awsCluster } from '../../api/cluster.ts';
import { awsNodePool } from '../../api/nodepool.ts';
import { createJudge } from '../../client/admission/judge.ts';
import { readOtherCluster, valueOf } from '../../client/admission/objects.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { ROOT } from '../api/manifests.ts';
import { type ApiServerForTests, startApiServer } from '../support/api-server.ts';
import { release } from '../topology/objects.ts';
import { refusedByAws } from './aws.ts';
import { pairs, type Written } from './generated.ts';
import { bootEach } from './machines.ts';

const RUNS = 250;
const PLURALS = { AWSCluster: 'awsclusters', AWSNodePool: 'awsnodepools' } as const;

let api: ApiServerForTests;

beforeAll(async () => {
  api = await startApiServer();
  await api.installCrds(join(ROOT, 'deploy/crds'));
});
afterAll(async () => api?.stop());

/** The object as it would be stored, its uid included, or undefined where it is refused. */
const admitted = async (object: Written, cluster?: object): Promise<object | undefined> => {
  const path = `/apis/multicloud.cluster.gke.io/v1/namespaces/default/${PLURALS[object.kind]}?dryRun=All&fieldValidation=Strict`;
  const { status, body } = await api.call('POST', path, object);
  if (status !== 201) {
    expect([400, 422]).toContain(status);
    return undefined;
  }
  const others = {
    cluster: async () => (cluster === undefined ? undefined : valueOf(readOtherCluster(cluster))),
    poolsOf: async () => [],
  };
  const judge = createJudge({ others, exempt: new Set() });
  const { name, namespace } = object.metadata;
  const asked = { kind: object.kind, operation: 'CREATE', namespace, name, username: 'somebody' } as const;
  const { refusals } = await judge({ ...asked, object: body, oldObject: null });
  const stored = body as { readonly metadata: object };
  return refusals.length === 0 ? { ...stored, metadata: { ...stored.metadata, resourceVersion: '1' } } : undefined;
};

describe('what admission takes', () => {
  test('AWS takes as well, as far as it can be known before, and every machine boots with it', async () => {
    const seen = { clusters: 0, pools: 0, machines: 0 };
    await fc.assert(
      fc.asyncProperty(pairs, async ({ cluster: writtenCluster, pool: writtenPool }) => {
        const storedCluster = await admitted(writtenCluster);
        if (storedCluster === undefined) return;
        const cluster = awsCluster.parse(storedCluster);
        const resources = clusterTopology(cluster, release());
        expect(resources.flatMap(refusedByAws)).toEqual([]);
        seen.machines += bootEach(resources);
        seen.clusters += 1;
        const storedPool = await admitted(writtenPool, storedCluster);
        if (storedPool === undefined) return;
        const ofPool = nodePoolTopology(awsNodePool.parse(storedPool), cluster, release());
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
