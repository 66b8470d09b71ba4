/** What is read of a cluster before a restore, and what is said where something is not to be read. */
import { describe, expect, test } from '@jest/globals';
import { readChangedSince } from '../../../activities/kubernetes/changed-since.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import type { ObjectTimes, ServedResource } from '../../../kubernetes/metadata.ts';
import { seedCluster } from '../../topology/objects.ts';

const CLUSTER = seedCluster({ status: { state: 'Provisioned', endpoint: 'nlb' } });
const SINCE = Date.parse('2026-11-30T19:45:00Z');
const AFTER = '2026-11-30T19:46:00Z';
const served = (plural: string, group = '', version = 'v1'): ServedResource => ({ group, version, plural });
const object = (name: string, created = AFTER): ObjectTimes => ({ namespace: 'default', name, created, written: [] });

type Pages = Readonly<Record<string, readonly (readonly ObjectTimes[])[] | Error | 'silent'>>;

const never = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));

const clusterWith = (resources: readonly ServedResource[] | Error, pages: Pages, elsewhere: readonly object[] = []) => {
  const asked: string[] = [];
  const client = {
    resources: async () => {
      if (resources instanceof Error) throw resources;
      return resources;
    },
    list: async () =>
      elsewhere.map((spec) => ({ apiVersion: 'v1', kind: 'APIService', metadata: { name: 'a' }, spec })),
    timesOf: async function* ({ plural, version }: ServedResource, { signal }: { signal?: AbortSignal } = {}) {
      asked.push(`${plural} ${version}`);
      const has = pages[plural] ?? [];
      if (has instanceof Error) throw has;
      if (has === 'silent') await never(signal);
      else yield* has;
    },
  } as unknown as KubernetesClient;
  return { client, asked };
};

const read = (client: KubernetesClient | Error, lookMs = 5_000, signal = new AbortController().signal) =>
  readChangedSince(async () => {
    if (client instanceof Error) throw client;
    return client;
  }, lookMs)(CLUSTER, SINCE, signal);

describe('a look at what was written since a snapshot', () => {
  test('counts page after page of every resource that holds something new', async () => {
    const { client } = clusterWith([served('pods'), served('deployments', 'apps'), served('nodes')], {
      pods: [[object('a')], [object('b'), object('c', '2026-01-01T00:00:00Z')]],
      deployments: [[object('web')]],
    });
    expect(await read(client)).toEqual({
      resources: [
        expect.objectContaining({ resource: 'deployments.apps', created: { count: 1, names: ['default/web'] } }),
        expect.objectContaining({ resource: 'pods', created: { count: 2, names: ['default/a', 'default/b'] } }),
      ],
      notRead: [],
    });
  });

  test('asks for each resource once, by the version that comes first, and not for events, leases, and what another server keeps', async () => {
    const { client, asked } = clusterWith(
      [
        ...[served('events'), served('leases', 'coordination.k8s.io'), served('pods', 'metrics.k8s.io', 'v1beta1')],
        ...[served('hpas', 'autoscaling', 'v2'), served('hpas', 'autoscaling', 'v1')],
      ],
      {},
      [
        { group: 'metrics.k8s.io', version: 'v1beta1', service: { name: 'metrics-server' } },
        { group: 'autoscaling', version: 'v2' },
      ],
    );
    await read(client);
    expect(asked).toEqual(['hpas v2']);
  });

  test('says of each resource why it could not be read, and what of the others is lost', async () => {
    const { client } = clusterWith([served('pods'), served('widgets', 'example.com'), served('slow')], {
      pods: [[object('a')]],
      widgets: new Error('conversion webhook is down'),
      slow: 'silent',
    });
    expect(await read(client, 100)).toEqual({
      resources: [expect.objectContaining({ resource: 'pods' })],
      notRead: [
        { resource: 'slow', why: 'there was no time left for it' },
        { resource: 'widgets.example.com', why: expect.stringContaining('conversion webhook is down') },
      ],
    });
  });

  test('is unread as a whole where the API does not answer', async () => {
    const { client } = clusterWith(new Error('etcdserver: no leader'), {});
    expect(await read(client)).toEqual({ unread: expect.stringContaining('no leader') });
    expect(await read(new Error('connect ECONNREFUSED'))).toEqual({ unread: expect.stringContaining('ECONNREFUSED') });
  });

  test('fails where whoever asks gave up', async () => {
    const gaveUp = new AbortController();
    const { client } = clusterWith([served('slow')], { slow: 'silent' });
    const looking = read(client, 5_000, gaveUp.signal);
    gaveUp.abort(new Error('gave up'));
    await expect(looking).rejects.toThrow('gave up');
  });
});
