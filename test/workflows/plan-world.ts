/**
 * A world for the plan runner without a server: activities and timers are data, and a list says what happens next. Once
 * the list is used up, peace comes: nothing is paused, and what is under way succeeds.
 */
import type { StepState } from '../../activities/contract.ts';
import type { Plan, Step } from '../../policy/plan.ts';
import type { StepFailure } from '../../workflows/outcomes.ts';
import { type PlanResult, runPlan, type StepMessage } from '../../workflows/run-plan.ts';
import type { StepEnd, StepEvent, StepLife } from '../../workflows/step-life.ts';
import { made } from './builders.ts';

type Under = { readonly step: Step; readonly life: StepLife };

/** What became known, in its order. */
export type Sighting = { readonly step: string } & (
  | { readonly saw: 'begun'; readonly first: boolean; readonly despitePause: boolean; readonly stopped: boolean }
  | { readonly saw: 'given-up'; readonly verb: Step['verb'] }
  | { readonly saw: 'shown'; readonly shown: StepState }
  | { readonly saw: 'over'; readonly end: StepEnd['end'] }
);

/** One thing that happens; `which` chooses among the steps that it may happen to. */
export type Happening = { readonly which: number } & (
  | { readonly what: 'settles'; readonly failure?: StepFailure }
  | { readonly what: 'retry' | 'skip' | 'pause' | 'resume' | 'stop' }
);

/** Runs a plan through all that happens; answers how it ended and all that was to be seen. */
export const runIn = async (
  plan: Plan,
  story: readonly Happening[],
  before: { readonly stopped?: true } = {},
): Promise<{ readonly result: PlanResult; readonly seen: readonly Sighting[] }> => {
  const left = [...story];
  const seen: Sighting[] = [];
  const inbox: StepMessage[] = [];
  const under = new Map<string, Under>();
  let now = 1_000_000;
  let paused = false;
  let stopped = false;

  const say = (step: string | undefined, event: StepEvent): void =>
    void inbox.push(step === undefined ? { event } : { step, event });
  const stop = (): void => {
    stopped = true;
    say(undefined, { kind: 'stop' });
  };

  if (before.stopped) stop();

  /** What is under way comes to its end. */
  const settle = ({ step, life }: Under, failure: StepFailure | undefined): void => {
    under.delete(step.id);
    if (life.state === 'parked') say(step.id, { kind: 'due' });
    else if (failure === undefined) say(step.id, { kind: 'succeeded', at: now, outcome: made({ id: step.id }) });
    else say(step.id, { kind: 'failed', at: now, failure });
  };

  const happen = (): void => {
    const { which, ...happening } = left.shift() ?? { which: 0, what: 'settles' };
    now += 1_000;
    if (left.length === 0) paused = false;
    const step = plan.steps[which % plan.steps.length]?.id;
    switch (happening.what) {
      case 'settles': {
        const all = [...under.values()];
        const one = all[which % Math.max(1, all.length)];
        if (one !== undefined) settle(one, happening.failure);
        break;
      }
      case 'retry':
        say(step, { kind: 'retry' });
        break;
      case 'skip':
        say(step, { kind: 'skip', at: now, outputs: {} });
        break;
      case 'pause':
        paused = left.length > 0;
        break;
      case 'resume':
        paused = false;
        break;
      case 'stop':
        stop();
        break;
    }
  };

  const result = await runPlan(
    {
      plan,
      pacing: { retryMs: 1_000, retryMaxMs: 8_000, overdueMs: 6_000 },
      inbox,
      saw: () => undefined,
      isPaused: () => paused,
      report: ({ id }, shown) => void seen.push({ step: id, saw: 'shown', shown }),
      over: ({ id }, { end }) => {
        seen.push({ step: id, saw: 'over', end });
        if (end === 'outdated') stop();
      },
    },
    {
      now: () => now,
      until: async (isTrue) => {
        while (!isTrue()) happen();
      },
      enter: (step, life) => {
        if (life.state !== 'trying' && life.state !== 'parked') return;
        if (under.has(step.id)) throw new Error(`${step.id} is under way already.`);
        under.set(step.id, { step, life });
        if (life.state !== 'trying') return;
        const { first } = life.tries;
        seen.push({ step: step.id, saw: 'begun', first, despitePause: paused, stopped });
      },
      giveUp: (step) => {
        const one = under.get(step.id);
        if (one?.life.state === 'parked') under.delete(step.id);
        if (one?.life.state !== 'trying') return;
        seen.push({ step: step.id, saw: 'given-up', verb: step.verb });
        // As Temporal has it: a wait fails at once, a mutation goes on.
        if (step.verb === 'wait') settle(one, { verdict: 'retry', message: 'cancelled' });
      },
    },
  );
  return { result, seen };
};
