/**
 * The management API as the command line reads it: AWSCluster and AWSNodePool objects.
 *
 * Owns: reading, leniently: an object of a newer release, or one that is only half filled in, must be shown all the same.
 * Neighbours: `api-reader.ts` speaks HTTP; `watcher/kubernetes-source.ts` watches the same objects.
 */
import type { AWSCluster } from '../api/cluster.ts';
import { API_VERSION } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import type { ObjectKind, ObjectRef } from '../api/object.ts';
import { openApiReader } from './api-reader.ts';
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
  /** All of a kind, of one namespace or of all. */
  readonly objects: (
    kind: ObjectKind,
    namespace: string | undefined,
  ) => Promise<readonly (StoredCluster | StoredNodePool)[]>;
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

/** As the API server sorts: what a language would make of names is of no use, and takes long to load. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const byName = (a: Stored<AWSCluster | AWSNodePool>, b: Stored<AWSCluster | AWSNodePool>): number =>
  compare(a.metadata.namespace, b.metadata.namespace) || compare(a.metadata.name, b.metadata.name);

export const managementApi = async (
  configuration: Pick<ClientConfiguration, 'kubeconfig' | 'context'>,
  deadlineMs: number = DEADLINE_MS,
): Promise<ManagementApi> => {
  const api = await openApiReader(configuration);

  const get = async (what: string, path: string): Promise<unknown> => {
    try {
      return await api.read(`/apis/${API_VERSION}${path}`, AbortSignal.timeout(deadlineMs));
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

  const all = async <T extends StoredCluster | StoredNodePool>(
    kind: T['kind'],
    namespace: string | undefined,
    isWanted: (object: T) => boolean = () => true,
  ): Promise<readonly T[]> =>
    itemsOf(await get(`${kind}s`, `${inside(namespace)}/${PLURALS[kind]}`))
      .map((item) => shown<T>(kind, item))
      .filter(isWanted)
      .sort(byName);

  return {
    defaultNamespace: api.namespace,
    clusters: (namespace) => all<StoredCluster>('AWSCluster', namespace),
    cluster: (namespace, name) => one<StoredCluster>('AWSCluster', namespace, name),
    object: (kind, namespace, name) => one<StoredCluster | StoredNodePool>(kind, namespace, name),
    objects: (kind, namespace) => all(kind, namespace),
    nodePools: (namespace, clusterName) =>
      all<StoredNodePool>('AWSNodePool', namespace, ({ spec }) => spec?.clusterName === clusterName),
  };
};
