/**
 * The entity: the long-lived workflow that owns one object and runs its operations one at a time.
 *
 * Owns: when to look, and what to do with what `assess` decided. It never trusts what a signal says of the object: it
 * reads it again, so that lost, doubled and reordered events do no harm. Neighbours: `entity-news.ts` hears the signals;
 * `policy/` decides; `following.ts` runs the operation, which writes the status while it runs; the entity writes it
 * otherwise, never both; `entity-idle.ts` waits.
 * Invariants: I1 (one operation, by its workflow id), I9 (a look that fails is told), I10, I12 (an absent object is never
 * an order to delete: the entity ends as orphaned and changes nothing).
 *
 * Temporal's cancel means abort, here as for an operation: what runs is aborted, and the entity lives on in a new run.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Assessment, OperationInput } from '../activities/contract.ts';
import { assess, DEFAULT_PACING, IDLE_LOOK, retryDelay } from './activities.ts';
import { askToBeTold, followDependents } from './dependents.ts';
import { followDrift } from './drift-reports.ts';
import { entityIdling } from './entity-idle.ts';
import { followNews, type Seen } from './entity-news.ts';
import { entityTelling, type Obstacle } from './entity-telling.ts';
import { takeEntityVerbs } from './entity-verbs.ts';
import { type Failing, follow } from './following.ts';
import { askedBefore, butForSkipped, isDelete, stillHeld } from './judgements.ts';
import { type EntityState, getEntityState, type OperationResult, SEARCH_ATTRIBUTES } from './messages.ts';
import { failureOf } from './outcomes.ts';

export const runEntity = async (initial: EntityState): Promise<string> => {
  let cancelled = false;
  void CancellationScope.current().cancelRequested.catch(() => void (cancelled = true));
  // Nothing here is broken off by a cancel: it only says what to do next.
  return CancellationScope.nonCancellable(() => live(initial, () => cancelled));
};

const live = async (initial: EntityState, cancelled: () => boolean): Promise<string> => {
  const { object } = initial;
  const entityId = workflowInfo().workflowId;
  let { held, skipped, pacing = DEFAULT_PACING } = initial;
  const telling = entityTelling(object, entityId);
  let looksWhileBlocked = 0;
  let failedLooks = 0;
  let failedEnds = 0;
  let outdated = 0;
  let paused = false;

  const news = followNews(() => telling.view().phase);
  setHandler(getEntityState, telling.view, { description: 'What this entity is doing, and why' });
  const dependents = followDependents(initial.dependents);
  const drift = followDrift();
  const again = (): void => {
    looksWhileBlocked = 0;
    news.add();
  };
  const verbs = takeEntityVerbs(initial.handled ?? {}, {
    view: telling.view,
    skipped: () => skipped?.steps ?? [],
    retry: () => {
      skipped = undefined;
      again();
    },
    resume: () => {
      held = undefined;
      again();
    },
  });

  const { enter, clear, write } = telling;
  /** Says what stands in the way, and answers how long until it is looked at again. */
  const block = (verdict: Obstacle['verdict'], reason: string, attempt: number, own?: number) => {
    const delay = own ?? retryDelay(pacing, attempt);
    const obstacle = { verdict, reason, attempt, retryAt: Date.now() + delay };
    telling.block(obstacle);
    return { ...obstacle, delay };
  };
  /** What went wrong by itself is tried again by itself, and said meanwhile. */
  const failing = async (reason: string, attempt: number, generation: number, seen: Seen): Promise<void> => {
    const { delay, retryAt } = block('retry', reason, attempt);
    await write({ kind: 'failing', reason, attempt, retryAt }, generation);
    await idle(seen, delay);
  };

  /** A pool learns only from an assessment whose it is; from then on it is found with its cluster. */
  const belongTo = (clusterId: string | undefined): void => {
    const known = workflowInfo().typedSearchAttributes.get(SEARCH_ATTRIBUTES.cluster);
    // Empty where a pool never had a cluster.
    if (!clusterId || clusterId === known) return;
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.cluster, value: clusterId }]);
  };

  const look = async (told = false): Promise<Assessment | Failing> => {
    news.looking();
    try {
      const assessment = await assess(told ? { object, told } : { object });
      pacing = assessment.pacing ?? pacing;
      return assessment;
    } catch (error) {
      return { kind: 'failing', reason: `It could not be looked at: ${failureOf(error).message}` };
    }
  };

  const leaving = (): boolean => cancelled() || workflowInfo().continueAsNewSuggested;
  const { idle, settle } = entityIdling({ news, telling, verbs, dependents, drift, pacing: () => pacing, leaving });

  const hold = async ({ type, generation }: OperationInput): Promise<void> => {
    held = { operation: type, generation };
    clear();
    enter('blocked', { reason: `${type} was aborted. Resume begins it again; so does a change.`, held: type });
    await write({ kind: 'held', operation: type }, generation);
  };

  /** What the end of an operation means, beyond that it is over. Answers true where the entity ends with it. */
  const conclude = async (operation: OperationInput, result: OperationResult, seen: Seen): Promise<boolean> => {
    const { type, generation } = operation;
    if (result.state !== 'failed') failedEnds = 0;
    switch (result.state) {
      case 'succeeded':
        if (isDelete(operation)) return true;
        outdated = 0;
        if (result.skipped !== undefined) skipped = { operation: type, generation, steps: result.skipped };
        // What it made is as it should be. What changes later is found by the next look, for whatever reason.
        else if (operation.settles && news.changes() === seen.changes) await settle(seen, generation);
        return false;
      case 'aborted':
        await hold(operation);
        await idle(seen);
        return false;
      case 'failed': {
        failedEnds += 1;
        const reason = `The operation ended with an error: ${result.reason ?? 'unknown'}`;
        await failing(reason, failedEnds, generation, seen);
        return false;
      }
      case 'superseded':
        paused = result.paused === true;
        if (news.changes() !== seen.changes) {
          outdated = 0;
          return false;
        }
        outdated += 1;
        enter('waiting', { reason: result.reason ?? 'the plan was out of date' });
        await idle(seen, IDLE_LOOK.outdated(outdated));
        return false;
    }
  };

  /** It was told of its cluster's progress, or waited long: what the cluster's status says may be older. */
  let progressed = false;
  for (;;) {
    const seen = news.seen();
    enter('assessing');
    const looked = await look(progressed);
    progressed = false;
    const assessment = looked.kind === 'failing' ? looked : butForSkipped(looked, skipped);
    if (assessment.kind !== 'failing') {
      failedLooks = 0;
      held = stillHeld(held, assessment);
      if (assessment.kind !== 'blocked') {
        looksWhileBlocked = 0;
        clear();
      }
    }
    switch (assessment.kind) {
      case 'orphaned':
        enter('orphaned', { reason: assessment.reason });
        return `orphaned: ${assessment.reason}`;
      case 'finished':
        enter('finished');
        return 'finished';
      case 'failing': {
        failedLooks += 1;
        await failing(assessment.reason, failedLooks, 0, seen);
        break;
      }
      case 'operate': {
        const asked = askedBefore(assessment.operation, verbs.pending.splice(0), paused);
        paused = false;
        if ((held !== undefined && !asked.resumed) || asked.aborted) {
          await hold(assessment.operation);
          await idle(seen);
          break;
        }
        held = undefined;
        const { operation } = asked;
        const { result, seen: followed } = await follow(
          operation,
          seen.changes,
          { entityId, look, pacing: () => pacing, changes: news.changes, cancelled, verbs, dependents },
          (operationId) => {
            enter('operating', { operationId });
            belongTo(operation.owner.clusterId);
          },
        );
        if (await conclude(operation, result, { changes: followed, progress: news.seen().progress })) {
          enter('finished');
          await condition(allHandlersFinished);
          return 'finished';
        }
        break;
      }
      case 'settled':
        belongTo(assessment.clusterId);
        await settle(
          seen,
          assessment.generation,
          {
            kind: 'settled',
            ...(assessment.note === undefined ? {} : { note: assessment.note }),
            ...(assessment.controlPlane === undefined ? {} : { controlPlane: assessment.controlPlane }),
          },
          inMilliseconds(assessment.lookAgainSeconds),
        );
        break;
      case 'waiting':
        enter('waiting', { reason: assessment.reason });
        await write({ kind: 'waiting', reason: assessment.reason }, assessment.generation);
        await askToBeTold(assessment.entityId, entityId);
        await idle(seen, IDLE_LOOK.waiting);
        progressed = news.seen().progress > seen.progress || news.changes() === seen.changes;
        break;
      case 'blocked': {
        looksWhileBlocked += 1;
        const own = inMilliseconds(assessment.lookAgainSeconds);
        const { delay } = block('blocked', assessment.reason, looksWhileBlocked, own);
        await write(
          {
            kind: 'blocked',
            reason: assessment.reason,
            cure: assessment.cure,
            ...(assessment.controlPlane === undefined ? {} : { controlPlane: assessment.controlPlane }),
          },
          assessment.generation,
        );
        await idle(seen, delay);
        break;
      }
    }
    if (leaving()) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof runEntity>({
        v: 1,
        object,
        dependents: dependents.ids(),
        handled: verbs.handled(),
        pacing,
        ...(held === undefined ? {} : { held }),
        ...(skipped === undefined ? {} : { skipped }),
      });
    }
  }
};

const inMilliseconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * 1_000;
