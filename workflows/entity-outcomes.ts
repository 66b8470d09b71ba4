/**
 * Where an entity's assessment leads, what was said before its operation begins, and how that operation ended.
 *
 * Owns: the states that follow each of the three, E1 to E6 of `entity-life.ts`. Neighbours: `judgements.ts` compares an
 * assessment with what was done or said before; the delays are those of `activities.ts`. Pure.
 */
import type { Assessment, Pacing } from '../activities/contract.ts';
import { purposeOf } from '../words/operations.ts';
import { present } from '../words/present.ts';
import { IDLE_LOOK, retryDelay } from './activities.ts';
import { abortedBy, goesBack, heldAtRest, heldBy, stoppedBefore } from './entity-aborts.ts';
import type { Seen } from './entity-news.ts';
import {
  assessing,
  counted,
  type EntityLife,
  type EventOf,
  type Kept,
  type LifeOf,
  type Obstacle,
} from './entity-states.ts';
import { askedBefore, butForSkipped, isOf, isOpen, stillHeld } from './judgements.ts';
import type { OperationResult } from './messages.ts';

type Moment = { readonly at: number; readonly seen: Seen };

/** What an assessment leads to. */
export const afterAssessment = (before: Kept, { at, seen, assessment }: EventOf<'assessed'>): EntityLife => {
  const found = butForSkipped(assessment, before.skipped);
  const kept = keptAfter(before, found, assessment.pacing);
  switch (found.kind) {
    case 'orphaned':
      return { state: 'orphaned', kept, reason: found.reason };
    case 'finished':
      return { state: 'finished', kept };
    case 'operate':
      return { state: 'beginning', kept, seen, operation: found.operation, ...present({ givenUp: found.givenUp }) };
    case 'settled':
      return heldAtRest(kept, found, seen) ?? settledBy(kept, found, { at, seen });
    case 'waiting':
      return waitingBy(kept, found, { at, seen });
    case 'blocked':
      return blockedBy(kept, found, { at, seen });
  }
};

const keptAfter = (before: Kept, found: Assessment, pacing: Pacing | undefined): Kept => {
  const { held: _, obstacle, released, ...others } = before;
  const held = stillHeld(before.held, found);
  const kept: Kept = {
    ...others,
    // A pause is for what was under way.
    paused: before.paused && isOpen(found),
    ...(pacing === undefined ? {} : { pacing }),
    ...(held === undefined ? {} : { held }),
    // The word was for what is there by now.
    ...(isOpen(found) ? present({ released }) : {}),
  };
  return found.kind === 'blocked'
    ? counted({ ...kept, ...(obstacle === undefined ? {} : { obstacle }) }, { failedAssessments: 0 })
    : counted(kept, { failedAssessments: 0, blockedAssessments: 0 });
};

export const afterFailedAssessment = (before: Kept, { at, seen, reason }: EventOf<'unassessed'>): EntityLife => {
  const attempt = before.counts.failedAssessments + 1;
  const kept = counted(before, { failedAssessments: attempt });
  return failing(kept, { at, seen, reason: `It could not be looked at: ${reason}`, attempt, generation: 0 });
};

/** What was asked meanwhile decides whether the operation begins, and how. */
export const afterAsking = (life: LifeOf<'beginning'>, { verbs }: EventOf<'asked'>): EntityLife => {
  const { operation, seen } = life;
  const asked = askedBefore(operation, verbs, life.kept.paused);
  const kept: Kept = { ...life.kept, paused: false };
  const { held, ...others } = kept;
  if (asked.aborted) return goesBack(kept, operation) ? abortedBy(kept, operation, seen) : stoppedBefore(life, others);
  if (held === undefined) return { state: 'operating', kept, seen, operation: asked.operation, failures: 0 };
  // What was planned to go back, or to be taken back, is not what was aborted.
  const isOther = held.back === true || operation.givesUp === true;
  if (asked.resumed && isOther) return assessing(others);
  if (asked.resumed) return { state: 'operating', kept: others, seen, operation: asked.operation, failures: 0 };
  return held.back === true || !isOf(held, operation)
    ? { state: 'operating', kept, seen, operation: asked.operation, failures: 0 }
    : stoppedBefore(life, others);
};

/** What the end of an operation means, beyond that it is over. */
export const afterOperation = (life: LifeOf<'operating'>, { at, result, news }: EventOf<'ended'>): EntityLife => {
  const { operation } = life;
  const failedOperations = result.state === 'failed' ? life.kept.counts.failedOperations + 1 : 0;
  const kept = counted(life.kept, { failedOperations });
  const seen = { changes: life.seen.changes, progress: news.progress };
  const isNews = news.changes !== seen.changes;
  switch (result.state) {
    case 'succeeded':
      return afterSuccess({ kept, operation, at, seen, isNews }, result);
    case 'superseded':
      return afterSupersession({ kept, operation, at, seen, isNews }, result);
    case 'aborted':
      return operation.givesUp === true
        ? heldBy(kept, operation, seen, result.left)
        : abortedBy(kept, operation, seen, result.left);
    case 'failed': {
      const reason = `The operation ended with an error: ${result.reason ?? 'unknown'}`;
      return failing(kept, { at, seen, reason, attempt: failedOperations, generation: operation.generation });
    }
  }
};

type Over = Moment & Pick<LifeOf<'operating'>, 'kept' | 'operation'> & { readonly isNews: boolean };

const afterSuccess = ({ kept, operation, at, seen, isNews }: Over, { skipped: steps }: OperationResult): EntityLife => {
  if (purposeOf(operation) === 'delete') return { state: 'finished', kept };
  const { type, generation, settles } = operation;
  const now = counted(kept, { outdatedPlans: 0 });
  // What was aborted is looked at before anything is said to be as it should.
  if (kept.held !== undefined) return assessing(now);
  if (steps !== undefined) return assessing({ ...now, skipped: { operation: type, generation, steps } });
  // What it made is as it should be. What changes later is found by the next look, for whatever reason.
  const { released: _, ...others } = now;
  if (settles && !isNews) return { state: 'settled', kept: others, since: at, seen, generation };
  return assessing(now);
};

const afterSupersession = (
  { kept: before, operation, at, seen, isNews }: Over,
  { paused, reason = 'the plan was out of date' }: OperationResult,
): EntityLife => {
  const outdatedPlans = isNews ? 0 : before.counts.outdatedPlans + 1;
  const kept = { ...counted(before, { outdatedPlans }), paused: paused === true };
  if (isNews) return assessing(kept);
  const { generation } = operation;
  return { state: 'outdated', kept, seen, generation, reason, until: at + IDLE_LOOK.outdated(outdatedPlans) };
};

const settledBy = (
  kept: Kept,
  {
    generation,
    note,
    revision,
    inside,
    clusterId,
    rollout,
    heldBack,
    upgrading,
    givenUp,
    controlPlane,
    nodes,
    nodePool,
    lookAgainSeconds,
    recalled,
  }: Extract<Assessment, { kind: 'settled' }>,
  { at, seen }: Moment,
): LifeOf<'settled'> => ({
  state: 'settled',
  kept,
  since: at,
  seen,
  generation,
  status: {
    kind: 'settled',
    ...present({ note, revision, inside, rollout, heldBack, upgrading, controlPlane, nodes, nodePool, recalled }),
  },
  ...(clusterId === undefined ? {} : { clusterId }),
  ...present({ rollout: rollout ?? heldBack?.type, heldBack: heldBack?.target }),
  ...(givenUp === undefined ? {} : { leaves: true as const }),
  ...(lookAgainSeconds === undefined ? {} : { until: at + lookAgainSeconds * 1_000 }),
});

const waitingBy = (
  kept: Kept,
  { generation, reason, entityId: cluster }: Extract<Assessment, { kind: 'waiting' }>,
  { at, seen }: Moment,
): LifeOf<'waiting'> => ({
  state: 'waiting',
  kept,
  seen,
  generation,
  reason,
  status: { kind: 'waiting', reason },
  until: at + IDLE_LOOK.waiting,
  ...(cluster === undefined ? {} : { cluster }),
});

const blockedBy = (
  before: Kept,
  { generation, reason, cure, controlPlane, lookAgainSeconds }: Extract<Assessment, { kind: 'blocked' }>,
  { at, seen }: Moment,
): LifeOf<'blocked'> => {
  const attempt = before.counts.blockedAssessments + 1;
  const kept = counted(before, { blockedAssessments: attempt });
  const until = at + (lookAgainSeconds === undefined ? retryDelay(kept.pacing, attempt) : lookAgainSeconds * 1_000);
  return {
    state: 'blocked',
    kept: obstructed(kept, { verdict: 'blocked', reason, attempt, since: at, retryAt: until }),
    seen,
    generation,
    reason,
    status: { kind: 'blocked', reason, cure, since: sinceOf(kept, at), ...present({ controlPlane }) },
    until,
  };
};

/** What went wrong by itself is tried again by itself, and said meanwhile. */
const failing = (
  kept: Kept,
  { at, seen, reason, attempt, generation }: Moment & Pick<Obstacle, 'reason' | 'attempt'> & { generation: number },
): LifeOf<'blocked'> => {
  const retryAt = at + retryDelay(kept.pacing, attempt);
  return {
    state: 'blocked',
    kept: obstructed(kept, { verdict: 'retry', reason, attempt, since: at, retryAt }),
    seen,
    generation,
    reason,
    status: { kind: 'failing', reason, attempt, retryAt, since: sinceOf(kept, at) },
    until: retryAt,
  };
};

/** An obstacle stands since the first one that was not cleared (E5). */
const sinceOf = ({ obstacle }: Kept, at: number): number => obstacle?.since ?? at;

const obstructed = (kept: Kept, obstacle: Obstacle): Kept => ({
  ...kept,
  obstacle: { ...obstacle, since: sinceOf(kept, obstacle.since) },
});
