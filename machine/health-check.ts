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
