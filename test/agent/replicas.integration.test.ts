/**
 * Three replicas and a node, by real agents, etcd, API servers and controllers, in a cloud of their own.
 */
import { readdirSync } from 'node:fs';
import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Kubernetes } from '../../agent/kubernetes.ts';
import { replicaName } from '../../api/names.ts';
import { folders } from '../../sandbox/layout.ts';
import { type CloudForTests, startCloud } from '../sandbox/instances/cloud.ts';
import { waitFor } from '../support/wait.ts';
import { type ClusterForTests, createCluster } from './cluster.ts';
import { etcdOf } from './etcd.ts';

const AGENT = `await import('${new URL('../../agent/main.ts', import.meta.url).href}');\n`;
const POOL = '1a2b3c4d';

const ready = async (api: Kubernetes): Promise<true | undefined> =>
  (await api.call('GET', '/readyz')).status === 200 ? true : undefined;

type Node = {
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: { readonly providerID?: string; readonly taints?: readonly { readonly key: string }[] };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
};

const isReady = (node: Node): boolean =>
  node.status.conditions.some((each) => each.type === 'Ready' && each.status === 'True');

const nodesOf = async (cluster: ClusterForTests): Promise<readonly Node[]> => {
  const answer = await cluster.api.call('GET', '/api/v1/nodes');
  return (answer.body as { items?: readonly Node[] }).items ?? [];
};

describe('A cluster of real agents', () => {
  let cloud: CloudForTests;
  let cluster: ClusterForTests;
  const timings: Record<string, number> = {};
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const startedAt = Date.now();
    const value = await work();
    timings[what] = (Date.now() - startedAt) / 1000;
    return value;
  };

  beforeAll(async () => {
    cloud = await startCloud(AGENT);
    cloud.start('network');
    cloud.start('instances');
    cluster = await createCluster(cloud);
  }, 600_000);

  afterAll(async () => {
    console.log(`Seconds: ${JSON.stringify(timings)}`);
    cluster?.close();
    await cloud?.close();
  }, 120_000);

  test('three replicas boot from nothing and answer', async () => {
    await timed('three replicas ready', () =>
      Promise.all(
        [0, 1, 2].map((index) =>
          waitFor(`replica ${index} is ready`, () => ready(cluster.replica(index)), {
            timeoutMs: 90_000,
            intervalMs: 200,
          }),
        ),
      ),
    );
    await timed('load balancer forwards', () =>
      waitFor('the load balancer forwards', () => ready(cluster.api), { timeoutMs: 30_000 }),
    );
    const members = await etcdOf(cluster, 0).members();
    expect(members.map((member) => member.name).sort()).toEqual(
      [0, 1, 2].map((index) => replicaName(cluster.id, index)),
    );
  }, 120_000);

  test('a Secret is encrypted in etcd through KMS, and every replica reads it', async () => {
    const made = await cluster.api.call('POST', '/api/v1/namespaces/default/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'proof' },
      stringData: { word: 'a-very-plain-word' },
    });
    expect(made.status).toBe(201);
    const stored = await etcdOf(cluster, 1).read('/registry/secrets/default/proof');
    expect(stored.toString('latin1')).toMatch(/^k8s:enc:kms:v2:slipway:/);
    expect(stored.includes('a-very-plain-word')).toBe(false);
    for (const index of [0, 1, 2]) {
      const read = await cluster.replica(index).call('GET', '/api/v1/namespaces/default/secrets/proof');
      expect((read.body as { data: { word: string } }).data.word).toBe(
        Buffer.from('a-very-plain-word').toString('base64'),
      );
    }
  });

  test('nodes join by their pool token, are initialised and Ready', async () => {
    await cluster.allowNodes();
    await timed('two nodes ready and initialised', async () => {
      await cluster.addPool(POOL, 2);
      await waitFor(
        'two nodes are Ready and initialised',
        async () => {
          const nodes = await nodesOf(cluster);
          return nodes.length === 2 && nodes.every((node) => isReady(node) && (node.spec.taints ?? []).length === 0)
            ? true
            : undefined;
        },
        { timeoutMs: 60_000, intervalMs: 200 },
      );
    });
    const [node] = await nodesOf(cluster);
    expect(node?.spec.providerID).toMatch(/^aws:\/\/\/eu-west-1a\/i-/);
    expect(node?.metadata.labels).toMatchObject({ 'slipway.dev/node-pool': POOL, environment: 'test' });
  }, 120_000);

  test('a machine that is no live instance of the pool gets no certificate', async () => {
    const requests = await cluster.api.call('GET', '/apis/certificates.k8s.io/v1/certificatesigningrequests');
    const items = (requests.body as { items: { spec: { signerName: string }; status: { certificate?: string } }[] })
      .items;
    await waitFor(
      'both nodes have client and serving certificates',
      async () => {
        const again = await cluster.api.call('GET', '/apis/certificates.k8s.io/v1/certificatesigningrequests');
        const signed = (again.body as { items: typeof items }).items.filter((each) => each.status.certificate);
        return signed.length >= 4 ? true : undefined;
      },
      { timeoutMs: 30_000 },
    );
  }, 60_000);

  test('a replica that is killed wholly comes back on another instance with its address and data', async () => {
    const group = replicaName(cluster.id, 2);
    const old = await cluster.instanceOf(group);
    expect(old?.InstanceId).toBeDefined();
    await timed('killed replica ready again', async () => {
      await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [old?.InstanceId ?? ''] }));
      await waitFor(
        'another instance serves at the same address',
        async () => {
          const now = await cluster.instanceOf(group);
          if (now === undefined || now.InstanceId === old?.InstanceId) return undefined;
          return ready(cluster.replica(2));
        },
        { timeoutMs: 120_000, intervalMs: 200 },
      );
    });
    const read = await cluster.replica(2).call('GET', '/api/v1/namespaces/default/secrets/proof');
    expect(read.status).toBe(200);
    expect(await etcdOf(cluster, 0).members()).toHaveLength(3);
  }, 180_000);

  test('no log of an agent holds a private key or a token', () => {
    const instances = folders(cloud.layout.home).instances;
    const logs = readdirSync(instances)
      .filter((name) => name.startsWith('i-'))
      .map(cluster.agentLog);
    expect(logs.length).toBeGreaterThanOrEqual(6);
    for (const log of logs) {
      expect(log).not.toMatch(/PRIVATE KEY/);
      expect(log).not.toMatch(/[a-z0-9]{6}\.[a-z0-9]{16}/);
    }
  });
});
