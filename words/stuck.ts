/**
 * Stuck: that an object does not go on, at which step, why and since when; in what order lists have it, and how they count.
 *
 * Owns: which phases and which steps of a workflow make its object stuck, and the words for why, which are those of conditions.
 * Neighbours: `client/stuck.ts` reads the same out of an object's status; lists and metrics show it. Pure.
 */
import { BLOCKED_REASON, type BlockedVerdict, waitsForPerson, worstOf } from './steps.ts';

export type Stuck = {
  /** As in a condition, such as `StepBlocked`, or `NotLookedAt`. */
  readonly reason: string;
  /** The step, or else the operation. */
  readonly step?: string;
  /** Epoch milliseconds. */
  readonly since?: number;
  /** It does not go on by itself. */
  readonly waitsForPerson: boolean;
};

type ListedStep = {
  readonly step: string;
  /** Of the resource that it is about. */
  readonly kind: string;
  readonly verdict: BlockedVerdict;
  readonly since: number;
  readonly reason?: string;
};

/** What Temporal lists of a workflow: its phase, and the steps that are blocked there; since when is of the listing's own time. */
export type Listing = { readonly phase: string; readonly blocked: readonly ListedStep[] };

/** Why nothing begins, by a person's word. An entity that is blocked by no step is held since its operation was aborted. */
const heldBecause = ({ phase, blocked }: Listing): 'Paused' | 'Aborted' | undefined => {
  if (phase === 'Paused') return phase;
  return phase === 'blocked' && blocked.length === 0 ? 'Aborted' : undefined;
};

/** Undefined where it goes on. */
export const stuckByListing = (listing: Listing): Stuck | undefined => {
  const held = heldBecause(listing);
  const worst = worstOf(listing.blocked);
  if (worst === undefined) return held === undefined ? undefined : { reason: held, waitsForPerson: true };
  const { step, verdict, since, reason = BLOCKED_REASON[verdict] } = worst;
  return { reason: held ?? reason, step, since, waitsForPerson: held !== undefined || waitsForPerson(verdict) };
};

/** Those that wait for a person before those that go on by themselves, and the longest stuck first; what is not stuck comes last. */
export const byUrgency = (a: Stuck | undefined, b: Stuck | undefined): number => {
  const rank = (one: Stuck | undefined): number => (one === undefined ? 2 : one.waitsForPerson ? 0 : 1);
  return rank(a) - rank(b) || (a?.since ?? 0) - (b?.since ?? 0);
};

/** `100 clusters, 3 of them stuck, of which 2 wait for a person.` */
export const stuckCount = (all: readonly (Stuck | undefined)[], noun: string): string => {
  const stuck = all.filter((one) => one !== undefined);
  const waiting = stuck.filter((one) => one.waitsForPerson).length;
  const whole = `${all.length} ${noun}${all.length === 1 ? '' : 's'}`;
  if (stuck.length === 0) return `${whole}, none of them stuck.`;
  return `${whole}, ${stuck.length} of them stuck, of which ${waiting} ${waiting === 1 ? 'waits' : 'wait'} for a person.`;
};
