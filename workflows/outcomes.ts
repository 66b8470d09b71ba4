/**
 * Outcomes: whether what an activity came to is what the rest of the plan can go on with.
 *
 * Owns: the shape of a step's result, which a person may have typed (`temporal activity complete --result …`), and what an
 * activity's failure means for its step. Neighbours: `activities/verdicts.ts` judges errors, `worker/interceptors.ts`
 * makes failures of them, `step-life.ts` says what they mean for a step. Pure.
 */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { StepOutcome, StepState } from '../activities/contract.ts';
import type { Outputs } from '../kinds/row.ts';

export type StepFailure = {
  readonly verdict: Extract<StepState, { state: 'blocked' }>['verdict'] | 'superseded' | 'not-ready';
  readonly message: string;
  /** Milliseconds until what is not ready should be looked at again. */
  readonly lookAgain?: number;
  /** What a wait has seen so far. */
  readonly soFar?: Outputs;
};

const awaitedBy = ({ details }: ApplicationFailure): Pick<StepFailure, 'lookAgain' | 'soFar'> => {
  const [lookAgain, soFar] = details ?? [];
  return { lookAgain: Number(lookAgain ?? 0), ...(soFar === undefined ? {} : { soFar: soFar as Outputs }) };
};

/** What an activity's failure says: its verdict travels as the failure's type. */
export const failureOf = (error: unknown): StepFailure => {
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (!(cause instanceof ApplicationFailure)) return { verdict: 'retry', message };
  switch (cause.type) {
    case 'blocked':
    case 'capacity':
    case 'bug':
    case 'superseded':
      return { verdict: cause.type, message };
    case 'not-ready':
      return { verdict: cause.type, message, ...awaitedBy(cause) };
    default:
      return { verdict: 'retry', message };
  }
};

const CHANGES: ReadonlySet<unknown> = new Set<StepOutcome['change']>(['created', 'updated', 'unchanged', 'removed']);

type Use = { readonly step: string; readonly output: string };

/** Uses of outputs that aren't there, as a sentence; undefined when all are. */
export const lacking = (outputs: Outputs, uses: readonly Use[]): string | undefined => {
  const missing = uses.filter(({ output }) => outputs[output] === undefined);
  if (missing.length === 0) return undefined;
  return missing.map(({ step, output }) => `"${step}" needs its output "${output}"`).join(', ');
};

const exampleOf = (uses: readonly Use[]): string =>
  JSON.stringify({ change: 'created', outputs: Object.fromEntries(uses.map(({ output }) => [output, '…'])) });

/** The result as an outcome. Throws what blocks the step, saying what is wrong and what a right result looks like. */
export const outcomeOf = (result: unknown, uses: readonly Use[]): StepOutcome => {
  const refuse = (problem: string): never => {
    throw ApplicationFailure.create({
      type: 'blocked',
      message: `It was completed with a result that the operation can't go on with: ${problem}. A result looks like ${exampleOf(uses)}. The step is tried again by itself, and can be completed or skipped once more.`,
      nonRetryable: true,
    });
  };
  if (typeof result !== 'object' || result === null) return refuse(`it is ${JSON.stringify(result) ?? 'nothing'}`);
  const { change, outputs } = result as { readonly change?: unknown; readonly outputs?: unknown };
  if (!CHANGES.has(change)) return refuse(`its change is ${JSON.stringify(change) ?? 'missing'}`);
  if (typeof outputs !== 'object' || outputs === null || Array.isArray(outputs)) return refuse('it has no outputs');
  const wrong = Object.entries(outputs).find(([, value]) => typeof value !== 'string');
  if (wrong !== undefined) return refuse(`its output "${wrong[0]}" is no string`);
  const missing = lacking(outputs as Outputs, uses);
  return missing === undefined ? (result as StepOutcome) : refuse(missing);
};
