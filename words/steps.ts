/**
 * Steps of plans: what their verbs are, how they are called, and which form of plan this release makes and runs.
 *
 * Owns: spelling. Neighbours: `policy/` plans, `workflows/` runs, `activities/` carries out. Pure.
 */
import type { ResourceKey } from './keys.ts';

/** Raised whenever a runner of the release before could not carry out a plan of this one, or the other way round. */
export const PLAN_VERSION = 3;

export const STEP_VERBS = ['ensure', 'remove', 'wait'] as const;
export type StepVerb = (typeof STEP_VERBS)[number];

/** A step's id, which is its activity's id in Temporal. `which` tells things apart that share a key. */
export const stepId = (verb: StepVerb, key: ResourceKey, which?: string): string =>
  which === undefined ? `${verb} ${key}` : `${verb} ${key} ${which}`;
