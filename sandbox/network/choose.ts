/**
 * Choose: where a new connection goes.
 *
 * Owns: that choice, as a pure function. Healthy targets take turns; when none is healthy all of them do, because a network
 * load balancer fails open. It is one target and no other: an NLB passes a connection on and doesn't try again elsewhere, so
 * that the client meets whatever that target has become since its last check.
 */
import type { Health } from './health.ts';
import { isInUse, type Target } from './routes.ts';

export const chooseTarget = (
  targets: readonly Target[],
  healthOf: (target: Target) => Health['state'],
  turn: number,
): Target | undefined => {
  const inUse = targets.filter((target) => isInUse(target) && target.reach.kind !== 'nowhere');
  const healthy = inUse.filter((target) => healthOf(target) === 'healthy');
  const pool = healthy.length > 0 ? healthy : inUse;
  return pool[turn % Math.max(1, pool.length)];
};
