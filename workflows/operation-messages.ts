/**
 * Messages of an operation: what it is asked, and what is said to it.
 *
 * Owns: the handlers, registered before anything else happens. Neighbours: `messages.ts` has the names, `verbs.ts` takes
 * what people say, `operation.ts` does what stops it, `run-plan.ts` takes what concerns a step.
 */
import { setHandler } from '@temporalio/workflow';
import { getOperationState, supersede } from './messages.ts';
import type { OperationProgress } from './operation-progress.ts';
import type { OperationPublishing } from './operation-publishing.ts';
import type { StepMessage } from './run-plan.ts';
import { takeVerbs, type VerbScope } from './verbs.ts';

/** Why an operation ends that a person, or Temporal's own cancel, ended. */
export const ABORTED = 'it was aborted';

type MessageScope = Pick<VerbScope, 'plan' | 'request' | 'late'> & {
  readonly progress: OperationProgress;
  readonly publishing: Pick<OperationPublishing, 'listings'>;
  readonly inbox: StepMessage[];
  /** Begins no more steps, for that reason. */
  readonly stop: (reason: string) => void;
};

export const takeMessages = ({ plan, request, progress, publishing, inbox, stop, late }: MessageScope): void => {
  const { view, outputs, stopReason } = progress;
  setHandler(getOperationState, view, { description: 'Every step with its state, and the outputs known so far' });
  setHandler(supersede, ({ reason }) => stop(reason), { description: 'A newer spec or a deletion takes its place' });
  takeVerbs({
    plan,
    request,
    view,
    outputs,
    ending: () => stopReason() ?? (view().state === 'running' ? undefined : view().state),
    say: (step, event) => void inbox.push({ step, event }),
    setPaused: (paused) => {
      progress.pause(paused);
      publishing.listings();
    },
    handle: progress.handle,
    late,
    abort: () => stop(ABORTED),
  });
};
