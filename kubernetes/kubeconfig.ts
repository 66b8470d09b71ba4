/**
 * Kubeconfig: which API server is meant, and who asks, out of kubeconfig files or a Pod's service account.
 *
 * Owns: merging files as kubectl does, the choice of a context, and what can be wrong with it. Neighbours: `credentials.ts`
 * makes of a user what a request needs, `access.ts` a way to the server. Entries are read by client-node, by that file of it
 * alone: its index would load a thousand models, which takes most of a second.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import type { Cluster, Context, User } from '@kubernetes/client-node';
import { newClusters, newContexts, newUsers } from '@kubernetes/client-node/dist/config_types.js';
import { load } from 'js-yaml';
import { defaultKubeconfig, kubeconfigFiles } from './kubeconfig-paths.ts';

export type Location = {
  /** A file, or several as in `KUBECONFIG`; undefined means where kubectl would look. */
  readonly kubeconfig?: string;
  /** The context in it; undefined means its current one. */
  readonly context?: string;
};

/** Who asks. client-node knows no file with a token that is replaced while a process runs. */
export type Asker = User & { readonly tokenFile?: string };

export type Chosen = {
  readonly kind: 'chosen';
  /** Name of the context, for messages. */
  readonly context: string;
  readonly namespace: string;
  readonly cluster: Cluster;
  readonly user: Asker;
};

export type NotChosen =
  | { readonly kind: 'no such context'; readonly context: string; readonly known: readonly string[] }
  | { readonly kind: 'no current context' }
  | { readonly kind: 'nothing there' };

type Environment = Readonly<Record<string, string | undefined>>;

type Kubeconfig = {
  readonly current: string | undefined;
  readonly clusters: readonly Cluster[];
  readonly contexts: readonly Context[];
  readonly users: readonly Asker[];
};

type Raw = Readonly<Record<string, unknown>>;

/** Relative paths are so from the kubeconfig's folder. */
const within = (folder: string, path: string | undefined): string | undefined =>
  path ? resolve(folder, path) : undefined;

const tokenFileOf = (users: unknown, name: string): string | undefined => {
  const entries = (Array.isArray(users) ? users : []) as readonly { readonly name?: string; readonly user?: Raw }[];
  const file = entries.find((one) => one.name === name)?.user?.['tokenFile'];
  return typeof file === 'string' ? file : undefined;
};

/** An empty file says nothing, as kubectl takes it: `touch` makes one, and whoever is waited for may not have written yet. */
const rawIn = (text: string): Raw => {
  const isEmpty = text.replaceAll(/^\s*#.*$/gm, '').trim() === '';
  const raw = isEmpty ? undefined : load(text);
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as Raw) : {};
};

const readOne = (file: string): Kubeconfig => {
  const raw = rawIn(readFileSync(file, 'utf8'));
  const folder = dirname(file);
  const current = raw['current-context'];
  return {
    current: typeof current === 'string' && current !== '' ? current : undefined,
    contexts: newContexts(raw['contexts']),
    clusters: newClusters(raw['clusters']).map((one) => {
      const caFile = within(folder, one.caFile);
      return { ...one, ...(caFile === undefined ? {} : { caFile }) };
    }),
    users: newUsers(raw['users']).map((one) => {
      const [certFile, keyFile] = [within(folder, one.certFile), within(folder, one.keyFile)];
      const tokenFile = within(folder, tokenFileOf(raw['users'], one.name));
      return {
        ...one,
        ...(certFile === undefined ? {} : { certFile }),
        ...(keyFile === undefined ? {} : { keyFile }),
        ...(tokenFile === undefined ? {} : { tokenFile }),
      };
    }),
  };
};

/** Of several files the first that says something wins. */
const merged = (list: string): Kubeconfig => {
  const found = kubeconfigFiles(list).map(readOne);
  return {
    current: found.find(({ current }) => current !== undefined)?.current,
    clusters: found.flatMap(({ clusters }) => clusters),
    contexts: found.flatMap(({ contexts }) => contexts),
    users: found.flatMap(({ users }) => users),
  };
};

const chooseIn = (config: Kubeconfig, wanted: string | undefined): Chosen | NotChosen => {
  const context = config.contexts.find(({ name }) => name === (wanted ?? config.current));
  if (context === undefined && wanted !== undefined) {
    return { kind: 'no such context', context: wanted, known: config.contexts.map(({ name }) => name) };
  }
  const cluster = config.clusters.find(({ name }) => name === context?.cluster);
  if (context === undefined || cluster === undefined) return { kind: 'no current context' };
  return {
    kind: 'chosen',
    context: context.name,
    namespace: context.namespace ?? 'default',
    cluster: { ...cluster, server: cluster.server.replace(/\/+$/, '') },
    // Who isn't described asks as nobody.
    user: config.users.find(({ name }) => name === context.user) ?? { name: context.user },
  };
};

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What every Pod has that may ask at all. */
const inCluster = (environment: Environment, folder: string): Chosen | undefined => {
  const [host, port] = [environment['KUBERNETES_SERVICE_HOST'], environment['KUBERNETES_SERVICE_PORT']];
  const tokenFile = `${folder}/token`;
  if (!host || !port || !existsSync(tokenFile)) return undefined;
  const namespaceFile = `${folder}/namespace`;
  return {
    kind: 'chosen',
    context: 'inClusterContext',
    namespace: existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : 'default',
    cluster: {
      name: 'inCluster',
      server: `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
      caFile: `${folder}/ca.crt`,
      skipTLSVerify: false,
    },
    user: { name: 'inClusterUser', tokenFile },
  };
};

/** What a location leads to, as for kubectl; where nobody says and no file is there, a Pod's service account. Throws where a file can't be read. */
export const chooseContext = (
  { kubeconfig, context }: Location,
  environment: Environment = process.env,
  serviceAccount = SERVICE_ACCOUNT,
): Chosen | NotChosen => {
  const named = kubeconfig ?? (environment['KUBECONFIG'] || undefined);
  const list = named ?? defaultKubeconfig(environment);
  if (named === undefined && !existsSync(list))
    return inCluster(environment, serviceAccount) ?? { kind: 'nothing there' };
  return chooseIn(merged(list), context);
};
