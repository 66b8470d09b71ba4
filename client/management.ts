/**
 * The management API as the command line reads it: AWSCluster and AWSNodePool objects.
 *
 * Owns: reading, leniently: an object of a newer release, or one that is only half filled in, must be shown all the same.
 * Neighbours: `api-server.ts` speaks HTTP; `watcher/kubernetes-source.ts` watches the same objects.
 */
import type { AWSCluster } from '../api/cluster.ts';
import { API_VERSION } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { ObjectKind, ObjectRef } from '../api/object.ts';
import { connectApiServer, explain, loadKubeConfig } from './api-server.ts';
import type { ClientConfiguration } from './configuration.ts';

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
  };
  readonly spec?: Lenient<T['spec']>;
  readonly status?: Lenient<NonNullable<T['status']>>;
};

export type StoredCluster = Stored<AWSCluster> & { readonly kind: 'AWSCluster' };
export type StoredNodePool = Stored<AWSNodePool> & { readonly kind: 'AWSNodePool' };

/** Which object it is, also after another one of its name. */
export const referenceOf = ({
  kind,
  metadata: { namespace, name, uid },
}: StoredCluster | StoredNodePool): ObjectRef => ({
  kind,
  namespace,
  name,
  uid,
});

export type ManagementApi = {
  /** Of one namespace, or of all. */
  readonly clusters: (namespace: string | undefined) => Promise<readonly StoredCluster[]>;
  readonly cluster: (namespace: string, name: string) => Promise<StoredCluster>;
  readonly object: (kind: ObjectKind, namespace: string, name: string) => Promise<StoredCluster | StoredNodePool>;
  readonly nodePools: (namespace: string, clusterName: string) => Promise<readonly StoredNodePool[]>;
  /** The namespace of the kubeconfig's context. */
  readonly defaultNamespace: string;
};

const DEADLINE_MS = 15_000;

const PLURALS: Readonly<Record<ObjectKind, string>> = { AWSCluster: 'awsclusters', AWSNodePool: 'awsnodepools' };

type Raw = { readonly metadata?: Record<string, unknown> };

/** Which fields were set by whom is noise to people; lists leave the kind out of their items. */
const shown = <T>(kind: ObjectKind, raw: Raw): T => {
  const metadata = Object.entries(raw.metadata ?? {}).filter(([field]) => field !== 'managedFields');
  return { apiVersion: API_VERSION, ...raw, kind, metadata: Object.fromEntries(metadata) } as T;
};

const byName = (a: Stored<AWSCluster | AWSNodePool>, b: Stored<AWSCluster | AWSNodePool>): number =>
  a.metadata.namespace.localeCompare(b.metadata.namespace) || a.metadata.name.localeCompare(b.metadata.name);

export const managementApi = (configuration: Pick<ClientConfiguration, 'kubeconfig' | 'context'>): ManagementApi => {
  const api = connectApiServer(loadKubeConfig(configuration));

  const get = async (what: string, path: string): Promise<unknown> => {
    try {
      const response = await api.get(`/apis/${API_VERSION}${path}`, {}, AbortSignal.timeout(DEADLINE_MS));
      return await response.json();
    } catch (error) {
      throw explain(error, what, api);
    }
  };
  const inside = (namespace: string | undefined): string =>
    namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const itemsOf = (answer: unknown): readonly Raw[] => (answer as { items?: readonly Raw[] }).items ?? [];

  const one = async <T>(kind: ObjectKind, namespace: string, name: string): Promise<T> => {
    const path = `${inside(namespace)}/${PLURALS[kind]}/${encodeURIComponent(name)}`;
    return shown<T>(kind, (await get(`${kind} ${namespace}/${name}`, path)) as Raw);
  };

  return {
    defaultNamespace: api.namespace,
    clusters: async (namespace) =>
      itemsOf(await get('AWSClusters', `${inside(namespace)}/awsclusters`))
        .map((item) => shown<StoredCluster>('AWSCluster', item))
        .sort(byName),
    cluster: (namespace, name) => one<StoredCluster>('AWSCluster', namespace, name),
    object: (kind, namespace, name) => one<StoredCluster | StoredNodePool>(kind, namespace, name),
    nodePools: async (namespace, clusterName) =>
      itemsOf(await get('AWSNodePools', `${inside(namespace)}/awsnodepools`))
        .map((item) => shown<StoredNodePool>('AWSNodePool', item))
        .filter((pool) => pool.spec?.clusterName === clusterName)
        .sort(byName),
  };
};
