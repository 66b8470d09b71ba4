/**
 * Steps: one step of a plan, with what its kind's row says of all its steps.
 *
 * Owns: how a step is made out of a resource. Neighbours: `ensure.ts`, `remove.ts` and `replacement.ts` say which steps there are,
 * and `order.ts` puts them in order. Pure.
 */
import { type Found, type Going, type Resource, type ResourceKind, rowOf } from '../kinds/resource.ts';
import { stepId } from '../words/steps.ts';
import type { EnsureStep, RemoveStep, WaitStep } from './plan.ts';

const ofKind = (kind: ResourceKind): { readonly neverSkipped?: string; readonly accompanies?: true } => {
  const { neverSkipped, accompanies } = rowOf(kind);
  return {
    ...(neverSkipped === undefined ? {} : { neverSkipped }),
    ...(accompanies === undefined ? {} : { accompanies }),
  };
};

export const ensureStep = (resource: Resource, needs: readonly string[], found?: Found): EnsureStep => ({
  id: stepId('ensure', resource.key),
  verb: 'ensure',
  resource,
  needs,
  ...ofKind(resource.kind),
  ...(found === undefined ? {} : { found }),
});

export const waitStep = (resource: Resource, needs: readonly string[]): WaitStep => ({
  id: stepId('wait', resource.key),
  verb: 'wait',
  resource,
  needs,
  ...ofKind(resource.kind),
});

export const removeStep = (resource: Going, needs: readonly string[], found?: Found, which?: string): RemoveStep => ({
  id: stepId('remove', resource.key, which),
  verb: 'remove',
  resource,
  needs,
  ...ofKind(resource.kind),
  ...(found === undefined ? {} : { found }),
});
