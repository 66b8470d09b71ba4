/**
 * Operations as the command line sees them: what the workflow answers, and what Temporal knows of its pending steps.
 *
 * Owns: reading from Temporal. A query needs a worker; the server alone knows attempts and last failures, so a
 * description stays useful while no worker is up.
 */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { entityWorkflowId } from '../api/names.ts';
import type { ObjectRef } from '../api/object.ts';
import { getOperationState, type OperationView } from '../workflows/messages.ts';

/** A step that Temporal is trying right now. */
export type LiveStep = {
  readonly id: string;
  readonly attempt: number;
  readonly lastError?: string;
  readonly nextTryAt?: string;
};

export type OperationReport = {
  readonly workflowId: string;
  readonly type: string;
  readonly status: string;
  readonly startedAt: string;
  readonly closedAt?: string;
  /** Undefined when no worker answered the query. */
  readonly view?: OperationView;
  readonly live: readonly LiveStep[];
};

const QUERY_DEADLINE_MS = 3_000;

const seconds = (value: { seconds?: unknown } | null | undefined): number | undefined =>
  value?.seconds === undefined || value.seconds === null ? undefined : Number(value.seconds);

const isoOf = (value: { seconds?: unknown } | null | undefined): string | undefined => {
  const at = seconds(value);
  return at ? new Date(at * 1_000).toISOString() : undefined;
};

/** The operation that runs on an object, or ran last; undefined when there was none. */
export const readOperation = async (client: Client, object: ObjectRef): Promise<OperationReport | undefined> => {
  const handle = client.workflow.getHandle(`${entityWorkflowId(object)}/operation`);
  try {
    const description = await handle.describe();
    const pending = description.raw.pendingActivities ?? [];
    let view: OperationView | undefined;
    try {
      view = await client.connection.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
        handle.query(getOperationState),
      );
    } catch (error) {
      // No worker is up, or it is busy: what the server knows is shown all the same.
      view = undefined;
      if (error instanceof WorkflowNotFoundError) throw error;
    }
    return {
      workflowId: description.workflowId,
      type: description.type,
      status: description.status.name,
      startedAt: description.startTime.toISOString(),
      ...(description.closeTime === undefined ? {} : { closedAt: description.closeTime.toISOString() }),
      ...(view === undefined ? {} : { view }),
      live: pending.map((activity) => {
        const lastError = activity.lastFailure?.message;
        const nextTryAt = isoOf(activity.nextAttemptScheduleTime);
        return {
          id: activity.activityId ?? '',
          attempt: activity.attempt ?? 1,
          ...(lastError ? { lastError } : {}),
          ...(nextTryAt ? { nextTryAt } : {}),
        };
      }),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
};
