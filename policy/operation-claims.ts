/**
 * Claims about an operation: what its state means for Ready, Reconciling and Stalled.
 *
 * Owns: which reason stands for which state, and the sentence beside it. Neighbours: `conditions.ts` knows the rules of
 * kstatus, `status.ts` projects the rest. Pure. Invariants: I9 (what it waits for is named).
 */

import type { ObjectRef } from '../api/object.ts';
import type { LastOperation } from '../api/status.ts';
import { operationsCommand } from '../words/commands.ts';
import { purposeOf } from '../words/operations.ts';
import { BLOCKED_REASON, isBlocked, isOver, progressSaid, waitsForPerson, worstOf } from '../words/steps.ts';
import { timeOf } from '../words/time.ts';
import { type Claims, cut, progressingClaims, SETTLED, stalledClaims, type Truth } from './conditions.ts';
import { hasMoreTurns } from './rollout.ts';
import type { OperationView, StepView } from './views.ts';

export const isDelete = (operation: OperationView): boolean => purposeOf(operation) === 'delete';

export const progressOf = (operation: OperationView): LastOperation['progress'] => ({
  done: operation.steps.filter(isOver).length,
  total: operation.steps.length,
});

export const awaitedOf = ({ status }: StepView): string | undefined =>
  status.state === 'running' ? status.awaited : undefined;

/** `Turn 2 of 3: `, where there are several. */
const turnOf = ({ turn }: OperationView): string =>
  turn === undefined || turn.of === 1 ? '' : `Turn ${turn.number} of ${turn.of}: `;

/** Under way until what had begun has ended; then it waits for a person. */
const pausedClaims = (operation: OperationView, object: ObjectRef, since: number, ready: Truth): Claims => {
  const running = operation.steps.filter(({ status }) => status.state === 'running').length;
  const settling = running === 0 ? '' : `; ${running} that had begun still run`;
  const message = `Paused since ${timeOf(since)}: ${progressSaid(progressOf(operation))}${settling}. To go on: ${operationsCommand('resume', object)}`;
  return running === 0 ? stalledClaims(ready, 'Paused', message) : progressingClaims(ready, 'Paused', message);
};

const runningClaims = (operation: OperationView, object: ObjectRef, ready: Truth): Claims => {
  if (operation.pausedAt !== undefined) return pausedClaims(operation, object, operation.pausedAt, ready);
  const blocked = operation.steps.filter(isBlocked).map(({ id, status }) => ({ id, ...status }));
  const worst = worstOf(blocked);
  // One stands for all: the others are in `lastOperation.steps`.
  const awaited = operation.steps.map(awaitedOf).find((one) => one !== undefined);
  const progress = `${turnOf(operation)}${progressSaid(progressOf(operation))}${awaited === undefined ? '' : `. ${awaited}`}`;
  if (worst === undefined) return progressingClaims(ready, operation.type, progress);
  const isStalled = waitsForPerson(worst.verdict);
  const others = blocked.filter(({ verdict }) => waitsForPerson(verdict) === isStalled).length - 1;
  const message = `${worst.id}: ${worst.message}${others === 0 ? '' : ` (and ${others} more, see lastErrors)`}`;
  return (isStalled ? stalledClaims : progressingClaims)(ready, BLOCKED_REASON[worst.verdict], message);
};

export const resumeHint = (object: ObjectRef): string =>
  `resume, change or delete the object to go on: ${operationsCommand('resume', object)}`;

/** Nobody reaches the API before the operation has succeeded, whatever else is to be said of it. */
const orUnreachable = (claims: Claims, { unreachable, state }: OperationView): Claims =>
  unreachable === undefined || state === 'succeeded'
    ? claims
    : { ...claims, Ready: { status: 'False', reason: 'Unreachable', message: cut(unreachable) } };

export const operationClaims = (operation: OperationView, object: ObjectRef, ready: Truth): Claims =>
  orUnreachable(claimsOf(operation, object, ready), operation);

const claimsOf = (operation: OperationView, object: ObjectRef, ready: Truth): Claims => {
  const progress = progressSaid(progressOf(operation));
  switch (operation.state) {
    case 'running':
      return runningClaims(operation, object, ready);
    case 'succeeded':
      if (isDelete(operation)) return progressingClaims('False', 'Deleted', 'Nothing is left in AWS');
      return hasMoreTurns(operation.turn)
        ? progressingClaims(ready, operation.type, `${turnOf(operation)}done, the next follows`)
        : SETTLED;
    case 'superseded':
      return progressingClaims(ready, 'Superseded', `Superseded by something newer after ${progress}`);
    case 'aborted':
      return stalledClaims(ready, 'Aborted', `Aborted after ${progress}: ${resumeHint(object)}`);
    case 'failed':
      return stalledClaims(ready, 'OperationFailed', `Failed after ${progress}: it is looked at again by itself`);
  }
};
