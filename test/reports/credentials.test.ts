/**
 * What people reported elsewhere of objects that were made with wrong credentials and could not be deleted: the tool wanted to ask the
 * cloud whether anything was left of what was never begun.
 */
import { describe, expect, test } from '@jest/globals';
import { type AssessSources, createAssess } from '../../activities/assess.ts';
import { blockedError, retryError } from '../../activities/verdicts.ts';
import type { AWSCluster } from '../../api/cluster.ts';
import type { AWSNodePool } from '../../api/nodepool.ts';
import type { ObjectRef } from '../../api/object.ts';
import { CLUSTER_UID, POOL_UID, seedCluster, seedPool } from '../topology/objects.ts';

const CLUSTER: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID };
const POOL: ObjectRef = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: POOL_UID };

type There = { readonly cluster: AWSCluster | null; readonly pool: AWSNodePool | null };

/** A look where AWS answers nobody. */
const lookAt = (object: ObjectRef, { cluster, pool }: There, failure: () => Error) => {
  const refused = (): Promise<never> => Promise.reject(failure());
  const sources: AssessSources = {
    served: refused,
    settleSeconds: 0,
    findCluster: async () => cluster,
    findNodePool: async () => pool,
    owners: () => Promise.resolve([]),
    poolsOf: refused,
    observe: refused,
    inside: async () => ({ unread: 'nobody asks' }),
    machines: refused,
    foresee: refused,
  };
  return createAssess(sources)({ object }, new AbortController().signal);
};

// https://github.com/gardener/gardener/issues/1205, https://github.com/kubernetes-sigs/cluster-api-provider-aws/issues/2606
describe.each([
  ['are wrong', () => blockedError('The security token included in the request is invalid')],
  ['cannot even be tried, since AWS is away', () => retryError('connect ETIMEDOUT')],
])('where credentials %s', (_what, failure) => {
  test.each([CLUSTER, POOL])(
    'an $kind that was deleted meanwhile is let go, and asked about no more',
    async (object) => {
      expect(await lookAt(object, { cluster: null, pool: null }, failure)).toMatchObject({ kind: 'orphaned' });
    },
  );

  test.each([CLUSTER, POOL])('an $kind that was made again under its name is another one', async (object) => {
    const metadata = { uid: '2c1e7a30-5d0f-4a55-9d0e-0000000000ff' };
    const there = { cluster: seedCluster({ metadata }), pool: seedPool({ metadata }) };
    expect(await lookAt(object, there, failure)).toMatchObject({ kind: 'orphaned' });
  });
});

test('an object that is there is blocked with what AWS said, and has no finalizer that would hold up its deletion', async () => {
  const cluster = seedCluster();
  const blocked = await lookAt(CLUSTER, { cluster, pool: null }, () => blockedError('InvalidClientTokenId'));
  expect(blocked).toMatchObject({ kind: 'blocked', reason: 'InvalidClientTokenId', generation: 1 });
  expect(cluster.metadata.finalizers ?? []).toEqual([]);
});
