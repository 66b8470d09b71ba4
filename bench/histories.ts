/**
 * Histories: what Temporal wrote down about a workflow, as times that can be compared with those of calls.
 *
 * Owns: reading events. Neighbours: `critical-path.ts` reasons about what is read here.
 */
import type { Client } from '@temporalio/client';
import type { OperationInput } from '../policy/assessment.ts';
import type { Plan } from '../policy/plan.ts';

export type ActivityTimes = {
  readonly id: string;
  readonly scheduled: number;
  readonly started: number;
  readonly completed: number;
};

/** A signal that arrived, or one that was sent to `workflow`. */
export type SignalTime = { readonly name: string; readonly at: number; readonly workflow?: string };

export type WorkflowTimes = {
  readonly id: string;
  readonly started: number;
  readonly activities: readonly ActivityTimes[];
  readonly received: readonly SignalTime[];
  readonly sent: readonly SignalTime[];
  /** When it asked for its children, by their ids. */
  readonly children: readonly SignalTime[];
  /** Of an operation. */
  readonly plan?: Plan;
};

type Timestamp = { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined;

const millisecondsOf = (time: Timestamp): number => Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;

const planOf = (data: Uint8Array | null | undefined): Plan | undefined =>
  data === null || data === undefined
    ? undefined
    : (JSON.parse(Buffer.from(data).toString('utf8')) as Partial<OperationInput>).plan;

/** The times of one workflow's latest run. */
export const readTimes = async (client: Client, workflowId: string): Promise<WorkflowTimes> => {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const scheduled = new Map<string, { id: string; at: number }>();
  const startedAt = new Map<string, number>();
  const activities: ActivityTimes[] = [];
  const received: SignalTime[] = [];
  const sent: SignalTime[] = [];
  const children: SignalTime[] = [];
  let started = 0;
  let plan: Plan | undefined;
  for (const event of events ?? []) {
    const at = millisecondsOf(event.eventTime);
    const begun = event.workflowExecutionStartedEventAttributes;
    const asked = event.activityTaskScheduledEventAttributes;
    const taken = event.activityTaskStartedEventAttributes;
    const done = event.activityTaskCompletedEventAttributes;
    const heard = event.workflowExecutionSignaledEventAttributes;
    const told = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
    const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
    if (begun) {
      started = at;
      plan = planOf(begun.input?.payloads?.[0]?.data);
    }
    if (asked) scheduled.set(String(event.eventId), { id: asked.activityId ?? '', at });
    if (taken) startedAt.set(String(taken.scheduledEventId), at);
    if (done) {
      const of = scheduled.get(String(done.scheduledEventId));
      const began = startedAt.get(String(done.scheduledEventId));
      if (of && began !== undefined) activities.push({ id: of.id, scheduled: of.at, started: began, completed: at });
    }
    if (heard) received.push({ name: heard.signalName ?? '', at });
    if (told) sent.push({ name: told.signalName ?? '', at, workflow: told.workflowExecution?.workflowId ?? '' });
    if (child) children.push({ name: child.workflowType?.name ?? '', at, workflow: child.workflowId ?? '' });
  }
  return { id: workflowId, started, activities, received, sent, children, ...(plan === undefined ? {} : { plan }) };
};
