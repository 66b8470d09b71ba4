/**
 * Hub errors: what GKE Hub refused, or that it did not answer.
 *
 * Owns: the one error that leaves this folder, with its verdict. Neighbour: `activities/verdicts.ts` says what verdicts mean.
 * Invariants: I12 (only the hub's own NOT_FOUND is absence; missing rights and another server's 404 are not).
 */
import { type Judgement, throttledFor, VerdictError } from '../verdicts.ts';

export type HubFailure = {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Google's own word, such as `ALREADY_EXISTS`; empty when the answer isn't from a Google API. */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs?: number;
};

const judge = ({ status, reason, message, retryAfterMs }: HubFailure): Judgement => {
  if (reason === 'ALREADY_EXISTS') return { verdict: 'retry', message, exists: true };
  if (reason === 'NOT_FOUND') return { verdict: 'absent', message };
  if (status === 429) return throttledFor(message, retryAfterMs);
  if (reason === 'INVALID_ARGUMENT' || reason === 'FAILED_PRECONDITION') return { verdict: 'blocked', message };
  if (status === 401 || status === 403) return { verdict: 'blocked', message };
  return { verdict: 'retry', message, ...(retryAfterMs === undefined ? {} : { delayMs: retryAfterMs }) };
};

export class HubError extends VerdictError {
  readonly status: number;
  readonly reason: string;

  constructor(failure: HubFailure, options?: ErrorOptions) {
    super(judge(failure), options);
    this.name = 'HubError';
    this.status = failure.status;
    this.reason = failure.reason;
  }
}

export const isMembershipAbsent = (error: unknown): boolean =>
  error instanceof HubError && error.reason === 'NOT_FOUND';

/** Codes of google.rpc, by which a long-running operation says how it failed. */
const RPC_CODES: Readonly<Record<number, string>> = {
  3: 'INVALID_ARGUMENT',
  5: 'NOT_FOUND',
  6: 'ALREADY_EXISTS',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  10: 'ABORTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
};

const RPC_STATUS: Readonly<Record<string, number>> = { PERMISSION_DENIED: 403, RESOURCE_EXHAUSTED: 429 };

/** The error of an operation that ended without success. */
export const operationFailed = (
  about: string,
  error: { readonly code?: number; readonly message?: string },
): HubError => {
  const reason = RPC_CODES[error.code ?? 0] ?? 'UNKNOWN';
  return new HubError({
    status: RPC_STATUS[reason] ?? 500,
    reason,
    message: `GKE Hub could not ${about}: ${error.message ?? reason}`,
  });
};
