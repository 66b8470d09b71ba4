/**
 * A real Kubernetes API, etcd and kube-apiserver, for one test file: throwaway keys, a loopback address of its own.
 *
 * Owns: starting both, and ending both with nothing left. There are no controllers: namespaces are not emptied and owner
 * references collect nothing.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { secureAgent } from '../../kubernetes/connections.ts';
import { send } from '../../kubernetes/http.ts';
import { GO_ENVIRONMENT } from '../../sandbox/garbage.ts';
import { type GivenAuthority, makeServerCertificates } from './certificates.ts';
import { toolsFolder } from './tools.ts';
import { waitFor } from './wait.ts';
import { noting } from './waits.ts';

type Answer = { readonly status: number; readonly body: unknown };
type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

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
  /** Kills kube-apiserver, with every connection to it, and starts it again at the same place. etcd goes on. */
  readonly restart: () => Promise<void>;
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

/** Starts a program; a missing one is an error that names it. */
const start = async (folder: string, file: string, args: readonly string[]): Promise<ChildProcess> => {
  const log = openSync(join(folder, `${basename(file)}.log`), 'a');
  try {
    const child = spawn(file, args, {
      stdio: ['ignore', log, log],
      cwd: folder,
      env: { ...process.env, ...GO_ENVIRONMENT },
    });
    await once(child, 'spawn');
    return child;
  } finally {
    closeSync(log);
  }
};

/** Ends a process that keeps nothing worth keeping. */
const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
};

type Where = { readonly host: string; readonly etcdPort: number; readonly peerPort: number; readonly port: number };

/** A loopback address of its own, so that tests which run at once don't meet. */
const findPlace = async (): Promise<Where> => {
  const host = `127.${randomInt(128, 250)}.${randomInt(1, 255)}.${randomInt(2, 255)}`;
  return { host, etcdPort: await freePort(host), peerPort: await freePort(host), port: await freePort(host) };
};

const etcdArguments = (folder: string, where: Where): readonly string[] => {
  const client = `http://${where.host}:${where.etcdPort}`;
  const peer = `http://${where.host}:${where.peerPort}`;
  return [
    '--name=test',
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=test=${peer}`,
    // What a test wrote need not survive the computer.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
};

const apiServerArguments = (folder: string, where: Where): readonly string[] => [
  `--bind-address=${where.host}`,
  `--advertise-address=${where.host}`,
  `--secure-port=${where.port}`,
  '--endpoint-reconciler-type=none',
  `--etcd-servers=http://${where.host}:${where.etcdPort}`,
  `--tls-cert-file=${folder}/tls.crt`,
  `--tls-private-key-file=${folder}/tls.key`,
  `--token-auth-file=${folder}/tokens.csv`,
  '--authorization-mode=RBAC',
  `--service-account-issuer=https://${where.host}:${where.port}`,
  `--service-account-key-file=${folder}/sa.pub`,
  `--service-account-signing-key-file=${folder}/sa.key`,
  '--service-cluster-ip-range=10.0.0.0/24',
  '--disable-admission-plugins=ServiceAccount',
  '--profiling=false',
];

const kubeconfigOf = (server: string, certificateAuthority: string, token: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: { server, 'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64') },
      },
    ],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });

const callerOf = (server: string, ca: string, token: string): ApiServerForTests['call'] => {
  const agent = secureAgent({ ca });
  return async (method, path, body, contentType = 'application/json') => {
    const answer = await send({
      url: `${server}${path}`,
      method,
      agent,
      timeoutMillis: 60_000,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': contentType,
        accept: 'application/json',
        connection: 'close',
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const json = answer.headers['content-type']?.startsWith('application/json') === true;
    return { status: answer.status, body: json ? JSON.parse(answer.body) : answer.body };
  };
};

const kubectlOf =
  (bin: string, folder: string): ApiServerForTests['kubectl'] =>
  (args, stdin) =>
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

/** The end of a log, or why there is none. */
const tail = (path: string): Promise<string> =>
  readFile(path, 'utf8').then(
    (log) => log.split('\n').slice(-20).join('\n'),
    (error: unknown) => String(error),
  );

export type ApiServerOptions = {
  readonly bin?: string;
  /** Signs the server's certificate, and client certificates under it are accepted. */
  readonly authority?: GivenAuthority;
  /** Names, beside its address, that the server's certificate is for. */
  readonly dnsNames?: readonly string[];
  /** More arguments for kube-apiserver. */
  readonly more?: readonly string[];
};

export const startApiServer = (options: ApiServerOptions = {}): Promise<ApiServerForTests> =>
  noting('starting', 'API server', () => startOn(options));

const startOn = async (options: ApiServerOptions): Promise<ApiServerForTests> => {
  const bin = options.bin ?? (await toolsFolder());
  const folder = await mkdtemp(join(tmpdir(), 'slipway-test-api-'));
  const where = await findPlace();
  const server = `https://${where.host}:${where.port}`;
  const token = randomBytes(24).toString('hex');
  const certificates = await makeServerCertificates(where.host, options.authority, options.dnsNames);
  const serviceAccount = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const kubeconfigYaml = kubeconfigOf(server, certificates.authority, token);
  const files: Readonly<Record<string, string>> = {
    'ca.crt': certificates.authority,
    'tls.crt': certificates.certificate,
    'tls.key': certificates.key,
    'sa.pub': serviceAccount.publicKey,
    'sa.key': serviceAccount.privateKey,
    'tokens.csv': `${token},test,test,system:masters\n`,
    kubeconfig: kubeconfigYaml,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
  const call = callerOf(server, certificates.authority, token);
  const kubectl = kubectlOf(bin, folder);

  let etcd: ChildProcess | undefined;
  let apiServer: ChildProcess | undefined;
  const children = (): readonly ChildProcess[] => [apiServer, etcd].filter((child) => child !== undefined);
  const killAll = (): void => {
    for (const child of children()) child.kill('SIGKILL');
  };
  process.once('exit', killAll);
  const stop = async (): Promise<void> => {
    process.off('exit', killAll);
    for (const child of children()) await end(child);
    await rm(folder, { recursive: true, force: true });
  };

  const startServer = async (): Promise<void> => {
    apiServer = await start(folder, join(bin, 'kube-apiserver'), [
      ...apiServerArguments(folder, where),
      ...(options.authority === undefined ? [] : [`--client-ca-file=${folder}/ca.crt`]),
      ...(options.more ?? []),
    ]);
    const ended = (): boolean => children().some((child) => child.exitCode !== null);
    await waitFor(
      `the API server at ${server} is ready`,
      async () => (ended() || (await call('GET', '/readyz')).status === 200 ? true : undefined),
      { intervalMs: 100 },
    );
    if (ended()) throw new Error('etcd or kube-apiserver ended by itself');
  };

  try {
    etcd = await start(folder, join(bin, 'etcd'), etcdArguments(folder, where));
    await startServer();
  } catch (error) {
    const logs = await Promise.all(['etcd', 'kube-apiserver'].map((name) => tail(join(folder, `${name}.log`))));
    await stop();
    throw new Error(`The API server at ${server} did not start. The logs end:\n${logs.join('\n')}`, { cause: error });
  }

  const mustRun = async (args: readonly string[]): Promise<void> => {
    const ran = await kubectl(args);
    if (ran.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`);
  };
  return {
    server,
    kubeconfig: join(folder, 'kubeconfig'),
    kubeconfigYaml,
    certificateAuthority: certificates.authority,
    token,
    kubectl,
    call,
    restart: async () => {
      if (apiServer !== undefined) await end(apiServer);
      await startServer();
    },
    installCrds: async (path) => {
      await mustRun(['apply', '--server-side', '-f', path]);
      await mustRun(['wait', '--for=condition=Established', '--timeout=10m', '-f', path]);
    },
    stop,
  };
};
