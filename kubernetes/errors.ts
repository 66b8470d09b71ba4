/**
 * Errors: what an API server refused, or that it did not answer at all.
 *
 * Owns: the one error that leaves this room, which reason a status stands for, and predicates over both. Neighbours: what a
 * refusal means is said by those who asked: `activities/kubernetes/verdict.ts` to a step, `client/` to people. Invariants: I12 (only an API server's own NotFound about a named object counts as absence; a path that
 * nobody serves, a proxy's 404 and silence don't), I8 (answers are quoted by their message, never by their body).
 */

import { SYSTEM_NAMESPACE } from '../api/names.ts';
import { retryAfterMs } from '../words/retry-after.ts';

/** What Kubernetes calls `metav1.Status`, as far as it is read here. */
export type ApiStatus = {
  readonly kind: 'Status';
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly message?: string }[];
  };
};

export type KubernetesFailure = {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Kubernetes's own word (`NotFound`, `Conflict`, …), or `Unreachable`, `Unserved`, `Unintelligible`. */
  readonly reason: string;
  /** What was asked for, as `Secret default/cluster-0`. */
  readonly object: string;
  readonly server: string;
  readonly message: string;
  /** The server's own words. */
  readonly explanation: string;
  /** What it says of each thing that stands in the way, such as a budget. */
  readonly causes?: readonly string[];
  readonly retryAfterMs?: number;
};

/** A namespace that is being emptied refuses everything for a while. */
export const isNamespaceEnding = ({ explanation }: Pick<KubernetesFailure, 'explanation'>): boolean =>
  /being terminated/.test(explanation);

export class KubernetesError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly object: string;
  readonly server: string;
  readonly explanation: string;
  readonly causes: readonly string[];
  readonly retryAfterMs: number | undefined;

  constructor(failure: KubernetesFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.name = 'KubernetesError';
    this.status = failure.status;
    this.reason = failure.reason;
    this.object = failure.object;
    this.server = failure.server;
    this.explanation = failure.explanation;
    this.causes = failure.causes ?? [];
    this.retryAfterMs = failure.retryAfterMs;
  }
}

const hasReason =
  (...reasons: readonly string[]) =>
  (error: unknown): error is KubernetesError =>
    error instanceof KubernetesError && reasons.includes(error.reason);

/** The API server itself says that the named object isn't there. */
export const isNotFound = hasReason('NotFound');
export const isAlreadyExists = hasReason('AlreadyExists');
/** Somebody else wrote in between, or the object under that name has another uid. */
export const isConflict = hasReason('Conflict');
/** The one who asked has no right to, or isn't known. */
export const isRefusal = (error: unknown): error is KubernetesError =>
  error instanceof KubernetesError && (error.status === 403 || error.status === 401);
/** No answer: the network, the proxy, the load balancer, or a server that is starting or stopping. */
export const isUnreachable = hasReason('Unreachable', 'ServiceUnavailable');
/** The version to go on from is no longer known: list again. */
export const isExpired = (error: unknown): boolean => error instanceof KubernetesError && error.status === 410;
/** Nobody serves that path: a CRD that isn't installed, or not an API server at all (I12). */
export const isUnserved = hasReason('Unserved');

/** Something answers, but it isn't an API server: a proxy's page, another service at that address. */
export const unintelligible = (request: {
  readonly verb: string;
  readonly object: string;
  readonly server: string;
}): KubernetesError => {
  const explanation = 'the answer is not from a Kubernetes API server: check the address and the proxy';
  return new KubernetesError({
    status: 200,
    reason: 'Unintelligible',
    object: request.object,
    server: request.server,
    message: `${request.server} was asked to ${request.verb} ${request.object}: ${explanation}`,
    explanation,
  });
};

const asStatus = (body: unknown): ApiStatus | undefined =>
  typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status'
    ? (body as ApiStatus)
    : undefined;

/** What the authorizer says, and nobody else: neither a webhook nor a quota. */
const BY_ROLES = / is forbidden: User "/;
const OUR_OWN = ` is forbidden: User "system:serviceaccount:${SYSTEM_NAMESPACE}:`;
/** In a namespace that is being deleted nothing can be made, and a RoleBinding goes with it: there only the last one helps. */
const RIGHTS =
  '. Give it its rights: kubectl apply -f deploy/rbac, and for Secrets kubectl apply -n <namespace> -f deploy/rbac/per-namespace; ' +
  'where the namespace is being deleted, kubectl create clusterrolebinding slipway-worker-secrets ' +
  `--clusterrole=slipway-worker-secrets --serviceaccount=${SYSTEM_NAMESPACE}:slipway-worker, until its clusters are gone`;

/** Whether an answer says that the one who asked has no right to. */
export const isRefusedByRoles = (body: unknown): boolean => BY_ROLES.test(asStatus(body)?.message ?? '');

/** The one who asked has no right to, by roles: neither a webhook nor a policy says so. */
export const isRefusedToUser = (error: KubernetesError): boolean =>
  error.status === 401 || (error.status === 403 && BY_ROLES.test(error.explanation));

const REASON_BY_STATUS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: 'ServiceUnavailable',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** A 404 that isn't about a named object comes from a path that isn't served: that must not look like absence (I12). */
const reasonOf = (status: number, said: ApiStatus | undefined): string => {
  if (status === 404) return said?.reason === 'NotFound' && said.details?.name !== undefined ? 'NotFound' : 'Unserved';
  return said?.reason ?? REASON_BY_STATUS[status] ?? 'Unintelligible';
};

/** The error for an answer that wasn't a success. */
export const refused = (answer: {
  readonly verb: string;
  readonly object: string;
  readonly server: string;
  readonly status: number;
  readonly body: unknown;
  /** The header's own text. */
  readonly retryAfter?: string;
}): KubernetesError => {
  const said = asStatus(answer.body);
  const delayMs = retryAfterMs(answer.retryAfter) ?? retryAfterMs(said?.details?.retryAfterSeconds);
  const explanation = said?.message ?? `HTTP ${answer.status} without an explanation`;
  return new KubernetesError({
    status: answer.status,
    reason: reasonOf(answer.status, said),
    object: answer.object,
    server: answer.server,
    message: `Kubernetes at ${answer.server} refused to ${answer.verb} ${answer.object}: ${explanation}${explanation.includes(OUR_OWN) ? RIGHTS : ''}`,
    explanation,
    causes: (said?.details?.causes ?? []).flatMap(({ message }) => message ?? []),
    ...(delayMs === undefined ? {} : { retryAfterMs: delayMs }),
  });
};

const rootCause = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return rootCause(error.cause);
  return 'code' in error && typeof error.code === 'string' && !error.message.includes(error.code)
    ? `${error.message} (${error.code})`
    : error.message || error.name;
};

/** The error for a request that got no answer. */
export const unanswered = (
  request: { readonly verb: string; readonly object: string; readonly server: string },
  cause: unknown,
): KubernetesError =>
  new KubernetesError(
    {
      status: 0,
      reason: 'Unreachable',
      object: request.object,
      server: request.server,
      message: `Kubernetes at ${request.server} did not answer when asked to ${request.verb} ${request.object}: ${rootCause(cause)}`,
      explanation: rootCause(cause),
    },
    { cause },
  );
