/**
 * Aborts of an entity's operations: what follows where a person aborted one that runs, one that is about to begin, or a rollout between
 * two of its turns.
 *
 * Owns: that what an upgrade brought goes back, that what other turns left is taken back, and that the object is held then.
 * Neighbours: `entity-outcomes.ts` and `entity-life.ts` say when; `policy/given-up.ts` plans both. Pure. Invariant: E4 of `entity-life.ts`.
 */
import type { Assessment, OperationInput } from '../activities/contract.ts';
import { OPERATIONS, purposeOf } from '../words/operations.ts';
import { present } from '../words/present.ts';
import type { Seen } from './entity-news.ts';
import { assessing, type EntityLife, type Kept, type LifeOf } from './entity-states.ts';
import type { Held } from './messages.ts';

type Order = Pick<OperationInput, 'type' | 'generation'>;

const heldOf = ({ type, generation }: Order): Held => ({ operation: type, generation });

/** Whether an abort of it means that it returns: one that is on its way back stops where it is. */
export const goesBack = ({ held }: Kept, { type }: Order): boolean =>
  OPERATIONS[type].returns === true && held?.back !== true;

/** Nothing more is done for this order until somebody resumes it. */
export const heldBy = (before: Kept, order: Order, seen: Seen, left?: string): LifeOf<'held'> =>
  resting(before, heldOf(order), seen, left);

const resting = (before: Kept, held: Held, seen: Seen, left?: string): LifeOf<'held'> => {
  const { obstacle: _, ...others } = before;
  const { operation, generation } = held;
  return {
    state: 'held',
    kept: { ...others, held },
    seen,
    generation,
    operation,
    status: { kind: 'held', operation, ...present({ left, returned: held.back }) },
  };
};

/** A person aborted it. */
export const abortedBy = (kept: Kept, order: Order, seen: Seen, left?: string): EntityLife =>
  goesBack(kept, order)
    ? assessing({ ...kept, held: { ...heldOf(order), back: true } })
    : heldBy(kept, order, seen, left);

/** It does not begin: what earlier turns left is taken back first. Whatever becomes of that, it stays aborted. */
export const stoppedBefore = ({ operation, givenUp, seen }: LifeOf<'beginning'>, kept: Kept): EntityLife =>
  givenUp === undefined
    ? heldBy(kept, operation, seen)
    : { state: 'operating', kept: { ...kept, held: heldOf(operation) }, seen, operation: givenUp, failures: 0 };

/** What was aborted, and of which nothing is to be done now; undefined where nothing was, or where it is on its way back. */
export const heldAtRest = (
  kept: Kept,
  { rollout, generation, givenUp }: Extract<Assessment, { kind: 'settled' }>,
  seen: Seen,
): EntityLife | undefined => {
  const { held } = kept;
  if (held === undefined || (held.back === true && rollout !== undefined)) return undefined;
  if (rollout === undefined) return resting(kept, held, seen);
  // Another order, such as a repair, that waits for its turn: nobody aborted that.
  if (purposeOf({ type: rollout }) !== purposeOf({ type: held.operation })) return undefined;
  return givenUp === undefined
    ? heldBy(kept, { type: rollout, generation }, seen)
    : { state: 'beginning', kept, seen, operation: givenUp, givenUp };
};
