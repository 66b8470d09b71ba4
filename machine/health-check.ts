/**
 * Health check: how the load balancer sees that a replica serves, and how a replica leaves it.
 *
 * Owns: the check's numbers, and what follows from them: how long a load balancer takes to notice that a replica no longer
 * serves, and for how long one that is told to stop goes on serving. Neighbours: `activities/aws/target-group.ts` asks AWS for
 * these checks; `components.ts` tells the API server.
 *
 * A replica leaves by its own `/readyz`, which fails as soon as it is told to stop, and goes on serving until the load balancer
 * sends nothing any more. It is not deregistered: a network load balancer takes minutes over that
 * (https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366), and whoever dies meanwhile leaves it out.
 */

/** AWS allows no interval below five seconds and no threshold below two. */
export const API_SERVER_CHECK = {
  path: '/readyz',
  intervalSeconds: 5,
  timeoutSeconds: 4,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
} as const;

/** The longest that a load balancer sends connections to a replica that has just begun to fail, or not to answer at all. */
export const NOTICED_AFTER_SECONDS =
  API_SERVER_CHECK.unhealthyThreshold * API_SERVER_CHECK.intervalSeconds + API_SERVER_CHECK.timeoutSeconds;

/** How long an API server serves on after it was told to stop: one check more than it takes to be noticed. */
export const SHUTDOWN_DELAY_SECONDS = NOTICED_AFTER_SECONDS + API_SERVER_CHECK.intervalSeconds;

/** How long watches are given to end after that, spread over this time, so that their clients don't all come anew at once. */
export const WATCH_GRACE_SECONDS = 5;

/** The soonest that it is noticed: the first check fails at once, and the others after their intervals. */
const NOTICED_SOONEST_SECONDS = (API_SERVER_CHECK.unhealthyThreshold - 1) * API_SERVER_CHECK.intervalSeconds;

/**
 * For how long the load balancer leaves a replica that it found unhealthy the connections that it has: until the replica itself has
 * ended them in order. Those to a replica that hangs are cut then; without it they would be at once, as those of one that leaves.
 */
export const UNHEALTHY_DRAIN_SECONDS = SHUTDOWN_DELAY_SECONDS + WATCH_GRACE_SECONDS - NOTICED_SOONEST_SECONDS;
