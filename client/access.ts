/**
 * Access: the way to the management API, or what a person must do to have one.
 *
 * Owns: words for what is wrong with a kubeconfig. Neighbours: `kubernetes/access.ts` finds the way, `configuration.ts` says
 * where to look, `refusal.ts` has words for what goes wrong on it.
 */
import { type Access, findAccess } from '../kubernetes/access.ts';
import { wholeMessageOf } from '../words/failure.ts';
import { ended } from '../words/text.ts';
import type { ClientConfiguration } from './configuration.ts';
import { CURE } from './refusal.ts';
import { UserError } from './user-error.ts';

/** Throws a `UserError` where no kubeconfig, or no usable one, is found. */
export const openAccess = ({ kubeconfig, context }: Pick<ClientConfiguration, 'kubeconfig' | 'context'>): Access => {
  const found = findAccess({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  const what = `The kubeconfig ${kubeconfig ?? 'that kubectl would use'}`;
  switch (found.kind) {
    case 'access':
      return found;
    case 'unreadable':
      throw new UserError(`${what} can't be read: ${ended(wholeMessageOf(found.error))} ${CURE}.`, {
        cause: found.error,
      });
    case 'no such context':
      throw new UserError(
        `The kubeconfig has no context "${found.context}" (it has ${found.known.join(', ') || 'none'}). Choose one with SLIPWAY_CONTEXT.`,
      );
    case 'no current context':
      throw new UserError(
        `${what} has no current context, so the management API is unknown. ${CURE}, or choose a context with SLIPWAY_CONTEXT.`,
      );
    case 'nothing there':
      throw new UserError(
        `No kubeconfig was found, so the management API is unknown. ${CURE}; a sandbox writes one: npm run sandbox -- up`,
      );
  }
};
