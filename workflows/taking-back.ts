/**
 * Taking back: what an operation that was aborted had begun, and what nothing else ends.
 *
 * Owns: that the steps of a plan's way back run once everything else has settled, and for how long they may take: whoever aborts
 * waits for them. Neighbours: `policy/` says what the way back is; `operation.ts` asks, and tells what was left. Where another spec takes
 * an operation's place, its own plan takes back what it doesn't go on with. Invariants: I9 (what could not be taken back is named).
 */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { StepState } from '../activities/contract.ts';
import type { Outputs } from '../kinds/row.ts';
import type { Step } from '../policy/plan.ts';
import { runPlan, type StepMessage } from './run-plan.ts';
import { type EffectScope, stepEffects } from './step-effects.ts';

const LONGEST_MS = 120_000;

/** `yielded` is told what each step of the way back yields. */
export type TakingBack = Omit<EffectScope, 'inbox'> & { readonly yielded: (step: Step, outputs: Outputs) => void };

/** Answers what could not be taken back, as a sentence; undefined where nothing is left. */
export const takeBack = async ({ yielded, ...scope }: TakingBack): Promise<string | undefined> => {
  const { plan, pacing } = scope;
  const steps = plan.undo ?? [];
  if (steps.length === 0) return undefined;
  const inbox: StepMessage[] = [];
  const shown = new Map<string, StepState>();
  const way = { ...plan, steps };
  const limit = new CancellationScope();
  void limit
    .run(() => sleep(LONGEST_MS, { summary: 'gives up taking back' }))
    .then(
      () => inbox.push({ event: { kind: 'stop' } }),
      () => undefined,
    );
  const left: Step[] = [];
  await runPlan(
    {
      ...{ plan: way, pacing, inbox },
      isPaused: () => false,
      report: (step, state) => void shown.set(step.id, state),
      saw: yielded,
      over: (step, ended) => {
        if (ended.end === 'done') yielded(step, ended.outcome.outputs);
        // Whoever only looks takes nothing back.
        else if (step.verb !== 'wait') left.push(step);
      },
    },
    stepEffects({ ...scope, plan: way, inbox }),
  );
  limit.cancel();
  return left.length === 0 ? undefined : `not taken back: ${left.map((step) => sentenceOf(step, shown)).join('; ')}`;
};

const sentenceOf = ({ id }: Step, shown: ReadonlyMap<string, StepState>): string => {
  const state = shown.get(id);
  return state?.state === 'blocked' ? `${id} (${state.message})` : id;
};
