/**
 * Skew: how old a node pool's Kubernetes may be beside its cluster's.
 *
 * Owns: one rule: never newer, and at most two minor versions older. Neighbours: admission judges with it
 * what is asked for, `policy/decide-nodepool.ts` what runs; `version-change.ts` has the rule for the cluster's own version.
 */
import { minorsBetween } from './minor.ts';

const MAXIMUM_SKEW = 2;

/** What is wrong with the pool's version beside the cluster's, or undefined. */
export const skewProblem = (cluster: string, pool: string): string | undefined => {
  const behind = minorsBetween(pool, cluster);
  if (behind < 0) return `its Kubernetes ${pool} is newer than its cluster's ${cluster}`;
  if (behind > MAXIMUM_SKEW)
    return `its Kubernetes ${pool} is more than two minor versions older than its cluster's ${cluster}`;
  return undefined;
};
