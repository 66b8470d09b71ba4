/** The CRDs as a real API server judges them. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AWSClusterStatus, awsCluster } from '../../api/cluster.ts';
import { clusterDefinition, nodePoolDefinition } from '../../api/crd.ts';
import { awsNodePool } from '../../api/nodepool.ts';
import { type ApiServerForTests, startApiServer } from '../support/api-server.ts';
import { waitFor } from '../support/wait.ts';
import { ROOT, SEED_FILE, seedManifest, withPath } from './manifests.ts';
import { ACCEPTED, ON_CREATE, ON_UPDATE, type Refusal } from './refusals.ts';
import { clusterStatusExample, nodePoolStatusExample } from './status-example.ts';

const API = '/apis/multicloud.cluster.gke.io/v1/namespaces/default';
const SEED_OF = { AWSCluster: 'cluster-0', AWSNodePool: 'cluster-0-pool-0' } as const;
const COLLECTION = { AWSCluster: `${API}/awsclusters`, AWSNodePool: `${API}/awsnodepools` } as const;
const pathOf = (kind: Refusal['kind']): string => `${COLLECTION[kind]}/${SEED_OF[kind]}`;

let api: ApiServerForTests;

const kubectl = async (...args: readonly string[]): Promise<string> => {
  const ran = await api.kubectl(args);
  if (ran.code !== 0) throw new Error(ran.stderr);
  return ran.stdout;
};

/** Column headers of the last table that kubectl printed for a kind. */
const headers = (table: string): readonly string[] => (table.split('\n')[0] ?? '').trim().split(/\s+/);

/** The seed's object with one change, sent without being stored. */
const attempt = async (kind: Refusal['kind'], path: string, value: unknown, method: 'create' | 'update') => {
  if (method === 'create') {
    const manifest = withPath({ ...seedManifest(SEED_OF[kind]) }, path, value);
    if (path !== 'metadata.name') manifest.metadata.name = 'another';
    return api.call('POST', `${COLLECTION[kind]}?dryRun=All`, manifest);
  }
  const current = await api.call('GET', pathOf(kind));
  return api.call('PUT', `${pathOf(kind)}?dryRun=All`, withPath(current.body, path, value));
};

beforeAll(async () => {
  api = await startApiServer();
  await api.installCrds(join(ROOT, 'deploy/crds'));
  await kubectl('apply', '-f', join(ROOT, 'deploy/admission'));
});

afterAll(async () => api?.stop());

describe("the seed's manifest", () => {
  test('applies byte for byte, and again without a change', async () => {
    const names = ['awscluster', 'awsnodepool', 'awsnodepool', 'awsnodepool'].map(
      (kind, index) => `${kind}.multicloud.cluster.gke.io/cluster-0${index === 0 ? '' : `-pool-${index - 1}`}`,
    );
    expect(await kubectl('apply', '-f', SEED_FILE)).toBe(names.map((name) => `${name} created\n`).join(''));
    expect(await kubectl('apply', '-f', SEED_FILE)).toBe(names.map((name) => `${name} unchanged\n`).join(''));
  });

  test('says of each object that nobody has looked at it yet, in the answer and in lists', async () => {
    const unseen = { observedGeneration: -1 };
    for (const [kind, path] of Object.entries(COLLECTION)) {
      const manifest = { ...seedManifest(SEED_OF[kind as Refusal['kind']]), metadata: { name: 'unseen' } };
      const created = (await api.call('POST', `${path}?dryRun=All`, manifest)).body as { status?: unknown };
      expect(created.status).toEqual(unseen);
      const listed = (await api.call('GET', path)).body as { items: readonly { status?: unknown }[] };
      expect(listed.items.map(({ status }) => status)).toEqual(listed.items.map(() => unseen));
    }
  });

  test('is printed by kubectl with no state, and is no node to count', async () => {
    expect(await kubectl('get', 'awsc', 'cluster-0')).toMatch(/^cluster-0 +\d+\w* +1\.16\.9-gke\.12 *$/m);
    expect(await kubectl('get', 'awsnp', 'cluster-0-pool-0', '-o', 'wide')).toMatch(
      /^cluster-0-pool-0 +cluster-0 +\d+\w* +1\.16\.9-gke\.12 *$/m,
    );
  });

  test("is listed in the seed's columns, with the version asked for", async () => {
    const [clusters = '', pools = ''] = (await kubectl('get', 'AWSClusters,AWSNodePools')).split('\n\n');
    expect(headers(clusters)).toEqual(['NAME', 'STATE', 'AGE', 'VERSION', 'ENDPOINT']);
    expect(headers(pools)).toEqual(['NAME', 'CLUSTER', 'STATE', 'AGE', 'VERSION']);
    expect(clusters).toContain('1.16.9-gke.12');
    expect(pools.match(/1\.16\.9-gke\.12/g)).toHaveLength(3);
  });

  test('is found by short names, by category, and by the name of the cluster', async () => {
    const names = (out: string): readonly string[] => out.trim().split('\n');
    expect(names(await kubectl('get', 'awsc', '-o', 'name'))).toHaveLength(1);
    expect(names(await kubectl('get', 'awsnp', '-o', 'name'))).toHaveLength(3);
    expect(names(await kubectl('get', 'slipway', '-o', 'name'))).toHaveLength(4);
    expect(
      names(await kubectl('get', 'awsnp', '-o', 'name', '--field-selector=spec.clusterName=cluster-0')),
    ).toHaveLength(3);
    expect(await kubectl('get', 'awsnp', '-o', 'name', '--field-selector=spec.clusterName=cluster-1')).toBe('');
  });

  test('comes back with its defaults, as the schemas read it', async () => {
    const cluster = awsCluster.parse((await api.call('GET', pathOf('AWSCluster'))).body);
    expect(cluster.spec.controlPlane.etcd.mainVolume).toEqual({ sizeGiB: 10, volumeType: 'gp3' });
    expect(cluster.spec.deletionProtection).toBe(false);
    const pool = awsNodePool.parse((await api.call('GET', pathOf('AWSNodePool'))).body);
    expect(pool.spec).toMatchObject({ labels: {}, taints: [], tags: {} });
  });

  test('leaves volumes out and gets the same defaults from the API server as from the schemas', async () => {
    const manifest = withPath(
      withPath(seedManifest('cluster-0'), 'spec.controlPlane.etcd', undefined),
      'spec.controlPlane.rootVolume',
      undefined,
    );
    manifest.metadata.name = 'silent';
    const created = await api.call('POST', `${COLLECTION.AWSCluster}?dryRun=All`, manifest);
    expect(created.body).toMatchObject({ spec: { ...awsCluster.shape.spec.parse(manifest.spec) } });
  });
});

describe('a wrong manifest', () => {
  test.each(ON_CREATE)('$kind with $path = $value is refused: $message', async ({ kind, path, value, message }) => {
    const answer = await attempt(kind, path, value, 'create');
    expect(answer).toMatchObject({ status: 422, body: { message: expect.stringContaining(message) } });
  });

  test('with a field that nobody knows is refused by kubectl', async () => {
    const ran = await api.kubectl(
      ['apply', '--dry-run=server', '-f', '-'],
      JSON.stringify(withPath(seedManifest('cluster-0'), 'spec.controlPlane.spot', true)),
    );
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain('unknown field "spec.controlPlane.spot"');
  });
});

describe('a change', () => {
  test.each(ON_UPDATE)('of $kind $path is refused: $message', async ({ kind, path, value, message }) => {
    const answer = await attempt(kind, path, value, 'update');
    expect(answer).toMatchObject({ status: 422, body: { message: expect.stringContaining(message) } });
  });

  test.each(ACCEPTED)('of $kind $path is accepted', async ({ kind, path, value }) => {
    expect(await attempt(kind, path, value, 'update')).toMatchObject({ status: 200 });
  });
});

test('every rule of the CRDs has a case here that it refuses', () => {
  const messages = [clusterDefinition(), nodePoolDefinition()].flatMap((definition) =>
    [...JSON.stringify(definition).matchAll(/"message":("(?:[^"\\]|\\.)*")/g)].map((match) =>
      String(JSON.parse(match[1] ?? '""')),
    ),
  );
  expect(messages.length).toBeGreaterThan(40);
  const covered = [...ON_CREATE, ...ON_UPDATE].map(({ message }) => message);
  expect(messages.filter((message) => !covered.some((part) => message.includes(part)))).toEqual([]);
});

describe('status', () => {
  test.each([
    { kind: 'AWSCluster', status: clusterStatusExample },
    { kind: 'AWSNodePool', status: nodePoolStatusExample },
  ] as const)('of $kind keeps every field that Slipway writes', async ({ kind, status }) => {
    const applied = await api.call(
      'PATCH',
      `${pathOf(kind)}/status?fieldManager=slipway&force=true`,
      { apiVersion: 'multicloud.cluster.gke.io/v1', kind, metadata: { name: SEED_OF[kind] }, status },
      'application/apply-patch+yaml',
    );
    expect(applied).toMatchObject({ status: 200 });
    expect((applied.body as { status: AWSClusterStatus }).status).toEqual(status);
    const read = (await api.call('GET', pathOf(kind))).body;
    expect((kind === 'AWSCluster' ? awsCluster : awsNodePool).parse(read).status).toEqual(status);
  });

  test('shows in the columns, more with -o wide', async () => {
    const table = await kubectl('get', 'awsc', 'cluster-0');
    expect(table).toMatch(
      /cluster-0 +Provisioning +\S+ +1\.16\.9-gke\.12 +gke-dfccaa67-controlplane-\S+amazonaws\.com/,
    );
    expect(headers(await kubectl('get', 'awsc', '-o', 'wide'))).toEqual([
      'NAME',
      'STATE',
      'AGE',
      'VERSION',
      'ENDPOINT',
      'KUBERNETES',
      'CLUSTER-ID',
      'OPERATION',
      'READY',
      'MESSAGE',
    ]);
    const pools = await kubectl('get', 'awsnp', '-o', 'wide');
    expect(headers(pools).slice(5, 7)).toEqual(['READY-NODES', 'DESIRED-NODES']);
    expect(pools).toMatch(/cluster-0-pool-0 .* 1\.16\.9-gke\.12 +2 +3 /);
  });

  test('is no way to change the spec, nor the spec to change status', async () => {
    const before = await api.call('GET', pathOf('AWSCluster'));
    const changed = withPath(before.body, 'status.state', 'Deleting');
    const after = await api.call('PUT', `${pathOf('AWSCluster')}?dryRun=All`, changed);
    expect(after).toMatchObject({ status: 200, body: { status: { state: 'Provisioning' } } });
  });

  test('refuses a state that nobody knows', async () => {
    const before = await api.call('GET', pathOf('AWSCluster'));
    const answer = await api.call(
      'PUT',
      `${pathOf('AWSCluster')}/status?dryRun=All`,
      withPath(before.body, 'status.state', 'Sleeping'),
    );
    expect(answer).toMatchObject({ status: 422 });
  });
});

describe('kubectl scale', () => {
  const SCALE = `${pathOf('AWSNodePool')}/scale`;
  const nodeCount = async (): Promise<unknown> =>
    ((await api.call('GET', pathOf('AWSNodePool'))).body as { spec: { nodeCount?: number } }).spec.nodeCount;
  const scale = (replicas: number) => api.kubectl(['scale', 'awsnodepool/cluster-0-pool-0', `--replicas=${replicas}`]);

  test('sets the node count of a pool that had none, and is a change of its spec', async () => {
    const generation = async (): Promise<number> =>
      ((await api.call('GET', pathOf('AWSNodePool'))).body as { metadata: { generation: number } }).metadata.generation;
    const before = await generation();
    expect(await nodeCount()).toBeUndefined();
    expect(await scale(4)).toMatchObject({ code: 0 });
    expect(await nodeCount()).toBe(4);
    expect(await generation()).toBe(before + 1);
  });

  test('is refused beyond the limits of the pool, with what to do', async () => {
    expect(await scale(6)).toMatchObject({ code: 1, stderr: expect.stringContaining('nor greater than maxNodeCount') });
    expect(await scale(2)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('neither less than minNodeCount'),
    });
    expect(await nodeCount()).toBe(4);
  });

  test('waits for as many Ready nodes: they are the replicas that there are', async () => {
    expect((await api.call('GET', SCALE)).body).toMatchObject({
      spec: { replicas: 4 },
      status: { replicas: nodePoolStatusExample.readyNodes },
    });
  });

  test('is undone by taking the node count away', async () => {
    const spec = { nodeCount: null };
    const answer = await api.call('PATCH', pathOf('AWSNodePool'), { spec }, 'application/merge-patch+json');
    expect(answer).toMatchObject({ status: 200 });
    expect(await nodeCount()).toBeUndefined();
    // An API server has no other word for replicas that nobody counts on.
    expect(await api.call('GET', SCALE)).toMatchObject({
      status: 500,
      body: { message: expect.stringContaining('".spec.nodeCount" does not exist') },
    });
  });
});

test('kubectl explain prints the descriptions', async () => {
  const explained = await kubectl('explain', 'awscluster.spec.controlPlane.databaseEncryption.kmsKeyARN');
  expect(explained.replaceAll(/\s+/g, ' ')).toContain('KMS key, in the same region, under which Secrets in etcd');
  expect(await kubectl('explain', 'awsnp.spec.taints.effect')).toContain('ENUM:');
});

test('a protected object cannot be deleted until protection is lifted', async () => {
  const protect = (value: boolean) =>
    api.call('PATCH', pathOf('AWSNodePool'), { spec: { deletionProtection: value } }, 'application/merge-patch+json');
  expect(await protect(true)).toMatchObject({ status: 200 });
  // The API server takes up a new policy within a second or so; a dry run shows when.
  await waitFor('deletion is refused', async () => {
    const refused = await api.call('DELETE', `${pathOf('AWSNodePool')}?dryRun=All`);
    return refused.status === 403 ? refused : undefined;
  });
  const ran = await api.kubectl(['delete', 'awsnp', 'cluster-0-pool-0']);
  expect(ran.code).not.toBe(0);
  expect(ran.stderr).toContain(
    'AWSNodePool default/cluster-0-pool-0 is protected against deletion: set spec.deletionProtection to false first',
  );
  expect(await protect(false)).toMatchObject({ status: 200 });
  expect(await kubectl('delete', '-f', SEED_FILE)).toContain('"cluster-0" deleted');
});

test('what installs the admission webhook is what an API server takes, every field of it', async () => {
  const deploy = join(ROOT, 'deploy');
  await kubectl('apply', '-f', join(deploy, 'rbac/identities.yaml'), '-f', join(deploy, 'rbac/admission.yaml'));
  const webhook = ['workload', 'configuration'].flatMap((name) => [
    '-f',
    join(deploy, `admission/webhook/${name}.yaml`),
  ]);
  const created = await kubectl('apply', '--dry-run=server', '--validate=strict', ...webhook);
  expect(created.trim().split('\n').sort()).toEqual([
    'deployment.apps/slipway-admission created (server dry run)',
    'poddisruptionbudget.policy/slipway-admission created (server dry run)',
    'service/slipway-admission created (server dry run)',
    'validatingwebhookconfiguration.admissionregistration.k8s.io/slipway-admission created (server dry run)',
  ]);
});
