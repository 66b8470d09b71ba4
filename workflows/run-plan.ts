/**
 * The plan runner: executes a plan without understanding it.
 *
 * Owns: order (a step starts once all it needs are done, everything else in parallel), the outer retry loop, and what a
 * running plan looks like from outside. Neighbours: `operation.ts` reports progress and decides when to stop; the
 * activities do the work; `policy/` made the plan. A runner never re-plans.
 * Invariants: I2 (only a step's first execution trusts the plan's inventory), I9 (a step that fails is published as
 * blocked, with its reason), I10 (steps start in the plan's own sorted order).
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
} from '@temporalio/workflow';
import type { StepOutcome, StepRequest, StepState } from '../activities/contract.ts';
import type { Plan, Step } from '../policy/plan.ts';
import type { Outputs, ResourceKey } from '../topology/resource.ts';
import { notReadyDelay, stepActivities, stepRetryDelay } from './activities.ts';
import { resolveReferences } from './references.ts';

/** What the runner needs of the operation around it. */
export type PlanRun = {
  readonly plan: Plan;
  readonly request: Pick<StepRequest, 'object' | 'owner' | 'entityId'>;
  /** True once no new step may start; a mutation under way still settles. */
  readonly stopping: () => boolean;
  /** True, once, when a person asked for this step to be tried now. */
  readonly takeRetry: (stepId: string) => boolean;
  readonly retryAsked: (stepId: string) => boolean;
  readonly report: (step: Step, state: StepState) => void;
  /** Called once for each step that is done, before any step that needs it starts. */
  readonly completed: (step: Step, outcome: StepOutcome) => void;
  /** Outputs known so far; grows as steps complete. */
  readonly outputs: Record<ResourceKey, Outputs>;
  /** Called when a step finds that the plan is out of date: nothing more is to start. */
  readonly outdated: (reason: string) => void;
  /** Waits, which `stop` cancels at once. */
  readonly waits: CancellationScope;
};

/** How a plan ended: all steps done, stopped with steps left (superseded or aborted), or found to be out of date. */
export type PlanResult = 'completed' | 'stopped' | 'outdated';

type Failure = Extract<StepState, { state: 'blocked' }>['verdict'] | 'superseded' | 'not-ready';

const NO_EFFECT: StepOutcome = { change: 'unchanged', outputs: {} };

type StepFailure = {
  readonly verdict: Failure;
  readonly message: string;
  /** Milliseconds until what is not ready should be looked at again. */
  readonly lookAgain?: number;
};

/** What an activity's failure says: its verdict travels as the failure's type (see `activities/verdicts.ts`). */
const failureOf = (error: unknown): StepFailure => {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (!(cause instanceof ApplicationFailure)) return { verdict: 'retry', message };
  switch (cause.type) {
    case 'blocked':
    case 'capacity':
    case 'bug':
    case 'superseded':
      return { verdict: cause.type, message };
    case 'not-ready':
      return { verdict: cause.type, message, lookAgain: Number(cause.details?.[0] ?? 0) };
    default:
      return { verdict: 'retry', message };
  }
};

const perform = async (run: PlanRun, step: Step, first: boolean, since: number): Promise<StepOutcome> => {
  if (step.resource.kind === 'milestone') return NO_EFFECT;
  const resolved: Step = { ...step, resource: resolveReferences(step.resource, run.outputs) };
  const request: StepRequest = { ...run.request, step: resolved, first, since };
  const activities = stepActivities(step);
  switch (step.verb) {
    case 'wait':
      return run.waits.run(() => activities.wait(request));
    case 'ensure':
      return CancellationScope.nonCancellable(() => activities.ensure(request));
    case 'remove':
      return CancellationScope.nonCancellable(() => activities.remove(request));
  }
};

const runStep = async (run: PlanRun, step: Step): Promise<PlanResult> => {
  let failures = 0;
  const began = Date.now();
  let blockedSince: number | undefined;
  let awaited: string | undefined;
  for (let attempt = 1; !run.stopping(); attempt += 1) {
    // A blocked step stays blocked while it is tried again: what a person reads must not come and go.
    if (awaited === undefined && blockedSince === undefined) run.report(step, { state: 'running', since: began });
    try {
      const outcome = await perform(run, step, attempt === 1, began);
      run.outputs[step.resource.key] = outcome.outputs;
      run.report(step, { state: 'done', at: Date.now(), change: outcome.change });
      run.completed(step, outcome);
      return 'completed';
    } catch (error) {
      if (isCancellation(error)) break;
      const { verdict, message, lookAgain = 0 } = failureOf(error);
      if (verdict === 'superseded') {
        run.report(step, { state: 'pending' });
        run.outdated(message);
        return 'outdated';
      }
      if (verdict === 'not-ready') {
        awaited = message;
        blockedSince = undefined;
        run.report(step, { state: 'running', since: began, awaited });
        await CancellationScope.nonCancellable(() =>
          condition(run.stopping, notReadyDelay(step, Date.now() - began, lookAgain), {
            summary: `look again: ${step.id}`,
          }),
        );
        continue;
      }
      awaited = undefined;
      failures += 1;
      const delay = stepRetryDelay(failures);
      blockedSince ??= Date.now();
      const retryAt = Date.now() + delay;
      run.report(step, { state: 'blocked', since: blockedSince, attempt: failures, verdict, message, retryAt });
      await CancellationScope.nonCancellable(() =>
        condition(() => run.stopping() || run.retryAsked(step.id), delay, { summary: `retry ${step.id}` }),
      );
      run.takeRetry(step.id);
    }
  }
  run.report(step, { state: 'pending' });
  return 'stopped';
};

/**
 * Runs every step of a plan. Resolves when all are done, or, after `stopping`, when those that had started settled.
 */
export const runPlan = async (run: PlanRun): Promise<PlanResult> => {
  const results = new Map<string, Promise<PlanResult>>();
  const resultOf = (id: string): Promise<PlanResult> => results.get(id) ?? Promise.resolve('completed');
  const pending = new Map(run.plan.steps.map((step) => [step.id, step]));

  const start = (step: Step): Promise<PlanResult> => {
    const started = results.get(step.id);
    if (started) return started;
    pending.delete(step.id);
    const result = (async () => {
      const needed = await Promise.all(
        step.needs.map((id) => {
          const need = pending.get(id);
          return need ? start(need) : resultOf(id);
        }),
      );
      const unmet = needed.find((one) => one !== 'completed');
      return unmet ?? runStep(run, step);
    })();
    results.set(step.id, result);
    return result;
  };

  const all = await Promise.all(run.plan.steps.map(start));
  if (all.includes('outdated')) return 'outdated';
  return all.includes('stopped') ? 'stopped' : 'completed';
};
