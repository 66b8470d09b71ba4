/**
 * Entities and operations as the command line sees them: what a workflow answers, and what Temporal knows of its
 * pending activities.
 *
 * Owns: reading from Temporal. A query needs a worker; the server alone knows attempts and last failures, so a
 * description stays useful while no worker is up. An operation that has ended is not queried: the worker would replay all
 * that it did, for a second and more, to say what its result says. Neighbours: `cli/describe.ts` draws what is read here.
 */
import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import type { QueryDefinition } from '@temporalio/common';
import { entityWorkflowId } from '../api/names.ts';
import type { ObjectRef } from '../api/object.ts';
import { wholeMessageOf } from '../words/failure.ts';
import { operationIdOf } from '../words/operations.ts';
import {
  type EntityView,
  getEntityState,
  getOperationState,
  type OperationResult,
  type OperationView,
} from '../workflows/messages.ts';
import { allOf } from './temporal.ts';

/** An activity that Temporal is trying right now. */
export type LiveStep = {
  readonly id: string;
  readonly attempt: number;
  readonly lastError?: string;
  readonly nextTryAt?: string;
  /** By `temporal activity pause`. */
  readonly paused?: true;
};

export type WorkflowReport<View> = {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  /** Temporal's own word: RUNNING, COMPLETED, FAILED, … */
  readonly status: string;
  readonly startedAt: string;
  readonly closedAt?: string;
  /** What the workflow says of itself; undefined when no worker answered. */
  readonly view?: View;
  /** Why there is no view. */
  readonly unanswered?: string;
  readonly live: readonly LiveStep[];
};

export type EntityReport = WorkflowReport<EntityView>;
export type OperationReport = WorkflowReport<OperationView> & {
  /** How it ended, by its own word; undefined while it runs, and when it was cancelled or terminated by hand. */
  readonly result?: OperationResult;
};

const QUERY_DEADLINE_MS = 3_000;
const DEADLINE_MS = 10_000;

const isoOf = (time: { readonly seconds?: unknown } | null | undefined): string | undefined => {
  const seconds = Number(time?.seconds ?? 0);
  return seconds > 0 ? new Date(seconds * 1_000).toISOString() : undefined;
};

type PendingActivity = {
  readonly activityId?: string | null;
  readonly attempt?: number | null;
  readonly lastFailure?: { readonly message?: string | null } | null;
  readonly nextAttemptScheduleTime?: { readonly seconds?: unknown } | null;
  readonly paused?: boolean | null;
};

const liveStepOf = (activity: PendingActivity): LiveStep => {
  const lastError = activity.lastFailure?.message;
  const nextTryAt = isoOf(activity.nextAttemptScheduleTime);
  return {
    id: activity.activityId ?? '',
    attempt: activity.attempt ?? 1,
    ...(lastError ? { lastError } : {}),
    ...(nextTryAt ? { nextTryAt } : {}),
    ...(activity.paused === true ? { paused: true as const } : {}),
  };
};

/** What the workflow says of itself, or why it says nothing. */
const ask = async <View>(
  client: Client,
  handle: WorkflowHandle,
  query: QueryDefinition<View>,
): Promise<{ readonly view: View } | { readonly unanswered: string }> => {
  try {
    const deadline = Date.now() + QUERY_DEADLINE_MS;
    return { view: await client.connection.withDeadline(deadline, () => handle.query(query)) };
  } catch (error) {
    // No worker is up, or it is busy: what the server knows is shown all the same.
    return { unanswered: wholeMessageOf(error) };
  }
};

type Facts = Omit<WorkflowReport<never>, 'view' | 'unanswered'>;

const describeRun = async (client: Client, handle: WorkflowHandle): Promise<Facts> => {
  const description = await client.connection.withDeadline(Date.now() + DEADLINE_MS, () => handle.describe());
  return {
    workflowId: description.workflowId,
    runId: description.runId,
    type: description.type,
    status: description.status.name,
    startedAt: description.startTime.toISOString(),
    ...(description.closeTime === undefined ? {} : { closedAt: description.closeTime.toISOString() }),
    live: (description.raw.pendingActivities ?? []).map(liveStepOf),
  };
};

/** Undefined when there is no such workflow. */
const ifThere = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
};

/** The entity that owns an object; undefined when there is none. */
export const readEntity = (client: Client, object: ObjectRef): Promise<EntityReport | undefined> =>
  ifThere(async () => {
    const handle = client.workflow.getHandle(entityWorkflowId(object));
    const [facts, answer] = await allOf([describeRun(client, handle), ask(client, handle, getEntityState)]);
    return { ...facts, ...answer };
  });

/** The operation that runs on an object, or ran last; undefined when there was none. */
export const readOperation = (client: Client, object: ObjectRef): Promise<OperationReport | undefined> =>
  ifThere(async () => {
    const workflowId = operationIdOf(entityWorkflowId(object));
    const facts = await describeRun(client, client.workflow.getHandle(workflowId));
    const handle = client.workflow.getHandle<() => Promise<OperationResult>>(workflowId, facts.runId);
    if (facts.status === 'RUNNING') return { ...facts, ...(await ask(client, handle, getOperationState)) };
    if (facts.status !== 'COMPLETED') return facts;
    const result = await client.connection.withDeadline(Date.now() + DEADLINE_MS, () => handle.result());
    return { ...facts, result };
  });
