/** What is read of the nodes of a pool that are not Ready. */
import { describe, expect, test } from '@jest/globals';
import { countPods, readAllNodes, readPoolNodes } from '../../../activities/kubernetes/pool-nodes.ts';
import type { KubernetesObject } from '../../../api/kubernetes-object.ts';
import { NODE_POOL_LABEL } from '../../../api/names.ts';
import type { KubernetesClient, Selection } from '../../../kubernetes/client.ts';

const REQUEST = { namespace: 'default', clusterId: 'gke-1', endpoint: 'nlb', poolId: '3125db34' };
const SINCE = '2026-08-01T09:00:00Z';

type Condition = { readonly status: string; readonly message?: string; readonly lastTransitionTime?: string };

const nodeOf = (ready: Condition | undefined, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1', ...metadata },
  spec: { providerID: 'aws:///eu-west-1a/i-1' },
  status: { conditions: ready === undefined ? [] : [{ type: 'Ready', ...ready }] },
});

/** The nodes of a cluster that lists them as told, and what it was asked for. */
const clusterWith = (...nodes: readonly KubernetesObject[]) => {
  const asked: (Selection | undefined)[] = [];
  const client = {
    list: async ({ kind }: { readonly kind: string }, selection?: Selection) => {
      if (kind !== 'Node') return [];
      asked.push(selection);
      return nodes;
    },
  } as unknown as KubernetesClient;
  return { asked, userClusters: async () => client };
};

describe('a node of a pool', () => {
  test.each<[string, KubernetesObject, object | undefined]>([
    ['is Ready, and nothing more is said', nodeOf({ status: 'True', lastTransitionTime: SINCE }), undefined],
    [
      'is silent, since when, and so says the node controller',
      nodeOf({ status: 'Unknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: SINCE }),
      { since: SINCE, says: 'Kubelet stopped posting node status.' },
    ],
    [
      'says itself what is wrong, at not too great length',
      nodeOf({ status: 'False', message: 'x'.repeat(500), lastTransitionTime: SINCE }),
      { since: SINCE, says: `${'x'.repeat(198)} …` },
    ],
    ['has said nothing yet', nodeOf(undefined), { says: 'its kubelet has not said why' }],
    [
      'is being deleted, whatever it says',
      nodeOf({ status: 'True', lastTransitionTime: SINCE }, { deletionTimestamp: SINCE }),
      { says: 'it is being deleted' },
    ],
  ])('%s', async (_, node, notReady) => {
    const { userClusters } = clusterWith(node);
    const read = await readPoolNodes(userClusters)(REQUEST, new AbortController().signal);
    expect(read.get('i-1')?.ready).toBe(notReady === undefined);
    expect(read.get('i-1')?.notReady).toEqual(notReady);
  });

  test.each([
    ['aws:///eu-west-1a/i-1', 'eu-west-1a'],
    ['aws:///i-1', undefined],
  ])('is in the zone that its provider id %s names', async (providerID, zone) => {
    const node = { ...nodeOf({ status: 'True' }), spec: { providerID } };
    const { userClusters } = clusterWith(node);
    const read = await readPoolNodes(userClusters)(REQUEST, new AbortController().signal);
    expect(read.get('i-1')?.zone).toBe(zone);
  });

  test('is looked for by its pool’s label, or among all of its cluster', async () => {
    const { asked, userClusters } = clusterWith(nodeOf({ status: 'True' }));
    await readPoolNodes(userClusters)(REQUEST, new AbortController().signal);
    await readAllNodes(userClusters)(REQUEST, new AbortController().signal);
    expect(asked).toEqual([{ labelSelector: `${NODE_POOL_LABEL}=3125db34` }, { fromCache: true }]);
  });
});

test('pods are counted node by node, out of the server’s memory, without those that a DaemonSet starts anew', async () => {
  const owned = (kind: string) => ({ apiVersion: 'apps/v1', kind, name: 'x', uid: 'x', controller: true });
  const pod = (name: string, kind: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', ownerReferences: [owned(kind)] },
    status: { phase: 'Running' },
  });
  const asked: (Selection | undefined)[] = [];
  const client = {
    list: async (_kind: object, selection?: Selection) => {
      asked.push(selection);
      return [pod('web', 'ReplicaSet'), pod('agent', 'DaemonSet')];
    },
  } as unknown as KubernetesClient;
  const counts = await countPods(async () => client)(REQUEST, ['node-1', 'node-2'], new AbortController().signal);
  expect([...counts]).toEqual([
    ['node-1', 1],
    ['node-2', 1],
  ]);
  expect(asked).toEqual(
    ['node-1', 'node-2'].map((name) => ({ fieldSelector: `spec.nodeName=${name}`, fromCache: true })),
  );
});
