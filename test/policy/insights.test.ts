/** What stands in the way of an upgrade, each thing planted by itself and named with its cure. */
import { describe, expect, test } from '@jest/globals';
import type { AWSCluster } from '../../api/cluster.ts';
import type { Release } from '../../api/releases.ts';
import type { FailClosedWebhook } from '../../policy/fail-closed.ts';
import type { Insight } from '../../policy/insight.ts';
import { type InsightsRequest, insightsOf, type SeenInside } from '../../policy/insights.ts';
import { release, seedCluster } from '../topology/objects.ts';

const NOW = Date.parse('2026-08-01T10:00:00Z');
const DAY = 24 * 3_600_000;
const GIB = 1024 ** 3;
const TARGET: Release = { ...release(), version: '1.37.2-gke.1', kubernetes: '1.37.2' };
const cluster = (status: object = {}): AWSCluster => seedCluster({ status: { state: 'Provisioned', ...status } });

const WELL: SeenInside = {
  apis: [],
  nodes: [{ name: 'node-1', kubelet: '1.36.3' }],
  budgets: [{ namespace: 'default', name: 'web', allowed: 1, healthy: 3, desired: 2, expected: 3 }],
  webhooks: { failClosed: [], namespaces: {} },
  etcd: { bytes: 3_000_000 },
};
const AUTHORITY = { object: 'Secret default/gke-1a2b3c4d-root-ca', notAfter: NOW + 3_000 * DAY };

type Planted = { readonly inside?: Partial<SeenInside>; readonly request?: Partial<InsightsRequest> };

const insights = ({ inside = {}, request = {} }: Planted, authorities = [AUTHORITY]): readonly Insight[] =>
  insightsOf(
    { inside: { ...WELL, ...inside }, authorities },
    { cluster: cluster(), target: TARGET, now: NOW, snapshots: { bucket: 'b' }, ...request },
  );

const only = (planted: Planted, authorities = [AUTHORITY]): Insight => {
  const [one, ...others] = insights(planted, authorities);
  expect(others).toEqual([]);
  if (one === undefined) throw new Error('nothing was seen');
  return one;
};

const api = (removedIn: string, writers: readonly string[] = ['argocd']) => ({
  group: 'networking.k8s.io',
  version: 'v1beta1',
  resource: 'ipaddresses',
  removedIn,
  writers,
});

const LEASES = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], operations: ['UPDATE'] };
const webhook = (overrides: Partial<FailClosedWebhook> = {}): FailClosedWebhook => ({
  configuration: 'ValidatingWebhookConfiguration policies',
  name: 'check.example.com',
  rules: [LEASES],
  narrowed: false,
  service: { name: 'policies/webhook', ready: { endpoints: 2 } },
  ...overrides,
});
const { service: _service, ...asked } = webhook();
const DEAD = { service: { name: 'policies/webhook', ready: { endpoints: 0 } } };
const webhooks = (overrides: Partial<FailClosedWebhook> = {}): Planted => ({
  inside: {
    webhooks: {
      failClosed: [webhook(overrides)],
      namespaces: { 'kube-system': { 'kubernetes.io/metadata.name': 'kube-system' } },
    },
  },
});

test('of a cluster that is well there is nothing to say', () => {
  expect(insights({})).toEqual([]);
});

describe('before an upgrade', () => {
  test.each<[string, Planted, Partial<Insight>]>([
    [
      'an API that the version serves no more is named with who writes by it',
      { inside: { apis: [api('1.37', ['argocd', 'kubectl'])] } },
      {
        name: 'DeprecatedApis',
        severity: 'blocks',
        object: 'ipaddresses.v1beta1.networking.k8s.io',
        message: expect.stringContaining('Kubernetes 1.37 serves it no more (by argocd, kubectl)') as never,
        cure: expect.stringContaining('deprecation-guide') as never,
      },
    ],
    ['one that went with an earlier version is, too', { inside: { apis: [api('1.36')] } }, { severity: 'blocks' }],
    [
      'one that a later version serves no more warns',
      { inside: { apis: [api('1.38', [])] } },
      { severity: 'warns', message: expect.stringContaining('somebody who reads') as never },
    ],
    [
      'nodes whose kubelet is too old for it are named together',
      { inside: { nodes: ['b', 'a', 'c'].map((name) => ({ name, kubelet: name === 'c' ? '1.35.4' : '1.34.1' })) } },
      {
        name: 'KubeletSkew',
        severity: 'blocks',
        object: 'nodes a, b',
        message: 'run kubelet 1.34.1, which is more than two minor versions older than Kubernetes 1.37.2',
        cure: 'bring their node pools to a newer version first',
      },
    ],
    [
      'a budget that allows nothing by what it asks for is named',
      { inside: { budgets: [{ namespace: 'default', name: 'web', allowed: 0, healthy: 3, desired: 3, expected: 3 }] } },
      {
        name: 'DisruptionBudgets',
        severity: 'warns',
        object: 'PodDisruptionBudget default/web',
        message: expect.stringContaining('of 3 pods 3 are healthy, and 3 must be') as never,
        cure: expect.stringContaining('lower minAvailable') as never,
      },
    ],
    [
      'and one whose pods are ill, with another cure',
      { inside: { budgets: [{ namespace: 'default', name: 'web', allowed: 0, healthy: 1, desired: 2, expected: 3 }] } },
      { cure: 'see why these pods are not healthy' },
    ],
    [
      'a dead webhook that is asked about leases blocks',
      webhooks(DEAD),
      {
        name: 'Webhooks',
        severity: 'blocks',
        object: 'ValidatingWebhookConfiguration policies (webhook check.example.com)',
        message: expect.stringMatching(
          /Service policies\/webhook has no ready endpoint.*leases in kube-system/,
        ) as never,
        cure: expect.stringContaining('failurePolicy to Ignore') as never,
      },
    ],
    [
      'a living one warns',
      webhooks(),
      { severity: 'warns', message: expect.stringContaining('is asked about leases in kube-system') as never },
    ],
    [
      'a dead one that is asked about other things warns',
      webhooks({ ...DEAD, rules: [{ apiGroups: ['apps'], resources: ['deployments'], operations: ['*'] }] }),
      { severity: 'warns', message: expect.stringContaining('no ready endpoint') as never },
    ],
    [
      'a dead one that may leave out what is needed warns',
      webhooks({ ...DEAD, narrowed: true }),
      { severity: 'warns', message: expect.stringContaining('may be asked about leases') as never },
    ],
    [
      'one at a URL is told of, since nobody knows whether it answers',
      { inside: { webhooks: { failClosed: [asked], namespaces: {} } } },
      { severity: 'warns' },
    ],
    [
      'a replica that is not well blocks',
      { request: { cluster: cluster({ unhealthyReplicas: [{ index: 1, since: 'x', message: 'no disk' }] }) } },
      { name: 'ControlPlane', severity: 'blocks', object: 'replica 1', message: 'is not as it should be: no disk' },
    ],
    [
      'so does whatever else goes on',
      { request: { cluster: cluster({ state: 'Updating' }) } },
      { name: 'ControlPlane', severity: 'blocks', cure: 'wait until it is Provisioned' },
    ],
    [
      "a database that comes near etcd's quota warns",
      { inside: { etcd: { bytes: 1.7 * GIB } } },
      {
        name: 'EtcdSpace',
        severity: 'warns',
        message: expect.stringContaining("1741 MiB of the 2048 MiB that etcd's quota") as never,
      },
    ],
    [
      'and blocks where hardly any room is left',
      { inside: { etcd: { bytes: 1.99 * GIB } } },
      { severity: 'blocks', cure: expect.stringContaining('defragment') as never },
    ],
    [
      'a small disk counts before the quota',
      {
        inside: { etcd: { bytes: 0.98 * GIB } },
        request: { cluster: withVolume(2) },
      },
      { severity: 'blocks', cure: expect.stringContaining('sizeGiB') as never },
    ],
    [
      'a worker without a bucket blocks',
      { request: { snapshots: {} } },
      { name: 'Snapshots', severity: 'blocks', cure: expect.stringContaining('SLIPWAY_BUCKET') as never },
    ],
  ])('%s', (_, planted, expected) => {
    expect(only(planted)).toMatchObject(expected);
  });

  test.each([
    [89, 'warns', 'expires on 2026-10-29'],
    [6, 'blocks', 'expires on 2026-08-07'],
    [-1, 'blocks', 'expired on 2026-07-31'],
  ])('an authority that ends in %i days %s', (days, severity, says) => {
    const { message, ...one } = only({}, [{ ...AUTHORITY, notAfter: NOW + days * DAY }]);
    expect(one).toMatchObject({ name: 'Certificates', severity, object: AUTHORITY.object });
    expect(message).toContain(says);
  });

  test('nothing is said where no snapshot is to be taken', () => {
    const { snapshots: _, ...request } = { cluster: cluster(), target: TARGET, now: NOW, snapshots: {} };
    expect(insightsOf({ inside: WELL, authorities: [AUTHORITY] }, request)).toEqual([]);
    const { spec, ...others } = cluster();
    const upgrade = { soakSeconds: 60, snapshot: 'None' as const };
    const without = { ...others, spec: { ...spec, controlPlane: { ...spec.controlPlane, upgrade } } };
    expect(insights({ request: { cluster: without, snapshots: {} } })).toEqual([]);
  });

  test('what blocks comes first', () => {
    const { budgets } = { budgets: [{ namespace: 'a', name: 'a', allowed: 0, healthy: 1, desired: 1, expected: 1 }] };
    const all = insights({ inside: { budgets, apis: [api('1.38'), { ...api('1.37'), resource: 'servicecidrs' }] } });
    expect(all.map(({ severity, name }) => `${severity} ${name}`)).toEqual([
      'blocks DeprecatedApis',
      'warns DeprecatedApis',
      'warns DisruptionBudgets',
    ]);
  });
});

describe('what could not be read', () => {
  const unread = { unread: 'no route' };
  test.each<[keyof SeenInside, string]>([
    ['apis', 'blocks DeprecatedApis'],
    ['nodes', 'blocks KubeletSkew'],
    ['budgets', 'warns DisruptionBudgets'],
    ['webhooks', 'blocks Webhooks'],
    ['etcd', 'warns EtcdSpace'],
  ])('%s: is said, and as bad as it could be', (part, expected) => {
    const one = only({ inside: { [part]: unread } });
    expect(`${one.severity} ${one.name}`).toBe(expected);
    expect(one.message).toBe('could not be read: no route');
  });

  test('as a whole is one thing to be told', () => {
    const all = insightsOf({ inside: unread, authorities: unread }, { cluster: cluster(), target: TARGET, now: NOW });
    expect(all.map(({ severity, name }) => `${severity} ${name}`)).toEqual([
      'blocks Certificates',
      'blocks ClusterApi',
    ]);
  });

  test('about a writer or an endpoint leaves the rest said', () => {
    expect(only({ inside: { apis: [{ ...api('1.37'), writers: unread }] } })).toMatchObject({
      severity: 'blocks',
      message: expect.stringContaining('who asks could not be read: no route'),
    });
    expect(only(webhooks({ service: { name: 'a/b', ready: unread } }))).toMatchObject({
      severity: 'warns',
      object: expect.stringContaining('Service a/b'),
    });
  });
});

describe('a webhook is not asked about what an upgrade needs', () => {
  const notSystem = {
    matchExpressions: [
      { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'kube-node-lease'] },
    ],
  };
  const namespaces = Object.fromEntries(
    ['kube-system', 'kube-node-lease'].map((name) => [name, { 'kubernetes.io/metadata.name': name }]),
  );
  const said = (rule: object, more: Partial<FailClosedWebhook> = {}) =>
    insights({
      inside: { webhooks: { failClosed: [webhook({ rules: [{ ...LEASES, ...rule }], ...more })], namespaces } },
    });
  test.each<[string, object, Partial<FailClosedWebhook>, boolean]>([
    ['where its selector leaves the namespaces out', {}, { namespaceSelector: notSystem }, true],
    ['where it is asked of other groups', { apiGroups: [''] }, {}, true],
    ['where it is asked of other operations', { operations: ['CONNECT'] }, {}, true],
    ['where it is asked of subresources', { resources: ['*/scale'] }, {}, true],
    ['where it is asked of what has no namespace', { scope: 'Cluster' }, {}, true],
    ['but is of everything', { apiGroups: ['*'], resources: ['*/*'], operations: ['*'], scope: '*' }, {}, false],
    ['but is of all resources', { resources: ['*'] }, {}, false],
    [
      'but is of nodes whatever its selector',
      { apiGroups: [''], resources: ['nodes'] },
      { namespaceSelector: notSystem },
      false,
    ],
    ['but is of subresources', { apiGroups: [''], resources: ['pods/*'], operations: ['CREATE'] }, {}, false],
    [
      'but is where its selector takes the namespace',
      {},
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
      false,
    ],
  ])('%s', (_, rule, more, silent) => {
    expect(said(rule, more).length === 0).toBe(silent);
  });
});

function withVolume(sizeGiB: number): AWSCluster {
  const made = cluster();
  const { controlPlane } = made.spec;
  const { mainVolume } = controlPlane.etcd;
  return {
    ...made,
    spec: { ...made.spec, controlPlane: { ...controlPlane, etcd: { mainVolume: { ...mainVolume, sizeGiB } } } },
  };
}
