/**
 * Cluster: which clusters there are, as the network sees them, and what to do about their pods.
 *
 * Owns: the pure decision. Neighbours: `pods.ts` acts on it. A cluster begins to have pods when its API first answers
 * through its load balancer, and ends with its load balancer; an API that is away for a while changes nothing.
 */
import { controlPlaneName } from '../../api/names.ts';
import type { Route } from '../network/routes.ts';

export type ClusterView = {
  /** `gke-<eight hex digits>`. */
  readonly id: string;
  /** DNS name of its API's load balancer. */
  readonly endpoint: string;
  readonly answers: boolean;
};

const API_PORT = 443;

/** The clusters among the load balancers' routes. */
export const clustersOf = (routes: readonly Route[], answers: (route: Route) => boolean): readonly ClusterView[] =>
  routes.flatMap((route) => {
    const id = /^gke-[0-9a-f]{8}(?=-)/.exec(route.loadBalancer)?.[0];
    if (id === undefined || route.loadBalancer !== controlPlaneName(id) || route.port !== API_PORT) return [];
    return [{ id, endpoint: route.dns, answers: answers(route) }];
  });

export type PodsAction = { readonly kind: 'start' | 'end'; readonly cluster: string };

/**
 * `alive` are the clusters whose kwok runs, each with the DNS name that it dials: one whose load balancer was made anew begins
 * again. `known` are those that have a folder: one that died is in `known` only, and is started again.
 */
export const reconcilePods = (
  clusters: readonly ClusterView[],
  known: readonly string[],
  alive: ReadonlyMap<string, string>,
): readonly PodsAction[] => [
  ...clusters
    .filter(({ id, answers }) => answers && !alive.has(id))
    .map(({ id }): PodsAction => ({ kind: 'start', cluster: id })),
  ...known
    .filter(
      (id) =>
        !clusters.some((cluster) => cluster.id === id && cluster.endpoint === (alive.get(id) ?? cluster.endpoint)),
    )
    .map((id): PodsAction => ({ kind: 'end', cluster: id })),
];
