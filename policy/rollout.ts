/**
 * Rollout: replacements that belong together, one machine a turn, each turn an operation of its own.
 *
 * Owns: `choose`, which is asked after every turn and from nothing but what is there and what status remembers, so that a rollout
 * stops between two machines and goes on after whatever was lost. Where it is, is read from machines: one that is as it should
 * be is not due. Only the numbers of turns are remembered. Neighbours: `repair.ts` and whoever else replaces machines say
 * what is due; `replacement.ts` plans one turn; `status.ts` shows them as one. Pure. Invariants: I5 (nothing but what passed the gate).
 */
import type { LastOperation, Rollout } from '../api/status.ts';
import type { OperationType } from '../words/operations.ts';
import { timeOf } from '../words/time.ts';
import type { Replacement } from './replacement.ts';

/** A replacement that is due, and why it may not be done now. */
export type Due = { readonly replacement: Replacement; readonly forbidden?: string };

/** Which of how many, and when the first of them began: RFC 3339. */
export type Turn = {
  readonly number: number;
  readonly of: number;
  readonly since: string;
  /** What a person's word let begin, whatever the update policy says: the fingerprint of what machines are to be. */
  readonly released?: string;
};

/** What a rollout does next. */
export type Choice =
  | { readonly kind: 'replacement'; readonly replacement: Replacement; readonly turn: Turn }
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'done' };

/** What is remembered of a rollout that is under way, and whether its last turn came to its end. */
export type Remembered = { readonly rollout: Rollout; readonly turnIsOver: boolean };

type Remembering = { readonly rollout?: Rollout; readonly lastOperation?: Pick<LastOperation, 'type' | 'state'> };

/** The rollout of this type that a status says is under way. */
export const rememberedOf = (type: OperationType, status: Remembering = {}): Remembered | undefined => {
  const { rollout, lastOperation } = status;
  if (rollout?.type !== type) return undefined;
  return { rollout, turnIsOver: lastOperation?.type === type && lastOperation.state === 'succeeded' };
};

/** A turn that did not come to its end is begun again, under its number. `left`: how many are to come, this one among them. */
export const turnAfter = (remembered: Remembered | undefined, left: number, now: number): Turn => {
  if (remembered === undefined) return { number: 1, of: left, since: timeOf(now) };
  const { rollout, turnIsOver } = remembered;
  const number = turnIsOver ? rollout.turn + 1 : rollout.turn;
  return { number, of: Math.max(rollout.of, number - 1 + left), since: rollout.startedAt };
};

/** The same turn where nothing is left to do after it, however many were thought to come: nobody asks again. */
export const lastOf = (turn: Turn): Turn => ({ ...turn, of: turn.number });

/** The first that is due is next: whoever may not be replaced now is waited for, and not passed over. */
export const choose = (due: readonly Due[], remembered: Remembered | undefined, now: number): Choice => {
  const [first] = due;
  if (first === undefined) return { kind: 'done' };
  if (first.forbidden !== undefined) return { kind: 'wait', why: first.forbidden };
  return { kind: 'replacement', replacement: first.replacement, turn: turnAfter(remembered, due.length, now) };
};

/** More turns are to come after this one. */
export const hasMoreTurns = (turn: Pick<Turn, 'number' | 'of'> | undefined): boolean =>
  turn !== undefined && turn.number < turn.of;
