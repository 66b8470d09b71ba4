/**
 * The plan runner: executes a plan without understanding it.
 *
 * Owns: the lives of the plan's steps, and their order: a step begins once all it needs are done, everything else in
 * parallel. Neighbours: `step-life.ts` says what an event makes of a step; `step-effects.ts` does what its states stand
 * for; `operation.ts` publishes, and decides when to stop; `policy/` made the plan. A runner never re-plans.
 * Invariants: I9 (a step that fails is reported as blocked, with its reason), I10 (events are taken in the order in which
 * they came, and steps begin in the plan's own sorted order).
 */
import type { Pacing, StepState } from '../activities/contract.ts';
import type { Outputs } from '../kinds/row.ts';
import type { Plan, Step } from '../policy/plan.ts';
import { next, pendingStep, type StepEnd, type StepEvent, type StepLife } from './step-life.ts';

/** Something happened to the step of that id, or to all where none is named. */
export type StepMessage = { readonly step?: string; readonly event: StepEvent };

/** What the runner needs of the operation around it. */
export type PlanRun = {
  readonly plan: Plan;
  readonly pacing: Pacing;
  /** What happened and is not taken yet, oldest first: effects, verbs and the operation add to it, the runner empties it. */
  readonly inbox: StepMessage[];
  readonly isPaused: () => boolean;
  /** There is news of a step to be shown. */
  readonly report: (step: Step, shown: StepState) => void;
  /** What the outputs of a step that waits would be by now. */
  readonly saw: (step: Step, soFar: Outputs) => void;
  /** Called once for each step, before any step that needs it begins. */
  readonly over: (step: Step, end: StepEnd) => void;
};

/** What the runner needs of the world. */
export type PlanWorld = {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Resolves as soon as the answer is true; it may change whenever anything happens. */
  readonly until: (isTrue: () => boolean) => Promise<void>;
  /** Begins what a state stands for that a step has come into; how it ends comes as a message. */
  readonly enter: (step: Step, life: StepLife) => void;
  /** Gives up what was begun for a step, as far as it can be given up. */
  readonly giveUp: (step: Step) => void;
};

/** How a plan ended: all steps done, stopped with steps left (superseded or aborted), or found to be out of date. */
export type PlanResult = 'completed' | 'stopped' | 'outdated';

type Living = { readonly step: Step; life: StepLife };

/** Runs every step of a plan. Resolves when all are over: after a stop, when those that were trying have settled. */
export const runPlan = async (run: PlanRun, world: PlanWorld): Promise<PlanResult> => {
  const { plan, pacing, inbox } = run;
  const all: readonly Living[] = plan.steps.map((step) => ({ step, life: pendingStep({ verb: step.verb, pacing }) }));
  const byId: ReadonlyMap<string, Living> = new Map(all.map((one) => [one.step.id, one]));

  const isMet = ({ step, life }: Living): boolean =>
    life.state === 'pending' && step.needs.every((id) => hasYielded(byId.get(id)?.life));
  const mayBegin = ({ life }: Living): boolean => life.state === 'ready' && !(life.pausable && run.isPaused());

  const take = ({ step, event }: StepMessage): void => {
    for (const one of all) {
      if (step !== undefined && one.step.id !== step) continue;
      if (event.kind === 'failed' && event.failure.soFar !== undefined) run.saw(one.step, event.failure.soFar);
      dispatch(one, event, run, world);
    }
  };

  for (;;) {
    // What one message leads to may be another, such as a stop: nothing begins before that is taken, too.
    while (inbox.length > 0) for (const message of inbox.splice(0)) take(message);
    for (const one of all) {
      if (isMet(one)) dispatch(one, { kind: 'met', at: world.now() }, run, world);
      if (mayBegin(one)) dispatch(one, { kind: 'begin' }, run, world);
    }
    if (all.every(({ life }) => life.state === 'over')) return resultOf(all);
    await world.until(() => inbox.length > 0 || all.some(mayBegin));
  }
};

const dispatch = (one: Living, event: StepEvent, run: PlanRun, world: PlanWorld): void => {
  const { step, life: before } = one;
  const life = next(before, event);
  if (life === before) return;
  one.life = life;
  if (before.state === 'parked' || (life.state === 'trying' && life.leaving !== undefined)) world.giveUp(step);
  if (life.shown !== before.shown) run.report(step, life.shown);
  if (life.state === before.state) return;
  if (life.state === 'over') run.over(step, life);
  else world.enter(step, life);
};

/** Whether those that need the step may go on. A need that the plan doesn't hold is none. */
const hasYielded = (life: StepLife | undefined): boolean =>
  life === undefined || (life.state === 'over' && (life.end === 'done' || life.end === 'skipped'));

const resultOf = (all: readonly Living[]): PlanResult => {
  const ends = new Set(all.map(({ life }) => (life.state === 'over' ? life.end : 'stopped')));
  if (ends.has('outdated')) return 'outdated';
  return ends.has('stopped') ? 'stopped' : 'completed';
};
