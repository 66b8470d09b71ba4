/**
 * Stuck: whether an object goes on, by its status alone: at which step it does not, why, and since when.
 *
 * Owns: what a list calls stuck, which is what `lastErrors` names, what the condition `Stalled` says, and what nobody has looked
 * at; in the words of the conditions. Neighbours: `policy/status.ts` writes what is read here, `words/stuck.ts` reads the same
 * out of what Temporal lists, `cli/list.ts` draws it. Pure.
 */
import { present } from '../words/present.ts';
import { BLOCKED_REASON, waitsForPerson, worstOf } from '../words/steps.ts';
import type { Stuck } from '../words/stuck.ts';
import type { StoredCluster, StoredNodePool } from './management.ts';

type AnyObject = StoredCluster | StoredNodePool;

/** Long enough for a watcher and a worker that are up (I9). */
const LOOKED_AT_WITHIN_MS = 60_000;

const isTrue = ({ status }: AnyObject, type: string) =>
  status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');

const momentOf = (time: string | undefined): { readonly since?: number } =>
  time === undefined ? {} : { since: Date.parse(time) };

/** What was asked for in the object itself, and left no trace in its status. */
const unseen = ({ metadata, status }: AnyObject, now: number): Stuck | undefined => {
  const { creationTimestamp, deletionTimestamp } = metadata;
  const isNew = (status?.conditions ?? []).length === 0;
  const asked = deletionTimestamp !== undefined && status?.state !== 'Deleting' ? deletionTimestamp : undefined;
  const since = asked ?? (isNew ? creationTimestamp : undefined);
  return since !== undefined && now - Date.parse(since) > LOOKED_AT_WITHIN_MS
    ? { reason: 'NotLookedAt', ...momentOf(since), waitsForPerson: true }
    : undefined;
};

/** Paused is said to go on for as long as something that had begun still runs: nothing else will begin. */
const heldUp = (object: AnyObject) => {
  const reconciling = isTrue(object, 'Reconciling');
  return isTrue(object, 'Stalled') ?? (reconciling?.reason === 'Paused' ? reconciling : undefined);
};

type Condition = NonNullable<ReturnType<typeof isTrue>>;
type Failing = NonNullable<NonNullable<NonNullable<AnyObject['status']>['lastErrors']>[number]>;

/** At what `lastErrors` names. While nothing runs that is no step that fails, but a machine, and the condition tells of it. */
const atError = (object: AnyObject, { step, verdict = 'retry', since }: Failing, stalled?: Condition): Stuck => {
  const condition =
    stalled ?? (object.status?.lastOperation?.state === 'running' ? undefined : isTrue(object, 'Degraded'));
  return {
    reason: condition?.reason ?? BLOCKED_REASON[verdict],
    ...present({ step }),
    ...momentOf(since),
    waitsForPerson: stalled !== undefined || waitsForPerson(verdict),
  };
};

/** Undefined where it goes on, or is as it should be; as of `now` in epoch milliseconds. */
export const stuckAt = (object: AnyObject, now: number): Stuck | undefined => {
  const worst = worstOf(object.status?.lastErrors ?? []);
  const stalled = heldUp(object);
  if (worst !== undefined) return atError(object, worst, stalled);
  if (stalled === undefined) return unseen(object, now);
  const step = object.status?.lastOperation?.type;
  const reason = stalled.reason ?? 'Stalled';
  return { reason, ...present({ step }), ...momentOf(stalled.lastTransitionTime), waitsForPerson: true };
};
