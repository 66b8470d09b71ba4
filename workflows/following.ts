/**
 * Following: an entity's one operation from its start to its end.
 *
 * Owns: the child workflow, what is passed on to it, and when the object is looked at meanwhile. Neighbours:
 * `entity-life.ts` decides that it runs, and what supersedes it. Invariants: I1 (one operation, by its workflow id).
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
import type { OperationInput } from '../activities/contract.ts';
import { operationIdOf } from '../words/operations.ts';
import { bug, retryDelay } from './activities.ts';
import type { EntityRun } from './entity-run.ts';
import type { EntityEvent, LifeOf } from './entity-states.ts';
import { type AskedVerb, type OperationResult, SEARCH_ATTRIBUTES, supersede, verbSignals } from './messages.ts';

type OperationHandle = ChildWorkflowHandle<(input: OperationInput) => Promise<OperationResult>>;

/** What an operation's entity lends it. */
export type Following = Pick<
  EntityRun,
  'entityId' | 'life' | 'dispatch' | 'news' | 'isCancelled' | 'verbs' | 'dependents'
> & {
  readonly assess: () => Promise<EntityEvent>;
};

const turnOf = ({ turn }: OperationInput): string =>
  turn === undefined || turn.of === 1 ? '' : `, turn ${turn.number} of ${turn.of}`;

const start = async (entityId: string, operation: OperationInput): Promise<OperationHandle | undefined> => {
  const { namespace, name } = operation.object;
  try {
    return await startChild<(input: OperationInput) => Promise<OperationResult>>(operation.type, {
      workflowId: operationIdOf(entityId),
      args: [operation],
      // An entity that is terminated must not leave an operation that nobody can supersede.
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      staticSummary: `${operation.type} ${namespace}/${name}, version ${operation.version}${turnOf(operation)}${operation.givesUp === true ? ', given up' : ''}`,
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

/** Runs one operation to its end, while listening for what supersedes it and passing on what people say. */
export const follow = async (operation: OperationInput, entity: Following): Promise<OperationResult> => {
  const handle = await start(entity.entityId, operation);
  // Left by an earlier run of this entity, and asked to stop when that one ended (I1).
  if (!handle) return { state: 'superseded', reason: 'an earlier operation is still settling' };
  entity.dispatch({ kind: 'started', operationId: handle.workflowId });
  let result: OperationResult | undefined;
  const ended = handle.result().then(
    (value) => void (result = value),
    (error: unknown) => void (result = { state: 'failed', reason: String(error) }),
  );
  const isOver = (): boolean => result !== undefined;
  await Promise.all([supersedeInTime(handle, entity, isOver), passOn(handle, entity, isOver), ended]);
  entity.dependents.happened();
  await entity.dependents.notify();
  return result ?? { state: 'failed', reason: 'it ended without a result' };
};

const operating = ({ life }: Following): LifeOf<'operating'> => {
  const now = life();
  if (now.state !== 'operating') throw bug(`An operation runs, and its entity is ${now.state}.`);
  return now;
};

/** Looks at the object whenever news came, until the operation is over or something newer takes its place. */
const supersedeInTime = async (handle: OperationHandle, entity: Following, isOver: () => boolean): Promise<void> => {
  for (;;) {
    await condition(() => isOver() || entity.news.seen().changes > operating(entity).seen.changes);
    if (isOver()) return;
    entity.dispatch(await entity.assess());
    const { superseded: reason, failures, kept } = operating(entity);
    if (reason !== undefined) {
      if (!isOver()) await send('supersede', handle.signal(supersede, { reason }));
      return;
    }
    if (failures > 0) await condition(isOver, retryDelay(kept.pacing, failures), { summary: 'look again' });
  }
};

const passOn = async (handle: OperationHandle, entity: Following, isOver: () => boolean): Promise<void> => {
  const { verbs, dependents, isCancelled } = entity;
  let cancelling = false;
  for (;;) {
    const toCancel = (): boolean => isCancelled() && !cancelling;
    await condition(() => isOver() || verbs.pending.length > 0 || !dependents.allNotified() || toCancel());
    if (!dependents.allNotified()) await dependents.notify();
    if (isOver()) return;
    await tellAll(handle, verbs.pending, isOver);
    if (toCancel()) {
      cancelling = true;
      await send('cancel', getExternalWorkflowHandle(handle.workflowId).cancel());
    }
  }
};

/** Oldest first. What comes too late for this operation stays for what comes after it. */
const tellAll = async (handle: OperationHandle, pending: AskedVerb[], isOver: () => boolean): Promise<void> => {
  for (let asked = pending.shift(); asked !== undefined; asked = pending.shift()) {
    const { verb, ask } = asked;
    if (await send(verb, handle.signal(verbSignals[verb], ask))) continue;
    pending.unshift(asked);
    return condition(isOver);
  }
};

/** Whether it was told. */
const send = (what: string, sending: Promise<void>): Promise<boolean> =>
  sending.then(
    () => true,
    (error: unknown) => {
      log.info('The operation ended before it could be told', { what, error: String(error) });
      return false;
    },
  );
