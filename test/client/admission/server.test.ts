/** The webhook's server: who gets an answer, and what it proves itself with after its certificate was renewed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createJudge } from '../../../client/admission/judge.ts';
import { type AdmissionServer, startServer } from '../../../client/admission/server.ts';
import { makeServerCertificates, type ServerCertificates } from '../../support/certificates.ts';
import { waitFor } from '../../support/wait.ts';
import { CATALOGUE, createCluster, holding } from './asked.ts';
import { reviewOf } from './generated.ts';

const HOST = '127.0.0.1';
const LOOK_MS = 50;
const judge = createJudge({ others: holding(), exempt: new Set(), catalogue: CATALOGUE });

type Said = { readonly level: string; readonly message: string };
type Got = { readonly status: number; readonly body: string; readonly fingerprint: string };

let folder: string;
let pair: ServerCertificates;
let server: AdmissionServer | undefined;
let said: Said[];

const path = (name: string): string => join(folder, name);
const write = async (made: ServerCertificates): Promise<void> => {
  await writeFile(path('tls.crt'), made.certificate);
  await writeFile(path('tls.key'), made.key);
};

const start = async (clientAuthority?: string): Promise<void> => {
  const saying =
    (level: string) =>
    (_fields: unknown, message = String(_fields)): void =>
      void said.push({ level, message });
  server = await startServer({
    host: HOST,
    port: 0,
    files: {
      certificate: path('tls.crt'),
      key: path('tls.key'),
      ...(clientAuthority === undefined ? {} : { clientAuthority }),
    },
    judge,
    log: { info: saying('info'), warn: saying('warn'), error: saying('error') },
    lookMs: LOOK_MS,
  });
};

/** One request on a connection of its own. */
const send = (
  options: { readonly method?: string; readonly path: string; readonly body?: string },
  identity?: ServerCertificates,
): Promise<Got> =>
  new Promise((resolve, reject) => {
    const outgoing = request({
      host: HOST,
      port: server?.port,
      method: options.method ?? 'GET',
      path: options.path,
      // Who answers is read from its certificate: an authority of every renewal would have to be trusted otherwise.
      rejectUnauthorized: false,
      agent: false,
      ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const { fingerprint256: fingerprint } = (incoming.socket as TLSSocket).getPeerCertificate();
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString(), fingerprint }),
      );
    });
    outgoing.end(options.body);
  });

const validate = (body: string, identity?: ServerCertificates) =>
  send({ method: 'POST', path: '/validate', body }, identity);
const REVIEW = JSON.stringify(reviewOf(createCluster({ controlPlane: { version: '1.99.0-gke.1' } })));

beforeEach(async () => {
  said = [];
  folder = await mkdtemp(join(tmpdir(), 'slipway-admission-'));
  pair = await makeServerCertificates(HOST);
  await write(pair);
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

describe('the server', () => {
  test('answers a review, and logs whom it refused what, and why', async () => {
    await start();
    const { status, body } = await validate(REVIEW);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ response: { allowed: false, status: { code: 422 } } });
    expect(said).toContainEqual({ level: 'info', message: 'Refused' });
  });

  test('keeps a connection for longer than an API server does, which would review over it as it is closed', async () => {
    await start();
    const agent = new Agent({ keepAlive: true });
    const keeps = await new Promise<unknown>((resolve, reject) => {
      const outgoing = request({ host: HOST, port: server?.port, path: '/healthz', agent, rejectUnauthorized: false });
      outgoing.once('error', reject);
      outgoing.once('response', (incoming) => {
        incoming.resume();
        incoming.once('end', () => resolve(incoming.headers['keep-alive']));
      });
      outgoing.end();
    });
    agent.destroy();
    expect(Number(/^timeout=(\d+)/.exec(String(keeps))?.[1])).toBeGreaterThan(90);
  });

  test('answers probes, and nothing else', async () => {
    await start();
    expect(await send({ path: '/healthz' })).toMatchObject({ status: 200, body: 'ok' });
    expect((await send({ path: '/validate' })).status).toBe(404);
    expect((await send({ method: 'POST', path: '/', body: REVIEW })).status).toBe(404);
  });

  test('says what it could not judge as an error, for the API server to decide', async () => {
    await start();
    expect(await validate('{')).toMatchObject({ status: 400, body: expect.stringContaining('the body is not JSON') });
    expect((await validate('x'.repeat(9 << 20))).status).toBe(413);
  });

  test('asks for a certificate where an authority is given, but not of a probe', async () => {
    const trusted = await makeServerCertificates(HOST);
    await writeFile(path('clients.crt'), trusted.authority);
    await start(path('clients.crt'));
    expect((await validate(REVIEW)).status).toBe(401);
    expect((await validate(REVIEW, await makeServerCertificates(HOST))).status).toBe(401);
    expect((await send({ path: '/healthz' })).status).toBe(200);
    expect((await validate(REVIEW, trusted)).status).toBe(200);
  });
});

describe('a certificate', () => {
  test('that is renewed serves the next connection; half of it does not', async () => {
    await start();
    const before = (await send({ path: '/healthz' })).fingerprint;
    const renewed = await makeServerCertificates(HOST);
    await writeFile(path('tls.crt'), renewed.certificate);
    await waitFor('the half of a pair to be noticed', () =>
      Promise.resolve(said.some(({ level }) => level === 'warn') ? true : undefined),
    );
    expect((await send({ path: '/healthz' })).fingerprint).toBe(before);
    await writeFile(path('tls.key'), renewed.key);
    const after = await waitFor('the renewed certificate to serve', async () => {
      const { fingerprint } = await send({ path: '/healthz' });
      return fingerprint === before ? undefined : fingerprint;
    });
    expect(after).not.toBe(before);
  });

  test('that cannot be used keeps the server from starting, and the files are named', async () => {
    await writeFile(path('tls.key'), (await makeServerCertificates(HOST)).key);
    await expect(start()).rejects.toThrow(path('tls.crt'));
    await rm(path('tls.key'));
    await expect(start()).rejects.toThrow('SLIPWAY_ADMISSION_KEY');
  });
});
