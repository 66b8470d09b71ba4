/**
 * Plain access: the way to an API server out of kubeconfigs as most people have them, read without all of client-node.
 *
 * Owns: merging files as kubectl does, and which credentials are plain: certificates, tokens, names with passwords and exec
 * plugins. Of anything else (in a cluster, a proxy, an `auth-provider`, a file or a context that is not there) it says that
 * there is none, and never what is wrong: `api-server.ts` does that. Neighbours: `api-reader.ts` asks; two files of
 * client-node read entries and run plugins, as everywhere. Its index would load a thousand models.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { Cluster, Context, User } from '@kubernetes/client-node';
import { newClusters, newContexts, newUsers } from '@kubernetes/client-node/dist/config_types.js';
import { load } from 'js-yaml';
import type { ClientConfiguration } from './configuration.ts';

/** TLS and headers of a request. */
type Credentials = Omit<RequestOptions, 'headers'> & { readonly headers: OutgoingHttpHeaders };

export type PlainAccess = {
  /** URL without a trailing slash. */
  readonly url: string;
  /** Name of the context, for messages. */
  readonly context: string;
  readonly namespace: string;
  /** An exec plugin is run once, however often this is called. */
  readonly credentials: () => Promise<Credentials>;
};

type Location = Pick<ClientConfiguration, 'kubeconfig' | 'context'>;

/** Relative paths in a kubeconfig are so from its folder. */
type In<Entry> = Entry & { readonly folder: string };

type Kubeconfig = {
  readonly current: string | undefined;
  readonly clusters: readonly In<Cluster>[];
  readonly contexts: readonly Context[];
  readonly users: readonly In<User>[];
};

const readOne = (file: string): Kubeconfig => {
  const raw = load(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
  const current = raw['current-context'];
  const folder = dirname(file);
  return {
    current: typeof current === 'string' && current !== '' ? current : undefined,
    clusters: newClusters(raw['clusters']).map((one) => ({ ...one, folder })),
    contexts: newContexts(raw['contexts']),
    users: newUsers(raw['users']).map((one) => ({ ...one, folder })),
  };
};

/** Of several files the first that says something wins, and those that aren't there are passed over. */
const merged = (list: string): Kubeconfig => {
  const files = list.split(delimiter).filter((path) => path !== '');
  const found = (files.length > 1 ? files.filter((path) => existsSync(path)) : files).map(readOne);
  return {
    current: found.find(({ current }) => current !== undefined)?.current,
    clusters: found.flatMap(({ clusters }) => clusters),
    contexts: found.flatMap(({ contexts }) => contexts),
    users: found.flatMap(({ users }) => users),
  };
};

/** What is written beside a path wins over it. */
const pem = (data: string | undefined, file: string | undefined, folder: string): Buffer | undefined => {
  if (data) return Buffer.from(data, 'base64');
  return file ? readFileSync(resolve(folder, file)) : undefined;
};

const headersFor = ({ username, password, token, impersonateUser }: User): Readonly<Record<string, string>> => ({
  ...(username ? { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` } : {}),
  ...(token ? { Authorization: `Bearer ${token}` } : {}),
  ...(impersonateUser ? { 'Impersonate-User': impersonateUser } : {}),
});

const credentialsFor = async (cluster: In<Cluster>, user: In<User>): Promise<Credentials> => {
  const credentials: Credentials = {
    ca: pem(cluster.caData, cluster.caFile, cluster.folder),
    cert: pem(user.certData, user.certFile, user.folder),
    key: pem(user.keyData, user.keyFile, user.folder),
    ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
    ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
    headers: { ...headersFor(user) },
  };
  if (user.exec) {
    const { ExecAuth } = await import('@kubernetes/client-node/dist/exec_auth.js');
    await new ExecAuth().applyAuthentication(user, credentials);
  }
  return credentials;
};

const isPlain = ({ server, skipTLSVerify, proxyUrl }: Cluster, { authProvider }: User): boolean =>
  !proxyUrl && !authProvider && (server.startsWith('https://') || (skipTLSVerify && server.startsWith('http://')));

const accessIn = (config: Kubeconfig, chosen: string | undefined): PlainAccess | undefined => {
  const context = config.contexts.find(({ name }) => name === (chosen ?? config.current));
  const cluster = config.clusters.find(({ name }) => name === context?.cluster);
  const user = config.users.find(({ name }) => name === context?.user);
  if (context === undefined || cluster === undefined || user === undefined || !isPlain(cluster, user)) return undefined;
  let made: Promise<Credentials> | undefined;
  return {
    url: cluster.server.replace(/\/+$/, ''),
    context: context.name,
    namespace: context.namespace ?? 'default',
    credentials: () => {
      made ??= credentialsFor(cluster, user);
      return made;
    },
  };
};

/** The way that the kubeconfig says, if it is a plain one. Without a location it is where kubectl would look. */
export const plainAccess = (
  { kubeconfig, context }: Location,
  environment: NodeJS.ProcessEnv = process.env,
): PlainAccess | undefined => {
  const list = kubeconfig ?? (environment['KUBECONFIG'] || join(environment['HOME'] ?? homedir(), '.kube', 'config'));
  try {
    return accessIn(merged(list), context);
  } catch {
    // Not there, or no kubeconfig: said by who reads it with all its rules.
    return undefined;
  }
};
