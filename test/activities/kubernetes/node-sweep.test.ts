/** Counting nodes over many clusters: ten at a time, and none of them can hold up the others. */
import { describe, expect, test } from '@jest/globals';
import { sweepNodes } from '../../../activities/kubernetes/node-sweep.ts';
import type { UserCluster } from '../../../activities/kubernetes/user-cluster.ts';
import type { KubernetesObject } from '../../../api/kubernetes-object.ts';
import { NODE_POOL_LABEL } from '../../../api/names.ts';
import type { KubernetesClient, Selection } from '../../../kubernetes/client.ts';

const clusterNamed = (clusterId: string): UserCluster => ({
  namespace: 'default',
  clusterId,
  endpoint: `${clusterId}.elb`,
});

const nodeOf = (poolId: string | undefined, ready: string, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n', labels: poolId === undefined ? {} : { [NODE_POOL_LABEL]: poolId }, ...metadata },
  status: { conditions: [{ type: 'Ready', status: ready }] },
});

type List = (clusterId: string, signal: AbortSignal) => Promise<readonly KubernetesObject[]>;

/** Clusters that list their nodes as told; what was asked of them. */
const clustersThat = (list: List) => {
  const asked: { readonly clusterId: string; readonly selection: Selection | undefined }[] = [];
  const userClusters = async ({ clusterId }: UserCluster): Promise<KubernetesClient> =>
    ({
      list: (_kind: unknown, selection?: Selection, options?: { readonly signal?: AbortSignal }) => {
        asked.push({ clusterId, selection });
        return list(clusterId, options?.signal ?? new AbortController().signal);
      },
    }) as unknown as KubernetesClient;
  return { asked, userClusters };
};

const silence: List = (_, signal) =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
const never = new AbortController().signal;

describe('a sweep of nodes', () => {
  test('counts the Ready nodes of each pool, and names the others, with one list, from memory, of nodes that belong to any', async () => {
    const { asked, userClusters } = clustersThat(async () => [
      nodeOf('aaaaaaaa', 'True'),
      nodeOf('aaaaaaaa', 'True'),
      nodeOf('aaaaaaaa', 'Unknown'),
      nodeOf('bbbbbbbb', 'False'),
      nodeOf('bbbbbbbb', 'True', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      nodeOf(undefined, 'True'),
    ]);
    const counted = await sweepNodes(userClusters)([clusterNamed('gke-1')], never);
    expect(counted).toEqual(
      new Map([['gke-1', { ready: { aaaaaaaa: 2 }, notReady: { aaaaaaaa: ['n'], bbbbbbbb: ['n', 'n'] } }]]),
    );
    expect(asked).toEqual([{ clusterId: 'gke-1', selection: { labelSelector: NODE_POOL_LABEL, fromCache: true } }]);
  });

  test('says why of a cluster that does not list them, and counts those of the others', async () => {
    const { userClusters } = clustersThat(async (clusterId) => {
      if (clusterId === 'gke-1') throw new Error('connect ECONNREFUSED');
      return [nodeOf('aaaaaaaa', 'True')];
    });
    const counted = await sweepNodes(userClusters)([clusterNamed('gke-1'), clusterNamed('gke-2')], never);
    expect(counted.get('gke-1')).toEqual({ unread: expect.stringContaining('ECONNREFUSED') });
    expect(counted.get('gke-2')).toEqual({ ready: { aaaaaaaa: 1 }, notReady: {} });
  });

  test('gives up on a cluster that keeps silent', async () => {
    const { userClusters } = clustersThat(silence);
    const counted = await sweepNodes(userClusters, { listMs: 1, allMs: 60_000 })([clusterNamed('gke-1')], never);
    expect(counted.get('gke-1')).toEqual({ unread: 'https://gke-1.elb did not list its nodes within 0.001 s' });
  });

  test('asks ten at a time, and those that are left when its time is over not at all', async () => {
    const { asked, userClusters } = clustersThat(silence);
    const clusters = Array.from({ length: 25 }, (_, index) => clusterNamed(`gke-${index}`));
    const counted = await sweepNodes(userClusters, { listMs: 5, allMs: 1 })(clusters, never);
    expect(asked.map(({ clusterId }) => clusterId)).toEqual(clusters.slice(0, 10).map(({ clusterId }) => clusterId));
    expect(counted.size).toBe(25);
    expect(counted.get('gke-24')).toEqual({ unread: expect.stringContaining('no time was left') });
  });

  test('that is cancelled concludes nothing', async () => {
    const { userClusters } = clustersThat(silence);
    const cancelling = new AbortController();
    const counting = sweepNodes(userClusters)([clusterNamed('gke-1')], cancelling.signal);
    cancelling.abort();
    await expect(counting).rejects.toThrow();
  });
});
