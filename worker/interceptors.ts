/**
 * The activity interceptor: turns what an activity threw into what Temporal should do about it, once, for all.
 *
 * Owns: the translation of a verdict to a failure, the log line and the counters of each attempt. Neighbours:
 * `activities/verdicts.ts` judges errors; `workflows/run-plan.ts` reads the failure's type.
 * Invariants: I8 (only the judged message travels, never the error's own payload), I9 (the message says why).
 */
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { StepOutcome, StepRequest } from '../activities/contract.ts';
import { delayOf, type Judgement, verdictOf } from '../activities/verdicts.ts';
import type { WorkerMetrics } from './metrics.ts';

/** Well below the heartbeat timeout of `workflows/activities.ts`. */
export const HEARTBEAT_MS = 2_000;

/** One word for what an attempt came to: the verdict, or that nothing failed but it isn't there yet. */
const outcomeOf = (judgement: Judgement): string => (judgement.waiting ? 'not-ready' : judgement.verdict);

/**
 * The failure that carries a verdict: its type is the verdict, a delay tells the server when to try again. `attempt` counts from 1,
 * `random` is a number from 0 up to 1.
 */
export const failureOf = (judgement: Judgement, attempt = 1, random = Math.random()): ApplicationFailure => {
  const { verdict, message, waiting, reported, soFar } = judgement;
  const delayMs = delayOf(judgement, attempt, random);
  return ApplicationFailure.create({
    type: outcomeOf(judgement),
    message,
    // The workflow tries again what it shall tell about.
    nonRetryable: verdict !== 'retry' || reported === true,
    ...(delayMs === undefined ? {} : { nextRetryDelay: delayMs }),
    // Temporal does not hand a delay on to the workflow.
    ...(waiting === true ? { details: [delayMs ?? 0, ...(soFar === undefined ? [] : [soFar])] } : {}),
    // "Not yet" is what a wait is for: no warning, no failure metric.
    ...(waiting ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
};

/** What a cancelled call throws, ours or the SDK's: Temporal knows what to make of either. */
const isCancellation = (error: unknown, signal: AbortSignal): boolean =>
  error instanceof CancelledFailure || (signal.aborted && error instanceof Error && error.name === 'AbortError');

const stepOf = (args: readonly unknown[]): StepRequest['step'] | undefined => {
  const [request] = args as readonly (Partial<StepRequest> | undefined)[];
  return request?.step;
};

/** Beats while it runs. Also what makes a cancellation arrive: without a beat the server has no way to tell. */
export const beating = async <T>(context: Context, run: () => Promise<T>): Promise<T> => {
  const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await run();
  } finally {
    clearInterval(beat);
  }
};

export const outcomeInterceptor = (
  context: Context,
  metrics: WorkerMetrics,
  log: Logger,
): ActivityInboundCallsInterceptor => ({
  execute: async (input, next) => {
    const { info } = context;
    const step = stepOf(input.args);
    const labels = { verb: step?.verb ?? info.activityType, kind: step?.resource.kind ?? 'none' };
    const line = {
      workflowId: info.workflowExecution?.workflowId,
      activity: info.activityType,
      step: step?.id,
      attempt: info.attempt,
    };
    const started = performance.now();
    const count = (outcome: string): void => {
      metrics.steps.inc({ ...labels, outcome });
      metrics.stepSeconds.observe(labels, (performance.now() - started) / 1_000);
    };
    try {
      const result = await beating(context, () => next(input));
      const change = step === undefined ? 'done' : (result as StepOutcome).change;
      count(change);
      if (change !== 'unchanged') log.info({ ...line, change }, 'Step done');
      return result;
    } catch (error) {
      if (isCancellation(error, context.cancellationSignal)) {
        count('cancelled');
        throw error;
      }
      const judgement = verdictOf(error);
      count(outcomeOf(judgement));
      if (judgement.waiting) log.debug({ ...line, reason: judgement.message }, 'Not ready yet');
      else log.warn({ ...line, verdict: judgement.verdict, reason: judgement.message }, 'Step failed');
      throw failureOf(judgement, info.attempt);
    }
  },
});
