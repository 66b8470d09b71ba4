/** Kinds inside a user cluster, and its add-ons, against a real API server. */
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sweepNodes } from '../../../activities/kubernetes/node-sweep.ts';
import type { Resource } from '../../../kinds/resource.ts';
import { seedManifest } from '../../api/manifests.ts';
import { waitFor } from '../../support/wait.ts';
import { type BothApis, judged, NLB, startBothApis } from './both-apis.ts';

let apis: BothApis;

beforeAll(async () => {
  apis = await startBothApis();
});

afterAll(() => apis?.stop());

describe('a user cluster', () => {
  const ready: Resource = {
    key: 'control-plane/ready',
    kind: 'control-plane',
    properties: { endpoint: NLB, certificateAuthority: 'secret/root-ca' },
  };

  test('is ready when its API has answered several times through proxy and load balancer', async () => {
    const before = apis.proxy.targets.length;
    expect(await apis.run('wait', ready)).toEqual({ change: 'unchanged', outputs: {} });
    const asked = apis.proxy.targets.slice(before);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(new Set(asked)).toEqual(new Set([`${NLB}:443`]));
  });

  test('shows when its certificate ends to whoever asks it anything, through proxy and load balancer', async () => {
    const [shown, ...others] = apis.served.of(apis.clusterId);
    expect(others).toEqual([]);
    expect(shown).toMatchObject({ kind: 'api-server', object: expect.stringContaining(new URL(apis.server).hostname) });
    expect(shown?.notBefore).toBeLessThan(Date.now());
    expect(shown?.notAfter).toBeGreaterThan(Date.now());
    expect(apis.served.of('gke-00000000')).toEqual([]);
  });

  test('that does not answer is waited for, and the reason is said', async () => {
    const endpoint = 'nobody.elb.eu-west-1.amazonaws.com';
    const nobody: Resource = { ...ready, properties: { ...ready.properties, endpoint } };
    const judgement = await judged(apis.run('wait', nobody));
    expect(judgement).toMatchObject({ verdict: 'retry', waiting: true, delayMs: 500 });
    expect(judgement.message).toContain(`Waiting for the control plane at https://${endpoint}: `);
  });

  test('has nodes of a pool once so many are Ready', async () => {
    const nodes: Resource = {
      key: `nodes/${apis.poolId}`,
      kind: 'nodes',
      properties: { endpoint: NLB, poolId: apis.poolId, expected: 2 },
    };
    const node = async (name: string, status: string): Promise<void> => {
      await apis.call('POST', '/api/v1/nodes', {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels: { 'slipway.dev/node-pool': apis.poolId } },
      });
      const body = { status: { conditions: [{ type: 'Ready', status }] } };
      await apis.call('PATCH', `/api/v1/nodes/${name}/status`, body, 'application/merge-patch+json');
    };
    await node('one', 'True');
    await node('two', 'False');
    const judgement = await judged(apis.run('wait', nodes, apis.pool));
    expect(judgement.message).toBe('Waiting for nodes to join the cluster: 1 of 2 ready');
    await node('three', 'True');
    expect(await apis.run('wait', nodes, apis.pool)).toEqual({ change: 'unchanged', outputs: { ready: '2' } });
  });

  test('has its nodes counted by a sweep, out of the memory of its API server', async () => {
    const cluster = { namespace: 'default', clusterId: apis.clusterId, endpoint: NLB };
    const nobody = { ...cluster, clusterId: 'gke-00000000', endpoint: 'nobody.elb.eu-west-1.amazonaws.com' };
    const count = () => sweepNodes(apis.userClusters)([cluster, nobody], new AbortController().signal);
    // That memory may be a moment behind.
    const counted = await waitFor('all nodes to be remembered', async () => {
      const nodes = await count();
      const one = nodes.get(apis.clusterId);
      return one !== undefined && 'ready' in one && one.ready[apis.poolId] === 2 ? nodes : undefined;
    });
    expect(counted.get(apis.clusterId)).toEqual({
      ready: { [apis.poolId]: 2 },
      notReady: { [apis.poolId]: ['two'] },
    });
    expect(counted.get('gke-00000000')).toEqual({ unread: expect.any(String) });
  });
});

describe('a join token', () => {
  const resource = (endpoint = NLB): Resource => ({
    key: `join-token/${apis.poolId}`,
    kind: 'join-token',
    properties: { endpoint, token: `secret/nodepool-${apis.poolId}`, poolId: apis.poolId },
  });

  test('lets machines of its pool in under a group of their own, and no longer once it is removed', async () => {
    await apis.run('ensure', apis.secret(`nodepool-${apis.poolId}`, { type: 'bootstrap-token' }), apis.pool);
    expect(await apis.run('ensure', resource(), apis.pool)).toMatchObject({ change: 'created' });
    expect(await apis.run('ensure', resource(), apis.pool)).toMatchObject({ change: 'unchanged' });

    const kept = await apis.call(
      'GET',
      `/api/v1/namespaces/default/secrets/${apis.clusterId}-nodepool-${apis.poolId}-token`,
    );
    const data = (kept.body as { data: { token: string } }).data;
    const token = Buffer.from(data.token, 'base64').toString();
    const review = await apis.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token },
    });
    expect(review.body).toMatchObject({
      status: {
        authenticated: true,
        user: {
          groups: expect.arrayContaining([`system:bootstrappers:slipway:${apis.poolId}`, 'system:bootstrappers']),
        },
      },
    });

    expect(await apis.run('remove', resource(), apis.pool)).toMatchObject({ change: 'removed' });
    expect(await apis.run('remove', resource(), apis.pool)).toMatchObject({ change: 'unchanged' });
  });

  test('of an API that is silent is not gone, unless its cluster is being deleted (I12)', async () => {
    const silent = resource('nobody.elb.eu-west-1.amazonaws.com');
    expect((await judged(apis.run('remove', silent, apis.pool))).verdict).toBe('retry');

    const manifest = { ...seedManifest('cluster-0'), metadata: { name: 'going', finalizers: ['slipway.dev/cleanup'] } };
    const going = await apis.create(manifest);
    const itsPool = seedManifest('cluster-0-pool-1');
    itsPool.metadata.name = 'going-pool';
    itsPool.spec['clusterName'] = 'going';
    const poolOfIt = await apis.create(itsPool);
    await apis.kubectl('delete', 'awscluster', 'going', '--wait=false');
    expect(await apis.run('remove', silent, poolOfIt, { clusterUid: going.uid })).toMatchObject({
      change: 'unchanged',
    });
    await apis.kubectl('delete', 'awsnodepool', 'going-pool');
    await apis.call(
      'PATCH',
      '/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters/going',
      { metadata: { finalizers: null } },
      'application/merge-patch+json',
    );
  });
});

describe('add-ons', () => {
  const PARAMETERS = {
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
  } as const;
  type AddonName = keyof typeof PARAMETERS;
  const names = Object.keys(PARAMETERS) as AddonName[];
  const addon = (name: AddonName): Resource => ({
    key: `addon/${name}`,
    kind: 'addon',
    properties: { addon: name, endpoint: NLB, parameters: PARAMETERS[name] },
  });
  const versions = async (name: AddonName): Promise<string> => {
    const kinds =
      'ns,sa,cm,svc,deploy,pdb,clusterroles,clusterrolebindings,roles,rolebindings,storageclasses,apiservices';
    return apis.kubectl(
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
    expect(await apis.run('ensure', addon(name))).toMatchObject({ change: 'created' });
    const once = await versions(name);
    expect(once.split('\n').length).toBeGreaterThan(1);
    expect(await apis.run('ensure', addon(name))).toMatchObject({ change: 'unchanged' });
    expect(await versions(name)).toBe(once);
  });

  test('a changed parameter is an update', async () => {
    const resource = addon('coredns');
    if (resource.kind !== 'addon') throw new Error('not an add-on');
    const parameters = { ...PARAMETERS.coredns, 'image/coredns': 'registry.k8s.io/coredns/coredns:v1.14.3' };
    const newer: Resource = { ...resource, properties: { ...resource.properties, parameters } };
    expect(await apis.run('ensure', newer)).toMatchObject({ change: 'updated' });
    expect(await apis.kubectl('get', 'deploy', 'coredns', '-n', 'kube-system', '-o', 'wide')).toContain('v1.14.3');
  });

  test('metrics-server has an APIService where pods are real', async () => {
    const resource = addon('metrics-server');
    if (resource.kind !== 'addon') throw new Error('not an add-on');
    const { apiService: _, ...parameters } = PARAMETERS['metrics-server'];
    await apis.run('ensure', { ...resource, properties: { ...resource.properties, parameters } });
    expect(await apis.kubectl('get', 'apiservice', 'v1beta1.metrics.k8s.io')).toContain('kube-system/metrics-server');
    await apis.kubectl('delete', 'apiservice', 'v1beta1.metrics.k8s.io');
  });

  test('kubectl cluster-info prints them as the seed shows', async () => {
    const plain = stripVTControlCharacters(await apis.kubectl('cluster-info'));
    const path = `${apis.server}/api/v1/namespaces/kube-system/services`;
    expect(plain).toContain(`CoreDNS is running at ${path}/kube-dns:dns/proxy`);
    expect(plain).toContain(`KubeDNSUpstream is running at ${path}/kube-dns-upstream:dns/proxy`);
    expect(plain).toContain(`Metrics-server is running at ${path}/https:metrics-server:/proxy`);
  });

  test('standard-rwo is the default StorageClass', async () => {
    const table = await apis.kubectl('get', 'storageclass');
    expect(table).toMatch(/standard-rwo \(default\)\s+ebs\.csi\.aws\.com\s+Delete\s+WaitForFirstConsumer\s+true/);
    expect(table).toMatch(/premium-rwo\s+ebs\.csi\.aws\.com/);
  });

  test('nobody but the node approver may approve machines, and it may approve nothing else', async () => {
    const can = async (
      who: { readonly user?: string; readonly groups?: readonly string[] },
      resourceAttributes: Readonly<Record<string, string>>,
    ): Promise<boolean> => {
      const { body } = await apis.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
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
      groups: ['system:bootstrappers', `system:bootstrappers:slipway:${apis.poolId}`],
    };
    expect(await can(machine, { ...requests, verb: 'create' })).toBe(true);
    expect(await can(machine, { ...requests, verb: 'create', subresource: 'nodeclient' })).toBe(false);
    const cloudController = { user: 'system:cloud-controller-manager' };
    expect(await can(cloudController, { resource: 'nodes', subresource: 'status', verb: 'patch' })).toBe(true);
    const apiServer = { groups: ['slipway:kubelet-api'] };
    expect(await can(apiServer, { resource: 'nodes', subresource: 'proxy', verb: 'get' })).toBe(true);
  });
});
