/**
 * Choose: in which order a new connection tries a route's targets.
 *
 * Owns: that choice, as a pure function. Healthy targets take turns; when none is healthy all of them are tried, because
 * a network load balancer fails open; the next one is tried when a dial fails.
 */
import type { Health } from './health.ts';
import type { Target } from './routes.ts';

export const targetsToTry = (
  targets: readonly Target[],
  healthOf: (target: Target) => Health['state'],
  turn: number,
): readonly Target[] => {
  const reachable = targets.filter((target) => target.address !== undefined);
  const healthy = reachable.filter((target) => healthOf(target) === 'healthy');
  const pool = healthy.length > 0 ? healthy : reachable;
  const first = pool.length === 0 ? 0 : turn % pool.length;
  return [...pool.slice(first), ...pool.slice(0, first)];
};
