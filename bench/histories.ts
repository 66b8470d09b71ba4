/**
 * Histories: what Temporal wrote down about a workflow, as times that can be compared with those of calls.
 *
 * Owns: reading events. Neighbours: `critical-path.ts` reasons about what is read here.
 */
import type { Client, WorkflowHandle } from '@temporalio/client';
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

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type Event = NonNullable<History['events']>[number] & { readonly at: number };

/** Activities that have completed, in the order in which they did. */
const activitiesIn = (events: readonly Event[]): readonly ActivityTimes[] =>
  events.flatMap(({ activityTaskCompletedEventAttributes: done, at: completed }) => {
    if (!done) return [];
    const scheduledId = String(done.scheduledEventId);
    const asked = events.find(({ eventId }) => String(eventId) === scheduledId);
    const taken = events.findLast(
      ({ activityTaskStartedEventAttributes: one }) => one && String(one.scheduledEventId) === scheduledId,
    );
    if (asked === undefined || taken === undefined) return [];
    const id = asked.activityTaskScheduledEventAttributes?.activityId ?? '';
    return [{ id, scheduled: asked.at, started: taken.at, completed }];
  });

const receivedIn = (events: readonly Event[]): readonly SignalTime[] =>
  events.flatMap(({ workflowExecutionSignaledEventAttributes: heard, at }) =>
    heard ? [{ name: heard.signalName ?? '', at }] : [],
  );

const sentIn = (events: readonly Event[]): readonly SignalTime[] =>
  events.flatMap(({ signalExternalWorkflowExecutionInitiatedEventAttributes: told, at }) =>
    told ? [{ name: told.signalName ?? '', at, workflow: told.workflowExecution?.workflowId ?? '' }] : [],
  );

const childrenIn = (events: readonly Event[]): readonly SignalTime[] =>
  events.flatMap(({ startChildWorkflowExecutionInitiatedEventAttributes: child, at }) =>
    child ? [{ name: child.workflowType?.name ?? '', at, workflow: child.workflowId ?? '' }] : [],
  );

/** The times of one workflow's latest run, or of the one that is named. */
export const readTimes = async (client: Client, workflowId: string, runId?: string): Promise<WorkflowTimes> => {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const events = (history.events ?? []).map((event) => ({ ...event, at: millisecondsOf(event.eventTime) }));
  const begun = events.find(({ workflowExecutionStartedEventAttributes }) => workflowExecutionStartedEventAttributes);
  const plan = planOf(begun?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data);
  return {
    id: workflowId,
    started: begun?.at ?? 0,
    activities: activitiesIn(events),
    received: receivedIn(events),
    sent: sentIn(events),
    children: childrenIn(events),
    ...(plan === undefined ? {} : { plan }),
  };
};
