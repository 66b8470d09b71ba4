/** What the client asks of an API server about objects without reading them, and what it takes for an answer. */
import { describe, expect, test } from '@jest/globals';
import { createClient } from '../../kubernetes/client.ts';

type Asked = { readonly path: string; readonly accept?: string };

const serverWith = (answers: Readonly<Record<string, unknown>>) => {
  const asked: Asked[] = [];
  const client = createClient({
    server: 'https://nlb',
    send: async ({ path, accept }) => {
      asked.push({ path, ...(accept === undefined ? {} : { accept }) });
      const body = answers[path];
      return body === undefined
        ? { status: 404, text: '404 page not found' }
        : { status: 200, text: JSON.stringify(body) };
    },
    stream: () => Promise.reject(new Error('nothing is watched here')),
    close: () => Promise.resolve(),
  });
  return { client, asked };
};

const discovery = (name: string, ...versions: readonly (readonly [string, string, ...string[]])[]) => ({
  metadata: { name },
  versions: versions.map(([version, resource, ...verbs]) => ({ version, resources: [{ resource, verbs }] })),
});

describe('what an API server serves', () => {
  test('is told by two answers, in the order of its versions, and only what can be listed', async () => {
    const { client, asked } = serverWith({
      '/api': {
        kind: 'APIGroupDiscoveryList',
        items: [discovery('', ['v1', 'pods', 'get', 'list'], ['v1', 'bindings', 'create'])],
      },
      '/apis': {
        kind: 'APIGroupDiscoveryList',
        items: [discovery('apps', ['v2', 'sets', 'list'], ['v1', 'sets', 'list'])],
      },
    });
    expect(await client.resources()).toEqual([
      { group: '', version: 'v1', plural: 'pods' },
      { group: 'apps', version: 'v2', plural: 'sets' },
      { group: 'apps', version: 'v1', plural: 'sets' },
    ]);
    expect(asked.map(({ accept }) => accept)).toEqual([
      expect.stringContaining('as=APIGroupDiscoveryList'),
      expect.stringContaining('as=APIGroupDiscoveryList'),
    ]);
  });

  test('is not told by an answer of another kind', async () => {
    const { client } = serverWith({ '/api': { kind: 'APIVersions', versions: ['v1'] }, '/apis': {} });
    await expect(client.resources()).rejects.toThrow('https://nlb');
  });
});

describe('times of objects', () => {
  const secret = (name: string, ...managedFields: readonly object[]) => ({
    metadata: {
      ...{ namespace: 'default', name, creationTimestamp: '2026-11-30T19:45:00Z', managedFields },
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'c2VjcmV0' },
    },
    data: { password: 'c2VjcmV0' },
  });
  const list = (items: readonly unknown[], next?: string) => ({
    kind: 'PartialObjectMetadataList',
    metadata: next === undefined ? {} : { continue: next },
    items,
  });
  const read = async (pages: AsyncIterable<unknown>): Promise<readonly unknown[]> => {
    const all: unknown[] = [];
    for await (const page of pages) all.push(page);
    return all;
  };

  test('come page by page, without status, and with nothing of what the objects hold', async () => {
    const times = [{ time: '2026-11-30T20:00:00Z' }, { time: '2026-11-30T21:00:00Z', subresource: 'status' }];
    const { client, asked } = serverWith({
      '/api/v1/secrets?limit=500': list([secret('a', ...times)], 'more/of it'),
      '/api/v1/secrets?limit=500&continue=more%2Fof+it': list([secret('b')]),
    });
    const pages = await read(client.timesOf({ group: '', version: 'v1', plural: 'secrets' }));
    expect(pages).toEqual([
      [{ namespace: 'default', name: 'a', created: '2026-11-30T19:45:00Z', written: ['2026-11-30T20:00:00Z'] }],
      [{ namespace: 'default', name: 'b', created: '2026-11-30T19:45:00Z', written: [] }],
    ]);
    for (const { accept } of asked) expect(accept).toContain('as=PartialObjectMetadataList');
  });

  test('are not read from an answer that is a list of whole objects, or none', async () => {
    const { client } = serverWith({ '/apis/apps/v1/deployments?limit=500': { kind: 'DeploymentList', items: [] } });
    const of = (plural: string) => read(client.timesOf({ group: 'apps', version: 'v1', plural }));
    await expect(of('deployments')).rejects.toThrow('https://nlb');
    await expect(of('gone')).rejects.toThrow('404');
  });
});
