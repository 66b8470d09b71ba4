/**
 * An operation: one plan, run for a purpose, as a child workflow whose type says which (`CreateCluster`, …).
 *
 * Owns: how an operation begins, what its steps' ends mean for it, and how it ends. Neighbours: `run-plan.ts` runs the
 * steps, `operation-messages.ts` takes what is said to it, `operation-progress.ts` knows how far it is,
 * `operation-events.ts` and `operation-publishing.ts` make it known; `entity.ts` starts operations one at a time.
 * Invariants: I1 (its workflow id is `<entity id>/operation`), and: an operation never re-plans; it ends, and its entity
 * assesses again.
 */
import { allHandlersFinished, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import type { OperationInput } from '../activities/contract.ts';
import { DEFAULT_PACING } from './activities.ts';
import type { AskedVerb, OperationResult } from './messages.ts';
import { type OperationEvents, operationEvents } from './operation-events.ts';
import { ABORTED, takeMessages } from './operation-messages.ts';
import { type OperationProgress, operationProgress } from './operation-progress.ts';
import { type OperationPublishing, operationPublishing } from './operation-publishing.ts';
import { type PlanResult, type PlanRun, runPlan, type StepMessage } from './run-plan.ts';
import { stepEffects } from './step-effects.ts';
import { takeBack } from './taking-back.ts';
import { whyUnknown } from './unknown-plan.ts';

const LONG_HISTORY = 'its history has become long';

export const runOperation = async (input: OperationInput): Promise<OperationResult> => {
  const reason = whyUnknown(input);
  if (reason !== undefined) return { state: 'superseded', reason };
  const { cancelRequested } = CancellationScope.current();
  // Temporal's own cancel means abort: it breaks nothing off, no new step begins, what is under way settles.
  return CancellationScope.nonCancellable(() => operate(input, cancelRequested));
};

const operate = async (input: OperationInput, cancelRequested: Promise<never>): Promise<OperationResult> => {
  const { plan, object, owner, entityId, pacing = DEFAULT_PACING } = input;
  const request = { object, owner, entityId };
  const inbox: StepMessage[] = [];
  const late: AskedVerb[] = [];
  const progress = operationProgress(input);
  const { outputs, isPaused } = progress;
  const events = operationEvents(input, outputs);
  const publishing = operationPublishing(input, progress, events);
  const stop = (reason: string): void => {
    progress.stop(reason);
    inbox.push({ event: { kind: 'stop' } });
  };
  void cancelRequested.catch(() => stop(ABORTED));

  const running: Running = { progress, events, publishing, stop };
  takeMessages({ plan, request, inbox, progress, publishing, stop, late: (asked) => void late.push(asked) });
  publishing.begin();
  const effects = stepEffects({ plan, request, pacing, outputs, inbox });
  const result = await runPlan({ plan, pacing, inbox, isPaused, ...following(running) }, effects);
  const state = stateAfter(result, progress.stopReason(), input);
  const left =
    state === 'aborted' ? await takeBack({ plan, request, pacing, outputs, yielded: progress.yielded }) : undefined;
  progress.end(state);
  await publishing.finish();
  await condition(allHandlersFinished);
  return { ...resultOf(state, progress, left), ...(late.length === 0 ? {} : { late }) };
};

type Running = {
  readonly progress: OperationProgress;
  readonly events: OperationEvents;
  readonly publishing: OperationPublishing;
  readonly stop: (reason: string) => void;
};

/** What the progress of a step means for its operation. */
const following = ({ progress, events, publishing, stop }: Running): Pick<PlanRun, 'report' | 'saw' | 'over'> => ({
  report: (step, shown) => {
    progress.show(step, shown);
    publishing.listings();
    // What is left is planned anew, in an operation with a history of its own.
    if (workflowInfo().continueAsNewSuggested) stop(LONG_HISTORY);
  },
  saw: progress.yielded,
  over: (step, ended) => {
    switch (ended.end) {
      case 'done':
        progress.yielded(step, ended.outcome.outputs);
        events.completed(step);
        break;
      case 'skipped':
        progress.yielded(step, ended.outputs);
        break;
      case 'outdated':
        stop(ended.reason);
        break;
      case 'stopped':
        break;
    }
  },
});

const stateAfter = (
  result: PlanResult,
  stopReason: string | undefined,
  { givesUp }: Pick<OperationInput, 'givesUp'>,
): OperationResult['state'] => {
  switch (result) {
    case 'completed':
      // It did what an abort of its rollout asked for.
      return givesUp === true ? 'aborted' : 'succeeded';
    case 'outdated':
      return 'superseded';
    case 'stopped':
      return stopReason === ABORTED ? 'aborted' : 'superseded';
  }
};

const resultOf = (
  state: OperationResult['state'],
  { view, stopReason, isPaused }: OperationProgress,
  left: string | undefined,
): OperationResult => {
  const reason = stopReason();
  const skipped = view().steps.flatMap(({ id, status }) => (status.state === 'skipped' ? [id] : []));
  return {
    state,
    // Done is done: what would have superseded it came too late to matter.
    ...(reason === undefined || state === 'succeeded' ? {} : { reason }),
    ...(skipped.length === 0 ? {} : { skipped }),
    ...(left === undefined ? {} : { left }),
    ...(isPaused() && reason === LONG_HISTORY ? { paused: true as const } : {}),
  };
};
