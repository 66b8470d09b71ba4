/**
 * Kinds, add-ons, status and events against a real API server, which plays both the management API and a user cluster:
 * its certificate is signed by the very authority that the cluster's root CA Secret holds.
 */
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAuthority, type KeyAndCertificate } from '../../../activities/kubernetes/certificates.ts';
import type { KubernetesClient } from '../../../activities/kubernetes/client.ts';
import { kubernetesDrivers } from '../../../activities/kubernetes/drivers.ts';
import { recordEvents } from '../../../activities/kubernetes/events.ts';
import { observeManagement } from '../../../activities/kubernetes/inventory.ts';
import { connectManagement } from '../../../activities/kubernetes/management.ts';
import { findCluster, listNodePools } from '../../../activities/kubernetes/objects.ts';
import { writeStatus } from '../../../activities/kubernetes/status.ts';
import { connectUserClusters, createUserClusterCache } from '../../../activities/kubernetes/user-cluster.ts';
import { createSteps, type Drivers } from '../../../activities/steps.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import { clusterIdOf, nodePoolIdOf } from '../../../api/names.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { Verb } from '../../../policy/plan.ts';
import type { AddonName, Resource } from '../../../topology/resource.ts';
import { seedManifest } from '../../api/manifests.ts';
import { type ApiServerForTests, startApiServer } from '../../support/api-server.ts';
import { type ConnectProxy, startConnectProxy } from './connect-proxy.ts';
import { request } from './wanted.ts';

const NLB = 'gke-test-controlplane-0123456789abcdef.elb.eu-west-1.amazonaws.com';
const ROOT = join(import.meta.dirname, '../../..');

let authority: KeyAndCertificate;
let api: ApiServerForTests;
let proxy: ConnectProxy;
let management: KubernetesClient;
let cluster: ObjectRef;
let pool: ObjectRef;
let clusterId: string;
let poolId: string;
let steps: ReturnType<typeof createSteps>;

const run = (
  verb: Verb,
  resource: Resource,
  object: ObjectRef = cluster,
  overrides: Parameters<typeof request>[3] = {},
) =>
  steps[verb](request(verb, resource, object, { clusterUid: cluster.uid, ...overrides }), {
    signal: new AbortController().signal,
    since: Date.now(),
    attempt: 1,
  });

const judged = async (promise: Promise<unknown>): Promise<ReturnType<typeof verdictOf>> =>
  promise.then(
    (value) => {
      throw new Error(`it succeeded: ${JSON.stringify(value)}`);
    },
    (error: unknown) => verdictOf(error),
  );

const create = async (manifest: object & { kind: string }): Promise<ObjectRef> => {
  const plural = manifest.kind === 'AWSCluster' ? 'awsclusters' : 'awsnodepools';
  const path = `/apis/multicloud.cluster.gke.io/v1/namespaces/default/${plural}`;
  const { status, body } = await api.call('POST', path, manifest);
  if (status !== 201) throw new Error(JSON.stringify(body));
  const { kind, metadata } = body as { kind: ObjectRef['kind']; metadata: { name: string; uid: string } };
  return { kind, namespace: 'default', name: metadata.name, uid: metadata.uid };
};

const kubectl = async (...args: readonly string[]): Promise<string> => {
  const ran = await api.kubectl(args);
  if (ran.code !== 0) throw new Error(ran.stderr);
  return ran.stdout;
};

const secret = (
  name: string,
  content: { type: 'certificate-authority'; commonName: string } | { type: 'bootstrap-token' },
): Resource => ({
  key: `secret/${name}`,
  kind: 'secret',
  properties: {
    namespace: 'default',
    name: content.type === 'bootstrap-token' ? `${clusterId}-${name}-token` : `${clusterId}-${name}`,
    content,
  },
});

beforeAll(async () => {
  authority = await createAuthority('test root');
  api = await startApiServer({ authority, dnsNames: [NLB], more: ['--enable-bootstrap-token-auth'] });
  await api.installCrds(join(ROOT, 'deploy/crds'));
  proxy = await startConnectProxy({ [`${NLB}:443`]: new URL(api.server).host });
  management = connectManagement(api.kubeconfig);
  cluster = await create(seedManifest('cluster-0'));
  pool = await create(seedManifest('cluster-0-pool-0'));
  clusterId = clusterIdOf(cluster.uid);
  poolId = nodePoolIdOf(pool.uid);
  const userClusters = connectUserClusters({ management, cache: createUserClusterCache(), proxy: proxy.url });
  // Only kinds of this room are asked for here.
  steps = createSteps(
    kubernetesDrivers({ launchTroubles: () => Promise.resolve([]), management, userClusters }) as unknown as Drivers,
  );
  const path = '/api/v1/namespaces/default/secrets';
  await api.call('POST', path, {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name: `${clusterId}-root-ca` },
    stringData: { 'tls.crt': authority.certificate, 'tls.key': authority.key },
  });
});

afterAll(async () => {
  await management?.close();
  await proxy?.close();
  await api?.stop();
});

describe('the finalizer', () => {
  const finalizer: Resource = { key: 'finalizer', kind: 'finalizer', properties: {} };

  test('is added once, beside those of others, and goes alone', async () => {
    const path = `/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters/${cluster.name}`;
    await api.call('PATCH', path, { metadata: { finalizers: ['example.com/other'] } }, 'application/merge-patch+json');
    expect(await run('ensure', finalizer)).toEqual({ change: 'created', outputs: {} });
    expect(await run('ensure', finalizer)).toEqual({ change: 'unchanged', outputs: {} });
    const there = await findCluster(management, cluster);
    expect(there?.metadata.finalizers).toEqual(['example.com/other', 'slipway.dev/cleanup']);

    expect(await run('remove', finalizer)).toMatchObject({ change: 'removed' });
    expect(await run('remove', finalizer)).toMatchObject({ change: 'unchanged' });
    expect((await findCluster(management, cluster))?.metadata.finalizers).toEqual(['example.com/other']);
    await api.call('PATCH', path, { metadata: { finalizers: null } }, 'application/merge-patch+json');
  });

  test('survives others who write at the same time', async () => {
    const path = `/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters/${cluster.name}`;
    const writes = Array.from({ length: 5 }, (_, index) =>
      api.call('PATCH', path, { metadata: { labels: { [`n${index}`]: 'x' } } }, 'application/merge-patch+json'),
    );
    await Promise.all([run('ensure', finalizer), ...writes]);
    expect((await findCluster(management, cluster))?.metadata.finalizers).toEqual(['slipway.dev/cleanup']);
  });

  test('is never put on another object of the same name', async () => {
    const earlier = { ...cluster, uid: '00000000-0000-0000-0000-000000000000' };
    const { verdict, message } = await judged(run('ensure', finalizer, earlier, { first: true }));
    expect(verdict).toBe('superseded');
    expect(message).toContain('is gone: nothing is made for it');
    expect(await run('remove', finalizer, earlier)).toMatchObject({ change: 'unchanged' });
    expect((await findCluster(management, cluster))?.metadata.finalizers).toEqual(['slipway.dev/cleanup']);
  });
});

describe('secrets', () => {
  test('are made once and found again, by an answer that shows nothing secret', async () => {
    const resource = secret('etcd-ca', { type: 'certificate-authority', commonName: 'etcd' });
    const made = await run('ensure', resource, cluster, { first: true });
    expect(made.change).toBe('created');
    expect(made.outputs['certificate']).toContain('BEGIN CERTIFICATE');
    expect(JSON.stringify(made)).not.toContain('PRIVATE');
    // The answer of the first try was lost: the second finds what is there.
    expect(await run('ensure', resource, cluster, { first: true })).toEqual({ ...made, change: 'unchanged' });
    expect(await run('ensure', resource)).toEqual({ ...made, change: 'unchanged' });
  });

  test('of somebody else are neither taken nor removed', async () => {
    const name = `${clusterId}-front-proxy-ca`;
    await api.call('POST', '/api/v1/namespaces/default/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      stringData: { mine: 'yes' },
    });
    const resource = secret('front-proxy-ca', { type: 'certificate-authority', commonName: 'x' });
    const { verdict, message } = await judged(run('ensure', resource));
    expect(verdict).toBe('blocked');
    expect(message).toContain(name);
    expect(await run('remove', resource)).toMatchObject({ change: 'unchanged' });
    expect((await api.call('GET', `/api/v1/namespaces/default/secrets/${name}`)).status).toBe(200);
  });

  test('cannot be changed by accident, and go with their owner', async () => {
    const resource = secret('etcd-ca', { type: 'certificate-authority', commonName: 'etcd' });
    const path = `/api/v1/namespaces/default/secrets/${clusterId}-etcd-ca`;
    const changed = await api.call('PATCH', path, { data: { 'tls.key': 'eA==' } }, 'application/merge-patch+json');
    expect(changed.status).toBe(422);
    expect(await run('remove', resource)).toMatchObject({ change: 'removed' });
    expect(await run('remove', resource)).toMatchObject({ change: 'unchanged' });
    expect((await api.call('GET', path)).status).toBe(404);
  });

  test('that an established cluster has lost are never made anew (I5)', async () => {
    expect(await writeStatus(management, cluster, { established: true })).toBe('written');
    const resource = secret('etcd-ca', { type: 'certificate-authority', commonName: 'etcd' });
    const { verdict, message } = await judged(run('ensure', resource));
    expect(verdict).toBe('blocked');
    expect(message).toContain('Restore it from a backup');
    await writeStatus(management, cluster, { state: 'Provisioning' });
  });
});

describe('a user cluster', () => {
  const ready: Resource = {
    key: 'control-plane/ready',
    kind: 'control-plane',
    properties: { endpoint: NLB, certificateAuthority: 'secret/root-ca' },
  };

  test('is ready when its API has answered several times through proxy and load balancer', async () => {
    const before = proxy.targets.length;
    expect(await run('wait', ready)).toEqual({ change: 'unchanged', outputs: {} });
    const asked = proxy.targets.slice(before);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(new Set(asked)).toEqual(new Set([`${NLB}:443`]));
  });

  test('that does not answer is waited for, and the reason is said', async () => {
    const endpoint = 'nobody.elb.eu-west-1.amazonaws.com';
    const nobody: Resource = { ...ready, properties: { ...ready.properties, endpoint } };
    const judgement = await judged(run('wait', nobody));
    expect(judgement).toMatchObject({ verdict: 'retry', waiting: true, delayMs: 500 });
    expect(judgement.message).toContain(`Waiting for the control plane at https://${endpoint}: `);
  });

  test('has nodes of a pool once so many are Ready', async () => {
    const nodes: Resource = {
      key: `nodes/${poolId}`,
      kind: 'nodes',
      properties: { endpoint: NLB, poolId, expected: 2 },
    };
    const node = async (name: string, status: string): Promise<void> => {
      await api.call('POST', '/api/v1/nodes', {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels: { 'slipway.dev/node-pool': poolId } },
      });
      const body = { status: { conditions: [{ type: 'Ready', status }] } };
      await api.call('PATCH', `/api/v1/nodes/${name}/status`, body, 'application/merge-patch+json');
    };
    await node('one', 'True');
    await node('two', 'False');
    const judgement = await judged(run('wait', nodes, pool));
    expect(judgement.message).toBe('Waiting for nodes to join the cluster: 1 of 2 ready');
    await node('three', 'True');
    expect(await run('wait', nodes, pool)).toMatchObject({ change: 'unchanged' });
  });
});

describe('a join token', () => {
  const resource = (endpoint = NLB): Resource => ({
    key: `join-token/${poolId}`,
    kind: 'join-token',
    properties: { endpoint, token: `secret/nodepool-${poolId}`, poolId },
  });

  test('lets machines of its pool in under a group of their own, and no longer once it is removed', async () => {
    await run('ensure', secret(`nodepool-${poolId}`, { type: 'bootstrap-token' }), pool);
    expect(await run('ensure', resource(), pool)).toMatchObject({ change: 'created' });
    expect(await run('ensure', resource(), pool)).toMatchObject({ change: 'unchanged' });

    const kept = await api.call('GET', `/api/v1/namespaces/default/secrets/${clusterId}-nodepool-${poolId}-token`);
    const data = (kept.body as { data: { token: string } }).data;
    const token = Buffer.from(data.token, 'base64').toString();
    const review = await api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token },
    });
    expect(review.body).toMatchObject({
      status: {
        authenticated: true,
        user: { groups: expect.arrayContaining([`system:bootstrappers:slipway:${poolId}`, 'system:bootstrappers']) },
      },
    });

    expect(await run('remove', resource(), pool)).toMatchObject({ change: 'removed' });
    expect(await run('remove', resource(), pool)).toMatchObject({ change: 'unchanged' });
  });

  test('of an API that is silent is not gone, unless its cluster is being deleted (I12)', async () => {
    const silent = resource('nobody.elb.eu-west-1.amazonaws.com');
    expect((await judged(run('remove', silent, pool))).verdict).toBe('retry');

    const manifest = { ...seedManifest('cluster-0'), metadata: { name: 'going', finalizers: ['slipway.dev/cleanup'] } };
    const going = await create(manifest);
    const itsPool = seedManifest('cluster-0-pool-1');
    itsPool.metadata.name = 'going-pool';
    itsPool.spec['clusterName'] = 'going';
    const poolOfIt = await create(itsPool);
    await kubectl('delete', 'awscluster', 'going', '--wait=false');
    expect(await run('remove', silent, poolOfIt, { clusterUid: going.uid })).toMatchObject({ change: 'unchanged' });
    await kubectl('delete', 'awsnodepool', 'going-pool');
    await api.call(
      'PATCH',
      '/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters/going',
      { metadata: { finalizers: null } },
      'application/merge-patch+json',
    );
  });
});

describe('add-ons', () => {
  const PARAMETERS: Readonly<Record<AddonName, Readonly<Record<string, string>>>> = {
    'node-access': {},
    coredns: {
      version: '1.14.2',
      'image/coredns': 'registry.k8s.io/coredns/coredns:v1.14.2',
      clusterDnsAddress: '10.0.0.10',
      clusterDomain: 'cluster.local',
    },
    'metrics-server': {
      version: '0.8.0',
      'image/metrics-server': 'registry.k8s.io/metrics-server/metrics-server:v0.8.0',
      apiService: 'false',
    },
    'storage-classes': {},
    'connect-agent': {
      version: '1',
      'image/gke-connect-agent': 'gcr.io/gkeconnect/gkeconnect-gce:1',
      membership: 'projects/p/locations/global/memberships/cluster-0',
    },
  };
  const names = Object.keys(PARAMETERS) as AddonName[];
  const addon = (name: AddonName): Resource => ({
    key: `addon/${name}`,
    kind: 'addon',
    properties: { addon: name, endpoint: NLB, parameters: PARAMETERS[name] },
  });
  const versions = async (name: AddonName): Promise<string> => {
    const kinds =
      'ns,sa,cm,svc,deploy,pdb,clusterroles,clusterrolebindings,roles,rolebindings,storageclasses,apiservices';
    return kubectl(
      'get',
      kinds,
      '-A',
      '-l',
      `slipway.dev/addon=${name}`,
      '-o',
      'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}',
    );
  };

  test.each(names)('%s is accepted, and changes nothing the second time', async (name) => {
    expect(await run('ensure', addon(name))).toMatchObject({ change: 'created' });
    const once = await versions(name);
    expect(once.split('\n').length).toBeGreaterThan(1);
    expect(await run('ensure', addon(name))).toMatchObject({ change: 'unchanged' });
    expect(await versions(name)).toBe(once);
  });

  test('a changed parameter is an update', async () => {
    const resource = addon('coredns');
    if (resource.kind !== 'addon') throw new Error('not an add-on');
    const parameters = { ...PARAMETERS.coredns, 'image/coredns': 'registry.k8s.io/coredns/coredns:v1.14.3' };
    const newer: Resource = { ...resource, properties: { ...resource.properties, parameters } };
    expect(await run('ensure', newer)).toMatchObject({ change: 'updated' });
    expect(await kubectl('get', 'deploy', 'coredns', '-n', 'kube-system', '-o', 'wide')).toContain('v1.14.3');
  });

  test('metrics-server has an APIService where pods are real', async () => {
    const resource = addon('metrics-server');
    if (resource.kind !== 'addon') throw new Error('not an add-on');
    const { apiService: _, ...parameters } = PARAMETERS['metrics-server'];
    await run('ensure', { ...resource, properties: { ...resource.properties, parameters } });
    expect(await kubectl('get', 'apiservice', 'v1beta1.metrics.k8s.io')).toContain('kube-system/metrics-server');
    await kubectl('delete', 'apiservice', 'v1beta1.metrics.k8s.io');
  });

  test('kubectl cluster-info prints them as the seed shows', async () => {
    const plain = stripVTControlCharacters(await kubectl('cluster-info'));
    const path = `${api.server}/api/v1/namespaces/kube-system/services`;
    expect(plain).toContain(`CoreDNS is running at ${path}/kube-dns:dns/proxy`);
    expect(plain).toContain(`KubeDNSUpstream is running at ${path}/kube-dns-upstream:dns/proxy`);
    expect(plain).toContain(`Metrics-server is running at ${path}/https:metrics-server:/proxy`);
  });

  test('standard-rwo is the default StorageClass', async () => {
    const table = await kubectl('get', 'storageclass');
    expect(table).toMatch(/standard-rwo \(default\)\s+ebs\.csi\.aws\.com\s+Delete\s+WaitForFirstConsumer\s+true/);
    expect(table).toMatch(/premium-rwo\s+ebs\.csi\.aws\.com/);
  });

  test('nobody but the node approver may approve machines, and it may approve nothing else', async () => {
    const can = async (
      who: { readonly user?: string; readonly groups?: readonly string[] },
      resourceAttributes: Readonly<Record<string, string>>,
    ): Promise<boolean> => {
      const { body } = await api.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { ...who, resourceAttributes },
      });
      return (body as { status: { allowed: boolean } }).status.allowed;
    };
    const group = 'certificates.k8s.io';
    const requests = { group, resource: 'certificatesigningrequests' };
    const approve = (name: string) => ({ group, resource: 'signers', verb: 'approve', name });
    const approver = { user: 'system:slipway:node-approver' };
    expect(await can(approver, { ...requests, verb: 'update', subresource: 'approval' })).toBe(true);
    expect(await can(approver, approve('kubernetes.io/kubelet-serving'))).toBe(true);
    expect(await can(approver, approve('kubernetes.io/kube-apiserver-client-kubelet'))).toBe(true);
    expect(await can(approver, approve('kubernetes.io/kube-apiserver-client'))).toBe(false);
    expect(await can(approver, { resource: 'secrets', verb: 'get', namespace: 'kube-system' })).toBe(false);
    const machine = {
      user: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', `system:bootstrappers:slipway:${poolId}`],
    };
    expect(await can(machine, { ...requests, verb: 'create' })).toBe(true);
    expect(await can(machine, { ...requests, verb: 'create', subresource: 'nodeclient' })).toBe(false);
    const cloudController = { user: 'system:cloud-controller-manager' };
    expect(await can(cloudController, { resource: 'nodes', subresource: 'status', verb: 'patch' })).toBe(true);
    const apiServer = { groups: ['slipway:kubelet-api'] };
    expect(await can(apiServer, { resource: 'nodes', subresource: 'proxy', verb: 'get' })).toBe(true);
  });
});

describe('status', () => {
  test('is written whole each time, under our field manager, and what is no longer said goes', async () => {
    expect(await writeStatus(management, cluster, { state: 'Provisioning', endpoint: NLB, version: '1' })).toBe(
      'written',
    );
    expect(await writeStatus(management, cluster, { state: 'Provisioned', endpoint: NLB })).toBe('written');
    expect((await findCluster(management, cluster))?.status).toEqual({ state: 'Provisioned', endpoint: NLB });
    const managers = await kubectl('get', 'awscluster', cluster.name, '--show-managed-fields', '-o', 'json');
    const { metadata } = JSON.parse(managers) as {
      metadata: { managedFields: { manager: string; subresource?: string }[] };
    };
    expect(
      metadata.managedFields.filter((field) => field.subresource === 'status').map((field) => field.manager),
    ).toEqual(['slipway']);
  });

  test('of an object that is gone or replaced is told as such, and nothing is written', async () => {
    const before = await findCluster(management, cluster);
    const earlier = { ...cluster, uid: '00000000-0000-0000-0000-000000000000' };
    expect(await writeStatus(management, earlier, { state: 'Deleting' })).toBe('replaced');
    expect(await writeStatus(management, { ...earlier, name: 'never-was' }, { state: 'Deleting' })).toBe('gone');
    expect(await findCluster(management, cluster)).toEqual(before);
    expect(await findCluster(management, { namespace: 'default', name: 'never-was' })).toBeNull();
  });
});

describe('events', () => {
  test('look as in the seed, and recording them twice records them once', async () => {
    const at = Date.now();
    const events = [
      {
        reason: 'CreatingCluster',
        message: 'Cluster version 1.16.9-gke.12 is being created',
        type: 'Normal',
        at,
        sequence: 0,
      },
      { reason: 'CreatedEtcdVolume', message: 'Created etcd volume on replica 0', type: 'Normal', at, sequence: 1 },
    ] as const;
    await recordEvents(management, cluster, events);
    await recordEvents(management, cluster, events);
    const table = (await kubectl('get', 'events')).trim().split('\n');
    expect(table[0]).toMatch(/^LAST SEEN\s+TYPE\s+REASON\s+OBJECT\s+MESSAGE$/);
    expect(table.slice(1).map((line) => line.replace(/^\S+\s+/, '').replace(/\s{2,}/g, ' '))).toEqual([
      'Normal CreatingCluster awscluster/cluster-0 Cluster version 1.16.9-gke.12 is being created',
      'Normal CreatedEtcdVolume awscluster/cluster-0 Created etcd volume on replica 0',
    ]);
    expect(await kubectl('describe', 'awscluster', 'cluster-0')).toContain('slipway');
  });
});

describe('objects', () => {
  test('are read as types, and a cluster’s pools are its own', async () => {
    expect((await findCluster(management, cluster))?.spec.region).toBe('eu-west-1');
    const pools = await listNodePools(management, cluster);
    expect(pools.map(({ metadata }) => metadata.name)).toEqual(['cluster-0-pool-0']);
    expect(await listNodePools(management, { namespace: 'default', name: 'other' })).toEqual([]);
  });

  test('appear in an inventory with finalizer, secrets and pools', async () => {
    await run('ensure', secret('etcd-ca', { type: 'certificate-authority', commonName: 'etcd' }));
    const found = await observeManagement(management, { object: cluster, clusterId, clusterName: cluster.name });
    expect(found.map(({ key }) => key).sort()).toEqual(
      ['finalizer', 'node-pools/all', 'secret/etcd-ca', `secret/nodepool-${poolId}`].sort(),
    );
    expect(JSON.stringify(found)).not.toContain('PRIVATE');
  });

  test('are never taken for absent where their kind is not served (I12)', async () => {
    const empty = await startApiServer();
    const wrong = connectManagement(empty.kubeconfig);
    try {
      const { verdict, message } = await judged(findCluster(wrong, cluster));
      expect(verdict).toBe('blocked');
      expect(message).toContain('does not serve awsclusters.multicloud.cluster.gke.io');
      expect((await judged(listNodePools(wrong, cluster))).verdict).toBe('blocked');
    } finally {
      await wrong.close();
      await empty.stop();
    }
  });

  test('are never taken for absent where nobody answers (I12)', async () => {
    const nobody = connectUserClusters({ management, cache: createUserClusterCache() });
    const client = await nobody({ namespace: 'default', clusterId, endpoint: '127.255.0.1:1' });
    expect((await judged(findCluster(client, cluster))).verdict).toBe('retry');
  });
});

describe('the pools of a cluster that goes', () => {
  test('are deleted through the API and named until they are gone', async () => {
    const pools: Resource = { key: 'node-pools/all', kind: 'node-pools', properties: { clusterName: cluster.name } };
    const path = '/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsnodepools/cluster-0-pool-0';
    await api.call(
      'PATCH',
      path,
      { metadata: { finalizers: ['slipway.dev/cleanup'] } },
      'application/merge-patch+json',
    );
    const judgement = await judged(run('remove', pools));
    expect(judgement).toMatchObject({ waiting: true });
    expect(judgement.message).toBe("Waiting for the cluster's node pools to be deleted: cluster-0-pool-0");
    await api.call('PATCH', path, { metadata: { finalizers: null } }, 'application/merge-patch+json');
    expect(await run('wait', pools)).toMatchObject({ change: 'unchanged' });
    expect(await run('remove', pools)).toMatchObject({ change: 'unchanged' });
  });
});
