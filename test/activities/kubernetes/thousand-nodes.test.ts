/** What a look at a node pool of a thousand machines asks of its cluster's API: pages of nodes, and pods of a few of them. */
import { expect, test } from '@jest/globals';
import { countPods, readAllNodes, readPoolNodes } from '../../../activities/kubernetes/pool-nodes.ts';
import { readPoolMachines } from '../../../activities/pool-machines.ts';
import { NODE_POOL_LABEL } from '../../../api/names.ts';
import { createClient } from '../../../kubernetes/client.ts';
import { answerApi } from '../../../sandbox/stub/api.ts';
import { createStore } from '../../../sandbox/stub/store.ts';

const POOL = '3125db34';
const NODES = 1_000;
const PODS = 5;
const REQUEST = { namespace: 'default', clusterId: 'gke-1', endpoint: 'nlb', poolId: POOL };

const idOf = (index: number): string => `i-${String(index).padStart(17, '0')}`;

const nodeOf = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: `node-${index}`, labels: { [NODE_POOL_LABEL]: POOL } },
  spec: { providerID: `aws:///eu-west-1a/${idOf(index)}` },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
});

const podOn = (node: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true }] },
  spec: { nodeName: node },
  status: { phase: 'Running' },
});

/** A cluster with that many nodes and pods, and what it is asked for. */
const cluster = (nodes: number, pods: number) => {
  const store = createStore();
  store.put(
    { collection: '/api/v1/namespaces', name: 'default' },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
  );
  for (let index = 0; index < nodes; index += 1) {
    store.put({ collection: '/api/v1/nodes', name: `node-${index}` }, nodeOf(index));
    for (let pod = 0; pod < pods; pod += 1) {
      const name = `web-${index}-${pod}`;
      store.put({ collection: '/api/v1/pods', namespace: 'default', name }, podOn(`node-${index}`, name));
    }
  }
  const asked: string[] = [];
  const server = 'https://stub';
  const client = createClient({
    server,
    send: async ({ method, path, body }) => {
      asked.push(`${method} ${path.split('?')[0]}`);
      const request = { method, url: path, contentType: '', body: JSON.stringify(body ?? ''), authenticated: true };
      const { status, body: answer } = answerApi({ store, hasQuorum: () => true, hears: () => true }, request);
      return { status, text: JSON.stringify(answer) };
    },
    stream: () => Promise.reject(new Error('nobody watches')),
    close: () => Promise.resolve(),
  });
  return { asked, userClusters: async () => client };
};

test('a look costs two pages of nodes and the pods of forty of them, however many pods the cluster has', async () => {
  const { asked, userClusters } = cluster(NODES, PODS);
  const { machines, unread } = await readPoolMachines({
    instances: async () =>
      Array.from({ length: NODES }, (_, index) => ({
        ...{ id: idOf(index), inService: true, templateId: 'lt-1', templateVersion: '1' },
      })),
    nodes: readPoolNodes(userClusters),
    allNodes: readAllNodes(userClusters),
    countPods: countPods(userClusters),
  })(REQUEST, new AbortController().signal);
  expect(unread).toBeUndefined();
  expect(machines.filter(({ node }) => node !== undefined)).toHaveLength(NODES);
  expect(machines.flatMap(({ node }) => (node?.pods === undefined ? [] : [node.pods]))).toEqual(
    Array.from({ length: 40 }, () => PODS),
  );
  const counted = new Map<string, number>();
  for (const one of asked) counted.set(one, (counted.get(one) ?? 0) + 1);
  expect(Object.fromEntries(counted)).toEqual({ 'GET /api/v1/nodes': 2, 'GET /api/v1/pods': 40 });
});
