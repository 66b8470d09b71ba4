/**
 * Objects: AWSClusters and AWSNodePools as the management API has them.
 *
 * Owns: the difference between "isn't there" and "couldn't be seen". Neighbours: `api/` says what an object contains.
 * Invariants: I12 (null only from an API server that serves the kind and says itself that the object isn't there; an API
 * server without our CRDs is the wrong one, or an unfinished one).
 */
import type { AWSCluster } from '../../api/cluster.ts';
import { type KubernetesObject } from '../../api/kubernetes-object.ts';
import { API_GROUP, API_VERSION, OBJECT_KINDS } from '../../api/names.ts';
import type { AWSNodePool } from '../../api/nodepool.ts';
import type { ObjectKind } from '../../api/object.ts';
import { readStoredCluster, readStoredNodePool } from '../../api/stored.ts';
import type { Cancellation, KubernetesClient } from '../../kubernetes/client.ts';
import { isUnserved } from '../../kubernetes/errors.ts';
import { describeName, type ObjectName, pluralOf } from '../../kubernetes/resources.ts';
import type { Sibling } from '../../policy/pool-order.ts';
import { present } from '../../words/present.ts';
import { blockedError } from '../verdicts.ts';

export type NamedObject = { readonly kind: ObjectKind; readonly namespace: string; readonly name: string };

export const objectName = (object: NamedObject): ObjectName => ({
  apiVersion: API_VERSION,
  kind: object.kind,
  namespace: object.namespace,
  name: object.name,
});

const unserved = (management: KubernetesClient, kind: ObjectKind): Error =>
  blockedError(
    `The API server at ${management.server} does not serve ${pluralOf({ apiVersion: API_VERSION, kind })}.${API_GROUP}: ` +
      'either KUBECONFIG names the wrong one, or the CRDs are missing (kubectl apply -f deploy/crds).',
  );

/** Whatever has the name now, unvalidated, or null. */
export const findObject = async (
  management: KubernetesClient,
  object: NamedObject,
  options?: Cancellation,
): Promise<KubernetesObject | null> => {
  try {
    const found = await management.find(objectName(object), options);
    if (found !== null) return found;
  } catch (error) {
    throw isUnserved(error) ? unserved(management, object.kind) : error;
  }
  // Seen from the other side, too: only a server that lists the kind may say that there is none (I12).
  if (await management.serves({ apiVersion: API_VERSION, kind: object.kind }, options)) return null;
  throw unserved(management, object.kind);
};

type Parsed<T> =
  | { readonly success: true; readonly data: T }
  | {
      readonly success: false;
      readonly error: {
        readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
      };
    };

const validated = <T>(object: KubernetesObject, parsed: Parsed<T>): T => {
  if (parsed.success) return parsed.data;
  const { kind, metadata } = object;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`).join('; ');
  throw blockedError(
    `${kind} ${metadata.namespace ?? ''}/${metadata.name} is not what this release of Slipway understands (${wrong}): ` +
      'correct the object, and apply the CRDs of this release (kubectl apply -f deploy/crds).',
  );
};

export const findCluster = async (
  management: KubernetesClient,
  name: { readonly namespace: string; readonly name: string },
  options?: Cancellation,
): Promise<AWSCluster | null> => {
  const object = await findObject(management, { kind: 'AWSCluster', ...pick(name) }, options);
  return object === null ? null : validated(object, readStoredCluster(object));
};

export const findNodePool = async (
  management: KubernetesClient,
  name: { readonly namespace: string; readonly name: string },
  options?: Cancellation,
): Promise<AWSNodePool | null> => {
  const object = await findObject(management, { kind: 'AWSNodePool', ...pick(name) }, options);
  return object === null ? null : validated(object, readStoredNodePool(object));
};

/** Node pools that name a cluster, unvalidated, sorted by name (I10). */
export const nodePoolsNaming = async (
  management: KubernetesClient,
  cluster: { readonly namespace: string; readonly name: string },
  options?: Cancellation,
): Promise<readonly KubernetesObject[]> => {
  const kind = { apiVersion: API_VERSION, kind: 'AWSNodePool' } as const;
  try {
    const pools = await management.list(kind, { namespace: cluster.namespace }, options);
    return pools
      .filter((pool) => (pool['spec'] as { readonly clusterName?: string } | undefined)?.clusterName === cluster.name)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  } catch (error) {
    throw isUnserved(error) ? unserved(management, 'AWSNodePool') : error;
  }
};

/** The same, as far as they say whose turn it is: what one of them says wrongly must not hold up the others. */
export const siblingsOf = async (...asked: Parameters<typeof nodePoolsNaming>): Promise<readonly Sibling[]> =>
  (await nodePoolsNaming(...asked)).map(({ metadata, ...pool }) => {
    const { name, uid = '', generation = 0, deletionTimestamp } = metadata;
    const { state, observedGeneration, rollout } = (pool['status'] ?? {}) as NonNullable<Sibling['status']>;
    return {
      metadata: { name, uid, generation, ...present({ deletionTimestamp }) },
      status: present({ state, observedGeneration, rollout }),
    };
  });

/** `AWSCluster default/cluster-0 (uid …)`, for people. */
export const describeObject = (object: NamedObject & { readonly uid?: string }): string =>
  `${describeName(objectName(object))}${object.uid === undefined ? '' : ` (uid ${object.uid})`}`;

const pick = ({ namespace, name }: { readonly namespace: string; readonly name: string }) => ({ namespace, name });

/**
 * All clusters and node pools, unread, as the API server remembers them: some seconds may be missing, so that nothing may be decided by
 * it (I12).
 */
export const recentObjects = async (
  management: Pick<KubernetesClient, 'list'>,
): Promise<readonly (KubernetesObject & { readonly kind: ObjectKind })[]> => {
  const lists = OBJECT_KINDS.map(async (kind) =>
    (await management.list({ apiVersion: API_VERSION, kind }, { fromCache: true })).map((object) => ({
      ...object,
      kind,
    })),
  );
  return (await Promise.all(lists)).flat();
};
