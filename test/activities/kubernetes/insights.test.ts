/** What is read of a cluster before an upgrade, and what is said where something is not to be read. */
import { describe, expect, test } from '@jest/globals';
import { createAuthority } from '../../../activities/kubernetes/certificates.ts';
import { readInsights } from '../../../activities/kubernetes/insights.ts';
import type { KubernetesObject } from '../../../api/kubernetes-object.ts';
import type { KubernetesClient, Selection, Writers } from '../../../kubernetes/client.ts';
import { isUnread } from '../../../policy/insight.ts';
import type { Seen, SeenInside } from '../../../policy/insights.ts';
import { seedCluster } from '../../topology/objects.ts';

const CLUSTER = seedCluster({ status: { state: 'Provisioned', endpoint: 'nlb' } });
const object = (kind: string, name: string, more: object = {}, metadata: object = {}): KubernetesObject =>
  ({ apiVersion: 'v1', kind, metadata: { name, ...metadata }, ...more }) as KubernetesObject;
const METRIC = 'apiserver_requested_deprecated_apis';
const METRICS = [
  `${METRIC}{group="",removed_release="",resource="endpoints",subresource="",version="v1"} 1`,
  `${METRIC}{group="example.com",removed_release="1.37",resource="widgets",subresource="",version="v1beta1"} 1`,
  `${METRIC}{group="example.com",removed_release="1.37",resource="widgets",subresource="status",version="v1beta1"} 1`,
  'apiserver_storage_size_bytes{storage_cluster_id="a"} 2.5e+06',
].join('\n');

type Double = {
  readonly lists?: Readonly<Record<string, readonly KubernetesObject[] | Error>>;
  readonly writers?: Readonly<Record<string, Writers>>;
  readonly metrics?: string | Error;
};

const answer = <T>(value: T | Error): T => {
  if (value instanceof Error) throw value;
  return value;
};

const clientOf = ({ lists = {}, writers = {}, metrics = METRICS }: Double) => {
  const asked: string[] = [];
  const client = {
    server: 'https://nlb',
    list: async ({ kind }: { readonly kind: string }, selection: Selection = {}) => {
      asked.push(`${kind} ${selection.namespace ?? ''}`.trim());
      return answer(lists[kind] ?? []);
    },
    find: async ({ name }: { readonly name: string }) =>
      object('Namespace', name, {}, { labels: { 'kubernetes.io/metadata.name': name } }),
    probe: async (path: string) =>
      path === '/metrics'
        ? { status: 200, text: answer(metrics) }
        : { status: 200, text: JSON.stringify({ versions: [{ version: 'v1beta1' }, { version: 'v1' }] }) },
    writersOf: async ({ version }: { readonly version: string }) => {
      asked.push(`writers ${version}`);
      return writers[version] ?? null;
    },
  } as unknown as KubernetesClient;
  return { client, asked };
};

const managementWith = async (missing?: string): Promise<KubernetesClient> => {
  const authority = await createAuthority('root');
  const data = { 'tls.crt': authority.certificate, 'tls.key': authority.key };
  const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, btoa(text)]));
  return {
    get: async ({ name }: { readonly name: string }) => {
      if (missing !== undefined && name.endsWith(missing)) throw new Error(`${name} is not there`);
      return object('Secret', name, { type: 'kubernetes.io/tls', data: encoded });
    },
  } as unknown as KubernetesClient;
};

const look = async (
  double: Double,
  missing?: string,
): Promise<{ readonly seen: Seen; readonly asked: readonly string[] }> => {
  const { client, asked } = clientOf(double);
  const read = readInsights(await managementWith(missing), async () => client);
  return { seen: await read(CLUSTER, new AbortController().signal), asked };
};

const insideOf = ({ inside }: Seen): SeenInside => {
  if (isUnread(inside)) throw new Error(inside.unread);
  return inside;
};

describe('a look before an upgrade', () => {
  test('reads deprecated APIs that go, each once, and who wrote by them through another version', async () => {
    const { seen, asked } = await look({
      writers: { v1: { 'example.com/v1beta1': ['argocd'], 'example.com/v1': ['kubectl'] } },
    });
    expect(insideOf(seen).apis).toEqual([
      { group: 'example.com', version: 'v1beta1', resource: 'widgets', removedIn: '1.37', writers: ['argocd'] },
    ]);
    expect(asked).toContain('writers v1');
    expect(asked).not.toContain('writers v1beta1');
    expect(insideOf(seen).etcd).toEqual({ bytes: 2_500_000 });
  });

  test('asks for the deprecated version itself only where no other is served', async () => {
    const { seen } = await look({ writers: { v1beta1: { 'example.com/v1beta1': ['old'] } } });
    expect(insideOf(seen).apis).toMatchObject([{ writers: ['old'] }]);
    expect(insideOf((await look({})).seen).apis).toMatchObject([{ writers: { unread: expect.any(String) } }]);
  });

  test('reads kubelets and budgets', async () => {
    const { seen } = await look({
      lists: {
        Node: [object('Node', 'n', { status: { nodeInfo: { kubeletVersion: 'v1.36.3-eks-1' } } })],
        PodDisruptionBudget: [
          object(
            'PodDisruptionBudget',
            'web',
            { status: { disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2, expectedPods: 2 } },
            { namespace: 'default' },
          ),
        ],
      },
    });
    const { nodes, budgets } = insideOf(seen);
    expect(nodes).toEqual([{ name: 'n', kubelet: '1.36.3' }]);
    expect(budgets).toEqual([{ namespace: 'default', name: 'web', allowed: 0, healthy: 2, desired: 2, expected: 2 }]);
  });

  test('reads webhooks that fail closed, and how many of their endpoints are ready', async () => {
    const hook = (name: string, more: object = {}) => ({
      name,
      clientConfig: { service: { namespace: 'policies', name: 'hook' } },
      rules: [],
      objectSelector: {},
      ...more,
    });
    const { seen, asked } = await look({
      lists: {
        ValidatingWebhookConfiguration: [
          object('ValidatingWebhookConfiguration', 'a', {
            webhooks: [
              hook('x'),
              hook('open', { failurePolicy: 'Ignore' }),
              hook('y', { matchConditions: [{}], clientConfig: { url: 'https://elsewhere' } }),
              hook('z', { objectSelector: { matchLabels: { a: 'b' } } }),
            ],
          }),
        ],
        EndpointSlice: [object('EndpointSlice', 's', { endpoints: [{ conditions: { ready: false } }, {}] })],
      },
    });
    const { webhooks } = insideOf(seen);
    if (isUnread(webhooks)) throw new Error(webhooks.unread);
    const service = { name: 'policies/hook', ready: { endpoints: 1 } };
    const configuration = 'ValidatingWebhookConfiguration a';
    expect(webhooks.failClosed).toEqual([
      { configuration, name: 'x', rules: [], narrowed: false, service },
      { configuration, name: 'y', rules: [], narrowed: true },
      { configuration, name: 'z', rules: [], narrowed: true, service },
    ]);
    expect(Object.keys(webhooks.namespaces)).toEqual(['kube-node-lease', 'kube-system']);
    expect(asked.filter((one) => one.startsWith('EndpointSlice'))).toEqual(['EndpointSlice policies']);
  });

  test('looks at the endpoints of so many Services only, and says so of the others', async () => {
    const webhooks = Array.from({ length: 22 }, (_, index) => ({
      name: `w${index}`,
      clientConfig: { service: { namespace: 'n', name: `s${index}` } },
    }));
    const { seen, asked } = await look({
      lists: { MutatingWebhookConfiguration: [object('MutatingWebhookConfiguration', 'm', { webhooks })] },
    });
    expect(asked.filter((one) => one.startsWith('EndpointSlice'))).toHaveLength(20);
    const read = insideOf(seen).webhooks;
    if (isUnread(read)) throw new Error(read.unread);
    expect(read.failClosed.filter(({ service }) => service !== undefined && isUnread(service.ready))).toHaveLength(2);
  });

  test('tells of authorities when they end, and nothing else', async () => {
    const { seen } = await look({});
    const TEN_YEARS = 3_650 * 24 * 3_600_000;
    expect(seen.authorities).toHaveLength(3);
    for (const { object: name, notAfter, ...more } of seen.authorities as readonly {
      object: string;
      notAfter: number;
    }[]) {
      expect(name).toMatch(/^Secret default\/gke-.*-ca$/);
      expect(Math.abs(notAfter - Date.now() - TEN_YEARS)).toBeLessThan(60_000);
      expect(more).toEqual({});
    }
  });
});

describe('what is not to be read before an upgrade', () => {
  test.each<[string, Double, keyof SeenInside]>([
    ['metrics', { metrics: new Error('no metrics') }, 'apis'],
    ['the size of a database', { metrics: '' }, 'etcd'],
    ['nodes', { lists: { Node: new Error('no nodes') } }, 'nodes'],
    ['a kubelet', { lists: { Node: [object('Node', 'n')] } }, 'nodes'],
    ['budgets', { lists: { PodDisruptionBudget: new Error('no budgets') } }, 'budgets'],
    ['webhooks', { lists: { MutatingWebhookConfiguration: new Error('no webhooks') } }, 'webhooks'],
  ])('%s: is said, and the rest is read', async (_, double, part) => {
    const inside = insideOf((await look(double)).seen);
    const unread = Object.entries(inside).filter(([, read]) => isUnread(read as object));
    expect(unread.map(([name]) => name)).toContain(part);
    expect(unread.length).toBeLessThan(3);
  });

  test('a Secret: is said of all authorities, with its name', async () => {
    const { seen } = await look({}, 'front-proxy-ca');
    expect(seen.authorities).toEqual({ unread: expect.stringContaining('front-proxy-ca is not there') });
  });

  test('a cluster that is not reached: is said once', async () => {
    const management = await managementWith();
    const read = readInsights(management, () => Promise.reject(new Error('no route')));
    expect((await read(CLUSTER, new AbortController().signal)).inside).toEqual({ unread: 'no route' });
    const all = new Error('silent');
    const lists = { Node: all, PodDisruptionBudget: all, MutatingWebhookConfiguration: all };
    expect((await look({ metrics: all, lists })).seen.inside).toEqual({ unread: 'silent' });
  });

  test('in time: is said; and whoever gave up hears of that instead', async () => {
    const never = {
      list: (_kind: object, _selection: object, { signal }: { readonly signal: AbortSignal }) =>
        new Promise((_, reject) => {
          const abort = (): void => reject(signal.reason as Error);
          if (signal.aborted) abort();
          else signal.addEventListener('abort', abort);
        }),
      find: async () => null,
      probe: async () => ({ status: 200, text: METRICS }),
      writersOf: async () => null,
    } as unknown as KubernetesClient;
    const read = readInsights(await managementWith(), async () => never, 20);
    expect(insideOf(await read(CLUSTER, new AbortController().signal)).nodes).toEqual({
      unread: 'https://nlb did not answer in time',
    });
    const given = new AbortController();
    const asking = read(CLUSTER, given.signal);
    given.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
  });
});
