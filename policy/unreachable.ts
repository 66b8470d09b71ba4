/**
 * Unreachable: whether a provisioned cluster's API can't be reached through what stands in front of it, because that is gone.
 *
 * Owns: which of a plan's steps mean it, and how it is said. Neighbours: a kind's row says which of its differences cut a cluster
 * off; `drift.ts` has such a cluster looked at, `operation.ts` tells its operation, `operation-claims.ts` says Ready False. Pure.
 */
import { rowOf } from '../kinds/resource.ts';
import { differencesIn } from './known.ts';
import type { EnsureStep, Plan } from './plan.ts';

const cutBy = ({ resource, found }: EnsureStep, known: Plan['known']): string | undefined => {
  const cuts = rowOf(resource.kind).cutsOff ?? [];
  if (cuts.length === 0) return undefined;
  if (found === undefined) return cuts.includes('absent') ? `${resource.key} is missing` : undefined;
  const differences = differencesIn(resource, found, known);
  // What it refers to is missing itself, and said to be.
  if (differences === 'unknown') return undefined;
  const cutting = differences.find(({ what }) => cuts.includes(what));
  return cutting === undefined ? undefined : `${resource.key}: ${cutting.says}`;
};

/** What comes after the plan where certificates and tokens hold the name of the load balancer that is gone: its plan replaces no machine. */
const MACHINES_FOLLOW =
  '. Its machines know that load balancer by name: when another one is there, end those of the replicas one after the other, each once the one before serves, then the nodes';

const isGone = (step: Plan['steps'][number]): boolean =>
  step.verb === 'ensure' && step.resource.kind === 'load-balancer' && step.found === undefined;

/**
 * What of a plan says that nobody reaches the API before it is carried out, as a sentence; undefined where none of it does.
 * `lastingName`: machines know the cluster by a name of its own.
 */
export const whyUnreachable = ({ steps, known }: Plan, lastingName: boolean): string | undefined => {
  const reasons = steps.flatMap((step) => (step.verb === 'ensure' ? (cutBy(step, known) ?? []) : []));
  if (reasons.length === 0) return undefined;
  return `The cluster's API cannot be reached: ${reasons.join('; ')}${!lastingName && steps.some(isGone) ? MACHINES_FOLLOW : ''}`;
};
