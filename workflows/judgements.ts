/**
 * Judgements of an entity about what `assess` answered, beside what it did or was told before.
 *
 * Owns: what supersedes a running operation, what a person's abort or skip still stands for, and what was asked for before an
 * operation began. Pure.
 */
import type { Assessment, OperationInput } from '../activities/contract.ts';
import { OPERATIONS, type Purpose, purposeOf } from '../words/operations.ts';
import type { AskedVerb, Held, Skipped } from './messages.ts';

/**
 * What takes the place of an operation that is for something else. A repair is one turn, and other needs wait for its end; a restore is
 * asked for by name, and has all replicas stop.
 */
const URGENCY: Readonly<Record<Purpose, number>> = { make: 0, repair: 1, restore: 2, delete: 3 };

/** Why what is due by now ends the running operation, or undefined when it doesn't. */
const takesItsPlace = (due: OperationInput, running: OperationInput): string | undefined => {
  if (URGENCY[purposeOf(due)] > URGENCY[purposeOf(running)]) return `${due.type} takes its place`;
  // A deletion takes away what is there, and a restore brings back what was, whatever the spec says by now.
  if (['delete', 'restore'].includes(purposeOf(running)) || due.generation === running.generation) return undefined;
  return 'the spec changed';
};

/** Why a newer look at the object ends the running operation, or undefined when it doesn't. */
export const supersedes = (assessment: Assessment, running: OperationInput): string | undefined => {
  switch (assessment.kind) {
    case 'orphaned':
      return assessment.reason;
    case 'operate':
      return takesItsPlace(assessment.operation, running);
    case 'waiting':
    case 'blocked':
    case 'settled':
      return assessment.generation > running.generation ? 'the spec changed' : undefined;
    case 'finished':
      return undefined;
  }
};

/** The same order: half of a change may be done, so that what is left of it is an operation of another type. */
export const isOf = (what: Pick<Held, 'operation' | 'generation'>, due: OperationInput): boolean =>
  purposeOf({ type: what.operation }) === purposeOf(due) && what.generation === due.generation;

/** Not all is there: it cannot be looked at, or a rollout waits for its next turn. */
export const isOpen = (assessment: Assessment): boolean =>
  assessment.kind !== 'settled' || assessment.rollout !== undefined || assessment.heldBack !== undefined;

/** An abort stands until the same operation is no longer what is to be done: the spec changed, or all is there. */
export const stillHeld = (held: Held | undefined, assessment: Assessment): Held | undefined => {
  if (held === undefined) return undefined;
  if (assessment.kind === 'operate') {
    const { operation } = assessment;
    const comesBetween = purposeOf(operation) === 'repair' && operation.generation === held.generation;
    return isOf(held, operation) || comesBetween ? held : undefined;
  }
  if (assessment.kind !== 'settled') return held;
  if (assessment.generation !== held.generation) return undefined;
  // Of what went back nothing is to be done, and it is aborted all the same.
  return !isOpen(assessment) && held.back !== true ? undefined : held;
};

/** Nothing is to be done but what a person skipped for this very spec: that is as good as settled. */
export const butForSkipped = (assessment: Assessment, skipped: Skipped | undefined): Assessment => {
  if (assessment.kind !== 'operate' || skipped === undefined) return assessment;
  const { operation } = assessment;
  if (!isOf(skipped, operation)) return assessment;
  const left = operation.plan.steps.filter(
    ({ id, verb, accompanies }) => verb !== 'wait' && accompanies !== true && !skipped.steps.includes(id),
  );
  if (left.length > 0) return assessment;
  const steps = operation.plan.steps.flatMap(({ id }) => (skipped.steps.includes(id) ? [id] : []));
  return {
    kind: 'settled',
    generation: operation.generation,
    clusterId: operation.owner.clusterId,
    ...(steps.length === 0 ? {} : { note: `skipped by hand: ${steps.join(', ')}; retry begins again` }),
  };
};

export type AskedBefore = {
  readonly operation: OperationInput;
  readonly aborted: boolean;
  /** An earlier abort was taken back. */
  readonly resumed: boolean;
};

/** What came too late for the operation before, or too early for the one that is to begin, says how this one begins. */
export const askedBefore = (
  operation: OperationInput,
  asked: readonly AskedVerb[],
  pausedBefore: boolean,
): AskedBefore => {
  // What a person paused was no deletion.
  let paused = pausedBefore && purposeOf(operation) !== 'delete';
  let aborted = false;
  let resumed = false;
  for (const { verb } of asked) {
    if (verb === 'abort') aborted = OPERATIONS[operation.type].unabortable === undefined;
    else if (verb === 'pause') paused = true;
    else if (verb === 'resume') {
      paused = false;
      aborted = false;
      resumed = true;
    }
    // To retry is what beginning means, and what to skip is only known later.
  }
  return { operation: paused ? { ...operation, paused: true } : operation, aborted, resumed };
};
