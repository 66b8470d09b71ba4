/**
 * Changes: what a plan changes in AWS, so that the operation that runs it can be called by what it does.
 *
 * Owns: which steps count, and what of them is no more than another number of machines. Neighbours: `ensure.ts` plans, a kind's
 * row says what differs. Pure.
 */
import { rowOf } from '../kinds/resource.ts';
import { differencesIn } from './known.ts';
import type { EnsureStep, Plan } from './plan.ts';

/** A step that makes or mends something in AWS, and what its properties refer to. */
export type PlannedChange = { readonly step: EnsureStep; readonly known: Plan['known'] };

export const changesIn = ({ steps, known }: Plan): readonly PlannedChange[] =>
  steps.flatMap((step) => {
    if (step.verb !== 'ensure') return [];
    const { changesAws, planned } = rowOf(step.resource.kind);
    return changesAws === true && planned !== 'before changes' ? [{ step, known }] : [];
  });

/** That it is held larger no more is the end of a rollout, and no change of what its machines are. */
const RESIZES: readonly string[] = ['size', 'desired', 'surge'];

/** A group that is there, and keeps another number of machines than it should: nothing else about it differs. */
export const isResize = ({ step, known }: PlannedChange): boolean => {
  const { resource, found } = step;
  if (resource.kind !== 'auto-scaling-group' || found === undefined) return false;
  const differences = differencesIn(resource, found, known);
  return differences !== 'unknown' && differences.every(({ what }) => RESIZES.includes(what));
};
