/**
 * A cluster's network, as its node pools take it: the security groups and the load balancer.
 *
 * Owns: remembering both for a minute, by cluster: looked at once for all pools that ask, and not at all by the worker
 * that made them a moment ago. Only whole answers are kept. Neighbours: `inventory.ts` asks, `resources.ts` tells
 * what was made or is being removed. What is remembered wrongly costs a plan, never a thing: names are unique (I2).
 */

import type { Found } from '../../kinds/resource.ts';
import { LOAD_BALANCER, NODE_GROUP } from '../../words/keys.ts';
import { createMemory } from './memory.ts';

const REMEMBERED_MS = 60_000;

export type ClusterNetwork = {
  /** What pools take from the cluster: as it was made, or as `look` finds it. */
  readonly of: (clusterId: string, look: () => Promise<readonly Found[]>) => Promise<readonly Found[]>;
  readonly made: (clusterId: string, found: Found) => void;
  readonly forget: (clusterId: string) => void;
};

const isWhole = (found: readonly Found[]): boolean =>
  [LOAD_BALANCER, NODE_GROUP].every((key) => found.some((one) => one.key === key));

export const createClusterNetwork = (now: () => number = Date.now): ClusterNetwork => {
  const remember = createMemory(now);
  const made = new Map<string, { readonly found: readonly Found[]; readonly until: number }>();

  return {
    of: async (clusterId, look) => {
      for (const [id, { until }] of made) if (until <= now()) made.delete(id);
      const own = made.get(clusterId)?.found ?? [];
      if (isWhole(own)) return own;
      const found = await remember(clusterId, look, isWhole);
      // What was made anew since is not what was seen then: a lost load balancer has another name.
      const newer = made.get(clusterId)?.found ?? [];
      return [...found.filter(({ key }) => !newer.some((one) => one.key === key)), ...newer];
    },
    made: (clusterId, found) => {
      const others = (made.get(clusterId)?.found ?? []).filter((one) => one.key !== found.key);
      made.set(clusterId, { found: [...others, found], until: now() + REMEMBERED_MS });
    },
    forget: (clusterId) => void made.delete(clusterId),
  };
};
