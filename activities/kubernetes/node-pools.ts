/**
 * The node pools of a cluster that is being deleted: asked to go through the API, then waited for.
 *
 * Owns: AWSNodePool objects, seen from their cluster. Each pool's own entity removes what the pool has in AWS; there are
 * no ownerReferences, because a garbage collector would not wait for that. Neighbours: `policy/` puts this before
 * everything that pools need. Invariants: I3, I9 (the message names the pools that are left).
 *
 * A pool that names the cluster is not always the cluster's: one that was applied after the deletion began has nothing of
 * this cluster, since nothing is built for a cluster that goes. It waits for the next cluster of that name, and must
 * neither go with this one nor hold it up: tools that apply everything again and again would never let it go.
 */

import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { API_VERSION } from '../../api/names.ts';
import { isDeleting, type ObjectRef } from '../../api/object.ts';
import { nodePoolIdFor } from '../../api/ownership.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { Cancellation, KubernetesClient } from '../../kubernetes/client.ts';
import { isConflict } from '../../kubernetes/errors.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver, Sought } from '../driver.ts';
import { supersededError } from '../verdicts.ts';
import { findObject, nodePoolsNaming } from './objects.ts';
import { lookAgainAfter } from './patience.ts';

const builtFor = (pool: KubernetesObject, clusterId: string): boolean =>
  (pool['status'] as { readonly clusterID?: string } | undefined)?.clusterID === clusterId;

/** The node pools of this very cluster, unvalidated, sorted by name (I10). */
export const nodePoolsOf = async (
  management: KubernetesClient,
  cluster: ObjectRef,
  clusterId: string,
  options?: Cancellation,
): Promise<readonly KubernetesObject[]> => {
  const [pools, found] = await Promise.all([
    nodePoolsNaming(management, cluster, options),
    findObject(management, cluster, options),
  ]);
  // Gone, or another one by now: what names it may belong to that one.
  if (found?.metadata.uid !== cluster.uid) return pools.filter((pool) => builtFor(pool, clusterId));
  const { deletionTimestamp } = found.metadata;
  if (deletionTimestamp === undefined) return pools;
  const began = Date.parse(deletionTimestamp);
  return pools.filter(
    (pool) => builtFor(pool, clusterId) || !(Date.parse(pool.metadata.creationTimestamp ?? '') > began),
  );
};

const poolsOf = (management: KubernetesClient, wanted: Sought<'node-pools'>, signal?: AbortSignal) =>
  nodePoolsOf(management, wanted.object, wanted.owner.clusterId, signal === undefined ? {} : { signal });

const poolIdOf = ({ metadata: { uid = '' }, status }: KubernetesObject): string =>
  nodePoolIdFor({ metadata: { uid }, status: status as Parameters<typeof nodePoolIdFor>[0]['status'] });

/** The pools as an inventory has them. */
export const observedPools = (key: ResourceKey, pools: readonly KubernetesObject[]): FoundOf<'node-pools'> =>
  observed(
    'node-pools',
    key,
    {},
    {
      names: pools.map((pool) => pool.metadata.name),
      poolIds: pools.map(poolIdOf).sort(),
    },
  );

const awaited = (names: readonly string[]): string | undefined =>
  names.length === 0 ? undefined : `Waiting for the cluster's node pools to be deleted: ${names.join(', ')}`;

export const nodePoolsDriver = (management: KubernetesClient): ResourceDriver<'node-pools'> => ({
  kind: 'node-pools',

  candidates: async (wanted) => {
    const pools = await poolsOf(management, wanted, wanted.signal);
    if (pools.length === 0) return [];
    const found = observedPools(wanted.key, pools);
    return [{ ...found, label: pools.map((pool) => pool.metadata.name).join(', '), belongsTo: 'ours' }];
  },

  // A cluster doesn't make its pools: people do.
  create: async () => ({ outputs: {}, change: 'unchanged' }),
  update: async () => ({ outputs: {} }),

  remove: async (wanted) => {
    const pools = await poolsOf(management, wanted);
    await Promise.all(
      pools
        .filter((pool) => !isDeleting(pool))
        .map(async ({ metadata }) => {
          const { namespace = wanted.object.namespace, name, uid } = metadata;
          try {
            await management.remove({ apiVersion: API_VERSION, kind: 'AWSNodePool', namespace, name }, uid);
          } catch (error) {
            // Another pool has the name by now: the next look sees it.
            if (!isConflict(error)) throw error;
          }
        }),
    );
  },

  remains: async (wanted) =>
    awaited((await poolsOf(management, wanted, wanted.signal)).map((pool) => pool.metadata.name)),

  check: async (wanted) => {
    const pools = await poolsOf(management, wanted, wanted.signal);
    const names = pools.map((pool) => pool.metadata.name);
    const unasked = pools.filter((pool) => !isDeleting(pool));
    if (unasked.length > 0) {
      throw supersededError(
        `Node pools of the cluster that nobody asked to go: ${unasked.map((pool) => pool.metadata.name).join(', ')}. Planning again.`,
      );
    }
    const left = awaited(names);
    return left === undefined
      ? { ready: true, outputs: {} }
      : { ready: false, awaited: left, againInMs: lookAgainAfter(wanted.since) };
  },
});
