/** What a source makes of an API server's lists and watches, its silence included. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isExpired, KubernetesError } from '../../kubernetes/errors.ts';
import { createSource } from '../../kubernetes/source.ts';
import { createTransport, type Transport } from '../../kubernetes/transport.ts';

const KIND = { apiVersion: 'multicloud.cluster.gke.io/v1', kind: 'AWSCluster' };

let server: Server;
let transport: Transport;
let answer: RequestListener;
let asked: string[];
let stop: AbortController;

beforeEach(async () => {
  asked = [];
  stop = new AbortController();
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  transport = createTransport({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: () => Promise.resolve({ tls: {}, headers: {} }),
  });
});
afterEach(async () => {
  stop.abort();
  await transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const source = (silenceMs = 5_000) => createSource(transport, KIND, ({ metadata }) => metadata.name, { silenceMs });
const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
const named = (name: string, resourceVersion: string) => ({ metadata: { name, resourceVersion } });

const failureOf = (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a source', () => {
  test('lists page by page, each as of one version', async () => {
    answer = (_request, response) =>
      response.end(JSON.stringify({ items: [named('a', '3')], metadata: { resourceVersion: '7', continue: 'more' } }));
    expect(await source().list('next', stop.signal)).toEqual({ items: ['a'], resourceVersion: '7', next: 'more' });
    expect(asked).toEqual(['/apis/multicloud.cluster.gke.io/v1/awsclusters?limit=500&continue=next']);
  });

  test('hands on what a watch says, until that ends', async () => {
    answer = (_request, response) => {
      response.write(line('ADDED', named('a', '8')) + line('MODIFIED', named('a', '9')).slice(0, 20));
      response.write(line('MODIFIED', named('a', '9')).slice(20));
      response.end(line('DELETED', named('a', '10')) + line('BOOKMARK', { metadata: { resourceVersion: '12' } }));
    };
    const events: unknown[] = [];
    await source().watch('7', (event) => events.push(event), stop.signal);
    expect(events).toEqual([
      { type: 'changed', object: 'a', resourceVersion: '8' },
      { type: 'changed', object: 'a', resourceVersion: '9' },
      { type: 'deleted', object: 'a', resourceVersion: '10' },
      { type: 'bookmark', resourceVersion: '12' },
    ]);
    const query = new URLSearchParams(asked[0]?.split('?')[1]);
    expect(Object.fromEntries(query)).toMatchObject({ watch: '1', resourceVersion: '7', allowWatchBookmarks: 'true' });
    expect(Number(query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(240);
  });

  test.each<[string, RequestListener]>([
    ['refuses it', (_request, response) => response.writeHead(410).end()],
    ['ends it', (_request, response) => response.end(line('ERROR', { kind: 'Status', code: 410, reason: 'Expired' }))],
  ])('knows that a version is too old when the server %s', async (_how, given) => {
    answer = given;
    expect(isExpired(await failureOf(source().watch('7', () => undefined, stop.signal)))).toBe(true);
  });

  test('fails where a watch reports that it can’t go on', async () => {
    answer = (_request, response) =>
      response.end(line('ERROR', { kind: 'Status', code: 500, message: 'etcd is away' }));
    const failure = await failureOf(source().watch('7', () => undefined, stop.signal));
    expect(failure).toBeInstanceOf(KubernetesError);
    expect(failure).toMatchObject({ status: 500, explanation: 'etcd is away' });
  });

  test.each<[string, RequestListener]>([
    ['never begins', () => undefined],
    ['says nothing', (_request, response) => void response.write('')],
    ['no longer says anything', (_request, response) => void response.write(line('ADDED', named('a', '8')))],
  ])('gives up a watch that %s', async (_what, given) => {
    answer = given;
    const failure = await failureOf(source(200).watch('7', () => undefined, stop.signal));
    expect(String(failure)).toContain('the watch of awsclusters was silent for 0.2 s');
  });

  test('ends quietly when it is told to', async () => {
    answer = (_request, response) => void response.write(line('ADDED', named('a', '8')));
    await source().watch('7', () => stop.abort(), stop.signal);
  });
});
