/**
 * Skew: how old a node pool's Kubernetes may be beside its cluster's.
 *
 * Owns: one rule: never newer, and at most two minor versions older. Neighbours: admission judges with it
 * what is asked for, `policy/decide-nodepool.ts` what runs.
 */
const MAXIMUM_SKEW = 2;

/** Of `1.36.3`, and of `1.36`. */
export const minorOf = (version: string): { readonly major: number; readonly minor: number } => {
  const [major, minor] = version.split('.').map(Number);
  if (major === undefined || minor === undefined || Number.isNaN(major) || Number.isNaN(minor)) {
    throw new Error(`"${version}" is not a Kubernetes version such as 1.36.3: the release catalogue is wrong.`);
  }
  return { major, minor };
};

/** What is wrong with the pool's version beside the cluster's, or undefined. */
export const skewProblem = (cluster: string, pool: string): string | undefined => {
  const older = minorOf(cluster);
  const newer = minorOf(pool);
  const behind = older.major === newer.major ? older.minor - newer.minor : (older.major - newer.major) * 1_000;
  if (behind < 0) return `its Kubernetes ${pool} is newer than its cluster's ${cluster}`;
  if (behind > MAXIMUM_SKEW)
    return `its Kubernetes ${pool} is more than two minor versions older than its cluster's ${cluster}`;
  return undefined;
};
