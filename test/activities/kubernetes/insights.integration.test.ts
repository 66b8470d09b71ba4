/** What a real API server tells of deprecated APIs, of its database and of what it lists. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readInsights } from '../../../activities/kubernetes/insights.ts';
import { connectManagement } from '../../../activities/kubernetes/management.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import { isUnread } from '../../../policy/insight.ts';
import type { SeenInside } from '../../../policy/insights.ts';
import { type ApiServerForTests, startApiServer } from '../../support/api-server.ts';
import { seedCluster } from '../../topology/objects.ts';

/** Off unless it is asked for, and on its way out: https://kubernetes.io/docs/reference/using-api/deprecation-guide/ */
const DEPRECATED = '/apis/networking.k8s.io/v1beta1/ipaddresses';

let api: ApiServerForTests;
let client: KubernetesClient;

beforeAll(async () => {
  api = await startApiServer({ more: ['--runtime-config=networking.k8s.io/v1beta1=true'] });
  client = connectManagement(api.kubeconfig);
});
afterAll(async () => {
  await client?.close();
  await api?.stop();
});

const look = async (): Promise<SeenInside> => {
  const cluster = seedCluster({ status: { state: 'Provisioned', endpoint: 'nlb' } });
  const { inside } = await readInsights(client, async () => client)(cluster, new AbortController().signal);
  if (isUnread(inside)) throw new Error(inside.unread);
  return inside;
};

test('of a server that nobody asked for anything deprecated there is nothing to say', async () => {
  const { apis, etcd, nodes, budgets, webhooks } = await look();
  expect({ apis, nodes, budgets }).toEqual({ apis: [], nodes: [], budgets: [] });
  expect(webhooks).toMatchObject({ failClosed: [] });
  if (isUnread(etcd)) throw new Error(etcd.unread);
  expect(etcd.bytes).toBeGreaterThan(10_000);
});

test('who writes by a deprecated API is named', async () => {
  const created = await api.call('POST', `${DEPRECATED}?fieldManager=old-controller`, {
    apiVersion: 'networking.k8s.io/v1beta1',
    kind: 'IPAddress',
    metadata: { name: '10.0.0.77' },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'old' } },
  });
  expect(created.status).toBe(201);
  const { apis } = await look();
  expect(apis).toEqual([
    {
      group: 'networking.k8s.io',
      version: 'v1beta1',
      resource: 'ipaddresses',
      removedIn: expect.stringMatching(/^1\.\d+$/),
      writers: ['old-controller'],
    },
  ]);
});
