/**
 * The management API as the command line uses it: AWSCluster and AWSNodePool objects.
 *
 * Owns: annotating them, and reading, leniently: an object of a newer release, or one that is only half filled in, must be shown all the same.
 * Neighbours: `access.ts` finds the way; `watcher/watcher.ts` watches the same objects.
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { API_VERSION } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { ObjectKind } from '../api/object.ts';
import { transportTo } from '../kubernetes/access.ts';
import { createClient } from '../kubernetes/client.ts';
import { openAccess } from './access.ts';
import type { ClientConfiguration } from './configuration.ts';
import { explain } from './refusal.ts';

/** A value of which any part may be missing. */
type Lenient<T> = T extends readonly (infer Item)[]
  ? readonly Lenient<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]?: Lenient<T[Key]> | undefined }
    : T;

/** An object as it is stored: nothing but its identity is taken for granted. */
type Stored<T extends { spec: unknown; status?: unknown }> = {
  readonly kind: ObjectKind;
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Lenient<T['spec']>;
  readonly status?: Lenient<NonNullable<T['status']>>;
};

export type StoredCluster = Stored<AWSCluster> & { readonly kind: 'AWSCluster' };
export type StoredNodePool = Stored<AWSNodePool> & { readonly kind: 'AWSNodePool' };

export type Named = { readonly kind: ObjectKind; readonly namespace: string; readonly name: string };

export type ManagementApi = {
  /** Of one namespace, or of all. */
  readonly clusters: (namespace: string | undefined) => Promise<readonly StoredCluster[]>;
  readonly cluster: (namespace: string, name: string) => Promise<StoredCluster>;
  readonly object: (kind: ObjectKind, namespace: string, name: string) => Promise<StoredCluster | StoredNodePool>;
  /** All of a kind, of one namespace or of all. */
  readonly objects: (
    kind: ObjectKind,
    namespace: string | undefined,
  ) => Promise<readonly (StoredCluster | StoredNodePool)[]>;
  readonly nodePools: (namespace: string, clusterName: string) => Promise<readonly StoredNodePool[]>;
  /** The object, or undefined where the API server says that there is none. */
  readonly find: (name: Named) => Promise<StoredCluster | StoredNodePool | undefined>;
  /** Sets annotations and leaves all others. */
  readonly annotate: (
    kind: ObjectKind,
    namespace: string,
    name: string,
    annotations: Readonly<Record<string, string>>,
  ) => Promise<void>;
  /** The namespace of the kubeconfig's context. */
  readonly defaultNamespace: string;
};

const DEADLINE_MS = 15_000;

/** Which fields were set by whom is noise to people. */
const shown = <T>(kind: ObjectKind, object: KubernetesObject): T => {
  const metadata = Object.entries(object.metadata).filter(([field]) => field !== 'managedFields');
  return { ...object, apiVersion: API_VERSION, kind, metadata: Object.fromEntries(metadata) } as T;
};

/** As the API server sorts: what a language would make of names is of no use, and takes long to load. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const byName = (a: Stored<AWSCluster | AWSNodePool>, b: Stored<AWSCluster | AWSNodePool>): number =>
  compare(a.metadata.namespace, b.metadata.namespace) || compare(a.metadata.name, b.metadata.name);

export const managementApi = (
  configuration: Pick<ClientConfiguration, 'kubeconfig' | 'context'>,
  deadlineMs: number = DEADLINE_MS,
): ManagementApi => {
  const access = openAccess(configuration);
  const client = createClient(transportTo(access, { deadlineMs }));

  const explained = async <T>(what: string, read: (limit: { signal: AbortSignal }) => Promise<T>): Promise<T> => {
    try {
      return await read({ signal: AbortSignal.timeout(deadlineMs) });
    } catch (error) {
      throw explain(error, what, access);
    }
  };

  const one = async <T>(kind: ObjectKind, namespace: string, name: string): Promise<T> => {
    const object = { apiVersion: API_VERSION, kind, namespace, name };
    return shown<T>(kind, await explained(`${kind} ${namespace}/${name}`, (limit) => client.get(object, limit)));
  };

  const all = async <T extends StoredCluster | StoredNodePool>(
    kind: T['kind'],
    namespace: string | undefined,
    isWanted: (object: T) => boolean = () => true,
  ): Promise<readonly T[]> => {
    const selection = namespace === undefined ? {} : { namespace };
    const list = await explained(`${kind}s`, (limit) =>
      client.list({ apiVersion: API_VERSION, kind }, selection, limit),
    );
    return list
      .map((item) => shown<T>(kind, item))
      .filter(isWanted)
      .sort(byName);
  };

  return {
    defaultNamespace: access.namespace,
    clusters: (namespace) => all<StoredCluster>('AWSCluster', namespace),
    cluster: (namespace, name) => one<StoredCluster>('AWSCluster', namespace, name),
    object: (kind, namespace, name) => one<StoredCluster | StoredNodePool>(kind, namespace, name),
    find: async ({ kind, namespace, name }) => {
      const object = { apiVersion: API_VERSION, kind, namespace, name };
      const found = await explained(`${kind} ${namespace}/${name}`, (limit) => client.find(object, limit));
      return found === null ? undefined : shown(kind, found);
    },
    objects: (kind, namespace) => all(kind, namespace),
    annotate: async (kind, namespace, name, annotations) => {
      const object = { apiVersion: API_VERSION, kind, namespace, name };
      const change = { metadata: { annotations } };
      await explained(`${kind} ${namespace}/${name}`, (limit) => client.patch(object, change, limit));
    },
    nodePools: (namespace, clusterName) =>
      all<StoredNodePool>('AWSNodePool', namespace, ({ spec }) => spec?.clusterName === clusterName),
  };
};
