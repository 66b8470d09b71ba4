/**
 * Steps of plans: what their verbs are, how they are called, and which form of plan this release makes and
 * runs; how far a step is, and what is said of one that is blocked.
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

/** Why a step is blocked. `overdue`: nothing failed, but it takes longer than it ever should. */
export type BlockedVerdict = 'blocked' | 'capacity' | 'retry' | 'bug' | 'overdue';

/** What people read of a step that is blocked, wherever they look. */
export const BLOCKED_BECAUSE: Readonly<Record<BlockedVerdict, string>> = {
  blocked: 'waits for a person',
  capacity: 'waits for capacity at AWS',
  retry: 'failed and is tried again',
  overdue: 'takes longer than it should',
  bug: 'failed unexpectedly: please report it',
};

/** The reason in the conditions of an object whose operation is at such a step, and in lists. */
export const BLOCKED_REASON: Readonly<Record<BlockedVerdict, string>> = {
  blocked: 'StepBlocked',
  capacity: 'WaitingForCapacity',
  retry: 'Retrying',
  overdue: 'Overdue',
  bug: 'UnexpectedError',
};

/** What a person should look at. Capacity and retries go on alone. */
export const waitsForPerson = (verdict: BlockedVerdict | undefined): boolean =>
  verdict === 'blocked' || verdict === 'bug' || verdict === 'overdue';

/** The one of several that stands for all of them, wherever there is room for one: the first that waits for a person. */
export const worstOf = <Step extends { readonly verdict?: BlockedVerdict | undefined }>(
  steps: readonly Step[],
): Step | undefined => steps.find(({ verdict }) => waitsForPerson(verdict)) ?? steps[0];

type Shown = { readonly status: { readonly state: string } };

/** A step in a state of that name. */
type In<Step extends Shown, State extends string> = Step & {
  readonly status: Extract<Step['status'], { readonly state: State }>;
};

export const isBlocked = <Step extends Shown>(step: Step): step is In<Step, 'blocked'> =>
  step.status.state === 'blocked';

/** Nothing more comes of it. */
export const isOver = ({ status }: Shown): boolean => status.state === 'done' || status.state === 'skipped';

export const progressSaid = ({ done, total }: { readonly done: number; readonly total: number }): string =>
  `${done} of ${total} steps done`;
