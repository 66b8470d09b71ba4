/** A replica that is asked at its own address, played by a server of this process: with which certificates, and what counts as no answer. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { askReplica, holdsMember } from '../../../sandbox/replicas/door.ts';
import { makeServerCertificates, type ServerCertificates } from '../../support/certificates.ts';

/** Beyond the networks of sandboxes. */
const ADDRESS = '127.251.0.1';
const REPLICA = { instance: 'i-0', address: ADDRESS };
const VERSION = { of: 'API server', path: '/version' } as const;

let home: string;
let certificates: ServerCertificates;
let server: Server;
let answer: RequestListener;

const writePki = async (authority: string, client: string): Promise<void> => {
  const folder = join(home, 'instances/i-0/run/pki');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${authority}.crt`), certificates.authority);
  await writeFile(join(folder, `${client}.crt`), certificates.certificate);
  await writeFile(join(folder, `${client}.key`), certificates.key);
};

const listen = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, ADDRESS, resolve);
  });

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'slipway-door-'));
  certificates = await makeServerCertificates(ADDRESS);
  const { authority: ca, certificate: cert, key } = certificates;
  answer = (_request, response) => response.end('{"gitVersion":"v1.37.2"}');
  server = createServer({ ca, cert, key, requestCert: true }, (request, response) => answer(request, response));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(home, { recursive: true, force: true });
});

describe('a replica', () => {
  test('is asked with the certificates of its own machine', async () => {
    await writePki('root-ca', 'kube-controller-manager-client');
    const asked: unknown[] = [];
    answer = (request, response) => {
      asked.push([request.url, (request.socket as TLSSocket).authorized]);
      response.end('{"gitVersion":"v1.37.2"}');
    };
    await listen(6443);
    expect(await askReplica(home, REPLICA, VERSION)).toEqual({ gitVersion: 'v1.37.2' });
    expect(asked).toEqual([['/version', true]]);
  });

  test('has a member of etcd on another port, which takes others, and is sent what it is asked for', async () => {
    await writePki('etcd-ca', 'agent-etcd-client');
    const said: string[] = [];
    answer = (request, response) => {
      said.push(`${request.method} ${request.url}`);
      request.on('data', (chunk: Buffer) => said.push(chunk.toString('utf8')));
      request.on('end', () => response.end('{"members":[]}'));
    };
    await listen(2379);
    const question = { of: 'etcd', path: '/v3/cluster/member/list', body: { linearizable: true } } as const;
    expect(await askReplica(home, REPLICA, question)).toEqual({ members: [] });
    expect(said).toEqual(['POST /v3/cluster/member/list', '{"linearizable":true}']);
  });

  test('that nobody listens for does not answer', async () => {
    await writePki('root-ca', 'kube-controller-manager-client');
    expect(await askReplica(home, REPLICA, VERSION)).toBeUndefined();
  });

  test('whose machine has no certificates yet does not answer', async () => {
    await listen(6443);
    expect(await askReplica(home, REPLICA, VERSION)).toBeUndefined();
  });

  test.each<[string, RequestListener]>([
    ['says that it can not', (_request, response) => response.writeHead(503).end('{}')],
    ['does not know whoever asks yet', (_request, response) => response.writeHead(403).end('{}')],
    ['ends meanwhile', (_request, response) => void response.socket?.destroy()],
  ])('that %s does not answer', async (_what, refusing) => {
    await writePki('root-ca', 'kube-controller-manager-client');
    answer = refusing;
    await listen(6443);
    expect(await askReplica(home, REPLICA, VERSION)).toBeUndefined();
  });

  test('that is somebody else is an error, and no silence', async () => {
    await writePki('root-ca', 'kube-controller-manager-client');
    const { authority } = await makeServerCertificates(ADDRESS);
    await writeFile(join(home, 'instances/i-0/run/pki/root-ca.crt'), authority);
    await listen(6443);
    await expect(askReplica(home, REPLICA, VERSION)).rejects.toThrow(/certificate|signature/);
  });
});

describe('a volume', () => {
  const diskOf = (volume: string, ...path: readonly string[]) => join(home, 'volumes', volume, ...path);

  test('holds a member where etcd would go on from its write-ahead log', async () => {
    await mkdir(diskOf('vol-0', 'etcd/member/wal'), { recursive: true });
    expect(await holdsMember(home, 'vol-0')).toBe(false);
    await writeFile(diskOf('vol-0', 'etcd/member/wal/0-0.wal'), '');
    expect(await holdsMember(home, 'vol-0')).toBe(true);
  });

  test('that nobody ever had holds none', async () => {
    expect(await holdsMember(home, 'vol-1')).toBe(false);
  });
});
