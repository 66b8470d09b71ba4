/**
 * The plan runner: executes a plan without understanding it.
 *
 * Owns: order (a step starts once all it needs are done, everything else in parallel), the outer retry loop, and what a
 * running plan looks like from outside. Neighbours: `operation.ts` reports progress and decides when to stop; the
 * activities do the work; `policy/` made the plan. A runner never re-plans.
 * Invariants: I2 (only a step's first execution trusts the plan's inventory), I9 (a step that fails is published as
 * blocked, with its reason), I10 (steps start in the plan's own sorted order).
 */
import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Pacing, StepOutcome, StepRequest, StepState } from '../activities/contract.ts';
import type { Plan, Step } from '../policy/plan.ts';
import type { Outputs, ResourceKey } from '../topology/resource.ts';
import { isOverdue, notReadyDelay, stepActivities, stepRetryDelay } from './activities.ts';
import { failureOf, outcomeOf } from './outcomes.ts';
import { outputsUsed, resolveReferences } from './references.ts';
import type { Asked } from './verbs.ts';

/** What the runner needs of the operation around it. */
export type PlanRun = {
  readonly plan: Plan;
  readonly request: Pick<StepRequest, 'object' | 'owner' | 'entityId'>;
  /** True once no new step may start; a mutation under way still settles. */
  readonly stopping: () => boolean;
  /** What people asked for: noted by the verbs, taken here. */
  readonly asked: Asked;
  readonly pacing: Pacing;
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

const NO_EFFECT: StepOutcome = { change: 'unchanged', outputs: {} };

type Try = { readonly first: boolean; readonly since: number; readonly told?: string };

const perform = async (run: PlanRun, step: Step, { first, since, told }: Try): Promise<unknown> => {
  if (step.resource.kind === 'milestone') return NO_EFFECT;
  const resolved: Step = { ...step, resource: resolveReferences(step.resource, run.outputs) };
  const { overdueMs } = run.pacing;
  const request: StepRequest = {
    ...run.request,
    step: resolved,
    first,
    since,
    ...(told === undefined ? {} : { told }),
    ...(step.verb === 'wait' && overdueMs !== undefined ? { overdueMs } : {}),
  };
  const activities = stepActivities(step);
  switch (step.verb) {
    case 'wait':
      return run.waits.run(() => {
        const look = new CancellationScope();
        run.asked.looks.set(step.id, look);
        return look.run(() => activities.wait(request));
      });
    case 'ensure':
      return CancellationScope.nonCancellable(() => activities.ensure(request));
    case 'remove':
      return CancellationScope.nonCancellable(() => activities.remove(request));
  }
};

/** Resolves when `isDue`, when the operation stops, when a person asks for the step, or after a while if one is given. */
const until = (
  run: PlanRun,
  step: Step,
  isDue: () => boolean,
  timer?: { readonly milliseconds: number; readonly summary: string },
): Promise<void> => {
  const awake = (): boolean =>
    run.stopping() || run.asked.retries.has(step.id) || run.asked.skips.has(step.id) || isDue();
  return CancellationScope.nonCancellable(async () => {
    if (timer === undefined) await condition(awake);
    else await condition(awake, timer.milliseconds, { summary: timer.summary });
  });
};

const skipped = (run: PlanRun, step: Step): boolean => {
  const outputs = run.asked.skips.get(step.id);
  if (outputs === undefined) return false;
  run.outputs[step.resource.key] = outputs;
  run.report(step, { state: 'skipped', at: Date.now() });
  return true;
};

const runStep = async (run: PlanRun, step: Step): Promise<PlanResult> => {
  const uses = step.verb === 'remove' ? [] : outputsUsed(step.resource.key, run.plan.steps);
  const began = Date.now();
  let failures = 0;
  let blockedSince: number | undefined;
  let overdueSince: number | undefined;
  let awaited: string | undefined;
  for (let first = true; ; first = false) {
    // Paused: nothing begins and nothing that failed is tried again, but for what a person asks for by name.
    if (first || blockedSince !== undefined) await until(run, step, () => !run.asked.paused);
    if (skipped(run, step)) return 'completed';
    if (run.stopping()) break;
    run.asked.retries.delete(step.id);
    // A blocked step stays blocked while it is tried again: what a person reads must not come and go.
    if (awaited === undefined && blockedSince === undefined) run.report(step, { state: 'running', since: began });
    try {
      const told = awaited === undefined ? {} : { told: awaited };
      const outcome = outcomeOf(await perform(run, step, { first, since: began, ...told }), uses);
      run.outputs[step.resource.key] = outcome.outputs;
      run.report(step, { state: 'done', at: Date.now(), change: outcome.change });
      run.completed(step, outcome);
      return 'completed';
    } catch (error) {
      // Given up for a skip, or because the operation stops: either is seen to above.
      const givenUp = run.stopping() || run.waits.consideredCancelled || run.asked.skips.has(step.id);
      if (isCancellation(error) && givenUp) continue;
      const { verdict, message, lookAgain = 0, soFar } = failureOf(error);
      if (verdict === 'superseded') {
        run.report(step, { state: 'pending' });
        run.outdated(message);
        return 'outdated';
      }
      if (verdict === 'not-ready') {
        const waited = Date.now() - began;
        const milliseconds = notReadyDelay(step, waited, lookAgain);
        awaited = message;
        if (soFar !== undefined) run.outputs[step.resource.key] = soFar;
        if (isOverdue(run.pacing, step, waited)) {
          overdueSince ??= Date.now();
          failures += 1;
          const overdue = {
            attempt: failures,
            verdict: 'overdue',
            message,
            retryAt: Date.now() + milliseconds,
          } as const;
          run.report(step, { state: 'blocked', since: overdueSince, ...overdue });
        } else run.report(step, { state: 'running', since: began, awaited });
        blockedSince = undefined;
        await until(run, step, () => false, { milliseconds, summary: `look again: ${step.id}` });
        continue;
      }
      awaited = undefined;
      failures += 1;
      const milliseconds = stepRetryDelay(run.pacing, step, failures);
      blockedSince ??= Date.now();
      const retryAt = Date.now() + milliseconds;
      run.report(step, { state: 'blocked', since: blockedSince, attempt: failures, verdict, message, retryAt });
      await until(run, step, () => false, { milliseconds, summary: `retry ${step.id}` });
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
