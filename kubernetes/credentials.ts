/**
 * Credentials: what proves to an API server who asks, as of the moment of a request.
 *
 * Owns: files, which are read once, and again when they change; tokens, passwords and plugins. Neighbours: `kubeconfig.ts`
 * says whose, `transport.ts` asks before each request, and makes new connections where the identity is another one.
 * Plugins are run by client-node, by that file of it alone; whoever signs in by an `auth-provider` waits for all of it.
 * Invariant: I8 (what is read goes into requests and nowhere else).
 */
import { readFileSync, statSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import type { Cluster } from '@kubernetes/client-node';
import type { TlsIdentity } from './connections.ts';
import type { Asker } from './kubeconfig.ts';
import type { Credentials } from './transport.ts';

/** Reads files: once, and again when they change. A change is seen with the next request. */
const createFiles = (): ((path: string) => Buffer) => {
  const known = new Map<string, { readonly stamp: string; readonly content: Buffer }>();
  return (path) => {
    const { mtimeMs, size, ino } = statSync(path);
    const stamp = `${mtimeMs}/${size}/${ino}`;
    const before = known.get(path);
    if (before?.stamp === stamp) return before.content;
    const content = readFileSync(path);
    known.set(path, { stamp, content });
    return content;
  };
};

/** The same identity for as long as all of its parts are the same, so that nobody need compare keys. */
const createIdentities = (): ((made: TlsIdentity) => TlsIdentity) => {
  let last: TlsIdentity | undefined;
  return (made) => {
    if (last === undefined || last.ca !== made.ca || last.cert !== made.cert || last.key !== made.key) last = made;
    return last;
  };
};

type Added = { readonly cert?: string; readonly key?: string; readonly headers: Readonly<Record<string, string>> };

/** A plugin that runs is waited for by all who ask meanwhile; its answer is kept for as long as it says. */
const pluginOf = (user: Asker): (() => Promise<Added>) => {
  const auth = import('@kubernetes/client-node/dist/exec_auth.js').then(({ ExecAuth }) => new ExecAuth());
  let running: Promise<Added> | undefined;
  const run = async (): Promise<Added> => {
    const options: RequestOptions & { headers: Record<string, string> } = { headers: {} };
    await (await auth).applyAuthentication(user, options);
    const { cert, key, headers } = options;
    return {
      ...(typeof cert === 'string' ? { cert } : {}),
      ...(typeof key === 'string' ? { key } : {}),
      headers,
    };
  };
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
};

/** What only client-node knows: how to renew what a provider of identities gave. */
const providerOf = (user: Asker): (() => Promise<Added>) => {
  const config = import('@kubernetes/client-node').then(({ KubeConfig }) => {
    const made = new KubeConfig();
    made.loadFromClusterAndUser({ name: '', server: 'https://unused', skipTLSVerify: false }, user);
    return made;
  });
  return async () => {
    const options: RequestOptions = {};
    await (await config).applyToHTTPSOptions(options);
    const headers = Object.entries(options.headers ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return { headers: Object.fromEntries(headers) };
  };
};

/** What is there without asking anybody. A name of a user or a token is empty in some files. */
const headersOf = (
  { username, password, token, tokenFile, impersonateUser }: Asker,
  read: (path: string) => Buffer,
): Readonly<Record<string, string>> => {
  // A block of YAML, like a file, ends in a line break, which no header takes.
  const bearer = (tokenFile === undefined ? token : read(tokenFile).toString('utf8'))?.trim();
  return {
    ...(username ? { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` } : {}),
    ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}),
    ...(impersonateUser ? { 'Impersonate-User': impersonateUser } : {}),
  };
};

const addedBy = (user: Asker): (() => Promise<Added>) | undefined => {
  if (user.exec) return pluginOf(user);
  return user.authProvider ? providerOf(user) : undefined;
};

/** Asked before each request. What is written in the kubeconfig wins over a path beside it. */
export const createCredentials = (cluster: Cluster, user: Asker): (() => Promise<Credentials>) => {
  const read = createFiles();
  const same = createIdentities();
  const pem = (data: string | undefined, file: string | undefined): (() => Buffer | undefined) => {
    const written = data ? Buffer.from(data, 'base64') : undefined;
    return () => written ?? (file ? read(file) : undefined);
  };
  const [caOf, certOf, keyOf] = [
    pem(cluster.caData, cluster.caFile),
    pem(user.certData, user.certFile),
    pem(user.keyData, user.keyFile),
  ];
  const fixed: TlsIdentity = {
    ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
    ...(cluster.tlsServerName ? { serverName: cluster.tlsServerName } : {}),
  };
  let ask: (() => Promise<Added>) | undefined;
  return async () => {
    ask ??= addedBy(user) ?? (() => Promise.resolve({ headers: {} }));
    const added = await ask();
    const [ca, cert, key] = [caOf(), added.cert ?? certOf(), added.key ?? keyOf()];
    const tls = same({
      ...fixed,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    return { tls, headers: { ...headersOf(user, read), ...added.headers } };
  };
};
