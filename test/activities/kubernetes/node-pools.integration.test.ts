/** Which node pools go with a cluster that is being deleted, on a real API server. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectManagement } from '../../../activities/kubernetes/management.ts';
import { nodePoolsDriver, nodePoolsOf } from '../../../activities/kubernetes/node-pools.ts';
import type { Drivers } from '../../../activities/steps.ts';
import { createSteps } from '../../../activities/steps.ts';
import { clusterIdOf } from '../../../api/names.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { Resource } from '../../../kinds/resource.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import type { StepVerb } from '../../../words/steps.ts';
import { seedManifest } from '../../api/manifests.ts';
import { type ApiServerForTests, startApiServer } from '../../support/api-server.ts';
import { waitFor } from '../../support/wait.ts';
import { createIn, judged } from './both-apis.ts';
import { request } from './wanted.ts';

const COLLECTION = '/apis/multicloud.cluster.gke.io/v1/namespaces/default';
const POOLS: Resource = { key: 'node-pools/all', kind: 'node-pools', properties: { clusterName: 'cluster-0' } };

let api: ApiServerForTests;
let management: KubernetesClient;
let cluster: ObjectRef;

const create = (kind: ObjectRef['kind'], name: string): Promise<ObjectRef> =>
  createIn(api)({
    ...seedManifest(kind === 'AWSCluster' ? 'cluster-0' : 'cluster-0-pool-0'),
    metadata: { name, finalizers: ['slipway.dev/cleanup'] },
  });

const run = (verb: StepVerb) =>
  createSteps({ 'node-pools': nodePoolsDriver(management) } as unknown as Drivers)[verb](
    request(verb, POOLS, cluster, { clusterUid: cluster.uid }),
    { signal: new AbortController().signal, since: Date.now(), attempt: 1 },
  );

const names = async (): Promise<string[]> =>
  (await nodePoolsOf(management, cluster, clusterIdOf(cluster.uid))).map(({ metadata }) => metadata.name);

const path = ({ kind, name }: ObjectRef): string => `${COLLECTION}/${kind.toLowerCase()}s/${name}`;
const patch = (object: ObjectRef, body: object, subresource = '') =>
  api.call('PATCH', `${path(object)}${subresource}`, body, 'application/merge-patch+json');
const letGo = (object: ObjectRef) => patch(object, { metadata: { finalizers: null } });

beforeAll(async () => {
  api = await startApiServer();
  await api.installCrds(join(import.meta.dirname, '../../../deploy/crds'));
  management = connectManagement(api.kubeconfig);
});
afterAll(async () => {
  await management?.close();
  await api?.stop();
});

describe('a cluster that is being deleted', () => {
  test('takes its own pools along, and leaves those to the next cluster that were applied for it', async () => {
    cluster = await create('AWSCluster', 'cluster-0');
    const own = await create('AWSNodePool', 'pool-0');
    expect(await names()).toEqual(['pool-0']);
    await api.call('DELETE', path(cluster));

    // Timestamps are of whole seconds: in doubt a pool belongs to the cluster that was there.
    let later: ObjectRef | undefined;
    await waitFor('a pool that was applied later', async () => {
      if (later !== undefined) {
        await api.call('DELETE', path(later));
        await letGo(later);
      }
      later = await create('AWSNodePool', 'pool-1');
      return (await names()).includes('pool-1') ? undefined : true;
    });

    expect((await judged(run('remove'))).message).toBe("Waiting for the cluster's node pools to be deleted: pool-0");
    expect(await judged(run('wait'))).toMatchObject({ verdict: 'retry', waiting: true });
    await letGo(own);
    expect(await run('wait')).toMatchObject({ change: 'unchanged' });
    const left = await management.find({ apiVersion: 'multicloud.cluster.gke.io/v1', ...own, name: 'pool-1' });
    expect(left?.metadata.deletionTimestamp).toBeUndefined();
  });

  test('plans again when a pool turns out to be its own that was not asked to go', async () => {
    const late = { kind: 'AWSNodePool', namespace: 'default', name: 'pool-1', uid: '' } as const;
    await patch(late, { status: { clusterID: clusterIdOf(cluster.uid) } }, '/status');
    expect(await names()).toEqual(['pool-1']);
    expect(await judged(run('wait'))).toMatchObject({ verdict: 'superseded' });
  });

  test('touches none that only names it, once another cluster has its name', async () => {
    await letGo(cluster);
    const earlier = cluster;
    const next = await create('AWSCluster', 'cluster-0');
    await create('AWSNodePool', 'pool-2');
    expect(
      (await nodePoolsOf(management, earlier, clusterIdOf(earlier.uid))).map(({ metadata }) => metadata.name),
    ).toEqual(['pool-1']);
    expect((await nodePoolsOf(management, next, clusterIdOf(next.uid))).map(({ metadata }) => metadata.name)).toEqual([
      'pool-1',
      'pool-2',
    ]);
  });
});
