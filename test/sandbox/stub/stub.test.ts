/** Stub control planes and nodes, asked by the client with which Slipway's worker asks real ones. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { readInside } from '../../../activities/kubernetes/inside.ts';
import { rendered } from '../../../addons/rendered.ts';
import { NODE_POOL_LABEL } from '../../../api/names.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import { insideRequest } from '../../../policy/inside.ts';
import { revisionOf } from '../../../policy/revision.ts';
import { createFaults, parseFault } from '../../../sandbox/stub/faults.ts';
import { matchesLabels, mergePatch } from '../../../sandbox/stub/store.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../../../words/emulation.ts';
import { ORDER_TAG, orderText, REPORT_TAG } from '../../../words/orders.ts';
import { waitFor } from '../../support/wait.ts';
import { release, seedCluster } from '../../topology/objects.ts';
import { stubCloud, TOKEN } from './cloud.ts';

const CLUSTER = 'gke-0a1b2c3d';
const NODES = { apiVersion: 'v1', kind: 'Node' } as const;

let cloud: Awaited<ReturnType<typeof stubCloud>> | undefined;
const begin = async () => {
  cloud = await stubCloud();
  return cloud;
};
afterEach(async () => {
  await cloud?.end();
  cloud = undefined;
});

const configMap = (data: Readonly<Record<string, string>>, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'one', namespace: 'kube-system', labels: { app: 'x' }, ...more },
  data,
});

const token = () => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: `bootstrap-token-${TOKEN.split('.')[0]}`, namespace: 'kube-system' },
  data: { 'token-secret': Buffer.from(TOKEN.split('.')[1] ?? '').toString('base64') },
});

describe('A stub control plane', () => {
  test('is ready while a majority of its replicas runs, and only then', async () => {
    const { launchReplica, clientOf, untilReady, setState } = await begin();
    await launchReplica('i-0', 0);
    const first = await clientOf(0);
    const alone = await waitFor('an answer', () => first.probe('/readyz?verbose').catch(() => undefined));
    expect(alone.status).toBe(500);
    expect(alone.text).toContain('[-]etcd failed');
    await launchReplica('i-1', 1);
    await untilReady(0);
    await setState('i-1', 'shutting-down');
    await waitFor('the loss of quorum', async () => ((await first.probe('/readyz')).status === 500 ? true : undefined));
    await expect(first.list(NODES)).rejects.toThrow('etcdserver: request timed out');
  });

  test('has its add-ons looked at as a real one has, though it keeps nobody’s fields apart', async () => {
    const { launchReplica, untilReady } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    const client = await untilReady();
    const request = insideRequest(
      seedCluster({ status: { state: 'Provisioned', endpoint: 'stub', revision: revisionOf(release()) } }),
    );
    if (request === undefined) throw new Error('the cluster is not to be asked');
    for (const one of request.addons) for (const object of rendered(one)) await client.apply(object);
    const differing = async (): Promise<readonly (readonly string[])[]> => {
      const inside = await readInside(() => Promise.resolve(client))(request, new AbortController().signal);
      return 'unread' in inside ? [[inside.unread]] : inside.found.map(({ state }) => state.differs);
    };
    expect(await differing()).toEqual(request.addons.map(() => []));
    await client.patch(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'coredns' },
      { metadata: {}, data: { Corefile: '' } },
    );
    expect((await differing()).flat()).toEqual(['data.Corefile of ConfigMap kube-system/coredns was changed']);
  });

  test('keeps what was applied when all of its replicas are replaced, and forgets it with the last volume', async () => {
    const { launchReplica, untilReady, setState, clusters, deleteVolume, host, setTag } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    await (await untilReady()).apply(configMap({ a: '1' }));
    for (const index of [0, 1]) setTag(`vol-${index}`, 'wait');
    for (const index of [0, 1]) await setState(`i-${index}`, 'terminated');
    await Promise.all([0, 1].map((index) => launchReplica(`i-new-${index}`, index)));
    const found = await (await untilReady()).get({ ...configMap({}), name: 'one', namespace: 'kube-system' });
    expect(found['data']).toEqual({ a: '1' });
    for (const index of [0, 1]) deleteVolume(`vol-${index}`);
    for (const index of [0, 1]) await setState(`i-new-${index}`, 'terminated');
    await waitFor('the cluster to be forgotten', async () => {
      await host.look();
      return clusters.list().length === 0 ? true : undefined;
    });
  });

  test('does not begin anew on an empty disk that has to wait', async () => {
    const { launchReplica, clusters, setTag, untilReady } = await begin();
    setTag('vol-0', 'wait');
    await Promise.all([0, 1, 2].map((index) => launchReplica(`i-${index}`, index)));
    await untilReady(1);
    await waitFor('two of them to serve', () =>
      Promise.resolve(clusters.find(CLUSTER)?.replicas.size === 2 || undefined),
    );
    expect([...(clusters.find(CLUSTER)?.volumes ?? [])].sort()).toEqual(['vol-1', 'vol-2']);
    setTag('vol-0', 'join');
    await untilReady(0);
  });

  test('answers as an API server does: versions, conflicts, names that exist or don’t, selectors', async () => {
    const { launchReplica, untilReady } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    const client = await untilReady();
    const name = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'one' };
    expect(await client.find(name)).toBeNull();
    const first = await client.apply(configMap({ a: '1' }));
    const second = await client.apply(configMap({ b: '2' }));
    expect(second).toMatchObject({ data: { b: '2' }, metadata: { uid: first.metadata.uid, generation: 2 } });
    expect(second['data']).not.toHaveProperty('a');
    await expect(client.create(configMap({}))).rejects.toMatchObject({ reason: 'AlreadyExists' });
    await expect(
      client.patch(name, { metadata: { resourceVersion: first.metadata.resourceVersion }, data: {} }),
    ).rejects.toMatchObject({ reason: 'Conflict' });
    expect(await client.list(name, { labelSelector: 'app=x' })).toHaveLength(1);
    expect(await client.list(name, { labelSelector: 'app=y' })).toHaveLength(0);
    expect(await client.list(name, { namespace: 'default' })).toHaveLength(0);
    await expect(client.remove(name, 'another-uid')).rejects.toMatchObject({ reason: 'Conflict' });
    expect(await client.remove(name, first.metadata.uid)).toBe(true);
    expect(await client.remove(name)).toBe(false);
    await expect(client.apply(configMap({}, { namespace: 'nowhere' }))).rejects.toThrow(
      'namespaces "nowhere" not found',
    );
    expect(await client.serves(NODES)).toBe(true);
    expect(await client.serves({ apiVersion: 'multicloud.cluster.gke.io/v1', kind: 'AWSCluster' })).toBe(false);
  });

  test('has replicas of several versions, each of which says its own to whoever asks it', async () => {
    const { launchReplica, untilReady, clusters } = await begin();
    const newer = { kubernetes: '1.37.2', etcd: '3.6.16', cloudController: '1.37.1' };
    await launchReplica('i-0', 0);
    await launchReplica('i-1', 1, { versions: newer });
    const versions = await Promise.all(
      [0, 1].map(async (index) => JSON.parse((await (await untilReady(index)).probe('/version')).text) as object),
    );
    expect(versions).toMatchObject([
      { gitVersion: 'v1.36.3', emulationMajor: '1', emulationMinor: '36', minCompatibilityMinor: '35' },
      { gitVersion: 'v1.37.2', minor: '37', emulationMinor: '37', minCompatibilityMinor: '36' },
    ]);
    expect(clusters.find(CLUSTER)?.programs.get(1)).toEqual({ kubernetes: '1.37.2', etcd: '3.6.16', serves: '1.37' });
  });

  /** What `/version` says of emulation. */
  const servedBy = async (client: KubernetesClient): Promise<string> => {
    const { gitVersion, emulationMinor } = JSON.parse((await client.probe('/version')).text) as Record<string, string>;
    return `${gitVersion} as ${emulationMinor}`;
  };
  const NEWER = { versions: { kubernetes: '1.37.2', etcd: '3.6.16', cloudController: '1.37.1' } };
  const order = (token: string, verb: 'leave' | 'restart', instanceId: string) =>
    orderText({ token, verb, instanceId, until: Math.ceil(Date.now() / 1_000) + 60 });

  test('serves as the minor of before until its cluster is committed, and then as its own when it is told to restart', async () => {
    const { launchReplica, untilReady, setState, setTag, tagsOf } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    expect(await servedBy(await untilReady())).toBe('v1.36.3 as 36');
    setTag('vol-0', '1.36', EMULATES_TAG);
    await setState('i-0', 'terminated');
    await launchReplica('i-new', 0, NEWER);
    const client = await untilReady();
    expect(await servedBy(client)).toBe('v1.37.2 as 36');
    await waitFor('a word of what it serves', () => Promise.resolve(tagsOf('vol-0')[REPORT_TAG]));
    expect(tagsOf('vol-0')[REPORT_TAG]).toBe('i-new done 1.37.2 1.36');
    setTag('vol-0', '1.37', COMMITTED_TAG);
    setTag('vol-0', order('3f9c01aa', 'restart', 'i-new'), ORDER_TAG);
    await waitFor('the report', () =>
      Promise.resolve(tagsOf('vol-0')[REPORT_TAG]?.startsWith('3f9c01aa') === true ? true : undefined),
    );
    expect(tagsOf('vol-0')[REPORT_TAG]).toBe('3f9c01aa done 1.37.2 1.37');
    expect(await servedBy(await untilReady())).toBe('v1.37.2 as 37');
  });

  test('has no API server below what its cluster is committed to, though etcd runs, and says why', async () => {
    const { launchReplica, untilReady, setState, setTag, tagsOf, clusters } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index, NEWER)));
    await untilReady();
    setTag('vol-0', '1.37', COMMITTED_TAG);
    await setState('i-0', 'terminated');
    await launchReplica('i-older', 0);
    await waitFor('the reason', () => Promise.resolve(tagsOf('vol-0')[REPORT_TAG]));
    expect(tagsOf('vol-0')[REPORT_TAG]).toContain('i-older failed Kubernetes 1.36.3 does not start over volume vol-0');
    expect(clusters.find(CLUSTER)?.replicas.get(0)).toBe('i-older');
    expect(clusters.find(CLUSTER)?.programs.get(0)).toEqual({ kubernetes: '1.36.3', etcd: '3.6.16' });
    await untilReady(1);
  });

  test('that is told to leave is not ready at first, then answers nobody, and keeps its etcd', async () => {
    const { launchReplica, untilReady, setTag, tagsOf, clusters } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    const client = await untilReady();
    setTag('vol-0', order('3f9c01ab', 'leave', 'i-0'), ORDER_TAG);
    await waitFor('it to be not ready', async () =>
      (await client.probe('/readyz?verbose')).text.includes('[-]shutdown failed') ? true : undefined,
    );
    expect(await client.list(NODES)).toEqual([]);
    await waitFor('the report', () => Promise.resolve(tagsOf('vol-0')[REPORT_TAG]));
    expect(tagsOf('vol-0')[REPORT_TAG]).toBe('3f9c01ab done');
    await expect(client.list(NODES)).rejects.toThrow();
    expect(clusters.find(CLUSTER)?.hasQuorum()).toBe(true);
    await untilReady(1);
  });

  test('has no member whose etcd is older than what all of them store by', async () => {
    const { launchReplica, untilReady, clusters, setState, logged } = await begin();
    const newer = { kubernetes: '1.36.3', etcd: '3.7.3', cloudController: '1.36.1' };
    await Promise.all([0, 1, 2].map((index) => launchReplica(`i-${index}`, index, { versions: newer })));
    await untilReady();
    await waitFor('all three', () => Promise.resolve(clusters.find(CLUSTER)?.replicas.size === 3 || undefined));
    await setState('i-2', 'terminated');
    await launchReplica('i-older', 2);
    await waitFor('an attempt to start', () =>
      Promise.resolve(logged().find((line) => line.includes('3.7.0 is not supported'))),
    );
    expect([...(clusters.find(CLUSTER)?.replicas.values() ?? [])].sort()).toEqual(['i-0', 'i-1']);
  });

  test('lets in who has a certificate of the cluster’s authority, and nobody else', async () => {
    const { launchReplica, untilReady, clientOf, otherAuthority } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    await untilReady();
    const stranger = await clientOf(0, { authority: await otherAuthority() });
    await expect(stranger.list(NODES)).rejects.toMatchObject({ status: 401 });
    expect((await stranger.probe('/readyz')).status).toBe(200);
  });
});

describe('A stub node', () => {
  test('is Ready once its pool’s token is known to the cluster, and goes with its instance', async () => {
    const { launchReplica, launchNode, untilReady, setState, host } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    const client = await untilReady();
    await launchNode('i-node', 50);
    expect(host.running()).toContain('i-node');
    expect(await client.list(NODES)).toEqual([]);
    await client.apply(token());
    const [node] = await waitFor('the node', async () => {
      const nodes = await client.list(NODES, { labelSelector: `${NODE_POOL_LABEL}=1a2b3c4d` });
      return nodes.length > 0 ? nodes : undefined;
    });
    expect(node?.['spec']).toMatchObject({ providerID: 'aws:///eu-west-1a/i-node', taints: [] });
    expect(node?.['status']).toMatchObject({
      conditions: expect.arrayContaining([expect.objectContaining({ type: 'Ready', status: 'True' })]),
    });
    await setState('i-node', 'shutting-down');
    await waitFor('the node to go', async () => ((await client.list(NODES)).length === 0 ? true : undefined));
  });
});

describe('A stub machine that hangs', () => {
  const POD = { apiVersion: 'v1', kind: 'Pod' } as const;
  const pod = (name: string, nodeName: string, more: object = {}) => ({
    ...POD,
    metadata: { name, namespace: 'default', ...more },
    spec: { nodeName },
    status: { phase: 'Running' },
  });

  const withNode = async () => {
    const begun = await begin();
    const { launchReplica, launchNode, untilReady, host } = begun;
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    const client = await untilReady();
    await client.apply(token());
    await launchNode('i-node', 50);
    const seen = async () => {
      await host.look();
      return (await client.list(NODES))[0];
    };
    const node = await waitFor('the node', seen);
    const until = (status: string) =>
      waitFor(`Ready to be ${status}`, async () => {
        const now = await seen();
        const { conditions = [] } = (now?.['status'] ?? {}) as { conditions?: { type: string; status: string }[] };
        return conditions.find(({ type }) => type === 'Ready')?.status === status ? now : undefined;
      });
    return { ...begun, client, name: node.metadata.name, until };
  };

  test('and is a node is Unknown to its control plane after a grace, tainted, and Ready again once it goes on', async () => {
    const { host, until, client } = await withNode();
    expect(host.hang('i-node')).toBe(true);
    const silent = await until('Unknown');
    expect(silent?.['status']).toMatchObject({
      conditions: expect.arrayContaining([
        expect.objectContaining({
          type: 'Ready',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
        }),
      ]),
    });
    expect(silent?.['spec']).toMatchObject({
      taints: ['NoSchedule', 'NoExecute'].map((effect) =>
        expect.objectContaining({ key: 'node.kubernetes.io/unreachable', effect }),
      ),
    });
    expect(host.running()).toContain('i-node');
    expect(host.resume('i-node')).toBe(true);
    await until('True');
    await host.look();
    expect((await client.list(NODES))[0]?.['spec']).toMatchObject({ taints: [] });
  });

  test('ends none of the pods that are evicted from it, until it goes on, or ends itself', async () => {
    const { host, until, client, name, setState } = await withNode();
    for (const one of ['one', 'two']) await client.create(pod(one, name));
    host.hang('i-node');
    await until('Unknown');
    const named = async () => (await client.list(POD, { namespace: 'default' })).map(({ metadata }) => metadata);
    const [first] = await client.list(POD, { namespace: 'default' });
    if (first === undefined) throw new Error('there are two');
    await client.evict({ namespace: 'default', name: 'one', uid: first.metadata.uid ?? '' });
    expect(await named()).toEqual([
      expect.objectContaining({ name: 'one', deletionTimestamp: expect.any(String) }),
      expect.not.objectContaining({ deletionTimestamp: expect.anything() }),
    ]);
    host.resume('i-node');
    expect((await named()).map((one) => one.name)).toEqual(['two']);
    host.hang('i-node');
    await setState('i-node', 'shutting-down');
    await waitFor('its pods to go', async () => ((await named()).length === 0 ? true : undefined));
  });

  test('and is a replica accepts connections and never answers, and is no member of the quorum', async () => {
    const { host, client, clientOf, untilReady } = await withNode();
    host.hang('i-1');
    expect((await client.probe('/readyz')).status).toBe(500);
    const other = await clientOf(1, { deadlineMs: 500 });
    await expect(other.probe('/readyz')).rejects.toMatchObject({ reason: 'Unreachable' });
    host.resume('i-1');
    await untilReady(1);
  });

  test('has to run before', async () => {
    const { host } = await begin();
    expect([host.hang('i-0'), host.resume('i-0')]).toEqual([false, false]);
  });
});

describe('A fault of a stub', () => {
  test('makes a control plane silent, and it answers again when the fault is cleared', async () => {
    const { launchReplica, clientOf, untilReady, faults } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    await untilReady();
    faults.add({ kind: 'silence', cluster: CLUSTER });
    const client = await clientOf(0, { deadlineMs: 500 });
    await expect(client.probe('/readyz')).rejects.toMatchObject({ reason: 'Unreachable' });
    faults.clear();
    await untilReady();
  });

  test('refuses what it names, as often as it says', async () => {
    const { launchReplica, untilReady, faults } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    const client = await untilReady();
    const message = 'admission webhook "policy" denied the request';
    faults.add({
      kind: 'refusal',
      cluster: '*',
      path: 'configmaps/one',
      method: 'PATCH',
      status: 403,
      message,
      count: 1,
    });
    await expect(client.apply(configMap({}))).rejects.toMatchObject({ status: 403, explanation: message });
    await client.apply(configMap({}));
    expect(faults.list()).toEqual([]);
  });

  test('keeps the nodes of a pool away', async () => {
    const { launchReplica, launchNode, untilReady, faults } = await begin();
    await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
    const client = await untilReady();
    await client.apply(token());
    faults.add({ kind: 'absent-nodes', cluster: CLUSTER });
    await launchNode('i-node', 50);
    expect(await client.list(NODES)).toEqual([]);
    faults.clear();
    await waitFor('the node', async () => ((await client.list(NODES)).length === 1 ? true : undefined));
  });

  test('that makes no sense is refused with a sentence', () => {
    expect(() => parseFault({ kind: 'silence' })).toThrow('"cluster"');
    expect(() => parseFault({ kind: 'noise', cluster: '*' })).toThrow('silence, absent-nodes, refusal');
    expect(() => parseFault({ kind: 'refusal', cluster: '*', path: '/x', message: 'm', status: 200 })).toThrow(
      '400 to 599',
    );
  });

  test('of another cluster is none of this one', () => {
    const faults = createFaults();
    faults.add({ kind: 'silence', cluster: 'gke-1' });
    expect([faults.isSilent('gke-1'), faults.isSilent('gke-2')]).toEqual([true, false]);
    faults.clear('gke-1');
    expect(faults.list()).toEqual([]);
  });
});

test('a machine that is killed is reported to the account once, and is another one after its replacement', async () => {
  const { launchReplica, host, terminated, untilReady } = await begin();
  await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
  await untilReady();
  expect(await host.kill('i-1')).toBe(true);
  expect(await host.kill('i-1')).toBe(false);
  await host.look();
  await host.look();
  expect(terminated).toEqual(['i-1']);
  await launchReplica('i-2', 1);
  await untilReady(1);
});

test.each([
  ['a=1', true],
  ['a==1,b', true],
  ['a!=1', false],
  ['!c', true],
  ['a in (1, 2),b notin (3)', true],
  ['a in (2)', false],
])('the label selector %s', (selector, matches) => {
  expect(matchesLabels(selector, { a: '1', b: '2' })).toBe(matches);
});

test('a merge patch takes away what it sets to null', () => {
  expect(mergePatch({ a: 1, b: { c: 2, d: 3 } }, { a: null, b: { c: 4 } })).toEqual({ b: { c: 4, d: 3 } });
});
