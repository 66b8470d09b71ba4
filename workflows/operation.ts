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
import { DEFAULT_PACING, MIRROR_INTERVAL, mirror, retryDelay } from './activities.ts';
import { blockedPublisher } from './blocked.ts';
import { currentDetails } from './details.ts';
import { getOperationState, milestoneReached, type OperationResult, SEARCH_ATTRIBUTES, supersede } from './messages.ts';
import { failureOf } from './outcomes.ts';
import { resolveMessage } from './references.ts';
import { runPlan } from './run-plan.ts';
import { whyUnknown } from './unknown-plan.ts';
import { type Asked, takeVerbs } from './verbs.ts';

const ABORTED = 'it was aborted';
const LONG_HISTORY = 'its history has become long';

export const runOperation = async (input: OperationInput): Promise<OperationResult> => {
  const unknown = whyUnknown(input);
  if (unknown !== undefined) return { state: 'superseded', reason: unknown };
  const info = workflowInfo();
  const startedAt = Date.now();
  const states = new Map<string, StepState>(input.plan.steps.map((step) => [step.id, { state: 'pending' }]));
  const outputs = { ...input.plan.known };
  const pacing = input.pacing ?? DEFAULT_PACING;
  const asked: Asked = { retries: new Set(), skips: new Map(), looks: new Map(), paused: input.paused === true };
  let pausedAt = asked.paused ? startedAt : undefined;
  const waits = new CancellationScope({ cancellable: true });
  let end: { readonly state: OperationResult['state']; readonly finishedAt: number } | undefined = undefined;
  let stopReason: string | undefined;
  let events: EventView[] = [];
  let sequence = 0;
  let changes = 1;
  let trouble: string | undefined;
  const publishBlocked = blockedPublisher();

  const steps = (): StepView[] =>
    input.plan.steps.map((step) => ({
      id: step.id,
      key: step.resource.key,
      needs: step.needs,
      status: states.get(step.id) ?? { state: 'pending' },
    }));
  const incarnations = incarnationsOf(input.plan.steps);
  const view = (): OperationView => ({
    type: input.type,
    workflowId: info.workflowId,
    runId: info.runId,
    state: 'running',
    startedAt,
    ...(pausedAt === undefined ? {} : { pausedAt }),
    ...(trouble === undefined ? {} : { untold: trouble }),
    ...end,
    steps: steps(),
    outputs,
    ...(incarnations === undefined ? {} : { incarnations }),
  });

  const stop = (reason: string): void => {
    stopReason ??= reason;
    waits.cancel();
  };
  const phase = (value: string): void => upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.phase, value }]);
  const setPaused = (paused: boolean): void => {
    asked.paused = paused;
    pausedAt = paused ? Date.now() : undefined;
    changes += 1;
    phase(paused ? 'Paused' : 'Running');
  };
  const request = { object: input.object, owner: input.owner, entityId: input.entityId };

  setHandler(getOperationState, view, { description: 'Every step with its state, and the outputs known so far' });
  setHandler(supersede, ({ reason }) => stop(reason), { description: 'A newer spec or a deletion takes its place' });
  takeVerbs({
    plan: input.plan,
    request,
    asked,
    view,
    outputs,
    ending: () => stopReason ?? end?.state,
    setPaused,
    abort: () => stop(ABORTED),
  });

  const report = (step: Step, next: StepState): void => {
    states.set(step.id, next);
    changes += 1;
    publishBlocked(view().steps);
    // What is left is planned anew, in an operation with a history of its own.
    if (workflowInfo().continueAsNewSuggested) stop(LONG_HISTORY);
  };

  const parent = getExternalWorkflowHandle(input.entityId);
  const completed = (step: Step, _outcome: StepOutcome): void => {
    const { event, kind, key } = step.resource;
    // A step is planned with nothing found only where the thing was missing: its making is what the event tells.
    if (event && step.verb !== 'remove' && step.found === undefined) {
      sequence += 1;
      const message = resolveMessage(event.message, outputs);
      events = [...events, { reason: event.reason, message, type: event.type ?? 'Normal', at: Date.now(), sequence }];
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
      publishedChanges = written;
      untold = 0;
      trouble = undefined;
    } catch (error) {
      untold += 1;
      trouble = failureOf(error).message;
      setCurrentDetails(currentDetails(view(), input));
      log.error('The status could not be written', { error: String(error) });
    }
  };
  let publishedChanges = 0;
  /** How often in a row the status was refused: it is tried again ever more slowly, and at once when there is news. */
  let untold = 0;
  let publishing = true;
  const publisher = CancellationScope.nonCancellable(async () => {
    while (publishing) {
      const before = changes;
      await publish();
      await sleep(MIRROR_INTERVAL, { summary: 'coalesce status' });
      if (untold === 0) await condition(() => changes > publishedChanges || !publishing);
      else
        await condition(() => changes > before || !publishing, retryDelay(pacing, untold), { summary: 'tell again' });
    }
  });

  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.operation, value: input.type }]);
  phase(asked.paused ? 'Paused' : 'Running');

  // Temporal's own cancel means abort: no new step starts, what is under way settles.
  const cancelled = CancellationScope.current().cancelRequested.catch(() => stop(ABORTED));
  const result = await runPlan({
    plan: input.plan,
    request,
    stopping: () => stopReason !== undefined,
    asked,
    pacing,
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
    phase(state);
    publishBlocked([]);
    await condition(allHandlersFinished);
  });
  const skipped = steps().flatMap(({ id, status }) => (status.state === 'skipped' ? [id] : []));
  return {
    state,
    // Done is done: what would have superseded it came too late to matter.
    ...(stopReason === undefined || state === 'succeeded' ? {} : { reason: stopReason }),
    ...(skipped.length === 0 ? {} : { skipped }),
    ...(asked.paused && stopReason === LONG_HISTORY ? { paused: true as const } : {}),
  };
};

const incarnationsOf = (steps: readonly Step[]): OperationView['incarnations'] => {
  const made = steps.flatMap(({ resource, incarnation }): [string, number][] =>
    incarnation === undefined ? [] : [[resource.key, incarnation]],
  );
  return made.length === 0 ? undefined : Object.fromEntries(made);
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
      return stopReason === ABORTED ? 'aborted' : 'superseded';
  }
};
