/**
 * Others: the objects that a rule compares with, read from the API server at that moment.
 *
 * Owns: two requests. No cache stands between: the cluster of a pool is often applied in the same breath, and what a
 * cache doesn't show yet would be admitted. Neighbours: `judge.ts` asks; `kubernetes/client.ts` reads.
 */
import { API_VERSION } from '../../api/names.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import type { Others } from './judge.ts';
import { readOtherCluster, readOtherNodePool, valueOf } from './objects.ts';

/** Below the webhook's own limit, so that the reason is told instead of a time-out. */
const DEADLINE_MS = 7_000;

export const othersIn = ({ find, list }: Pick<KubernetesClient, 'find' | 'list'>): Others => ({
  cluster: async (namespace, name) => {
    const object = { apiVersion: API_VERSION, kind: 'AWSCluster', namespace, name };
    const found = await find(object, { signal: AbortSignal.timeout(DEADLINE_MS) });
    return found === null ? undefined : valueOf(readOtherCluster(found));
  },
  poolsOf: async (namespace, clusterName) => {
    const pools = await list(
      { apiVersion: API_VERSION, kind: 'AWSNodePool' },
      { namespace, fieldSelector: `spec.clusterName=${clusterName}` },
      { signal: AbortSignal.timeout(DEADLINE_MS) },
    );
    return pools.flatMap((pool) => valueOf(readOtherNodePool(pool)) ?? []);
  },
});
