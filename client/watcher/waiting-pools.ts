/**
 * Node pools that wait for a cluster which isn't there yet: whom to tell when one of its name appears.
 *
 * Owns: which pools name which cluster, by what was reported. A cluster that is there tells its pools by its own entity; one
 * that is absent has none, so a pool that was applied first, or that outlived its cluster, would only look now and then.
 * Neighbours: `watcher.ts` passes reports through here, `signals.ts` tells. Pools that don't wait take no notice.
 */
import type { Observed, Report } from './observed.ts';

const clusterOf = (pool: Observed): string => `${pool.namespace}/${pool.clusterName ?? ''}`;

export type WaitingPools = {
  /** Takes note of a report; answers the pools that name a cluster which has just appeared. */
  readonly afterReport: (report: Report) => readonly Observed[];
};

export const waitingPools = (): WaitingPools => {
  const clusters = new Map<string, string>();
  const pools = new Map<string, Observed>();

  const cluster = ({ type, object }: Report): readonly Observed[] => {
    const name = `${object.namespace}/${object.name}`;
    const known = clusters.get(name);
    if (type === 'deleted') {
      if (known === object.uid) clusters.delete(name);
      return [];
    }
    if (known === object.uid) return [];
    clusters.set(name, object.uid);
    return [...pools.values()].filter((pool) => clusterOf(pool) === name);
  };

  return {
    afterReport: (report) => {
      const { type, object } = report;
      if (object.kind === 'AWSCluster') return cluster(report);
      if (type === 'deleted') pools.delete(object.uid);
      else pools.set(object.uid, object);
      return [];
    },
  };
};
