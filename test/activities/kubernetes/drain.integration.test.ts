/**
 * A node is closed, emptied and opened again, against a real API server. Nothing schedules here and no kubelet runs: pods are written
 * with their node, budgets with their status, and a pod that was evicted is gone at once.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { countPods, readPoolNodes } from '../../../activities/kubernetes/pool-nodes.ts';
import { DRAIN_MARK, NODE_POOL_LABEL } from '../../../api/names.ts';
import type { Resource } from '../../../kinds/resource.ts';
import { type BothApis, judged, NLB, startBothApis } from './both-apis.ts';

let apis: BothApis;
let counter = 0;
let node: string;

beforeAll(async () => {
  apis = await startBothApis();
});
afterAll(() => apis?.stop());

const send = async (method: string, path: string, body?: object) => {
  const answer = await apis.call(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body as { readonly metadata: { readonly uid: string; readonly generation?: number } } & Record<
    string,
    unknown
  >;
};
const nodeNow = () => send('GET', `/api/v1/nodes/${node}`);

const machine = (): string => `i-${node.replace('node-', '').padStart(17, '0')}`;

beforeEach(async () => {
  counter += 1;
  node = `node-${counter}`;
  await send('POST', '/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node, labels: { [NODE_POOL_LABEL]: apis.poolId } },
    spec: { providerID: `aws:///eu-west-1a/${machine()}` },
  });
});

type PodOptions = { readonly labels?: object; readonly metadata?: object; readonly spec?: object };
const WEB = {
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }],
};

const podOn = (name: string, { labels = {}, metadata = WEB, spec = {} }: PodOptions = {}) =>
  send('POST', '/api/v1/namespaces/default/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${node}-${name}`, labels, ...metadata },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'one', image: 'example/one' }],
      ...spec,
    },
  });
/** Writes a status, as whoever owns it would. */
const saysOf = (kind: string, name: string, status: object): Promise<string> =>
  apis.kubectl(
    'patch',
    kind,
    `${node}-${name}`,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status }),
  );

/** As its kubelet would say it. */
const runs = (name: string) =>
  saysOf('pod', name, { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
const podsLeft = async (): Promise<readonly string[]> => {
  const { items } = (await send(
    'GET',
    `/api/v1/namespaces/default/pods?fieldSelector=spec.nodeName%3D${node}`,
  )) as unknown as {
    items: readonly { metadata: { name: string } }[];
  };
  return items.map(({ metadata }) => metadata.name.replace(`${node}-`, '')).sort();
};

/** A budget that allows so many disruptions at this moment, as its controller would have worked it out. */
const budget = async (name: string, app: string, allowed: number): Promise<void> => {
  const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
  const kind = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' };
  const metadata = { name: `${node}-${name}` };
  const { metadata: made } = await send('POST', path, {
    ...{ ...kind, metadata },
    spec: { minAvailable: 1, selector: { matchLabels: { app: `${node}-${app}` } } },
  });
  await allow(name, allowed, made.generation);
};
const allow = (name: string, disruptionsAllowed: number, observedGeneration = 1) =>
  saysOf('pdb', name, {
    observedGeneration,
    disruptionsAllowed,
    currentHealthy: 1,
    desiredHealthy: 1,
    expectedPods: 1,
  });
const app = (name: string) => ({ labels: { app: `${node}-${name}` } });

const cordon = (): Resource => ({ key: `cordon/${machine()}`, kind: 'cordon', properties: { endpoint: NLB, node } });
const drain = (seconds = 600): Resource => ({
  key: `drain/${machine()}`,
  kind: 'drain',
  properties: { endpoint: NLB, of: { node }, seconds },
});
/** As where a pool goes for good, together with whatever nodes it has. */
const drainPool = (poolId: string, clusterName: string, seconds = 600): Resource => ({
  key: `drain/${poolId}`,
  kind: 'drain',
  properties: { endpoint: NLB, of: { poolId }, seconds, unlessClusterGoes: { clusterName } },
});
const close = () => apis.run('ensure', cordon(), apis.pool);
const open = () => apis.run('remove', cordon(), apis.pool);
const look = (seconds?: number) => apis.run('wait', drain(seconds), apis.pool);

describe('a node that is about to go', () => {
  test('is closed with Slipway’s mark, once however often that is done, and opened again', async () => {
    expect(await close()).toMatchObject({ change: 'created' });
    expect(await close()).toMatchObject({ change: 'unchanged' });
    const closed = await nodeNow();
    expect(closed['spec']).toMatchObject({ unschedulable: true });
    expect(closed.metadata).toMatchObject({ annotations: { [DRAIN_MARK]: machine() } });
    expect(await open()).toMatchObject({ change: 'removed' });
    expect((await nodeNow())['spec']).not.toHaveProperty('unschedulable');
  });

  test('that somebody else closed stays theirs: it gets no mark, and is not opened', async () => {
    await apis.kubectl('cordon', node);
    expect(await close()).toMatchObject({ change: 'unchanged' });
    expect(await open()).toMatchObject({ change: 'unchanged' });
    const { spec, metadata } = await nodeNow();
    expect(spec).toMatchObject({ unschedulable: true });
    expect(metadata).not.toHaveProperty('annotations');
  });

  test('that is gone is as good as closed, and as good as empty', async () => {
    await send('DELETE', `/api/v1/nodes/${node}`);
    expect(await close()).toMatchObject({ change: 'unchanged' });
    expect(await look()).toMatchObject({ change: 'unchanged' });
  });

  test('is seen with whose cordon it has, its pods, and what its autoscaler says', async () => {
    await podOn('a');
    await apis.kubectl('annotate', 'node', node, 'cluster-autoscaler.kubernetes.io/scale-down-disabled=true');
    await apis.kubectl('taint', 'node', node, 'ToBeDeletedByClusterAutoscaler=1:NoSchedule');
    await close();
    const request = { namespace: 'default', clusterId: apis.clusterId, endpoint: NLB, poolId: apis.poolId };
    const nodes = await readPoolNodes(apis.userClusters)(request, new AbortController().signal);
    expect(nodes.get(machine())).toMatchObject({
      name: node,
      ready: false,
      notReady: { says: 'its kubelet has not said why' },
      closedBy: 'slipway',
      endedByAutoscaler: true,
      scaleDownDisabled: true,
    });
    expect([...(await countPods(apis.userClusters)(request, [node], new AbortController().signal))]).toEqual([
      [node, 1],
    ]);
  });
});

describe('a node that is drained', () => {
  test('loses the pods that somebody starts again elsewhere, and keeps those of DaemonSets and the kubelet’s own', async () => {
    await send('POST', '/apis/apps/v1/namespaces/default/daemonsets', {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: `${node}-agent` },
      spec: {
        selector: { matchLabels: { a: node } },
        template: { metadata: { labels: { a: node } }, spec: { containers: [{ name: 'a', image: 'a' }] } },
      },
    });
    const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: `${node}-agent`, uid: 'u', controller: true };
    await podOn('agent', { metadata: { ownerReferences: [owner] } });
    await podOn('mirror', { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } });
    await podOn('web', { spec: { volumes: [{ name: 'scratch', emptyDir: {} }] } });
    const first = await judged(look());
    expect(first).toMatchObject({
      verdict: 'retry',
      waiting: true,
      message: expect.stringContaining('1 pod to leave'),
    });
    expect(await look()).toMatchObject({ change: 'unchanged' });
    expect(await podsLeft()).toEqual(['agent', 'mirror']);
  });

  test('waits while a budget allows no disruption, evicts nothing against it, names it, and goes on once it does', async () => {
    await podOn('web', app('web'));
    await runs('web');
    await budget('tight', 'web', 0);
    const waiting = await judged(look());
    expect(waiting).toMatchObject({ verdict: 'retry', waiting: true, delayMs: 5_000 });
    expect(waiting.message).toContain(`default/${node}-web (`);
    expect(waiting.message).toContain(`${node}-tight`);
    expect(await podsLeft()).toEqual(['web']);
    await allow('tight', 1);
    await judged(look());
    expect(await look()).toMatchObject({ change: 'unchanged' });
    expect(await podsLeft()).toEqual([]);
  });

  test('waits for a person once its time is up, and goes on with the next look after the cure', async () => {
    await podOn('web', app('web'));
    await runs('web');
    await budget('tight', 'web', 0);
    const overdue = await judged(look(-1));
    expect(overdue).toMatchObject({ verdict: 'blocked' });
    expect(overdue.message).toMatch(/tight.*let the budget allow a disruption.*skip this step/s);
    await allow('tight', 1);
    await judged(look(-1));
    expect(await look(-1)).toMatchObject({ change: 'unchanged' });
  });

  test('waits for a person at once where two budgets select a pod, and names both', async () => {
    await podOn('web', app('web'));
    await runs('web');
    await budget('one', 'web', 1);
    await budget('two', 'web', 1);
    const refused = await judged(look());
    expect(refused).toMatchObject({ verdict: 'blocked' });
    expect(refused.message).toContain(`default/${node}-one, default/${node}-two`);
    expect(await podsLeft()).toEqual(['web']);
  });

  test('evicts nothing at all while a pod is there that nothing would start again', async () => {
    await podOn('web');
    await podOn('debug', { metadata: {} });
    const refused = await judged(look());
    expect(refused).toMatchObject({ verdict: 'blocked', message: expect.stringContaining(`${node}-debug`) });
    expect(await podsLeft()).toEqual(['debug', 'web']);
  });

  test('says which finalizer holds a pod that was told to go', async () => {
    await podOn('stuck', { metadata: { ...WEB, finalizers: ['example.dev/stuck'] } });
    await judged(look());
    const waiting = await judged(look());
    expect(waiting.message).toContain(`${node}-stuck (terminating, held by finalizer example.dev/stuck)`);
    await apis.kubectl('patch', 'pod', `${node}-stuck`, '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    expect(await look()).toMatchObject({ change: 'unchanged' });
  });
});

describe('a pool that goes for good', () => {
  const poolOf = async (poolId: string): Promise<void> => {
    await apis.kubectl('label', 'node', node, `${NODE_POOL_LABEL}=${poolId}`, '--overwrite');
  };

  test('has all of its nodes closed and drained at once', async () => {
    await poolOf('0000000a');
    await podOn('web');
    const lookAtPool = () => apis.run('wait', drainPool('0000000a', apis.cluster.name), apis.pool);
    await judged(lookAtPool());
    expect((await nodeNow())['spec']).toMatchObject({ unschedulable: true });
    expect(await lookAtPool()).toEqual({ change: 'unchanged', outputs: {} });
    expect(await podsLeft()).toEqual([]);
  });

  test('is not drained where its cluster goes, too, and that is told', async () => {
    await poolOf('0000000b');
    await podOn('web');
    const outcome = await apis.run('wait', drainPool('0000000b', 'no-such-cluster'), apis.pool);
    expect(outcome.outputs).toEqual({
      'warning/SkippedDrain': 'Nodes were not drained: cluster no-such-cluster goes, too',
    });
    expect(await podsLeft()).toEqual(['web']);
  });

  test('is not drained where nobody answers for its cluster any more, after a minute and not before', async () => {
    const silent = { ...drainPool('0000000c', apis.cluster.name) };
    const resource = { ...silent, properties: { ...silent.properties, endpoint: '127.0.0.1:1' } } as Resource;
    expect(await judged(apis.run('wait', resource, apis.pool))).toMatchObject({ verdict: 'retry' });
    const outcome = await apis.run('wait', resource, apis.pool, { since: Date.now() - 61_000 });
    expect(Object.keys(outcome.outputs)).toEqual(['warning/SkippedDrain']);
  });
});
