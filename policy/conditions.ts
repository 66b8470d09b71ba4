/**
 * Conditions: Ready, Reconciling and Stalled by the rules of kstatus, from what is going on.
 *
 * Owns: which condition says what, and when its time moves: only with its status. Tools take Stalled for failed and
 * Reconciling for in progress, so never both are True, and all three are written from the first look on.
 * Neighbours: `status.ts` says what is going on; `api/status.ts` names the fields.
 */
import { type Condition, UNSEEN } from '../api/status.ts';
import { shortened } from '../words/text.ts';

export type Truth = Condition['status'];
export type Claim = { readonly status: Truth; readonly reason: string; readonly message: string };

/** What the three conditions claim; others, such as FieldsWithoutEffect, exist only while they have something to say. */
export type Claims = {
  readonly Ready: Claim;
  readonly Reconciling: Claim;
  readonly Stalled: Claim;
  readonly [specific: string]: Claim;
};

type Conditioned = { readonly status?: { readonly conditions?: readonly Condition[] } };

/** What an object's status says of this type of condition, if anything. */
export const conditionOf = ({ status }: Conditioned, type: string): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

/** The API server takes 32 KiB; a person takes less. */
export const MESSAGE_LENGTH = 1_024;

/** The message, or as much of it as leaves room for `reserved` more. */
export const cut = (message: string, reserved = 0): string => shortened(message, MESSAGE_LENGTH - reserved);

const NOTHING: Claim = { status: 'False', reason: 'NothingToDo', message: '' };

const claim = (status: Truth, reason: string, message: string): Claim => ({ status, reason, message: cut(message) });

const ALL_THERE = 'Everything that the spec asks for exists';

/** As it should be. */
export const SETTLED: Claims = {
  Ready: claim('True', 'Provisioned', ALL_THERE),
  Reconciling: NOTHING,
  Stalled: NOTHING,
};

/** As it should be, but for what these conditions name: who reads one sentence only is told that there is more. */
export const settledBut = (conditions: readonly string[]): Claims =>
  conditions.length === 0
    ? SETTLED
    : {
        ...SETTLED,
        Ready: claim(
          'True',
          'Provisioned',
          `${ALL_THERE}, but for what the condition ${conditions.join(' and ')} names`,
        ),
      };

/** Under way, by itself. */
export const progressingClaims = (ready: Truth, reason: string, message: string): Claims => ({
  Ready: claim(ready, reason, message),
  Reconciling: claim('True', reason, message),
  Stalled: NOTHING,
});

/** Waiting for a person: waiting alone cures nothing. */
export const stalledClaims = (ready: Truth, reason: string, message: string): Claims => ({
  Ready: claim(ready, reason, message),
  Reconciling: NOTHING,
  Stalled: claim('True', reason, message),
});

/** Conditions in the order of their types, each with the time since when its status holds. */
export const conditionsOf = (
  claims: Claims,
  previous: readonly Condition[],
  observedGeneration: number,
  now: string,
): Condition[] =>
  Object.entries(claims)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, { status, reason, message }]) => {
      const before = previous.find((condition) => condition.type === type);
      const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
      // Kubernetes' conditions know no generation below 0: one that speaks about none names none.
      const generation = observedGeneration === UNSEEN ? {} : { observedGeneration };
      return { type, status, ...generation, lastTransitionTime, reason, message };
    });
