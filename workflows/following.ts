/**
 * Following: an entity's one operation from its start to its end.
 *
 * Owns: the child workflow, what is passed on to it, and how a newer look at the object supersedes it. Neighbours:
 * `entity.ts` decides that it runs, `judgements.ts` what supersedes it. Invariants: I1 (one operation, by its workflow id).
 */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  condition,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import type { Assessment, OperationInput, Pacing } from '../activities/contract.ts';
import { retryDelay } from './activities.ts';
import type { Dependents } from './dependents.ts';
import type { EntityVerbs } from './entity-verbs.ts';
import { supersedes } from './judgements.ts';
import { type OperationResult, SEARCH_ATTRIBUTES, supersede, verbSignals } from './messages.ts';

type OperationHandle = ChildWorkflowHandle<(input: OperationInput) => Promise<OperationResult>>;

/** The object could not be looked at. */
export type Failing = { readonly kind: 'failing'; readonly reason: string };

/** What an operation's entity lends it. */
export type Following = {
  readonly entityId: string;
  readonly look: () => Promise<Assessment | Failing>;
  readonly pacing: () => Pacing;
  /** How many signals about the object have arrived. */
  readonly changes: () => number;
  readonly cancelled: () => boolean;
  readonly verbs: EntityVerbs;
  readonly dependents: Dependents;
};

const start = async (entityId: string, operation: OperationInput): Promise<OperationHandle | undefined> => {
  const { namespace, name } = operation.object;
  try {
    return await startChild<(input: OperationInput) => Promise<OperationResult>>(operation.type, {
      workflowId: `${entityId}/operation`,
      args: [operation],
      // An entity that is terminated must not leave an operation that nobody can supersede.
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      staticSummary: `${operation.type} ${namespace}/${name}, version ${operation.version}`,
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

/**
 * Runs one operation to its end, while listening for what supersedes it. What came after `looked`, while assess was still
 * looking or while the operation started, is news. Answers also how far it looked by itself.
 */
export const follow = async (
  operation: OperationInput,
  looked: number,
  entity: Following,
  onStarted: (operationId: string) => void,
): Promise<{ readonly result: OperationResult; readonly seen: number }> => {
  const handle = await start(entity.entityId, operation);
  if (!handle) {
    // Left by an earlier run of this entity, and asked to stop when that one ended (I1).
    return { result: { state: 'superseded', reason: 'an earlier operation is still settling' }, seen: looked };
  }
  onStarted(handle.workflowId);
  let result: OperationResult | undefined;
  const ended = handle.result().then(
    (value) => void (result = value),
    (error: unknown) => void (result = { state: 'failed', reason: String(error) }),
  );
  const over = (): boolean => result !== undefined;
  const tell = async (what: string, telling: Promise<void>): Promise<void> => {
    await telling.catch((error: unknown) => {
      log.info('The operation ended before it could be told', { what, error: String(error) });
    });
  };

  const supersedeIt = async (): Promise<number> => {
    let seen = looked;
    for (let failures = 0; ; ) {
      await condition(() => over() || entity.changes() > seen);
      if (over()) return seen;
      const now = entity.changes();
      const assessment = await entity.look();
      if (assessment.kind === 'failing') {
        failures += 1;
        await condition(over, retryDelay(entity.pacing(), failures), { summary: 'look again' });
        continue;
      }
      failures = 0;
      const reason = supersedes(assessment, operation);
      if (reason === undefined) {
        seen = now;
        continue;
      }
      if (!over()) await tell('supersede', handle.signal(supersede, { reason }));
      await condition(over);
      // What supersedes is left unseen, however the operation ends: it is looked at again afterwards.
      return seen;
    }
  };
  const passOn = async (): Promise<void> => {
    const { verbs, dependents } = entity;
    let cancelling = false;
    for (;;) {
      const toCancel = (): boolean => entity.cancelled() && !cancelling;
      await condition(() => over() || verbs.pending.length > 0 || !dependents.toldAll() || toCancel());
      if (!dependents.toldAll()) await dependents.tell();
      if (over()) return;
      for (const { verb, ask } of verbs.pending.splice(0)) await tell(verb, handle.signal(verbSignals[verb], ask));
      if (toCancel()) {
        cancelling = true;
        await tell('cancel', getExternalWorkflowHandle(handle.workflowId).cancel());
      }
    }
  };

  const [seen] = await Promise.all([supersedeIt(), passOn(), ended]);
  entity.dependents.happened();
  await entity.dependents.tell();
  return { result: result ?? { state: 'failed', reason: 'it ended without a result' }, seen };
};
