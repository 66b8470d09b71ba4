/**
 * Retry-After: what a busy server says about when to come back.
 *
 * Owns: reading it, and how much of it is believed. Neighbours: the clients of Kubernetes, of AWS and of the hub hand it on; verdicts wait so long. Pure.
 */

/** Whoever is at rest for an hour, or a proxy's page that says so, is asked now and then all the same. */
const MOST_MS = 300_000;

/** In milliseconds. Nothing where it names a date, or no time at all: that is not to be hurried. */
export const retryAfterMs = (seconds: unknown): number | undefined => {
  const delayMs = Number(seconds) * 1_000;
  return Number.isFinite(delayMs) && delayMs > 0 ? Math.min(delayMs, MOST_MS) : undefined;
};
