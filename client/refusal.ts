/**
 * Refusals: what an API server answered instead of what was asked for, and what that means to a person.
 *
 * Owns: reading a refusal, and the words for it, or for the lack of any answer. Neighbours: `api-server.ts` and
 * `api-reader.ts` ask.
 */
import { messagesOf, SLIPWAY, UserError } from './user-error.ts';

/** The API server answered, and it was a refusal. */
export class ApiRefusal extends Error {
  readonly status: number;
  /** True when the object isn't there; false when even its kind is unknown to this server. */
  readonly absent: boolean;

  constructor(status: number, message: string, absent: boolean) {
    super(message);
    this.name = 'ApiRefusal';
    this.status = status;
    this.absent = absent;
  }
}

/** An answer as it came. */
export type Answered = {
  readonly status: number;
  readonly statusText: string;
  readonly contentType: string;
  readonly body: string;
};

/** What a refusal's body says: a Kubernetes Status, or a line of text. */
export const refusalOf = ({ status, statusText, contentType, body }: Answered): ApiRefusal => {
  type Status = { readonly message?: unknown; readonly details?: { readonly name?: unknown } };
  let said: Status = {};
  if (contentType.startsWith('application/json')) said = JSON.parse(body) as Status;
  const message = typeof said.message === 'string' ? said.message : body.trim().slice(0, 200);
  const absent = status === 404 && typeof said.details?.name === 'string';
  return new ApiRefusal(status, `HTTP ${status}: ${message || statusText}`, absent);
};

/** What to do when it is the wrong API server. */
export const CURE = `Name the right one with --kubeconfig, SLIPWAY_KUBECONFIG or KUBECONFIG`;

/** A refusal, or the lack of an answer, in words for the person who asked for `what`. */
export const explain = (
  error: unknown,
  what: string,
  api: { readonly url: string; readonly context: string },
): Error => {
  const where = `The API server ${api.url} (context "${api.context}")`;
  if (!(error instanceof ApiRefusal)) {
    return new UserError(
      `${where} did not answer for ${what}: ${messagesOf(error).join(': ')}. Is it up (npm run sandbox -- status), and is it the right one? ${CURE}.`,
      { cause: error },
    );
  }
  if (error.absent) return new UserError(`${what} was not found. See what there is: ${SLIPWAY} clusters list -A`);
  switch (error.status) {
    case 404:
      return new UserError(
        `${where} doesn't know ${what}: it isn't the management API, or its CRDs are missing (kubectl apply -f deploy/crds). ${CURE}, or choose a context with SLIPWAY_CONTEXT.`,
      );
    case 401:
    case 403:
      return new UserError(
        `${where} refused to show ${what}: ${error.message}. Check the user of that context in your kubeconfig.`,
      );
    default:
      return new UserError(`${where} could not show ${what}: ${error.message}. Try again in a moment.`);
  }
};
