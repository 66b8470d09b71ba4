/**
 * Kubeconfig entries: adds one cluster's context to a kubeconfig's text without touching anything else in it.
 *
 * Owns: names and content. The context is called as users of the original know it,
 * `gke_aws_<namespace>_<cluster>_<cluster id>`; no secret is written (I8): the user is an exec plugin. Pure.
 * Neighbours: `kubeconfig-file.ts` reads and writes the file.
 */
import { type Document, isMap, isSeq, parseDocument, YAMLMap } from 'yaml';

export type KubeconfigEntry = {
  /** `gke_aws_<namespace>_<cluster>_<cluster id>`: context, cluster and user alike. */
  readonly name: string;
  readonly server: string;
  /** What the server's certificate shows, where that isn't the name by which it is dialled. */
  readonly serverName?: string;
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

/** Kubernetes reads YAML 1.1, where a namespace called `on` must be quoted to stay a string. */
const parse = (text: string): Document => {
  const document: Document = parseDocument(text, { version: '1.1' });
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`it is not valid YAML: ${error.message}`);
  // Nothing at all, or nothing but comments.
  if (document.contents === null) document.contents = new YAMLMap(document.schema);
  if (!isMap(document.contents)) throw new Error('it is no kubeconfig but a list or text');
  return document;
};

/** Puts an item into one of the named lists, in place of the one of that name, if there is one. */
const put = (document: Document, list: string, item: Readonly<Record<string, unknown>> & { readonly name: string }) => {
  const node = document.createNode(item);
  const items: unknown = document.get(list);
  if (!isSeq(items)) {
    // Absent, or `null`, which is how kubectl writes an empty list.
    document.set(list, document.createNode([item]));
    return;
  }
  const index = items.items.findIndex((other) => other instanceof YAMLMap && other.get('name') === item.name);
  if (index === -1) items.add(node);
  else items.items[index] = node;
};

const clusterOf = (entry: KubeconfigEntry) => ({
  server: entry.server,
  ...(entry.serverName === undefined ? {} : { 'tls-server-name': entry.serverName }),
  'certificate-authority-data': Buffer.from(entry.certificateAuthority).toString('base64'),
  ...(entry.proxyUrl === undefined ? {} : { 'proxy-url': entry.proxyUrl }),
});

const userOf = ({ exec }: KubeconfigEntry) => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: exec.command,
    args: [...exec.args],
    env: Object.entries(exec.env).map(([name, value]) => ({ name, value })),
    interactiveMode: 'Never',
    provideClusterInfo: false,
    installHint: 'This cluster was made by Slipway: its command line issues the credentials.',
  },
});

/** The text with the entry added or replaced; it becomes the current context if `makeCurrent` says so, or if there is none. */
export const withEntry = (text: string, entry: KubeconfigEntry, makeCurrent: boolean): string => {
  const document = parse(text);
  const { name } = entry;
  if (!document.has('apiVersion')) document.set('apiVersion', 'v1');
  if (!document.has('kind')) document.set('kind', 'Config');
  put(document, 'clusters', { name, cluster: clusterOf(entry) });
  put(document, 'users', { name, user: userOf(entry) });
  put(document, 'contexts', { name, context: { cluster: name, user: name } });
  if (makeCurrent || !document.get('current-context')) document.set('current-context', name);
  return document.toString({ lineWidth: 0 });
};

/** The current context of a kubeconfig's text. */
export const currentContextOf = (text: string): string | undefined => {
  const current: unknown = parse(text).get('current-context');
  return typeof current === 'string' && current !== '' ? current : undefined;
};
