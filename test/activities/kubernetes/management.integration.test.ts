/** Kinds of the management API, status and events against a real API server. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { recordEvents } from '../../../activities/kubernetes/events.ts';
import { keptSecrets, observeManagement } from '../../../activities/kubernetes/inventory.ts';
import { connectManagement } from '../../../activities/kubernetes/management.ts';
import { findCluster, nodePoolsNaming } from '../../../activities/kubernetes/objects.ts';
import { writeStatus } from '../../../activities/kubernetes/status.ts';
import { connectUserClusters, createUserClusterCache } from '../../../activities/kubernetes/user-cluster.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { Resource } from '../../../kinds/resource.ts';
import { startApiServer } from '../../support/api-server.ts';
import { type BothApis, judged, NLB, startBothApis } from './both-apis.ts';

let apis: BothApis;

beforeAll(async () => {
  apis = await startBothApis();
});

afterAll(() => apis?.stop());

describe('the finalizer', () => {
  const finalizer: Resource = { key: 'finalizer', kind: 'finalizer', properties: {} };

  test('is added once, beside those of others, and goes alone', async () => {
    const path = `/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters/${apis.cluster.name}`;
    await apis.call('PATCH', path, { metadata: { finalizers: ['example.com/other'] } }, 'application/merge-patch+json');
    expect(await apis.run('ensure', finalizer)).toEqual({ change: 'created', outputs: {} });
    expect(await apis.run('ensure', finalizer)).toEqual({ change: 'unchanged', outputs: {} });
    const there = await findCluster(apis.management, apis.cluster);
    expect(there?.metadata.finalizers).toEqual(['example.com/other', 'slipway.dev/cleanup']);

    expect(await apis.run('remove', finalizer)).toMatchObject({ change: 'removed' });
    expect(await apis.run('remove', finalizer)).toMatchObject({ change: 'unchanged' });
    expect((await findCluster(apis.management, apis.cluster))?.metadata.finalizers).toEqual(['example.com/other']);
    await apis.call('PATCH', path, { metadata: { finalizers: null } }, 'application/merge-patch+json');
  });

  test('survives others who write at the same time', async () => {
    const path = `/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsclusters/${apis.cluster.name}`;
    const writes = Array.from({ length: 5 }, (_, index) =>
      apis.call('PATCH', path, { metadata: { labels: { [`n${index}`]: 'x' } } }, 'application/merge-patch+json'),
    );
    await Promise.all([apis.run('ensure', finalizer), ...writes]);
    expect((await findCluster(apis.management, apis.cluster))?.metadata.finalizers).toEqual(['slipway.dev/cleanup']);
  });

  test('is never put on another object of the same name', async () => {
    const earlier = { ...apis.cluster, uid: '00000000-0000-0000-0000-000000000000' };
    const { verdict, message } = await judged(apis.run('ensure', finalizer, earlier, { first: true }));
    expect(verdict).toBe('superseded');
    expect(message).toContain('is gone: nothing is made for it');
    expect(await apis.run('remove', finalizer, earlier)).toMatchObject({ change: 'unchanged' });
    expect((await findCluster(apis.management, apis.cluster))?.metadata.finalizers).toEqual(['slipway.dev/cleanup']);
  });
});

describe('secrets', () => {
  test('are made once and found again, by an answer that shows nothing secret', async () => {
    const resource = apis.secret('etcd-ca', { type: 'certificate-authority', commonName: 'etcd' });
    const made = await apis.run('ensure', resource, apis.cluster, { first: true });
    expect(made.change).toBe('created');
    expect(made.outputs['certificate']).toContain('BEGIN CERTIFICATE');
    expect(JSON.stringify(made)).not.toContain('PRIVATE');
    // The answer of the first try was lost: the second finds what is there.
    expect(await apis.run('ensure', resource, apis.cluster, { first: true })).toEqual({ ...made, change: 'unchanged' });
    expect(await apis.run('ensure', resource)).toEqual({ ...made, change: 'unchanged' });
  });

  test('of somebody else are neither taken nor removed', async () => {
    const name = `${apis.clusterId}-front-proxy-ca`;
    await apis.call('POST', '/api/v1/namespaces/default/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      stringData: { mine: 'yes' },
    });
    const resource = apis.secret('front-proxy-ca', { type: 'certificate-authority', commonName: 'x' });
    const { verdict, message } = await judged(apis.run('ensure', resource));
    expect(verdict).toBe('blocked');
    expect(message).toContain(name);
    expect(await apis.run('remove', resource)).toMatchObject({ change: 'unchanged' });
    expect((await apis.call('GET', `/api/v1/namespaces/default/secrets/${name}`)).status).toBe(200);
  });

  test('cannot be changed by accident, and go with their owner', async () => {
    const resource = apis.secret('etcd-ca', { type: 'certificate-authority', commonName: 'etcd' });
    const path = `/api/v1/namespaces/default/secrets/${apis.clusterId}-etcd-ca`;
    const changed = await apis.call('PATCH', path, { data: { 'tls.key': 'eA==' } }, 'application/merge-patch+json');
    expect(changed.status).toBe(422);
    expect(await apis.run('remove', resource)).toMatchObject({ change: 'removed' });
    expect(await apis.run('remove', resource)).toMatchObject({ change: 'unchanged' });
    expect((await apis.call('GET', path)).status).toBe(404);
  });

  test('that an established cluster has lost are never made anew (I5)', async () => {
    expect(await writeStatus(apis.management, apis.cluster, { established: true })).toBe('written');
    const resource = apis.secret('etcd-ca', { type: 'certificate-authority', commonName: 'etcd' });
    const { verdict, message } = await judged(apis.run('ensure', resource));
    expect(verdict).toBe('blocked');
    expect(message).toContain('Restore it from a backup');
    await writeStatus(apis.management, apis.cluster, { state: 'Provisioning' });
  });
});

describe('status', () => {
  test('is written whole each time, under our field manager, and what is no longer said goes', async () => {
    const before = { state: 'Provisioning', observedGeneration: 1, endpoint: NLB, version: '1' };
    expect(await writeStatus(apis.management, apis.cluster, before)).toBe('written');
    const status = { state: 'Provisioned', observedGeneration: 1, endpoint: NLB };
    expect(await writeStatus(apis.management, apis.cluster, status)).toBe('written');
    expect((await findCluster(apis.management, apis.cluster))?.status).toEqual(status);
    const managers = await apis.kubectl('get', 'awscluster', apis.cluster.name, '--show-managed-fields', '-o', 'json');
    const { metadata } = JSON.parse(managers) as {
      metadata: { managedFields: { manager: string; subresource?: string }[] };
    };
    expect(
      metadata.managedFields.filter((field) => field.subresource === 'status').map((field) => field.manager),
    ).toEqual(['slipway']);
  });

  test('of an object that is gone or replaced is told as such, and nothing is written', async () => {
    const before = await findCluster(apis.management, apis.cluster);
    const earlier = { ...apis.cluster, uid: '00000000-0000-0000-0000-000000000000' };
    expect(await writeStatus(apis.management, earlier, { state: 'Deleting' })).toBe('replaced');
    expect(await writeStatus(apis.management, { ...earlier, name: 'never-was' }, { state: 'Deleting' })).toBe('gone');
    expect(await findCluster(apis.management, apis.cluster)).toEqual(before);
    expect(await findCluster(apis.management, { namespace: 'default', name: 'never-was' })).toBeNull();
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
    await recordEvents(apis.management, apis.cluster, events);
    await recordEvents(apis.management, apis.cluster, events);
    const table = (await apis.kubectl('get', 'events')).trim().split('\n');
    expect(table[0]).toMatch(/^LAST SEEN\s+TYPE\s+REASON\s+OBJECT\s+MESSAGE$/);
    expect(table.slice(1).map((line) => line.replace(/^\S+\s+/, '').replace(/\s{2,}/g, ' '))).toEqual([
      'Normal CreatingCluster awscluster/cluster-0 Cluster version 1.16.9-gke.12 is being created',
      'Normal CreatedEtcdVolume awscluster/cluster-0 Created etcd volume on replica 0',
    ]);
    expect(await apis.kubectl('describe', 'awscluster', 'cluster-0')).toContain('slipway');
  });
});

describe('objects', () => {
  test('are read as types, and a cluster’s pools are its own', async () => {
    expect((await findCluster(apis.management, apis.cluster))?.spec.region).toBe('eu-west-1');
    const pools = await nodePoolsNaming(apis.management, apis.cluster);
    expect(pools.map(({ metadata }) => metadata.name)).toEqual(['cluster-0-pool-0']);
    expect(await nodePoolsNaming(apis.management, { namespace: 'default', name: 'other' })).toEqual([]);
  });

  test('appear in an inventory with finalizer, secrets and pools', async () => {
    await apis.run('ensure', apis.secret('etcd-ca', { type: 'certificate-authority', commonName: 'etcd' }));
    await apis.run('ensure', apis.secret(`nodepool-${apis.poolId}`, { type: 'bootstrap-token' }), apis.pool);
    const found = await observeManagement(apis.management, {
      object: apis.cluster,
      clusterId: apis.clusterId,
      clusterName: apis.cluster.name,
    });
    expect(found.map(({ key }) => key).sort()).toEqual(
      ['finalizer', 'node-pools/all', 'secret/etcd-ca', `secret/nodepool-${apis.poolId}`].sort(),
    );
    expect(JSON.stringify(found)).not.toContain('PRIVATE');
  });

  test('are looked for once more before a finalizer goes: all Secrets of a cluster, and a pool’s own', async () => {
    const named = async (object: ObjectRef) => {
      const owner = { account: '', region: '', clusterId: apis.clusterId, uid: object.uid };
      return (await keptSecrets(apis.management, { object, owner }))
        .map(({ label }) => label.slice(label.lastIndexOf('-') + 1))
        .sort();
    };
    expect(await named(apis.cluster)).toEqual(['ca', 'token']);
    expect(await named(apis.pool)).toEqual(['token']);
  });

  test('are never taken for absent where their kind is not served (I12)', async () => {
    const empty = await startApiServer();
    const wrong = connectManagement(empty.kubeconfig);
    try {
      const { verdict, message } = await judged(findCluster(wrong, apis.cluster));
      expect(verdict).toBe('blocked');
      expect(message).toContain('does not serve awsclusters.multicloud.cluster.gke.io');
      expect((await judged(nodePoolsNaming(wrong, apis.cluster))).verdict).toBe('blocked');
    } finally {
      await wrong.close();
      await empty.stop();
    }
  });

  test('are never taken for absent where nobody answers (I12)', async () => {
    const nobody = connectUserClusters({ management: apis.management, cache: createUserClusterCache() });
    const client = await nobody({ namespace: 'default', clusterId: apis.clusterId, endpoint: '127.255.0.1:1' });
    expect((await judged(findCluster(client, apis.cluster))).verdict).toBe('retry');
  });
});

describe('the pools of a cluster that goes', () => {
  test('are deleted through the API and named until they are gone', async () => {
    const pools: Resource = {
      key: 'node-pools/all',
      kind: 'node-pools',
      properties: { clusterName: apis.cluster.name },
    };
    const path = '/apis/multicloud.cluster.gke.io/v1/namespaces/default/awsnodepools/cluster-0-pool-0';
    await apis.call(
      'PATCH',
      path,
      { metadata: { finalizers: ['slipway.dev/cleanup'] } },
      'application/merge-patch+json',
    );
    const judgement = await judged(apis.run('remove', pools));
    expect(judgement).toMatchObject({ waiting: true });
    expect(judgement.message).toBe("Waiting for the cluster's node pools to be deleted: cluster-0-pool-0");
    await apis.call('PATCH', path, { metadata: { finalizers: null } }, 'application/merge-patch+json');
    expect(await apis.run('wait', pools)).toMatchObject({ change: 'unchanged' });
    expect(await apis.run('remove', pools)).toMatchObject({ change: 'unchanged' });
  });
});
