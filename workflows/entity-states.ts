/**
 * The states of an entity: what it may be at, what it keeps from one state to the next, and what may happen to it.
 *
 * Owns: shapes, plain JSON (I10), and how a run begins. Neighbours: `entity-life.ts` says what an event makes of a state,
 * and keeps the mechanism's invariants; `entity-view.ts` says what is shown of a state.
 */
import type { Assessment, MirrorRequest, OperationInput, Pacing } from '../activities/contract.ts';
import type { OperationType } from '../words/operations.ts';
import { DEFAULT_PACING } from './activities.ts';
import type { SettledSubject } from './drift-reports.ts';
import type { Seen } from './entity-news.ts';
import type { AskedVerb, EntityState, Held, OperationResult, Skipped } from './messages.ts';

/** Why no operation runs: a person must see to it, or it is tried again by itself. Times are epoch milliseconds. */
export type Obstacle = {
  readonly verdict: 'blocked' | 'retry';
  readonly reason: string;
  readonly since: number;
  readonly attempt: number;
  readonly retryAt: number;
};

/** How often in a row something went the same wrong way. */
export type Counts = {
  readonly failedAssessments: number;
  readonly blockedAssessments: number;
  readonly failedOperations: number;
  readonly outdatedPlans: number;
  readonly unwrittenStatuses: number;
};

/** What an entity keeps from state to state, whichever it is in. */
export type Kept = {
  readonly pacing: Pacing;
  readonly held?: Held;
  readonly skipped?: Skipped;
  /** The operation before ended by itself while it was paused: the next begins paused. */
  readonly paused: boolean;
  /** What somebody said `resume` to while an update policy held turns back, by its fingerprint. */
  readonly released?: string;
  readonly obstacle?: Obstacle;
  readonly counts: Counts;
};

type Resting<S extends MirrorRequest['subject'] = MirrorRequest['subject']> = {
  readonly seen: Seen;
  readonly generation: number;
  /** What the object's status is to say; absent where the operation said it, or where there is nothing to say. */
  readonly status?: S;
  /** When it wakes by itself; absent where only news wakes it. */
  readonly until?: number;
};

export type EntityLife = { readonly kept: Kept } & (
  | { readonly state: 'assessing'; readonly progressed: boolean }
  | {
      readonly state: 'beginning';
      readonly operation: OperationInput;
      readonly seen: Seen;
      /** What runs instead where a person aborted it before it begins. */
      readonly givenUp?: OperationInput;
    }
  | {
      readonly state: 'operating';
      readonly operation: OperationInput;
      readonly seen: Seen;
      /** Absent until it has started. */
      readonly operationId?: string;
      /** Why something newer takes its place, once it does. */
      readonly superseded?: string;
      /** How often in a row the object could not be assessed while it ran. */
      readonly failures: number;
    }
  | ({
      readonly state: 'settled';
      readonly since: number;
      readonly clusterId?: string;
      /** Between two turns of it. */
      readonly rollout?: OperationType;
      /** It is held back by an update policy: what `resume` would let begin. */
      readonly heldBack?: string;
      /** Its turns left something that goes where a person aborts it. */
      readonly leaves?: true;
    } & Resting<SettledSubject>)
  /** For its cluster, whose entity's id it may know. */
  | ({ readonly state: 'waiting'; readonly reason: string; readonly cluster?: string } & Resting)
  /** An operation ended by itself: its plan was out of date. */
  | ({ readonly state: 'outdated'; readonly reason: string } & Resting)
  | ({ readonly state: 'blocked'; readonly reason: string } & Resting)
  /** A person aborted its operation. */
  | ({ readonly state: 'held'; readonly operation: OperationType } & Resting)
  | { readonly state: 'finished' }
  | { readonly state: 'orphaned'; readonly reason: string }
);

export type EntityEvent =
  /** The object was looked at; `seen` is what had arrived before. */
  | { readonly kind: 'assessed'; readonly at: number; readonly seen: Seen; readonly assessment: Assessment }
  | { readonly kind: 'unassessed'; readonly at: number; readonly seen: Seen; readonly reason: string }
  /** What people said before the operation began, oldest first. */
  | { readonly kind: 'asked'; readonly verbs: readonly AskedVerb[] }
  | { readonly kind: 'started'; readonly operationId: string }
  /** The operation ended; `news` is what had arrived by then. */
  | { readonly kind: 'ended'; readonly at: number; readonly result: OperationResult; readonly news: Seen }
  /** A sweep says what differs, and whether it is to be mended. */
  | { readonly kind: 'reported'; readonly report: SettledSubject; readonly mends?: true }
  /** Its rest is over: something arrived, its time has come, or this run of the entity is to end. */
  | { readonly kind: 'woken'; readonly at: number; readonly news: Seen; readonly leaving: boolean }
  /** The status was written, or could not be. */
  | { readonly kind: 'written' | 'unwritten' }
  /** What a person says while no operation runs. */
  | { readonly kind: 'retry' | 'resume' | 'pause' | 'abort' };

export type LifeOf<S extends EntityLife['state']> = Extract<EntityLife, { readonly state: S }>;
export type EventOf<K extends EntityEvent['kind']> = Extract<EntityEvent, { readonly kind: K }>;
export type RestingState = 'settled' | 'waiting' | 'outdated' | 'blocked' | 'held';

const NONE: Counts = {
  failedAssessments: 0,
  blockedAssessments: 0,
  failedOperations: 0,
  outdatedPlans: 0,
  unwrittenStatuses: 0,
};

type Carried = Pick<EntityState, 'pacing' | 'held' | 'skipped' | 'released'> & { readonly paused?: boolean };

/** What a run of an entity carries over to the next. */
export const carriedOver = ({
  pacing,
  held,
  skipped,
  paused,
  released,
}: Carried): Pick<EntityState, keyof Carried> => ({
  ...(pacing === undefined ? {} : { pacing }),
  ...(held === undefined ? {} : { held }),
  ...(skipped === undefined ? {} : { skipped }),
  ...(paused === true ? { paused } : {}),
  ...(released === undefined ? {} : { released }),
});

/** A run of an entity begins by looking, with what the run before carried over. */
export const begin = (carried: Carried): LifeOf<'assessing'> =>
  assessing({ pacing: DEFAULT_PACING, paused: false, ...carriedOver(carried), counts: NONE });

export const assessing = (kept: Kept, progressed = false): LifeOf<'assessing'> => ({
  state: 'assessing',
  kept,
  progressed,
});

export const counted = (kept: Kept, counts: Partial<Counts>): Kept => ({
  ...kept,
  counts: { ...kept.counts, ...counts },
});
