/**
 * Refusals: what an API server answered instead of what was asked for, and what that means to a person.
 *
 * Owns: the words for a refusal, or for the lack of any answer. Neighbours: `kubernetes/errors.ts` reads refusals,
 * `access.ts` has words for where there is nobody to ask. Pure.
 */
import { KubernetesError } from '../kubernetes/errors.ts';
import { wholeMessageOf } from '../words/failure.ts';
import { ended } from '../words/text.ts';
import { SLIPWAY, UserError } from './user-error.ts';

/** What to do when it is the wrong API server. */
export const CURE = `Name the right one with --kubeconfig, SLIPWAY_KUBECONFIG or KUBECONFIG`;

/** A refusal, or the lack of an answer, in words for the person who asked for `what`. */
export const explain = (
  error: unknown,
  what: string,
  api: { readonly server: string; readonly context: string },
): Error => {
  const where = `The API server ${api.server} (context "${api.context}")`;
  if (!(error instanceof KubernetesError) || error.status === 0) {
    const cause = error instanceof KubernetesError ? error.cause : error;
    return new UserError(
      `${where} did not answer for ${what}: ${ended(wholeMessageOf(cause))} Is it up (npm run sandbox -- status), and is it the right one? ${CURE}.`,
      { cause: error },
    );
  }
  if (error.reason === 'NotFound')
    return new UserError(`${what} was not found. See what there is: ${SLIPWAY} clusters list -A`);
  switch (error.status) {
    case 200:
      return new UserError(`${where} gave an answer for ${what} that isn't one: ${ended(error.explanation)} ${CURE}.`);
    case 404:
      return new UserError(
        `${where} doesn't know ${what}: it isn't the management API, or its CRDs are missing (kubectl apply -f deploy/crds). ${CURE}, or choose a context with SLIPWAY_CONTEXT.`,
      );
    case 401:
    case 403:
      return new UserError(
        `${where} refused to show ${what}: HTTP ${error.status}: ${ended(error.explanation)} Check the user of that context in your kubeconfig.`,
      );
    default:
      return new UserError(
        `${where} could not show ${what}: HTTP ${error.status}: ${ended(error.explanation)} Try again in a moment.`,
      );
  }
};
