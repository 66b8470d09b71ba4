/**
 * Group size: what to do where a spec says how many nodes there should be, and the auto scaling group keeps another number.
 *
 * Owns: that a plan only ever makes a group larger. AWS ends machines of a group that is made smaller, whatever runs on them:
 * that takes a drain first, so it is postponed and said. Where the spec says nothing, no size differs.
 * Neighbours: `compare.ts` compares the limits and the template, `ensure.ts` plans. Pure.
 */
import type { Resource, ResourceProperties } from '../topology/resource.ts';
import { type Observed, stateOf } from './observed.ts';
import type { Found } from './plan.ts';

type Wanted = Pick<ResourceProperties['auto-scaling-group'], 'desired'>;
type Kept = Pick<Observed['auto-scaling-group'], 'desired'>;

/** Whether the group has to grow for what the spec asks. */
export const mustGrow = (wanted: Wanted, kept: Kept): boolean =>
  wanted.desired !== undefined && wanted.desired > kept.desired;

export const sizeDifferences = (wanted: Wanted, kept: Kept): readonly string[] =>
  mustGrow(wanted, kept) ? [`it keeps ${kept.desired} machines, not ${wanted.desired}`] : [];

/** Why the group stays larger than the spec asks, for people; undefined where it doesn't. */
export const whyLarger = (resource: Resource, found: Found | undefined): string | undefined => {
  if (resource.kind !== 'auto-scaling-group' || found === undefined) return undefined;
  const { desired } = resource.properties;
  const kept = stateOf('auto-scaling-group', found).desired;
  if (desired === undefined || desired >= kept) return undefined;
  return `${desired} instead of ${kept} nodes; that takes a drain, which this release does not do: to keep them, set spec.nodeCount to ${kept}`;
};
