/**
 * Add-ons of a cluster that lives, against a real API server: looked at, decided about and mended by the very functions that a worker
 * runs. The account is as it should be, and releases are data of the test.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { kubernetesDrivers } from '../../../activities/kubernetes/drivers.ts';
import { readInside } from '../../../activities/kubernetes/inside.ts';
import { createSteps, type Drivers } from '../../../activities/steps.ts';
import type { AWSCluster } from '../../../api/cluster.ts';
import { REVISION_ANNOTATION } from '../../../api/names.ts';
import type { Release } from '../../../api/releases.ts';
import type { Revision } from '../../../api/status.ts';
import type { Resource } from '../../../kinds/resource.ts';
import { pinnedWithAddons } from '../../../policy/addon-revision.ts';
import type { Assessment } from '../../../policy/assessment.ts';
import { decideCluster } from '../../../policy/decide-cluster.ts';
import { planEnsure } from '../../../policy/ensure.ts';
import { insideRequest, isInsideNext } from '../../../policy/inside.ts';
import { resolved } from '../../../policy/known.ts';
import type { Inside } from '../../../policy/plan.ts';
import { revisionOf } from '../../../policy/revision.ts';
import { clusterTopology } from '../../../topology/cluster.ts';
import { LOAD_BALANCER } from '../../../words/keys.ts';
import { carryOut, EMPTY, inventoryOf, lostVolume, withoutVolume } from '../../policy/account.ts';
import { ACCOUNT, DELETING, REGION, release, seedCluster } from '../../topology/objects.ts';
import { type BothApis, NLB, startBothApis } from './both-apis.ts';
import { request } from './wanted.ts';

const SETTINGS = { surroundings: { apiService: 'false' } };
/** What every add-on of the seed's cluster is called. */
const ALL = ['connect-agent', 'coredns', 'metrics-server', 'node-access', 'storage-classes'];

const first = release();
const { 'metrics-server': _gone, ...staying } = first.addons;
const coredns = { version: '1.99.0', images: { coredns: 'registry.k8s.io/coredns/coredns:v1.99.0' } };
/** One with a newer CoreDNS, and one that has no metrics-server any more. */
const newer: Release = { ...first, revision: first.revision + 1, addons: { ...first.addons, coredns } };
const smaller: Release = { ...first, revision: first.revision + 2, addons: { ...staying, coredns } };
const catalogue: readonly Release[] = [smaller, newer, first];

let apis: BothApis;
/** What status has pinned, and what the object's annotation asks for. */
let pinned: Revision;
let asked: string | undefined;

beforeAll(async () => {
  apis = await startBothApis();
});

afterAll(() => apis?.stop());

beforeEach(() => {
  pinned = revisionOf(first);
  asked = undefined;
});

const living = (changes: object = {}, status: object = {}): AWSCluster => {
  const annotations = asked === undefined ? {} : { annotations: { [REVISION_ANNOTATION]: asked } };
  const place = { aws: { account: ACCOUNT, region: REGION }, established: true, state: 'Provisioned', endpoint: NLB };
  return seedCluster({
    // The API server's own range.
    spec: { networking: { ...seedCluster().spec.networking, serviceAddressCIDRBlocks: ['10.0.0.0/24'] } },
    metadata: { uid: apis.cluster.uid, ...annotations, ...changes },
    status: { ...place, clusterID: apis.clusterId, revision: pinned, ...status },
  });
};

/** All that the account holds for it. */
const built = (cluster: AWSCluster) =>
  carryOut(
    planEnsure(clusterTopology(cluster, first), EMPTY, { fresh: true, provisioned: false, live: false }).plan,
    EMPTY,
  );

const inside = (cluster: AWSCluster, endpoint = NLB): Promise<Inside> => {
  const asks = insideRequest(cluster, catalogue);
  if (asks === undefined) throw new Error('the cluster is not to be asked');
  return readInside(apis.userClusters, SETTINGS)({ ...asks, endpoint }, new AbortController().signal);
};

const decided = (cluster: AWSCluster, seen?: Inside, account = built(cluster)): Assessment =>
  decideCluster({
    requested: apis.cluster,
    worker: { account: ACCOUNT, regions: [REGION] },
    entityId: 'entity',
    settleSeconds: 120,
    repair: { afterSeconds: 300 },
    now: Date.now(),
    object: cluster,
    catalogue,
    inventory: inventoryOf(account, seen === undefined ? {} : { inside: seen }),
  });

const look = async (): Promise<Assessment> => decided(living(), await inside(living()));

const stepsOf = (assessment: Assessment): readonly string[] =>
  assessment.kind === 'operate' ? assessment.operation.plan.steps.map(({ id }) => id) : [];

/** Carries out what was decided, but for what is not of the cluster itself; answers what each step changed. */
const carriedOut = async (assessment: Assessment): Promise<Readonly<Record<string, string>>> => {
  if (assessment.kind !== 'operate') throw new Error(`nothing is to be done: ${JSON.stringify(assessment)}`);
  const drivers = kubernetesDrivers({
    ...apis,
    addons: SETTINGS,
    launchTroubles: () => Promise.resolve([]),
    sizeOf: () => Promise.resolve(undefined),
  });
  const steps = createSteps(drivers as unknown as Drivers);
  const changes: Record<string, string> = {};
  for (const { id, verb, resource } of assessment.operation.plan.steps) {
    if (resource.kind !== 'addon') continue;
    const properties = resolved(resource.properties, { [LOAD_BALANCER]: { dnsName: NLB } });
    const asks = request(verb, { ...resource, properties } as Resource, apis.cluster);
    const context = { signal: new AbortController().signal, since: Date.now(), attempt: 1 };
    changes[id] = (await steps[verb](asks, context)).change;
  }
  return changes;
};

const deploymentOf = async (name: string, path: string): Promise<string> =>
  apis.kubectl('get', 'deployment', name, '-n', 'kube-system', '-o', `jsonpath={${path}}`);
const corefile = (): Promise<string> =>
  apis.kubectl('get', 'configmap', 'coredns', '-n', 'kube-system', '-o', 'jsonpath={.data.Corefile}');
const patch = (kind: string, name: string, change: object, ...more: readonly string[]): Promise<string> =>
  apis.kubectl('patch', kind, name, '-n', 'kube-system', '--type=merge', '-p', JSON.stringify(change), ...more);

describe('the add-ons of a cluster that lives', () => {
  test('are missing until they are applied, and then nothing differs', async () => {
    const before = await look();
    expect(stepsOf(before)).toEqual(expect.arrayContaining(ALL.map((name) => `ensure addon/${name}`)));
    expect(before).toMatchObject({ operation: { type: 'UpdateCluster' } });
    expect(Object.values(await carriedOut(before))).toEqual(ALL.map(() => 'created'));
    expect(await look()).toMatchObject({ kind: 'settled' });
  });

  test('are as they should be, whatever others add to them and the API server fills in', async () => {
    await apis.kubectl('annotate', 'deployment', 'coredns', '-n', 'kube-system', 'example.com/note=ours');
    await patch('deployment', 'coredns', { spec: { template: { metadata: { annotations: { restarted: 'today' } } } } });
    await patch('configmap', 'coredns', { data: { 'example.override': 'log' } });
    expect(await look()).toMatchObject({ kind: 'settled' });
  });

  test('that somebody edited are named with the field and who did it, and mended', async () => {
    const before = await corefile();
    await patch('configmap', 'coredns', { data: { Corefile: '.:53 { erratic }' } }, '--field-manager=ada');
    await patch('clusterrole', 'system:coredns', { rules: [] }, '--field-manager=ada');
    const seen = await inside(living());
    expect('found' in seen && seen.found.find(({ key }) => key === 'addon/coredns')?.state.differs).toEqual([
      'rules of ClusterRole system:coredns was changed by ada',
      'data.Corefile of ConfigMap kube-system/coredns was changed by ada',
    ]);
    const decision = await look();
    expect(stepsOf(decision)).toEqual(['ensure addon/coredns', 'ensure addons/applied', 'ensure hub-agent/installed']);
    expect(await carriedOut(decision)).toEqual({ 'ensure addon/coredns': 'updated' });
    expect(await corefile()).toBe(before);
    expect(await look()).toMatchObject({ kind: 'settled' });
  });

  test('of which somebody took a field, a label or the mark of Slipway away are mended, too', async () => {
    await patch('deployment', 'metrics-server', { spec: { template: { spec: { priorityClassName: null } } } });
    await patch('service', 'kube-dns', { metadata: { labels: { 'kubernetes.io/name': null } } });
    await patch('storageclass', 'standard-rwo', { metadata: { annotations: { 'slipway.dev/fingerprint': null } } });
    expect(Object.keys(await carriedOut(await look())).sort()).toEqual([
      'ensure addon/coredns',
      'ensure addon/metrics-server',
      'ensure addon/storage-classes',
    ]);
    expect(await look()).toMatchObject({ kind: 'settled' });
    expect(await deploymentOf('metrics-server', '.spec.template.spec.priorityClassName')).toBe(
      'system-cluster-critical',
    );
  });

  test('that somebody deleted, wholly or in part, are made again', async () => {
    await apis.kubectl(
      'delete',
      'deployment,service,serviceaccount',
      '-n',
      'kube-system',
      '-l',
      'slipway.dev/addon=metrics-server',
    );
    await apis.kubectl('delete', 'poddisruptionbudget', 'coredns', '-n', 'kube-system');
    await apis.kubectl('delete', 'storageclass', 'premium-rwo', 'standard-rwo');
    const changes = await carriedOut(await look());
    expect(changes).toEqual({
      'ensure addon/coredns': 'updated',
      'ensure addon/metrics-server': 'created',
      'ensure addon/storage-classes': 'created',
    });
    expect(await look()).toMatchObject({ kind: 'settled' });
  });

  test('are left as many Pods as somebody scaled them to, also when something else of them is mended', async () => {
    await apis.kubectl('scale', 'deployment', 'coredns', '-n', 'kube-system', '--replicas=5');
    expect(await look()).toMatchObject({ kind: 'settled' });
    await patch('deployment', 'coredns', { spec: { strategy: { rollingUpdate: { maxUnavailable: 2 } } } });
    await carriedOut(await look());
    expect(await deploymentOf('coredns', '.spec.replicas')).toBe('5');
    expect(await deploymentOf('coredns', '.spec.strategy.rollingUpdate.maxUnavailable')).toBe('1');
    expect(await look()).toMatchObject({ kind: 'settled' });
  });

  test('are not what somebody copied from them, labels and all (I4)', async () => {
    const text = await apis.kubectl('get', 'storageclass', 'premium-rwo', '-o', 'json');
    const { metadata, ...copy } = JSON.parse(text) as { metadata: { labels: object } };
    const own = { ...copy, metadata: { name: 'mine', labels: metadata.labels } };
    const { status } = await apis.call('POST', '/apis/storage.k8s.io/v1/storageclasses', own);
    expect(status).toBe(201);
    expect(await look()).toMatchObject({ kind: 'settled' });
    await apis.kubectl('delete', 'storageclass', 'mine');
  });
});

describe('a newer revision', () => {
  test('changes nothing by itself, and reaches add-ons once it is asked for (I6)', async () => {
    expect(await look()).toMatchObject({ kind: 'settled' });
    asked = String(newer.revision);
    const decision = await look();
    expect(decision).toMatchObject({ kind: 'operate', operation: { type: 'UpdateCluster', revision: newer.revision } });
    expect(await carriedOut(decision)).toEqual({ 'ensure addon/coredns': 'updated' });
    expect(await deploymentOf('coredns', '.spec.template.spec.containers[0].image')).toBe(coredns.images.coredns);
    // Until status says so, it is told once more, and then it is what runs.
    expect(await look()).toMatchObject({ kind: 'settled', revision: newer.revision });
    pinned = pinnedWithAddons(pinned, newer.revision, catalogue);
    const after = await look();
    expect(after).toMatchObject({ kind: 'settled' });
    expect(after).not.toHaveProperty('revision');
  });

  test('that has an add-on no more takes it out of the cluster, and nothing that only carries its label', async () => {
    pinned = revisionOf(newer);
    const foreign = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'notes', labels: { 'slipway.dev/addon': 'metrics-server' } },
    };
    await apis.call('POST', '/api/v1/namespaces/kube-system/configmaps', foreign);
    asked = String(smaller.revision);
    const decision = await look();
    expect(await carriedOut(decision)).toEqual({ 'remove addon/metrics-server': 'removed' });
    const kinds = 'deploy,svc,sa,cm,clusterroles,clusterrolebindings,rolebindings';
    const left = await apis.kubectl('get', kinds, '-A', '-l', 'slipway.dev/addon=metrics-server', '-o', 'name');
    expect(left.trim()).toBe('configmap/notes');
    expect(await look()).toMatchObject({ kind: 'settled', revision: smaller.revision });
    pinned = pinnedWithAddons(pinned, smaller.revision, catalogue);
    expect(await look()).toMatchObject({ kind: 'settled' });
  });

  test.each(['99', 'newest', '1'])(
    'of number %s that is unknown, or older than what runs, changes nothing',
    async (number) => {
      pinned = revisionOf(smaller);
      asked = number;
      const decision = await look();
      expect(decision).toMatchObject({ kind: 'settled' });
      expect(decision).not.toHaveProperty('revision');
    },
  );
});

describe('the default StorageClass', () => {
  const storage = async () => {
    pinned = revisionOf(smaller);
    const decision = await look();
    return decision.kind === 'settled' ? decision.inside : undefined;
  };

  test('is said to name a driver that is not there, until it is', async () => {
    expect(await storage()).toEqual({ storage: { storageClass: 'standard-rwo', missingDriver: 'ebs.csi.aws.com' } });
    await apis.call('POST', '/apis/storage.k8s.io/v1/csidrivers', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: 'ebs.csi.aws.com' },
      spec: {},
    });
    expect(await storage()).toEqual({ storage: { storageClass: 'standard-rwo' } });
  });
});

describe('a cluster whose API does not answer', () => {
  const silent = 'nobody.elb.eu-west-1.amazonaws.com';
  const unread = () => inside(living(), silent);

  test('is said to be unread, and no add-on is made, mended or removed (I12)', async () => {
    const seen = await unread();
    expect(seen).toEqual({ unread: expect.stringContaining(silent) });
    expect(decided(living(), seen)).toMatchObject({ kind: 'settled', inside: seen });
  });

  test('is asked no longer than three seconds', async () => {
    const hanging = readInside(() => new Promise(() => undefined), SETTINGS, 50);
    const asks = insideRequest(living(), catalogue);
    if (asks === undefined) throw new Error('the cluster is not to be asked');
    expect(await hanging(asks, new AbortController().signal)).toEqual({
      unread: expect.stringContaining('within 0.05 s'),
    });
  });

  test('waits for a revision that was asked for, and looks again by itself', async () => {
    asked = String(newer.revision);
    const decision = decided(living(), await unread());
    expect(decision).toMatchObject({ kind: 'settled', lookAgainSeconds: 300 });
    expect(decision).not.toHaveProperty('revision');
  });

  test('is never asked before it is deleted or repaired', () => {
    const going = living(DELETING);
    expect(insideRequest(going, catalogue)).toBeUndefined();
    expect(decided(going)).toMatchObject({ kind: 'operate', operation: { type: 'DeleteCluster' } });
    const told = { unhealthyReplicas: [lostVolume(1, 'vol-etcd-volume-1', 600_000, Date.now())] };
    const repair = decided(living({}, told), undefined, withoutVolume(built(living()), 1));
    expect(repair).toMatchObject({ kind: 'operate', operation: { type: 'RepairCluster' } });
    expect(isInsideNext(repair)).toBe(false);
    expect(stepsOf(repair).filter((id) => id.includes('addon'))).toEqual([]);
  });
});
