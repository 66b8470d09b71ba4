/**
 * Patience: how soon a wait looks again.
 *
 * Owns: one curve for all waits on Kubernetes. Within the time that a create usually takes, a fact is noticed in under a
 * second; what takes much longer is looked at less often. Nothing here polls AWS.
 */
const MINUTE_MS = 60_000;

/** Milliseconds until the next look of a wait that was scheduled at `since`. */
export const lookAgainAfter = (since: number, now = Date.now()): number => {
  const waited = now - since;
  if (waited < 2 * MINUTE_MS) return 500;
  if (waited < 15 * MINUTE_MS) return 1_000;
  return 5_000;
};
