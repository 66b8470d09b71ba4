/** How an object that asks to adopt is looked at: what is read before anything is decided, and what can't be read. */
import { describe, expect, test } from '@jest/globals';
import { type AssessSources, createAssess, type ObserveRequest } from '../../activities/assess.ts';
import { blockedError } from '../../activities/verdicts.ts';
import { clusterIdOf, nodePoolIdOf } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import { observed } from '../../kinds/resource.ts';
import { EMPTY, inventoryOf } from '../policy/account.ts';
import { ACCOUNT, CLUSTER_UID, DELETING, POOL_UID, REGION, seedCluster, seedPool } from '../topology/objects.ts';

const CLUSTER: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'u-new' };
const POOL: ObjectRef = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: 'u-pool' };
const ID = clusterIdOf(CLUSTER_UID);
const POOL_ID = nodePoolIdOf(POOL_UID);

const asking = (asked: string) => ({ annotations: { 'slipway.dev/adopt': asked } });
const cluster = (metadata: object = {}, more: object = {}) =>
  seedCluster({ metadata: { uid: CLUSTER.uid, ...asking(ID), ...metadata }, ...more });
const pool = seedPool({ metadata: { uid: POOL.uid, ...asking(POOL_ID) } });

const carried = { uid: CLUSTER_UID, madeFor: 'default/cluster-0' };
const group = observed('security-group', 'security-group/controlplane', { id: 'sg-1' }, { name: 'g' }, carried);
const template = observed(
  'launch-template',
  `launch-template/nodepool-${POOL_ID}/1`,
  { id: 'lt-1' },
  { name: 't', fingerprint: 'f' },
  { uid: POOL_UID, madeFor: 'default/cluster-0-pool-0' },
);

const looking = (others: Partial<AssessSources> = {}) => {
  const requests: ObserveRequest[] = [];
  const assess = createAssess({
    served: async () => ({ account: ACCOUNT, regions: [REGION] }),
    settleSeconds: 0,
    findCluster: async () => cluster(),
    findNodePool: async () => pool,
    poolsOf: async () => [],
    owners: async () => [],
    observe: async (request) => {
      requests.push(request);
      return inventoryOf([...EMPTY, group, template]);
    },
    inside: async () => ({ unread: 'nobody asks it here' }),
    machines: async () => ({ machines: [], unread: 'nobody asks it here' }),
    foresee: async () => undefined,
    ...others,
  });
  return { requests, assess: (object: ObjectRef) => assess({ object }, new AbortController().signal) };
};

describe('a look at an object that asks to adopt', () => {
  test('reads all that carries the id, and is then about the uid of its tags', async () => {
    const { assess, requests } = looking();
    expect(await assess(CLUSTER)).toMatchObject({ kind: 'operate', operation: { owner: { uid: CLUSTER_UID } } });
    expect(requests).toMatchObject([
      { clusterId: ID, isNew: false },
      { clusterId: ID, clusterUid: CLUSTER_UID, ownerUid: CLUSTER_UID, isNew: false },
    ]);
  });

  test('of a node pool does so by the digits of its own', async () => {
    const status = { adopted: { uid: CLUSTER_UID }, endpoint: 'e', established: true };
    const { assess, requests } = looking({ findCluster: async () => cluster({}, { status }) });
    await assess(POOL);
    expect(requests).toMatchObject([
      { object: { kind: 'AWSCluster' }, clusterId: ID },
      { object: POOL, clusterId: ID, ownerUid: POOL_UID },
    ]);
  });

  test('of a node pool waits for its cluster, whose id is not proven yet', async () => {
    const { assess, requests } = looking();
    expect(await assess(POOL)).toMatchObject({
      kind: 'waiting',
      reason: `Waiting for AWSCluster default/cluster-0, which is to adopt ${ID} first.`,
    });
    expect(requests).toEqual([]);
  });

  test('decides nothing where the objects that there are could not be listed', async () => {
    const { assess } = looking({ owners: () => Promise.reject(blockedError('May not list AWSClusters')) });
    expect(await assess(CLUSTER)).toMatchObject({ kind: 'blocked', reason: 'May not list AWSClusters' });
  });

  test('decides nothing by a listing that was not read to its end', async () => {
    const { assess } = looking({ observe: async () => inventoryOf([group], { complete: false }) });
    expect(await assess(CLUSTER)).toMatchObject({
      kind: 'blocked',
      reason: expect.stringContaining('not everything could be read'),
    });
  });

  test('adopts nothing any more for one that is going, and for which nothing was begun', async () => {
    const going = cluster({ ...DELETING, finalizers: ['somebody.else/wants-it'] });
    const { assess, requests } = looking({
      findCluster: async () => going,
      observe: async (request) => {
        requests.push(request);
        return inventoryOf(EMPTY);
      },
    });
    expect(await assess(CLUSTER)).toEqual({ kind: 'finished' });
    expect(requests).toMatchObject([{ clusterId: clusterIdOf(CLUSTER.uid) }]);
  });
});
