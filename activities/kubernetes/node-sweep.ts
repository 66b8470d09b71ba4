/**
 * Node sweep: how many nodes of many clusters are Ready, and which are not, while nothing goes on there.
 *
 * Owns: that it costs each cluster one list out of its API server's memory, and that clusters that don't answer hold up
 * neither the others nor the sweep. Neighbours: `nodes.ts` counts; the sweep decides which clusters. Invariants: I6 (reads
 * only), I12 (what could not be listed is said to be unread, and never looks like no nodes).
 */
import pLimit from 'p-limit';
import { NODE_POOL_LABEL } from '../../api/names.ts';
import type { ClusterNodes } from '../../policy/node-counts.ts';
import { listNodes, notReadyByPool, readyByPool } from './nodes.ts';
import type { UserCluster, UserClusters } from './user-cluster.ts';

/** Answers by cluster id; one for each cluster that was asked for. */
export type SweepNodes = (
  clusters: readonly UserCluster[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, ClusterNodes>>;

const AT_ONCE = 10;

/** In milliseconds: for one cluster, and for all together, so that a network that is down leaves a sweep its time. */
type Limits = { readonly listMs: number; readonly allMs: number };
const LIMITS: Limits = { listMs: 5_000, allMs: 60_000 };

const counted = async (
  cluster: UserCluster,
  list: ReturnType<typeof listNodes>,
  sweep: AbortSignal,
): Promise<ClusterNodes> => {
  const nodes = await list(cluster, { labelSelector: NODE_POOL_LABEL, fromCache: true }, sweep);
  return 'unread' in nodes ? nodes : { ready: readyByPool(nodes), notReady: notReadyByPool(nodes) };
};

const NO_TIME: ClusterNodes = { unread: 'too many other clusters did not answer, and no time was left' };

/** Asks in the order given: where time runs out, it is the last ones that are not asked. */
export const sweepNodes =
  (userClusters: UserClusters, { listMs, allMs }: Limits = LIMITS): SweepNodes =>
  async (clusters, sweep) => {
    const time = AbortSignal.timeout(allMs);
    const atOnce = pLimit(AT_ONCE);
    const list = listNodes(userClusters, listMs);
    const entries = clusters.map((cluster) =>
      atOnce(async () => {
        const nodes = time.aborted ? NO_TIME : await counted(cluster, list, sweep);
        return [cluster.clusterId, nodes] as const;
      }),
    );
    return new Map(await Promise.all(entries));
  };
