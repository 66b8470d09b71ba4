/**
 * Kubeconfig entries: adds one cluster's context to a kubeconfig without touching anything else in it.
 *
 * Owns: names and file handling. The context is called as users of the original know it,
 * `gke_aws_<namespace>_<cluster>_<cluster id>`; no secret is written (I8): the user is an exec plugin.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseDocument } from 'yaml';

export type KubeconfigEntry = {
  /** `gke_aws_<namespace>_<cluster>_<cluster id>`: context, cluster and user alike. */
  readonly name: string;
  readonly server: string;
  /** PEM. */
  readonly certificateAuthority: string;
  readonly proxyUrl?: string;
  readonly exec: {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
};

export const contextNameOf = (cluster: { namespace: string; name: string; clusterId: string }): string =>
  `gke_aws_${cluster.namespace}_${cluster.name}_${cluster.clusterId}`;

type Named = { name: string };

const put = <T extends Named>(list: readonly T[] | undefined | null, item: T): T[] => [
  ...(list ?? []).filter((other) => other.name !== item.name),
  item,
];

/** The kubeconfig's text with the entry added or replaced, and made the current context. */
export const withEntry = (text: string, entry: KubeconfigEntry): string => {
  const document = parseDocument(text === '' ? 'apiVersion: v1\nkind: Config\n' : text);
  if (document.errors.length > 0) throw new Error(`not valid YAML: ${document.errors[0]?.message}`);
  const config = (document.toJS() ?? {}) as { clusters?: Named[]; users?: Named[]; contexts?: Named[] };
  const { name } = entry;
  const cluster = {
    server: entry.server,
    'certificate-authority-data': Buffer.from(entry.certificateAuthority).toString('base64'),
    ...(entry.proxyUrl === undefined ? {} : { 'proxy-url': entry.proxyUrl }),
  };
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: entry.exec.command,
    args: [...entry.exec.args],
    env: Object.entries(entry.exec.env).map(([variable, value]) => ({ name: variable, value })),
    interactiveMode: 'Never',
    provideClusterInfo: false,
    installHint: 'This cluster was made by Slipway: its command line issues the credentials.',
  };
  document.set('clusters', put(config.clusters, { name, cluster } as Named));
  document.set('users', put(config.users, { name, user: { exec } } as Named));
  document.set('contexts', put(config.contexts, { name, context: { cluster: name, user: name } } as Named));
  document.set('current-context', name);
  return document.toString();
};

/** Where kubectl would write: --kubeconfig, else the first existing file of $KUBECONFIG, else ~/.kube/config. */
export const kubeconfigPath = (option: string | undefined, environment: NodeJS.ProcessEnv): string => {
  if (option !== undefined) return option;
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return listed.find((path) => existsSync(path)) ?? listed[0] ?? join(homedir(), '.kube', 'config');
};

/** Writes the entry, whole or not at all, readable by its owner only. */
export const writeEntry = (path: string, entry: KubeconfigEntry): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let text: string;
  try {
    text = withEntry(existsSync(path) ? readFileSync(path, 'utf8') : '', entry);
  } catch (error) {
    throw new Error(
      `The kubeconfig ${path} can't be extended: ${String(error)}. Nothing was written; mend it or name another with --kubeconfig.`,
      {
        cause: error,
      },
    );
  }
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
};
