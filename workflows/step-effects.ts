/**
 * Effects of a step's states: the execution of its activity while it is trying, the timer while it is parked.
 *
 * Owns: both, and that each ends as one message to the plan runner unless it is given up. Neighbours: `run-plan.ts` says
 * when; `activities.ts` has the time limits; `outcomes.ts` judges what came of it.
 * Invariants: I2 (only a step's first try trusts the plan's inventory), S2 (a mutation is awaited, never given up).
 */
import { CancellationScope, condition, sleep } from '@temporalio/workflow';
import type { Pacing, StepOutcome, StepRequest } from '../activities/contract.ts';
import type { Outputs } from '../kinds/row.ts';
import type { Plan, Step } from '../policy/plan.ts';
import type { ResourceKey } from '../words/keys.ts';
import { stepActivities } from './activities.ts';
import { failureOf, outcomeOf } from './outcomes.ts';
import { outputsUsed, resolveReferences } from './references.ts';
import type { PlanWorld, StepMessage } from './run-plan.ts';
import { awaitedOf, isFailing, type StepLife } from './step-life.ts';

/** What the effects need of the operation around them. */
export type EffectScope = {
  readonly plan: Plan;
  readonly request: Pick<StepRequest, 'object' | 'owner' | 'entityId'>;
  readonly pacing: Pacing;
  /** Outputs known so far; grows as steps complete. */
  readonly outputs: Readonly<Record<ResourceKey, Outputs>>;
  readonly inbox: StepMessage[];
};

type Trying = Extract<StepLife, { readonly state: 'trying' }>;
type Parked = Extract<StepLife, { readonly state: 'parked' }>;

const NO_EFFECT: StepOutcome = { change: 'unchanged', outputs: {} };

/** The world as a workflow has it. */
export const stepEffects = (scope: EffectScope): PlanWorld => {
  const begun = new Map<string, CancellationScope>();
  return {
    now: () => Date.now(),
    until: (isTrue) => condition(isTrue),
    enter: (step, life) => {
      switch (life.state) {
        case 'trying':
          begun.set(step.id, attempt(step, life, scope));
          break;
        case 'parked':
          begun.set(step.id, pause(step, life, scope));
          break;
        case 'pending':
        case 'ready':
        case 'over':
          break;
      }
    },
    giveUp: ({ id }) => begun.get(id)?.cancel(),
  };
};

/** One execution of the step's activity. Only a wait can be given up: a mutation runs in a scope that can't be cancelled. */
const attempt = (step: Step, life: Trying, scope: EffectScope): CancellationScope => {
  const own = new CancellationScope({ cancellable: step.verb === 'wait' });
  const uses = step.verb === 'remove' ? [] : outputsUsed(step.resource.key, scope.plan.steps);
  const outcome = own.run(async () => outcomeOf(await perform(step, life, scope), uses));
  void outcome.then(
    (value) => scope.inbox.push({ step: step.id, event: { kind: 'succeeded', at: Date.now(), outcome: value } }),
    (error: unknown) =>
      scope.inbox.push({ step: step.id, event: { kind: 'failed', at: Date.now(), failure: failureOf(error) } }),
  );
  return own;
};

const perform = (step: Step, life: Trying, { plan, request, outputs, pacing }: EffectScope): Promise<unknown> => {
  if (step.resource.kind === 'milestone') return Promise.resolve(NO_EFFECT);
  const awaited = awaitedOf(life);
  const { first, since } = life.tries;
  const activities = stepActivities(step);
  return activities[step.verb]({
    ...request,
    plan: plan.version,
    step: resolveReferences(step, outputs),
    first,
    since,
    ...(awaited === undefined ? {} : { awaitedSoFar: awaited }),
    ...(step.verb === 'wait' && pacing.overdueMs !== undefined ? { overdueMs: pacing.overdueMs } : {}),
  });
};

/** The timer between two tries. It ends early only by being given up, when nobody waits for it any more. */
const pause = (step: Step, life: Parked, { inbox }: EffectScope): CancellationScope => {
  const own = new CancellationScope();
  const summary = isFailing(life.shown) ? `retry ${step.id}` : `look again: ${step.id}`;
  void own
    .run(() => sleep(life.until - Date.now(), { summary }))
    .then(
      () => inbox.push({ step: step.id, event: { kind: 'due' } }),
      () => undefined,
    );
  return own;
};
