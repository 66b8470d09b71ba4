/**
 * The critical path: from the end of one step back to the moment of the apply, hop by hop, with nothing left out.
 *
 * Owns: which event each hop waited for. Neighbours: `histories.ts` reads the events, `create.ts` prints the hops. Pure.
 * The hops follow one another without a gap, so their sum is the whole time.
 */
import type { Plan } from '../policy/plan.ts';
import type { ActivityTimes, SignalTime, WorkflowTimes } from './histories.ts';

export type HopKind =
  /** Between the apply and the entity's first event: API server, watcher, Temporal's answer. */
  | 'watcher'
  /** An activity at work: AWS, the management API, and our own code. */
  | 'activity'
  /** From the command to a slot that works on it. */
  | 'dispatch'
  /** From what happened to the commands that followed: workflow tasks. */
  | 'workflow'
  /** From one workflow to another. */
  | 'signal';

export type Hop = { readonly kind: HopKind; readonly what: string; readonly from: number; readonly to: number };

const latestBefore = <T extends { readonly at: number }>(all: readonly T[], time: number): T | undefined =>
  all
    .filter(({ at }) => at <= time)
    .reduce<T | undefined>((last, one) => (last && last.at > one.at ? last : one), undefined);

const activityOf = (workflow: WorkflowTimes, id: string): ActivityTimes | undefined =>
  workflow.activities.findLast((one) => one.id === id);

/** Steps that leave an activity, through milestones, which don't. */
const neededActivities = (plan: Plan, stepId: string): string[] => {
  const step = plan.steps.find(({ id }) => id === stepId);
  return (step?.needs ?? []).flatMap((need) => {
    const kind = plan.steps.find(({ id }) => id === need)?.resource.kind;
    return kind === 'milestone' ? neededActivities(plan, need) : [need];
  });
};

/** Hops of an activity that was ready at some moment, in reverse. */
const ofActivity = (one: ActivityTimes, label: string, ready: number, until = one.completed): Hop[] => [
  { kind: 'activity', what: label, from: one.started, to: until },
  { kind: 'dispatch', what: `to a worker: ${label}`, from: one.scheduled, to: one.started },
  { kind: 'workflow', what: `to the command: ${label}`, from: ready, to: one.scheduled },
];

/** Where the way back leads through, and where it ends. */
type Past = { readonly workflows: readonly WorkflowTimes[]; readonly applied: number };

const must = ({ workflows }: Past, id: string): WorkflowTimes => {
  const found = workflows.find((one) => one.id === id);
  if (found === undefined) throw new Error(`the history of ${id} was not read`);
  return found;
};

const beforeSignal = (past: Past, receiver: WorkflowTimes, heard: SignalTime): Hop[] => {
  const senders = past.workflows.flatMap((workflow) =>
    workflow.sent
      .filter((sent) => sent.workflow === receiver.id && sent.name === heard.name)
      .map((sent) => ({ ...sent, by: workflow })),
  );
  const sent = latestBefore(senders, heard.at);
  if (sent === undefined)
    return [{ kind: 'watcher', what: 'apply, API server, watcher, signal', from: past.applied, to: heard.at }];
  const hop: Hop = {
    kind: 'signal',
    what: `${heard.name} to ${receiver.id.split('/')[0] ?? ''}`,
    from: sent.at,
    to: heard.at,
  };
  return [hop, ...beforeSending(past, sent.by, sent.at)];
};

/** What made a workflow send a signal: its own step, or a signal that it passes on. */
const beforeSending = (past: Past, sender: WorkflowTimes, at: number): Hop[] => {
  const { plan } = sender;
  if (plan !== undefined) {
    // What a workflow does beside its plan, such as telling of it, nothing waits for.
    const steps = sender.activities.filter(({ id }) => plan.steps.some((step) => step.id === id));
    const done = latestBefore(
      steps.map((one) => ({ ...one, at: one.completed })),
      at,
    );
    if (done === undefined) throw new Error(`${sender.id} sent a signal before any step was done`);
    return [
      { kind: 'workflow', what: 'to the signal of a milestone', from: done.completed, to: at },
      ...beforeStep(past, sender, done),
    ];
  }
  const heard = latestBefore(
    sender.received.filter(({ name }) => name === 'milestoneReached'),
    at,
  );
  if (heard === undefined) throw new Error(`${sender.id} passed on what it had not heard`);
  return [
    { kind: 'workflow', what: 'milestone passed on', from: heard.at, to: at },
    ...beforeSignal(past, sender, heard),
  ];
};

const beforeStep = (past: Past, operation: WorkflowTimes, one: ActivityTimes, until = one.completed): Hop[] => {
  const needed = neededActivities(operation.plan ?? { version: 1, steps: [], known: {} }, one.id)
    .flatMap((id) => activityOf(operation, id) ?? [])
    .map((need) => ({ ...need, at: need.completed }));
  const last = latestBefore(needed, one.scheduled);
  if (last !== undefined) {
    return [...ofActivity(one, one.id, last.completed, until), ...beforeStep(past, operation, last)];
  }
  return [...ofActivity(one, one.id, operation.started, until), ...beforeOperation(past, operation)];
};

const beforeOperation = (past: Past, operation: WorkflowTimes): Hop[] => {
  const entity = must(past, operation.id.replace(/\/operation$/, ''));
  const asked = latestBefore(entity.children, operation.started);
  if (asked === undefined) throw new Error(`${entity.id} did not start ${operation.id}`);
  const looks = entity.activities.filter(({ id }) => id === 'assess').map((one) => ({ ...one, at: one.completed }));
  const look = latestBefore(looks, asked.at);
  if (look === undefined) throw new Error(`${entity.id} started ${operation.id} without a look`);
  const heard = latestBefore(entity.received, look.scheduled);
  const cause: SignalTime = heard ?? { name: 'start', at: entity.started };
  const label = `assess ${entity.id.split('/')[0] ?? ''}`;
  return [
    { kind: 'workflow', what: 'operation begins', from: asked.at, to: operation.started },
    { kind: 'workflow', what: 'to the start of the operation', from: look.completed, to: asked.at },
    ...ofActivity(look, label, cause.at),
    ...beforeSignal(past, entity, cause),
  ];
};

/** The hops from `applied` to `until`, the moment at which the step's own call was answered. */
export const criticalPath = (
  workflows: readonly WorkflowTimes[],
  target: { readonly operation: string; readonly step: string; readonly until: number; readonly applied: number },
): readonly Hop[] => {
  const past: Past = { workflows, applied: target.applied };
  const operation = must(past, target.operation);
  const last = activityOf(operation, target.step);
  if (last === undefined) throw new Error(`${target.operation} has not done ${target.step}`);
  return beforeStep(past, operation, last, target.until).reverse();
};

/** Milliseconds by kind of hop. */
export const sums = (hops: readonly Hop[]): Readonly<Record<HopKind, number>> => {
  const all: Record<HopKind, number> = { watcher: 0, activity: 0, dispatch: 0, workflow: 0, signal: 0 };
  for (const { kind, from, to } of hops) all[kind] += to - from;
  return all;
};
