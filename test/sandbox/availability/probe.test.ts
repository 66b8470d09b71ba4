/** What a probe notices of a server that refuses, resets or says that it is shutting down; and by which protocol it asks. */
import { once } from 'node:events';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { figuresTable } from '../../../sandbox/availability/figures.ts';
import { type Probe, startProbe } from '../../../sandbox/availability/probe.ts';
import { makeServerCertificates } from '../../support/certificates.ts';
import { startConnectProxy } from '../../support/connect-proxy.ts';
import { waitFor } from '../../support/wait.ts';

type Behaviour = 'answers' | 'resets' | 'refuses with 429';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** An API server that does as it is told, for so many requests or for good, and how it was asked. */
const serverThat = async () => {
  const { authority, certificate, key } = await makeServerCertificates('127.0.0.1', undefined, ['api.test']);
  const asked: string[] = [];
  const connections = new Set<{ destroy: () => void }>();
  const told: { behaviour: Behaviour; times: number } = { behaviour: 'answers', times: 0 };
  const answer = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    asked.push(`${request.method} h${request.httpVersionMajor} ${request.url.split('?')[0]}`);
    if (told.times > 0) {
      told.times -= 1;
      if (told.behaviour === 'resets')
        return request.stream === undefined ? void request.socket.destroy() : end(request);
      if (told.behaviour === 'refuses with 429') {
        response.writeHead(429, { 'retry-after': '1' });
        return void response.end('shutting down');
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    if (request.url.includes('watch=1')) return void response.write('{"type":"BOOKMARK"}\n');
    response.end('{}');
  };
  const server = createSecureServer({ cert: certificate, key, allowHTTP1: true }, answer);
  server.on('secureConnection', (socket) => {
    connections.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => connections.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = await startConnectProxy({ 'api.test:443': `127.0.0.1:${port}` });
  const breakAll = (): void => {
    for (const socket of connections) socket.destroy();
  };
  closing.push(proxy.close, () => {
    breakAll();
    server.close();
  });
  const access = {
    server: 'https://api.test',
    serverName: 'api.test',
    proxy: proxy.url,
    certificateAuthority: authority,
    certificate,
    key,
  };
  return { asked, access, told, breakAll, stop: () => void server.close() };
};

/** On HTTP/2 the whole connection breaks, as with a server that dies. */
const end = (request: Http2ServerRequest): void => request.stream.session?.destroy();

const probing = async (patienceMs = 2_000) => {
  const server = await serverThat();
  const probe = startProbe(server.access, { everyMs: 10, patienceMs });
  closing.push(probe.end);
  await untilAll(probe);
  return { ...server, probe };
};

const untilAll = (probe: Probe): Promise<true> => {
  const from = probe.record().sent;
  return waitFor('each user to have asked some more', async () => {
    const { sent } = probe.record();
    return (
      ((['read', 'write', 'h1', 'h2'] as const).every((user) => sent[user] > from[user] + 3) && sent.watch > 0) ||
      undefined
    );
  });
};

describe('a probe of a server that serves', () => {
  test('asks anew and over kept connections, by either protocol, writes, and watches', async () => {
    const { asked, probe } = await probing();
    const kinds = new Set(asked);
    expect(kinds).toEqual(
      new Set([
        'GET h1 /api/v1/namespaces',
        'GET h2 /api/v1/namespaces',
        'PATCH h1 /api/v1/namespaces/default/configmaps/slipway-availability-probe',
      ]),
    );
    expect(probe.record().felt).toEqual([]);
    await probe.end();
    expect(asked.at(-1)).toBe('DELETE h1 /api/v1/namespaces/default/configmaps/slipway-availability-probe');
  });

  test('counts what was seen since it was asked to', async () => {
    const { probe } = await probing();
    const before = probe.record();
    await untilAll(probe);
    const all = probe.figures();
    const later = probe.figures(before);
    expect(later.read.sent).toBeGreaterThan(0);
    expect(later.read.sent).toBeLessThan(all.read.sent);
    expect(later).toMatchObject({ breaks: 0, longestGapMs: 0 });
  });
});

describe('a probe of a server in trouble', () => {
  test.each<Behaviour>(['resets', 'refuses with 429'])(
    'that %s feels it, and says that a retry cured it',
    async (behaviour) => {
      const { told, probe } = await probing();
      Object.assign(told, { behaviour, times: 1 });
      const [felt] = await waitFor('a failure', async () => {
        const all = probe.record().felt;
        return all.length > 0 ? all : undefined;
      });
      expect(felt).toMatchObject({ cured: true });
      if (behaviour === 'refuses with 429') expect(felt).toMatchObject({ what: 'Error: status 429', retryAfter: '1' });
    },
  );

  test('that refuses twice in a row says that no retry cured it', async () => {
    const { told, probe } = await probing();
    Object.assign(told, { behaviour: 'refuses with 429', times: 1_000 });
    await waitFor('a failure that stays', async () => probe.record().felt.some(({ cured }) => !cured) || undefined);
    told.times = 0;
    const { read, write, h1, h2 } = probe.figures();
    expect([read, write, h1, h2].reduce((sum, { uncured }) => sum + uncured, 0)).toBeGreaterThan(0);
  });

  test('that ends its connections begins its watch again, which is no failure', async () => {
    const { breakAll, probe } = await probing();
    breakAll();
    await waitFor('another watch', async () => probe.record().sent.watch > 1 || undefined);
    const { breaks, watch } = probe.figures();
    expect(breaks).toBe(1);
    expect(watch.failed).toBe(0);
  });

  test('that is gone feels all of it', async () => {
    const { breakAll, stop, probe } = await probing(500);
    const before = probe.record();
    stop();
    breakAll();
    await waitFor('each user to fail', async () => {
      const { read, write, h1, h2, watch } = probe.figures(before);
      return [read, write, h1, h2, watch].every(({ uncured }) => uncured > 0) || undefined;
    });
  });
});

test('figures read as a table, with what no retry cured', () => {
  const count = { sent: 248, failed: 0, uncured: 0 };
  const figures = { read: count, write: { sent: 162, failed: 11, uncured: 6 }, h2: count, h1: count, watch: count };
  expect(
    figuresTable([
      ['replica 0', { ...figures, breaks: 1, longestGapMs: 90 }],
      ['replica 1', { ...figures, breaks: 2, longestGapMs: 1_240 }],
      ['replica 2', { ...figures, breaks: 0, longestGapMs: 0 }],
    ]).slice(2),
  ).toEqual([
    '| replica 0 | 0/248 | 11/162 (6 not cured by a retry) | 0/248 | 0/248 | 1, 90 ms |',
    '| replica 1 | 0/248 | 11/162 (6 not cured by a retry) | 0/248 | 0/248 | 2, 1.2 s |',
    '| replica 2 | 0/248 | 11/162 (6 not cured by a retry) | 0/248 | 0/248 | 0 |',
  ]);
});
