/**
 * A real Kubernetes API, etcd and kube-apiserver, for one test file: throwaway keys, a loopback address of its own.
 *
 * Owns: starting both, and ending both with nothing left. There are no controllers: namespaces are not emptied and owner
 * references collect nothing.
 */
import 'reflect-metadata';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, randomInt, type webcrypto } from 'node:crypto';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { stringify } from 'yaml';
import { toolsFolder } from './tools.ts';
import { waitFor } from './wait.ts';

export type Answer = { readonly status: number; readonly body: unknown };
export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type ApiServerForTests = {
  /** `https://<address>:<port>`. */
  readonly server: string;
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string;
  /** Content of that file. */
  readonly kubeconfigYaml: string;
  /** PEM of the authority that signed the API server's certificate. */
  readonly certificateAuthority: string;
  /** Bearer token of group system:masters. */
  readonly token: string;
  /** Runs kubectl with all rights; a failure is an answer, not an exception. */
  readonly kubectl: (args: readonly string[], stdin?: string) => Promise<Ran>;
  /** One plain HTTP request with all rights. */
  readonly call: (method: string, path: string, body?: unknown, contentType?: string) => Promise<Answer>;
  /** Applies the files or folders and waits until every CRD in them is served. */
  readonly installCrds: (path: string) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const freePort = (host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error(`no port is free on ${host}`));
        else resolve(address.port);
      });
    });
  });

/** An authority and the API server's certificate under it. */
const makeCertificates = async (host: string) => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const generate = (): Promise<webcrypto.CryptoKeyPair> =>
    crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) };
  const [authorityKeys, keys] = await Promise.all([generate(), generate()]);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: 'CN=test',
    keys: authorityKeys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity,
    subject: 'CN=kube-apiserver',
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: host }]),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { authority: authority.toString('pem'), certificate: certificate.toString('pem'), key };
};

const start = (folder: string, file: string, args: readonly string[]): ChildProcess => {
  const log = openSync(join(folder, `${file.slice(file.lastIndexOf('/') + 1)}.log`), 'a');
  return spawn(file, args, { stdio: ['ignore', log, log], cwd: folder });
};

/** Ends a process that keeps nothing worth keeping. */
const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
};

export const startApiServer = async (options: { readonly bin?: string } = {}): Promise<ApiServerForTests> => {
  const bin = options.bin ?? (await toolsFolder());
  const folder = await mkdtemp(join(tmpdir(), 'slipway-test-api-'));
  const host = `127.${randomInt(128, 250)}.${randomInt(1, 255)}.${randomInt(2, 255)}`;
  const etcdPort = await freePort(host);
  const peerPort = await freePort(host);
  const port = await freePort(host);
  const server = `https://${host}:${port}`;
  const token = randomBytes(24).toString('hex');
  const certificates = await makeCertificates(host);
  const serviceAccount = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const kubeconfigYaml = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: { server, 'certificate-authority-data': Buffer.from(certificates.authority).toString('base64') },
      },
    ],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
  const files: Readonly<Record<string, string>> = {
    'tls.crt': certificates.certificate,
    'tls.key': certificates.key,
    'sa.pub': serviceAccount.publicKey,
    'sa.key': serviceAccount.privateKey,
    'tokens.csv': `${token},test,test,system:masters\n`,
    kubeconfig: kubeconfigYaml,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });

  const etcdUrl = `http://${host}:${etcdPort}`;
  const peerUrl = `http://${host}:${peerPort}`;
  const etcd = start(folder, join(bin, 'etcd'), [
    '--name=test',
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=test=${peerUrl}`,
    // What a test wrote need not survive the computer.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]);
  const apiServer = start(folder, join(bin, 'kube-apiserver'), [
    `--bind-address=${host}`,
    `--advertise-address=${host}`,
    `--secure-port=${port}`,
    '--endpoint-reconciler-type=none',
    `--etcd-servers=${etcdUrl}`,
    `--tls-cert-file=${folder}/tls.crt`,
    `--tls-private-key-file=${folder}/tls.key`,
    `--token-auth-file=${folder}/tokens.csv`,
    '--authorization-mode=RBAC',
    `--service-account-issuer=${server}`,
    `--service-account-key-file=${folder}/sa.pub`,
    `--service-account-signing-key-file=${folder}/sa.key`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--disable-admission-plugins=ServiceAccount',
    '--profiling=false',
  ]);
  const endAll = (): void => {
    for (const child of [apiServer, etcd]) child.kill('SIGKILL');
  };
  process.once('exit', endAll);

  const call: ApiServerForTests['call'] = (method, path, body, contentType = 'application/json') =>
    new Promise((resolve, reject) => {
      const outgoing = request(`${server}${path}`, {
        method,
        ca: certificates.authority,
        agent: false,
        timeout: 10_000,
        headers: { authorization: `Bearer ${token}`, 'content-type': contentType, accept: 'application/json' },
      });
      outgoing.once('error', reject);
      outgoing.once('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer in 10 s`)));
      outgoing.once('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const json = incoming.headers['content-type']?.startsWith('application/json') === true;
          resolve({ status: incoming.statusCode ?? 0, body: json ? JSON.parse(text) : text });
        });
      });
      outgoing.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });

  const kubectl: ApiServerForTests['kubectl'] = (args, stdin) =>
    new Promise((resolve, reject) => {
      const child = execFile(
        join(bin, 'kubectl'),
        ['--kubeconfig', join(folder, 'kubeconfig'), ...args],
        // A home of its own: kubectl caches discovery there, and people's own configuration must not matter.
        { env: { HOME: folder, PATH: process.env['PATH'] }, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          if (error === null) resolve({ code: 0, stdout, stderr });
          else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
          else reject(error);
        },
      );
      child.stdin?.end(stdin ?? '');
    });

  const mustRun = async (args: readonly string[]): Promise<void> => {
    const ran = await kubectl(args);
    if (ran.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`);
  };

  const stop = async (): Promise<void> => {
    process.off('exit', endAll);
    await end(apiServer);
    await end(etcd);
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await waitFor(
      `the API server at ${server} is ready`,
      async () => {
        if (apiServer.exitCode !== null || etcd.exitCode !== null) return 'ended';
        return (await call('GET', '/readyz')).status === 200 ? 'ready' : undefined;
      },
      { timeoutMs: 60_000, intervalMs: 100 },
    );
    if (apiServer.exitCode !== null || etcd.exitCode !== null) throw new Error('etcd or kube-apiserver ended');
  } catch (error) {
    const log = (await readFile(join(folder, 'kube-apiserver.log'), 'utf8')).split('\n').slice(-20).join('\n');
    await stop();
    throw new Error(`The API server at ${server} did not start. Its log ends:\n${log}`, { cause: error });
  }

  return {
    server,
    kubeconfig: join(folder, 'kubeconfig'),
    kubeconfigYaml,
    certificateAuthority: certificates.authority,
    token,
    kubectl,
    call,
    installCrds: async (path) => {
      await mustRun(['apply', '--server-side', '-f', path]);
      await mustRun(['wait', '--for=condition=Established', '--timeout=30s', '-f', path]);
    },
    stop,
  };
};
