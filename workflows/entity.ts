/**
 * The entity: the long-lived workflow that owns one object and runs its operations one at a time.
 *
 * Owns: when to look, and what to do with what `assess` decided. It never trusts a signal's content: it reads the object
 * again, so that lost, doubled and reordered events do no harm. Neighbours: the watcher signals it; `policy/` decides;
 * `operation.ts` acts and writes the status while it runs, the entity writes it otherwise, never both.
 * Invariants: I1 (one operation, by its workflow id), I10, I12 (an absent object is never an order to delete: the entity
 * ends as orphaned and changes nothing).
 */

import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Assessment, MirrorRequest, OperationInput } from '../activities/contract.ts';
import { assess, IDLE_LOOK, mirror } from './activities.ts';
import {
  addDependent,
  clusterProgressed,
  type EntityState,
  type EntityView,
  getEntityState,
  milestoneReached,
  type OperationResult,
  SEARCH_ATTRIBUTES,
  specChanged,
  supersede,
} from './messages.ts';

/** How many signals had arrived when the object was last looked at. */
type Seen = { readonly changes: number; readonly progress: number };
type OperationHandle = ChildWorkflowHandle<(input: OperationInput) => Promise<OperationResult>>;

export const runEntity = async (initial: EntityState): Promise<string> => {
  const { object } = initial;
  const entityId = workflowInfo().workflowId;
  const dependents = new Set(initial.dependents);
  let view: EntityView = { object, phase: 'assessing' };
  /** Signals about the object itself, and those about a pool's cluster, which only matter while the pool waits for it. */
  let changes = 0;
  let progress = 0;
  let news = 0;
  let told = 0;
  let looksWhileBlocked = 0;
  let outdated = 0;

  setHandler(specChanged, () => void (changes += 1), { description: 'The object may have changed: read it again' });
  setHandler(
    clusterProgressed,
    () => {
      // A pool that builds, or is done, took what it needs already: looking again would only cost calls.
      if (view.phase === 'waiting' || view.phase === 'assessing') progress += 1;
    },
    { description: 'The cluster that this pool waits for made progress' },
  );
  setHandler(getEntityState, () => view, { description: 'What this entity is doing, and why' });
  setHandler(
    addDependent,
    ({ entityId: dependent }) => {
      // Told once on joining, if it may have missed a milestone; asking again must not start a game of ping-pong.
      if (!dependents.has(dependent) && news > 0) news += 1;
      dependents.add(dependent);
    },
    { description: 'A node pool asks to be told about its cluster' },
  );
  setHandler(milestoneReached, () => void (news += 1), { description: 'The operation reached a milestone' });

  const enter = (phase: EntityView['phase'], more: Partial<EntityView> = {}): void => {
    if (view.phase !== phase) upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.phase, value: phase }]);
    view = { object, phase, ...more };
  };

  /** A pool learns only from an assessment whose it is; from then on it is found with its cluster. */
  const belongTo = (clusterId: string | undefined): void => {
    const known = workflowInfo().typedSearchAttributes.get(SEARCH_ATTRIBUTES.cluster);
    // Empty where a pool never had a cluster.
    if (!clusterId || clusterId === known) return;
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.cluster, value: clusterId }]);
  };

  /** Passes progress on to node pools that wait for this cluster. A pool that is gone is forgotten. */
  const tellDependents = async (): Promise<void> => {
    told = news;
    await Promise.all(
      [...dependents].sort().map(async (dependent) => {
        try {
          await getExternalWorkflowHandle(dependent).signal(clusterProgressed);
        } catch (error) {
          log.info('Forgetting a dependent that has ended', { dependent, error: String(error) });
          dependents.delete(dependent);
        }
      }),
    );
  };

  /** What is refused for good, by CRDs of another release, say, must not end the entity. */
  const write = async (subject: MirrorRequest['subject'], generation: number): Promise<void> => {
    try {
      await mirror({ object, generation, subject, events: [] });
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.error('The status could not be written', { error: String(error) });
    }
  };

  /** Waits for something new, or for `milliseconds`; tells dependents meanwhile. */
  const idle = async (seen: Seen, milliseconds?: number): Promise<void> => {
    const deadline = milliseconds === undefined ? undefined : Date.now() + milliseconds;
    const isNews = (): boolean => changes > seen.changes || progress > seen.progress;
    for (;;) {
      const awake = (): boolean => isNews() || news > told || workflowInfo().continueAsNewSuggested;
      if (deadline === undefined) await condition(awake);
      else
        await condition(awake, Math.max(1, deadline - Date.now()), {
          summary: `look again: ${view.reason ?? ''}`.slice(0, 190),
        });
      if (news > told) await tellDependents();
      const due = deadline !== undefined && Date.now() >= deadline;
      if (isNews() || due || workflowInfo().continueAsNewSuggested) return;
    }
  };

  const start = async (operation: OperationInput): Promise<OperationHandle | undefined> => {
    try {
      return await startChild<(input: OperationInput) => Promise<OperationResult>>(operation.type, {
        workflowId: `${entityId}/operation`,
        args: [operation],
        // An entity that is terminated must not leave an operation that nobody can supersede.
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        staticSummary: `${operation.type} ${object.namespace}/${object.name}, version ${operation.version}`,
        typedSearchAttributes: [
          { key: SEARCH_ATTRIBUTES.cluster, value: operation.owner.clusterId },
          { key: SEARCH_ATTRIBUTES.operation, value: operation.type },
        ],
      });
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
      throw error;
    }
  };

  const current = (): Seen => ({ changes, progress });

  /**
   * Runs one operation to its end, while listening for what supersedes it. What came after `looked`, while assess was
   * still looking or while the operation started, is news. Answers also how far it looked by itself.
   */
  const operate = async (
    operation: OperationInput,
    looked: Seen,
  ): Promise<{ readonly result: OperationResult; readonly seen: Seen }> => {
    const handle = await start(operation);
    if (!handle) {
      // Left by an earlier run of this entity, and asked to stop when that one ended (I1).
      return { result: { state: 'superseded', reason: 'an earlier operation is still settling' }, seen: looked };
    }
    enter('operating', { operationId: handle.workflowId });
    belongTo(operation.owner.clusterId);
    let result: OperationResult | undefined;
    const ended = handle.result().then(
      (value) => void (result = value),
      (error: unknown) => void (result = { state: 'failed', reason: String(error) }),
    );
    let seen = looked.changes;
    let superseded = false;
    while (result === undefined) {
      await condition(() => result !== undefined || news > told || (changes > seen && !superseded));
      if (news > told) await tellDependents();
      if (result === undefined && changes > seen && !superseded) {
        const now = changes;
        const reason = supersedes(await assess({ object }), operation);
        // What supersedes is left unseen, however the operation ends: it is looked at again afterwards.
        if (reason === undefined) seen = now;
        else superseded = true;
        if (reason !== undefined && result === undefined) {
          await handle.signal(supersede, { reason }).catch((error: unknown) => {
            log.info('The operation ended before it could be superseded', { error: String(error) });
          });
        }
      }
    }
    await ended;
    news += 1;
    await tellDependents();
    return { result, seen: { changes: seen, progress } };
  };

  /** It was told of its cluster's progress, or waited long: what the cluster's status says may be older. */
  let progressed = false;
  for (;;) {
    const seen = current();
    enter('assessing');
    const assessment = await assess(progressed ? { object, told: true } : { object });
    progressed = false;
    if (assessment.kind !== 'blocked') looksWhileBlocked = 0;
    switch (assessment.kind) {
      case 'orphaned':
        enter('orphaned', { reason: assessment.reason });
        return `orphaned: ${assessment.reason}`;
      case 'finished':
        enter('finished');
        return 'finished';
      case 'operate': {
        const { type } = assessment.operation;
        const { result, seen: followed } = await operate(assessment.operation, seen);
        if (result.state === 'succeeded' && (type === 'DeleteCluster' || type === 'DeleteNodePool')) {
          enter('finished');
          await condition(allHandlersFinished);
          return 'finished';
        }
        if (result.state === 'aborted') {
          enter('blocked', { reason: 'The operation was aborted. Change the object, or retry, to go on.' });
          await write(
            { kind: 'blocked', reason: 'Aborted', cure: 'change or delete the object to go on' },
            assessment.operation.generation,
          );
          await idle(followed);
        } else if (result.state === 'failed') {
          const reason = `The operation ended with an error: ${result.reason ?? 'unknown'}`;
          enter('blocked', { reason });
          await write(
            { kind: 'blocked', reason, cure: 'it is tried again by itself' },
            assessment.operation.generation,
          );
          looksWhileBlocked += 1;
          await idle(followed, IDLE_LOOK.blocked(looksWhileBlocked));
        } else if (result.state === 'superseded' && changes === followed.changes) {
          outdated += 1;
          enter('waiting', { reason: result.reason ?? 'the plan was out of date' });
          await idle(followed, IDLE_LOOK.outdated(outdated));
        } else {
          outdated = 0;
          // What it made is as it should be. What changes later is found by the next look, for whatever reason.
          if (result.state === 'succeeded' && assessment.operation.settles && changes === followed.changes) {
            enter('settled');
            await idle(followed);
          }
        }
        break;
      }
      case 'settled':
        enter('settled');
        belongTo(assessment.clusterId);
        await write(
          { kind: 'settled', ...(assessment.note === undefined ? {} : { note: assessment.note }) },
          assessment.generation,
        );
        await idle(seen);
        break;
      case 'waiting':
        enter('waiting', { reason: assessment.reason });
        await write({ kind: 'waiting', reason: assessment.reason }, assessment.generation);
        await askToBeTold(assessment.entityId, entityId);
        await idle(seen, IDLE_LOOK.waiting);
        progressed = progress > seen.progress || changes === seen.changes;
        break;
      case 'blocked':
        enter('blocked', { reason: assessment.reason });
        await write({ kind: 'blocked', reason: assessment.reason, cure: assessment.cure }, assessment.generation);
        await idle(seen, IDLE_LOOK.blocked(looksWhileBlocked));
        looksWhileBlocked += 1;
        break;
    }
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof runEntity>({ v: 1, object, dependents: [...dependents].sort() });
    }
  }
};

const askToBeTold = async (cluster: string | undefined, entityId: string): Promise<void> => {
  if (cluster === undefined) return;
  try {
    await getExternalWorkflowHandle(cluster).signal(addDependent, { entityId });
  } catch (error) {
    // The cluster's entity has not started yet: this one looks again by itself.
    log.info('The cluster could not be asked to tell about progress', { cluster, error: String(error) });
  }
};

/** Why a newer look at the object ends the running operation, or undefined when it doesn't. */
const supersedes = (assessment: Assessment, running: OperationInput): string | undefined => {
  switch (assessment.kind) {
    case 'orphaned':
      return assessment.reason;
    case 'operate':
      if (assessment.operation.type !== running.type) return `${assessment.operation.type} takes its place`;
      // A deletion takes away what is there, whatever the spec says by now.
      if (running.type === 'DeleteCluster' || running.type === 'DeleteNodePool') return undefined;
      if (assessment.operation.generation !== running.generation) return 'the spec changed';
      return undefined;
    case 'waiting':
    case 'blocked':
    case 'settled':
      return assessment.generation > running.generation ? 'the spec changed' : undefined;
    case 'finished':
      return undefined;
  }
};
