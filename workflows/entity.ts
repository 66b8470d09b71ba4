/**
 * The entity: the long-lived workflow that owns one object and runs its operations one at a time.
 *
 * Owns: when to look, and what to do with what `assess` decided. It never trusts what a signal says of the object: it
 * reads it again, so that lost, doubled and reordered events do no harm. Neighbours: the watcher signals it; `policy/`
 * decides; `following.ts` runs the operation, which writes the status while it runs; the entity writes it otherwise,
 * never both.
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
import { followDrift, type SettledSubject } from './drift-reports.ts';
import { entityTelling, type Obstacle } from './entity-telling.ts';
import { takeEntityVerbs } from './entity-verbs.ts';
import { type Failing, follow } from './following.ts';
import { askedBefore, butForSkipped, isDelete, stillHeld } from './judgements.ts';
import {
  clusterProgressed,
  type EntityState,
  getEntityState,
  type OperationResult,
  SEARCH_ATTRIBUTES,
  specChanged,
} from './messages.ts';
import { failureOf } from './outcomes.ts';

/** How many signals had arrived when the object was last looked at. */
type Seen = { readonly changes: number; readonly progress: number };

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
  /** Signals about the object itself, and those about a pool's cluster, which only matter while the pool waits for it. */
  let changes = 0;
  let progress = 0;
  let looksWhileBlocked = 0;
  let failedLooks = 0;
  let failedEnds = 0;
  let outdated = 0;
  let paused = false;

  /** Which news was heard last, and which the last look came after. */
  let heard: string | undefined;
  let lookedAfter: string | undefined;

  setHandler(
    specChanged,
    (told) => {
      // A watcher that starts tells everything: what was looked at already is no news to whom nothing is missing.
      if (telling.view().phase === 'settled' && told !== undefined && told.news === lookedAfter) return;
      heard = told?.news;
      changes += 1;
    },
    { description: 'The object may have changed: read it again' },
  );
  setHandler(
    clusterProgressed,
    () => {
      // A pool that builds, or is done, took what it needs already: looking again would only cost calls.
      const { phase } = telling.view();
      if (phase === 'waiting' || phase === 'assessing') progress += 1;
    },
    { description: 'The cluster that this pool waits for made progress' },
  );
  setHandler(getEntityState, telling.view, { description: 'What this entity is doing, and why' });
  const dependents = followDependents(initial.dependents);
  const drift = followDrift();
  const again = (): void => {
    looksWhileBlocked = 0;
    changes += 1;
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

  const { enter, clear, write, unwritten } = telling;
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
    lookedAfter = heard;
    try {
      const assessment = await assess(told ? { object, told } : { object });
      pacing = assessment.pacing ?? pacing;
      return assessment;
    } catch (error) {
      return { kind: 'failing', reason: `It could not be looked at: ${failureOf(error).message}` };
    }
  };

  const isOver = (seen: Seen): boolean => changes > seen.changes || progress > seen.progress;
  const current = (): Seen => ({ changes, progress });
  const leaving = (): boolean => cancelled() || workflowInfo().continueAsNewSuggested;

  /** Waits for something new, or for `milliseconds`; tells dependents and takes what people say meanwhile. */
  const idle = async (seen: Seen, milliseconds?: number): Promise<void> => {
    const tellAgain = unwritten() === 0 ? undefined : retryDelay(pacing, unwritten());
    const least = Math.min(milliseconds ?? Number.POSITIVE_INFINITY, tellAgain ?? Number.POSITIVE_INFINITY);
    const deadline = Number.isFinite(least) ? Date.now() + least : undefined;
    const isNews = (): boolean => isOver(seen) || drift.isPending();
    for (;;) {
      verbs.settle();
      if (!dependents.toldAll()) await dependents.tell();
      const due = deadline !== undefined && Date.now() >= deadline;
      if (isNews() || due || leaving()) return;
      const awake = (): boolean => isNews() || !dependents.toldAll() || verbs.pending.length > 0 || leaving();
      if (deadline === undefined) await condition(awake);
      else {
        const summary = `look again: ${telling.view().reason ?? ''}`.slice(0, 190);
        await condition(awake, Math.max(1, deadline - Date.now()), { summary });
      }
    }
  };

  /** Settled until something new. What a sweep reports meanwhile is written, and never makes a plan. */
  const settle = async (
    seen: Seen,
    generation: number,
    first?: SettledSubject,
    milliseconds?: number,
  ): Promise<void> => {
    const deadline = milliseconds === undefined ? undefined : Date.now() + milliseconds;
    drift.begin();
    for (let subject = first; ; ) {
      enter('settled', subject?.drift === undefined ? {} : { drifted: true });
      if (subject !== undefined) await write(subject, generation);
      const left = deadline === undefined ? undefined : Math.max(1, deadline - Date.now());
      await idle(seen, left);
      const report = drift.take();
      const over = isOver(seen) || leaving() || (deadline !== undefined && Date.now() >= deadline);
      if (report !== undefined) {
        // A sweep says nothing of replicas.
        const controlPlane = subject?.controlPlane;
        subject = controlPlane === undefined ? report : { ...report, controlPlane };
      } else if (subject === undefined || unwritten() === 0 || over) break;
    }
    drift.end();
  };

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
        else if (operation.settles && changes === seen.changes) {
          await settle(seen, generation);
        }
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
        if (changes !== seen.changes) {
          outdated = 0;
          return false;
        }
        outdated += 1;
        enter('waiting', { reason: result.reason ?? 'the plan was out of date' });
        await idle(seen, IDLE_LOOK.outdated(outdated));
        return false;
      case 'running':
        return false;
    }
  };

  /** It was told of its cluster's progress, or waited long: what the cluster's status says may be older. */
  let progressed = false;
  for (;;) {
    const seen = current();
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
          { entityId, look, pacing: () => pacing, changes: () => changes, cancelled, verbs, dependents },
          (operationId) => {
            enter('operating', { operationId });
            belongTo(operation.owner.clusterId);
          },
        );
        if (await conclude(operation, result, { changes: followed, progress })) {
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
        progressed = progress > seen.progress || changes === seen.changes;
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
