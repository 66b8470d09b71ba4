/**
 * Verdict: what an API server's refusal, or its silence, means for a step.
 *
 * Owns: the map from a Kubernetes error to a judgement. Neighbours: `kubernetes/errors.ts` reads answers, `activities/verdicts.ts`
 * asks here. Invariant: I12 (only an API server's own NotFound about a named object is absence). Pure.
 */
import { isNamespaceEnding, type KubernetesError } from '../../kubernetes/errors.ts';
import type { Judgement } from '../verdicts.ts';

/** Somebody must see to it, credentials or rights. */
const FORBIDDEN: readonly number[] = [401, 403];
/** A request that no API server would take: our own mistake. */
const MISTAKEN: readonly number[] = [400, 405, 413, 415, 422];
/** Somebody's own rules, in a webhook or a policy: whatever status and reason they chose for it. */
const BY_RULES = /^admission webhook|ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request/;

/** `throttled` says what it means that a service throttles. */
export const judgeKubernetes = (
  error: KubernetesError,
  throttled: (message: string, delayMs?: number) => Judgement,
): Judgement => {
  const { status, reason, message, explanation, retryAfterMs: delayMs } = error;
  const retry: Judgement = { verdict: 'retry', message, ...(delayMs === undefined ? {} : { delayMs }) };
  if (reason === 'NotFound') return { verdict: 'absent', message };
  if (reason === 'AlreadyExists') return { verdict: 'retry', message, exists: true };
  if (status === 429) return throttled(message, delayMs);
  if (BY_RULES.test(explanation)) return { verdict: 'blocked', message };
  if (isNamespaceEnding(error)) return retry;
  if (FORBIDDEN.includes(status)) return { verdict: 'blocked', message };
  if (MISTAKEN.includes(status)) return { verdict: 'bug', message };
  return retry;
};
