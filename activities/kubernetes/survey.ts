/**
 * Survey of the management API: all clusters and node pools, and what is kept there for them, in few listings.
 *
 * Owns: reading what a sweep shares over all objects. Neighbours: `inventory.ts` reads the same for one object.
 * Invariants: I8 (Secrets leave this file by fingerprint and public parts only), I12 (a listing of objects that fails
 * makes the whole survey fail, one of a namespace's Secrets says nothing about that namespace; an object that this
 * release doesn't understand is only left out, and counted).
 */
import type { AWSCluster } from '../../api/cluster.ts';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { API_VERSION, CLUSTER_TAG } from '../../api/names.ts';
import type { AWSNodePool } from '../../api/nodepool.ts';
import { hasFinalizer } from '../../api/object.ts';
import { readStoredCluster, readStoredNodePool } from '../../api/stored.ts';
import type { Found } from '../../kinds/resource.ts';
import { observed } from '../../kinds/resource.ts';
import type { Cancellation, KubernetesClient } from '../../kubernetes/client.ts';
import { FINALIZER_KEY } from '../../words/keys.ts';
import { foundSecret } from './secret.ts';
import { isMarked } from './secret-marks.ts';

export type ManagementSurvey = {
  readonly clusters: readonly AWSCluster[];
  readonly nodePools: readonly AWSNodePool[];
  /** Objects that this release of Slipway doesn't understand. */
  readonly invalid: number;
  /** What the management API's part of the inventory of an object of this cluster would be. */
  readonly foundOf: (object: AWSCluster | AWSNodePool, clusterId: string) => Promise<readonly Found[]>;
};

const understood = <T>(
  objects: readonly KubernetesObject[],
  parse: (object: KubernetesObject) => { readonly success: boolean; readonly data?: T },
): readonly T[] =>
  objects.flatMap((object) => {
    const { success, data } = parse(object);
    return success && data !== undefined ? [data] : [];
  });

/** The Secrets of clusters in a namespace, by cluster: the worker may read them only where clusters may live. */
const secretsIn = async (
  management: KubernetesClient,
  namespace: string,
  options?: Cancellation,
): Promise<ReadonlyMap<string, readonly Found[]>> => {
  const secrets = await management.list(
    { apiVersion: 'v1', kind: 'Secret' },
    { namespace, labelSelector: CLUSTER_TAG },
    options,
  );
  const byCluster = new Map<string, Found[]>();
  for (const secret of secrets.filter(isMarked)) {
    const clusterId = secret.metadata.labels?.[CLUSTER_TAG] ?? '';
    byCluster.set(clusterId, [...(byCluster.get(clusterId) ?? []), foundSecret(secret)]);
  }
  return byCluster;
};

/** One look at all objects; Secrets are read where they are asked for, once a namespace. */
export const surveyManagement = async (
  management: KubernetesClient,
  options?: Cancellation,
): Promise<ManagementSurvey> => {
  const [clusters, pools] = await Promise.all([
    management.list({ apiVersion: API_VERSION, kind: 'AWSCluster' }, {}, options),
    management.list({ apiVersion: API_VERSION, kind: 'AWSNodePool' }, {}, options),
  ]);
  const understoodClusters = understood(clusters, (object) => readStoredCluster(object));
  const understoodPools = understood(pools, (object) => readStoredNodePool(object));
  const secrets = new Map<string, ReturnType<typeof secretsIn>>();
  const secretsOf = (namespace: string): ReturnType<typeof secretsIn> => {
    const listing = secrets.get(namespace) ?? secretsIn(management, namespace, options);
    secrets.set(namespace, listing);
    return listing;
  };
  return {
    clusters: understoodClusters,
    nodePools: understoodPools,
    invalid: clusters.length - understoodClusters.length + pools.length - understoodPools.length,
    foundOf: async (object, clusterId) => [
      ...((await secretsOf(object.metadata.namespace)).get(clusterId) ?? []),
      ...(hasFinalizer(object) ? [observed('finalizer', FINALIZER_KEY, {}, {})] : []),
    ],
  };
};
