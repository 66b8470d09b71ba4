/**
 * Refusals: why a verb makes no sense for an operation or an entity as it is now.
 *
 * Owns: the reasons, as sentences that name what to do instead. An update is refused with them, a signal that came too
 * late is logged with them. Neighbours: `verbs.ts` and `entity-verbs.ts` do what isn't refused. Pure.
 * Invariants: I3 and I5 (finalizer, preflight, quorum and verified absence are never skipped).
 */
import type { OperationView, Step, StepView } from '../activities/contract.ts';
import { OPERATIONS } from '../words/operations.ts';
import { isBlocked, isOver } from '../words/steps.ts';
import { ended } from '../words/text.ts';
import type { Verb } from '../words/verbs.ts';
import type { Ask, EntityView } from './messages.ts';
import { outputsUsed } from './references.ts';

/** Ids of the steps that are blocked. */
export const blockedIn = (view: OperationView): string[] => view.steps.filter(isBlocked).map(({ id }) => id);

const stepGiven = (ask: Ask): string | undefined => {
  const { step } = ask as { readonly step?: unknown };
  return step === undefined || typeof step === 'string' ? undefined : '"step" must be a string: the id of a step.';
};

const refuseRetry = ({ step }: Ask, view: OperationView): string | undefined => {
  const blocked = blockedIn(view);
  if (blocked.length === 0) return 'Nothing is blocked: there is nothing to retry.';
  if (step === undefined || blocked.includes(step)) return undefined;
  return `"${step}" is not blocked. Blocked: ${blocked.join(', ')}.`;
};

const unskippable = (step: Step, status: StepView['status']): string | undefined => {
  // What nobody can vouch for by hand: the plan says what skipping would mean.
  if (step.neverSkipped !== undefined) return `"${step.id}" is never skipped: ${step.neverSkipped}.`;
  switch (status.state) {
    case 'blocked':
      return undefined;
    case 'running':
      return step.verb === 'wait' ? undefined : `"${step.id}" runs at this moment: see what it comes to.`;
    case 'pending':
      return `"${step.id}" has not begun: only a step that is blocked, or a wait, can be skipped.`;
    case 'done':
      return `"${step.id}" is done.`;
    case 'skipped':
      return `"${step.id}" is skipped already.`;
  }
};

/** Steps of the plan that are still to come, but for one. */
export const othersUnfinished = (view: OperationView, steps: readonly Step[], but: string): Step[] => {
  const over = new Set(view.steps.filter(isOver).map(({ id }) => id));
  return steps.filter(({ id }) => id !== but && !over.has(id));
};

const refuseSkip = (ask: Ask, view: OperationView, steps: readonly Step[]): string | undefined => {
  if (ask.step === undefined) return 'Name the step to skip, as in {"step":"wait nodes/1"}.';
  const step = steps.find(({ id }) => id === ask.step);
  const status = view.steps.find(({ id }) => id === ask.step)?.status;
  if (step === undefined || status === undefined) {
    const blocked = blockedIn(view);
    return `There is no step "${ask.step}"${blocked.length === 0 ? '.' : `. Blocked: ${blocked.join(', ')}.`}`;
  }
  const refused = unskippable(step, status);
  if (refused !== undefined) return refused;
  // What is there of a thing that is made can be found, and a removal yields nothing; a wait leaves nothing to find.
  const [use] = step.verb === 'wait' ? outputsUsed(step.resource.key, othersUnfinished(view, steps, step.id)) : [];
  return use === undefined
    ? undefined
    : `"${step.id}" can't be skipped: "${use.step}" needs its output "${use.output}".`;
};

/** What has begun and can't be left half done. */
const refuseAbort = (view: OperationView, steps: readonly Step[]): string | undefined => {
  const begun = new Set(view.steps.filter(({ status }) => status.state !== 'pending').map(({ id }) => id));
  return steps.find(({ id, noReturn }) => noReturn !== undefined && begun.has(id))?.noReturn;
};

/** Why an operation refuses a verb, or undefined when it doesn't. */
export const refusalOf = (
  verb: Verb,
  ask: Ask,
  operation: { readonly view: OperationView; readonly steps: readonly Step[]; readonly ending?: string },
): string | undefined => {
  const { view, steps, ending } = operation;
  const wrong = stepGiven(ask);
  if (wrong !== undefined) return wrong;
  if (ending !== undefined) return `The operation is ending: ${ended(ending)} Say it again once it has ended.`;
  switch (verb) {
    case 'retry':
      return refuseRetry(ask, view);
    case 'skip':
      return refuseSkip(ask, view, steps);
    case 'pause':
      return view.pausedAt === undefined ? undefined : 'It is paused already.';
    case 'resume':
      return view.pausedAt === undefined ? 'It is not paused: there is nothing to resume.' : undefined;
    case 'abort':
      return OPERATIONS[view.type].unabortable ?? refuseAbort(view, steps);
  }
};

const refuseRetryAtRest = (view: EntityView, skipped: readonly string[]): string | undefined => {
  if (view.held !== undefined) return `${view.held} was aborted: resume begins it again.`;
  if (view.phase === 'blocked' || view.phase === 'waiting' || skipped.length > 0) return undefined;
  // While it looks, somebody who was told to retry a moment ago is right to: it looks once more.
  if (view.drifted || view.phase === 'assessing') return undefined;
  return 'Nothing is blocked: there is nothing to retry.';
};

const refuseResumeAtRest = ({ held, paused, heldBack, phase }: EntityView): string | undefined => {
  if (held !== undefined || paused !== undefined || heldBack !== undefined) return undefined;
  // While it looks, what was aborted or paused is so still, and whoever was told of it a moment ago is right to.
  if (phase === 'assessing') return undefined;
  return 'Nothing was aborted or paused, and nothing is held back: there is nothing to resume.';
};

/** Between two turns a rollout takes what an operation takes, but for what concerns a step. */
const refuseBetweenTurns = (verb: 'pause' | 'abort' | 'skip', { rollout, paused }: EntityView): string | undefined => {
  if (rollout === undefined) return `No operation runs: there is nothing to ${verb}.`;
  if (verb === 'skip') return `${rollout} is between two machines: a step can be skipped while one is replaced.`;
  return verb === 'pause' && paused === true ? 'It is paused already.' : undefined;
};

/** Why an entity refuses a verb while none of its operations runs, or undefined when it doesn't. */
export const entityRefusalOf = (verb: Verb, view: EntityView, skipped: readonly string[]): string | undefined => {
  if (view.operationId !== undefined) return `An operation runs: say it to the workflow ${view.operationId}.`;
  switch (verb) {
    case 'retry':
      return refuseRetryAtRest(view, skipped);
    case 'resume':
      return refuseResumeAtRest(view);
    case 'skip':
    case 'pause':
    case 'abort':
      return refuseBetweenTurns(verb, view);
  }
};
