/** What a transport promises, to a server of this process: whom it believes, how long it waits, and what it keeps. */
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, type ServedCertificate, secureAgent, type TlsIdentity } from '../../kubernetes/connections.ts';
import { createTransport, type Transport, type TransportSettings } from '../../kubernetes/transport.ts';
import { makeServerCertificates, type ServerCertificates } from '../support/certificates.ts';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy.ts';
import { waitFor } from '../support/wait.ts';

const HOST = '127.0.0.1';
const NAMES = ['gke-1.slipway.internal', 'api.example'];

let certificates: ServerCertificates;
let server: Server;
let url: string;
let answer: RequestListener;
let sockets: Socket[];
const transports: Transport[] = [];

beforeAll(async () => {
  certificates = await makeServerCertificates(HOST, undefined, NAMES);
});
beforeEach(async () => {
  sockets = [];
  answer = (_request, response) => response.end('{}');
  server = createServer(
    {
      cert: certificates.certificate,
      key: certificates.key,
      ca: certificates.authority,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => answer(request, response),
  );
  server.on('secureConnection', (socket: Socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  url = `https://${HOST}:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await Promise.all(transports.splice(0).map((one) => one.close()));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const identity = (more: Partial<TlsIdentity> = {}): TlsIdentity => ({ ca: certificates.authority, ...more });

const transportWith = (settings: Partial<TransportSettings> & { readonly tls?: TlsIdentity } = {}): Transport => {
  const { tls = identity(), ...more } = settings;
  const made = createTransport({ server: url, credentials: () => Promise.resolve({ tls, headers: {} }), ...more });
  transports.push(made);
  return made;
};

const get = (transport: Transport, path = '/') => transport.send({ method: 'GET', path });

describe('whom a transport believes', () => {
  test('is who has a certificate for the address or the name that is dialled, under the authority that is trusted', async () => {
    expect(await get(transportWith())).toMatchObject({ status: 200, text: '{}' });
    await expect(get(transportWith({ tls: {} }))).rejects.toThrow(/self.signed|unable to verify|issuer/i);
    await expect(get(transportWith({ server: url.replace(HOST, 'localhost') }))).rejects.toThrow(/localhost/);
  });

  test('is who is called as the server is said to be, wherever it is dialled', async () => {
    const elsewhere = url.replace(HOST, 'localhost');
    const [serverName = ''] = NAMES;
    let asked: unknown;
    server.on('secureConnection', (socket: { readonly servername?: unknown }) => {
      asked = socket.servername;
    });
    expect(await get(transportWith({ server: elsewhere, tls: identity({ serverName }) }))).toMatchObject({
      status: 200,
    });
    expect(asked).toBe(serverName);
    const other = transportWith({ server: elsewhere, tls: identity({ serverName: 'other.example' }) });
    await expect(get(other)).rejects.toThrow(/other\.example/);
  });

  test.each([
    [['other.example', 'api.example'], undefined],
    [['other.example'], /other\.example/],
    [[], /no name is accepted/],
  ])('is who has one of the names %j that are accepted, if some are', async (acceptedNames, refusal) => {
    const transport = transportWith({ tls: identity({ acceptedNames }) });
    if (refusal === undefined) expect(await get(transport)).toMatchObject({ status: 200 });
    else await expect(get(transport)).rejects.toThrow(refusal);
  });

  test('shows a certificate, whose dates and addresses are told once it is accepted, and never before', async () => {
    const served: ServedCertificate[] = [];
    const onAccepted = (one: ServedCertificate) => void served.push(one);
    await get(transportWith({ tls: identity({ onAccepted }) }));
    await get(transportWith({ tls: identity({ acceptedNames: [...NAMES], onAccepted }) }));
    expect(served).toHaveLength(2);
    for (const { addresses, notBefore, notAfter } of served) {
      expect(addresses).toContain(HOST);
      expect(notBefore).toBeLessThan(Date.now());
      expect(notAfter).toBeGreaterThan(Date.now());
    }
    await expect(get(transportWith({ tls: identity({ acceptedNames: ['other'], onAccepted }) }))).rejects.toThrow();
    expect(served).toHaveLength(2);
  });

  test('is nobody else because a variable of the environment says so', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await expect(get(transportWith({ tls: {} }))).rejects.toThrow();
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(await get(transportWith({ tls: { rejectUnauthorized: false } }))).toMatchObject({ status: 200 });
  });
});

describe('a connection', () => {
  test('is kept for the next request, unless that is to be the last over it', async () => {
    const transport = transportWith();
    await get(transport);
    await get(transport);
    expect(sockets).toHaveLength(1);
    await transport.send({ method: 'GET', path: '/', last: true });
    await get(transport);
    expect(sockets).toHaveLength(2);
  });

  test('ends when it was idle for too long', async () => {
    await get(transportWith({ connections: { idleMs: 50 } }));
    await waitFor('the idle connection to end', () => Promise.resolve(sockets[0]?.destroyed || undefined));
  });

  test('that carries what goes on and on does not end because that is quiet', async () => {
    answer = (_request, response) => {
      response.write('first\n');
      setTimeout(() => response.end('last\nno line'), 300);
    };
    const stream = await transportWith({ connections: { idleMs: 50 } }).stream({ method: 'GET', path: '/' });
    if (!('lines' in stream)) throw new Error('a stream was refused');
    const lines: string[] = [];
    for await (const line of stream.lines) lines.push(line);
    expect(lines).toEqual(['first', 'last']);
  });

  test('is another once the credentials are, and requests under way are answered on the one before', async () => {
    const held: (() => void)[] = [];
    answer = (request, response) => {
      if (request.url === '/held') held.push(() => response.end('held'));
      else response.end('now');
    };
    let tls = identity();
    const transport = transportWith({ credentials: () => Promise.resolve({ tls, headers: {} }) });
    const before = get(transport, '/held');
    await waitFor('the request to arrive', () => Promise.resolve(held[0]));
    // The same in other words is no change.
    tls = identity();
    await get(transport);
    tls = identity({ cert: certificates.certificate, key: certificates.key });
    expect(await get(transport)).toMatchObject({ text: 'now' });
    held.forEach((release) => release());
    expect(await before).toMatchObject({ text: 'held' });
    expect(sockets).toHaveLength(3);
  });

  test('has a name without the key that it was made with, and so has its identity', async () => {
    const agent = secureAgent(identity({ cert: certificates.certificate, key: certificates.key }));
    expect(agent.getName({ host: HOST, port: 443, key: certificates.key } as never)).toBe(`${HOST}:443`);
    agent.destroy();
    expect(digestOf(identity({ key: certificates.key }))).toMatch(/^[0-9a-f]{64}$/);
    expect(digestOf(identity({ serverName: 'a' }))).not.toBe(digestOf(identity({ acceptedNames: ['a'] })));
  });
});

describe('what a transport waits for', () => {
  test.each([
    ['the head', () => undefined, 100, 'did not answer within 100 ms'],
    [
      'the end',
      (response: { write: (text: string) => void }) => response.write('{'),
      // The head comes within it on any computer.
      3_000,
      'did not finish its answer within 3000 ms',
    ],
  ])('is %s of an answer, for as long as its deadline', async (_what, write, deadlineMs, message) => {
    answer = (_request, response) => {
      write(response);
    };
    await expect(get(transportWith({ deadlineMs }))).rejects.toThrow(`${url} ${message}`);
  });

  test('is no connection that does not come about', async () => {
    // It takes connections, and never says a word of TLS.
    const silent = createSocketServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, HOST, resolve));
    const { port } = silent.address() as AddressInfo;
    const giveUp = new AbortController();
    const asked = transportWith({ server: `https://${HOST}:${port}` }).send({
      method: 'GET',
      path: '/',
      signal: giveUp.signal,
    });
    giveUp.abort(new Error('no longer wanted'));
    await expect(asked).rejects.toThrow('no longer wanted');
    silent.close();
  });

  test('is no plugin that asks a person, once nobody wants the answer', async () => {
    const transport = transportWith({ credentials: () => new Promise(() => undefined) });
    const asked = transport.send({ method: 'GET', path: '/', signal: AbortSignal.abort(new Error('gone home')) });
    await expect(asked).rejects.toThrow('gone home');
  });

  test('is what was called off neither with a body under way, and the reason is told', async () => {
    const giveUp = new AbortController();
    answer = (_request, response) => {
      response.write('{');
      giveUp.abort(new Error('cancelled'));
    };
    const asked = transportWith().send({ method: 'GET', path: '/', signal: giveUp.signal });
    await expect(asked).rejects.toThrow('cancelled');
  });
});

describe('a request', () => {
  test('says who asks, what it takes and what it brings', async () => {
    const seen: Record<string, unknown>[] = [];
    answer = (request, response) => {
      request.resume();
      seen.push({ ...request.headers, method: request.method, url: request.url });
      response.setHeader('retry-after', '7');
      response.statusCode = 429;
      response.end('busy');
    };
    const transport = transportWith({
      userAgent: 'slipway-test',
      credentials: () => Promise.resolve({ tls: identity(), headers: { Authorization: 'Bearer secret' } }),
    });
    const patch = {
      method: 'PATCH',
      path: '/a?b=c',
      body: { ü: 1 },
      contentType: 'application/merge-patch+json',
    } as const;
    expect(await transport.send(patch)).toEqual({ status: 429, text: 'busy', retryAfter: '7' });
    expect(seen[0]).toMatchObject({
      method: 'PATCH',
      url: '/a?b=c',
      'user-agent': 'slipway-test',
      authorization: 'Bearer secret',
      accept: 'application/json',
      'content-type': 'application/merge-patch+json',
      'content-length': '8',
    });
  });

  test('is known to who stands around it by method and path alone', async () => {
    const seen: unknown[] = [];
    const transport = transportWith({
      around: (request, send) => {
        seen.push(request);
        return send();
      },
    });
    await transport.send({ method: 'GET', path: '/api/v1/secrets?labelSelector=a', body: { secret: 1 } });
    expect(seen).toEqual([{ method: 'GET', path: '/api/v1/secrets' }]);
  });
});

describe('through a proxy', () => {
  let proxy: ConnectProxy;
  beforeEach(async () => {
    proxy = await startConnectProxy({ 'api.example:443': new URL(url).host });
  });
  afterEach(() => proxy.close());

  test('a server is believed as it would be without', async () => {
    const through = { server: 'https://api.example', proxy: proxy.url };
    expect(await get(transportWith(through))).toMatchObject({ status: 200 });
    await expect(get(transportWith({ ...through, tls: {} }))).rejects.toThrow();
    const called = identity({ serverName: 'other.example' });
    await expect(get(transportWith({ ...through, tls: called }))).rejects.toThrow(/other\.example/);
    expect(proxy.targets).toEqual(['api.example:443', 'api.example:443', 'api.example:443']);
  });

  test('a server at an address is, too', async () => {
    expect(await get(transportWith({ proxy: proxy.url }))).toMatchObject({ status: 200 });
    expect(proxy.targets).toEqual([new URL(url).host]);
  });

  test('a server without TLS is reached', async () => {
    const plain = createPlainServer((_request, response) => response.end('plain'));
    await new Promise<void>((resolve) => plain.listen(0, HOST, resolve));
    const { port } = plain.address() as AddressInfo;
    expect(await get(transportWith({ server: `http://${HOST}:${port}`, proxy: proxy.url }))).toMatchObject({
      text: 'plain',
    });
    plain.closeAllConnections();
    plain.close();
  });
});
