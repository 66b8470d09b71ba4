/**
 * An operation: one plan, run for a purpose, as a child workflow whose type says which (`CreateCluster`, …).
 *
 * Owns: progress as people see it: the query, current details, search attributes, events, the status mirror and the
 * verbs. Neighbours: `run-plan.ts` runs the steps, `entity.ts` starts operations one at a time and supersedes them.
 * Invariants: I1 (its workflow id is `<entity id>/operation`), I9 (what it waits for is published within a second),
 * and: an operation never re-plans; it ends, and its entity assesses again.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  EventView,
  OperationInput,
  OperationView,
  StepOutcome,
  StepState,
  StepView,
} from '../activities/contract.ts';
import type { Step } from '../policy/plan.ts';
import { MIRROR_INTERVAL, mirror } from './activities.ts';
import { currentDetails } from './details.ts';
import {
  getOperationState,
  milestoneReached,
  type OperationResult,
  retryStep,
  retryStepSignal,
  SEARCH_ATTRIBUTES,
  supersede,
} from './messages.ts';
import { resolveMessage } from './references.ts';
import { runPlan } from './run-plan.ts';

const PLAN_VERSION = 1;

export const runOperation = async (input: OperationInput): Promise<OperationResult> => {
  const info = workflowInfo();
  const startedAt = Date.now();
  const states = new Map<string, StepState>(input.plan.steps.map((step) => [step.id, { state: 'pending' }]));
  const outputs = { ...input.plan.known };
  const retries = new Set<string>();
  const waits = new CancellationScope({ cancellable: true });
  let end: { readonly state: OperationResult['state']; readonly finishedAt: number } | undefined = undefined;
  let stopReason: string | undefined;
  let events: EventView[] = [];
  let sequence = 0;
  let changes = 1;
  let blockedStep: string | undefined;

  const steps = (): StepView[] =>
    input.plan.steps.map((step) => ({
      id: step.id,
      key: step.resource.key,
      needs: step.needs,
      status: states.get(step.id) ?? { state: 'pending' },
    }));
  const view = (): OperationView => ({
    type: input.type,
    workflowId: info.workflowId,
    runId: info.runId,
    state: 'running',
    startedAt,
    ...end,
    steps: steps(),
    outputs,
  });
  const blockedSteps = (): string[] => steps().flatMap((step) => (step.status.state === 'blocked' ? [step.id] : []));

  const stop = (reason: string): void => {
    stopReason ??= reason;
    waits.cancel();
  };
  const askRetry = (step: string | undefined): string => {
    const chosen = step === undefined ? blockedSteps() : [step];
    for (const id of chosen) retries.add(id);
    return chosen.length === 0 ? 'Nothing is blocked.' : `Retrying ${chosen.join(', ')}.`;
  };

  setHandler(getOperationState, view, { description: 'Every step with its state, and the outputs known so far' });
  setHandler(supersede, ({ reason }) => stop(reason), { description: 'A newer spec or a deletion takes its place' });
  setHandler(retryStepSignal, ({ step }) => void askRetry(step), { description: 'Try a blocked step (or all) now' });
  setHandler(retryStep, ({ step }) => askRetry(step), {
    description: 'Try a blocked step (or all) now',
    validator: ({ step }) => {
      const blocked = blockedSteps();
      if (blocked.length === 0) throw new Error('Nothing is blocked: there is nothing to retry.');
      if (step !== undefined && !blocked.includes(step)) {
        throw new Error(`"${step}" is not blocked. Blocked: ${blocked.join(', ')}.`);
      }
    },
  });

  const report = (step: Step, next: StepState): void => {
    states.set(step.id, next);
    changes += 1;
    const blocked = blockedSteps()[0];
    if (blocked !== blockedStep) {
      blockedStep = blocked;
      upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.blockedStep, value: blocked ?? null }]);
    }
  };

  const parent = getExternalWorkflowHandle(input.entityId);
  const completed = (step: Step, _outcome: StepOutcome): void => {
    const { event, kind, key } = step.resource;
    // A step is planned with nothing found only where the thing was missing: its making is what the event tells.
    if (event && step.verb !== 'remove' && step.found === undefined) {
      sequence += 1;
      const message = resolveMessage(event.message, outputs);
      events = [...events, { reason: event.reason, message, type: 'Normal', at: Date.now(), sequence }];
    }
    if (kind === 'milestone' && step.resource.properties.beginning !== true) {
      parent.signal(milestoneReached, { key }).catch((error: unknown) => {
        // A lost signal only costs time: those who wait also look by themselves.
        log.warn('The entity could not be told about a milestone', { milestone: key, error: String(error) });
      });
    }
  };

  /**
   * One status write at a time, of the newest state, for as long as the operation runs. One that is refused for good, by
   * CRDs of another release, say, must not end what it only tells about: the next change is written again.
   */
  const publish = async (): Promise<void> => {
    const written = changes;
    const sent = events;
    setCurrentDetails(currentDetails(view(), input));
    const writing = mirror({
      object: input.object,
      owner: input.owner,
      generation: input.generation,
      version: input.version,
      kubernetesVersion: input.kubernetesVersion,
      subject: { kind: 'operation', operation: view() },
      events: sent,
    });
    try {
      await writing;
      events = events.slice(sent.length);
    } catch (error) {
      log.error('The status could not be written', { error: String(error) });
    }
    publishedChanges = written;
  };
  let publishedChanges = 0;
  let publishing = true;
  const publisher = CancellationScope.nonCancellable(async () => {
    while (publishing) {
      await publish();
      await sleep(MIRROR_INTERVAL, { summary: 'coalesce status' });
      await condition(() => changes > publishedChanges || !publishing);
    }
  });

  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.operation, value: input.type },
    { key: SEARCH_ATTRIBUTES.phase, value: 'Running' },
  ]);
  if (input.plan.version !== PLAN_VERSION)
    stop(`The plan has version ${input.plan.version}, this worker runs ${PLAN_VERSION}.`);

  // Temporal's own cancel means abort: no new step starts, what is under way settles (design §13).
  const cancelled = CancellationScope.current().cancelRequested.catch(() => stop('cancelled'));
  const result = await runPlan({
    plan: input.plan,
    request: { object: input.object, owner: input.owner, entityId: input.entityId },
    stopping: () => stopReason !== undefined,
    retryAsked: (id) => retries.has(id),
    takeRetry: (id) => retries.delete(id),
    report,
    completed,
    outputs,
    outdated: stop,
    waits,
  });
  void cancelled;

  const state = outcomeOf(result, stopReason);
  end = { state, finishedAt: Date.now() };
  changes += 1;
  publishing = false;
  await CancellationScope.nonCancellable(async () => {
    await publisher;
    if (changes > publishedChanges || events.length > 0) await publish();
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.phase, value: state }]);
    await condition(allHandlersFinished);
  });
  // Done is done: what would have superseded it came too late to matter.
  return { state, ...(stopReason === undefined || state === 'succeeded' ? {} : { reason: stopReason }) };
};

const outcomeOf = (
  result: Awaited<ReturnType<typeof runPlan>>,
  stopReason: string | undefined,
): OperationResult['state'] => {
  switch (result) {
    case 'completed':
      return 'succeeded';
    case 'outdated':
      return 'superseded';
    case 'stopped':
      return stopReason === 'cancelled' ? 'aborted' : 'superseded';
  }
};
