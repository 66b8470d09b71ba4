/**
 * Others: the objects that a rule compares with, read from the API server at that moment.
 *
 * Owns: two requests. No cache stands between: the cluster of a pool is often applied in the same breath, and what a
 * cache doesn't show yet would be admitted. Neighbours: `judge.ts` asks; `../api-server.ts` speaks HTTP.
 */
import { API_VERSION } from '../../api/names.ts';
import type { ApiServer } from '../api-server.ts';
import { ApiRefusal } from '../refusal.ts';
import type { Others } from './judge.ts';
import { readOtherCluster, readOtherNodePool, valueOf } from './objects.ts';

/** Below the webhook's own limit, so that the reason is told instead of a time-out. */
const DEADLINE_MS = 7_000;

export const othersIn = (api: Pick<ApiServer, 'get'>): Others => {
  const get = async (path: string, query: Readonly<Record<string, string>>): Promise<unknown> => {
    const response = await api.get(`/apis/${API_VERSION}${path}`, query, AbortSignal.timeout(DEADLINE_MS));
    return response.json();
  };
  const within = (namespace: string): string => `/namespaces/${encodeURIComponent(namespace)}`;

  return {
    cluster: async (namespace, name) => {
      try {
        return valueOf(readOtherCluster(await get(`${within(namespace)}/awsclusters/${encodeURIComponent(name)}`, {})));
      } catch (error) {
        if (error instanceof ApiRefusal && error.absent) return undefined;
        throw error;
      }
    },
    poolsOf: async (namespace, clusterName) => {
      const query = { fieldSelector: `spec.clusterName=${clusterName}` };
      const list = (await get(`${within(namespace)}/awsnodepools`, query)) as { readonly items?: readonly unknown[] };
      return (list.items ?? []).flatMap((item) => valueOf(readOtherNodePool(item)) ?? []);
    },
  };
};
