/**
 * Verbs of an operation: retry, skip, pause, resume and abort, each as an update that answers and as a signal that waits
 * for a worker.
 *
 * Owns: the handlers, which make events of what is asked. Neighbours: `refusals.ts` says what makes no sense,
 * `step-life.ts` what an event makes of a step, `operation-messages.ts` lends what they need. Validators are synchronous; no handler ever
 * throws anything but a failure of its own update, since that would hold up the whole workflow.
 */
import { ApplicationFailure, log, setHandler } from '@temporalio/workflow';
import type { OperationView, Step, StepRequest } from '../activities/contract.ts';
import type { Outputs } from '../kinds/row.ts';
import type { Plan } from '../policy/plan.ts';
import { OPERATIONS } from '../words/operations.ts';
import { VERBS, type Verb } from '../words/verbs.ts';
import { findFor } from './activities.ts';
import { type Ask, type AskedVerb, verbSignals, verbUpdates } from './messages.ts';
import { failureOf, lacking } from './outcomes.ts';
import { outputsUsed, resolveReferences } from './references.ts';
import { blockedIn, othersUnfinished, refusalOf } from './refusals.ts';
import type { StepEvent } from './step-life.ts';

export type VerbScope = {
  readonly plan: Plan;
  readonly request: Pick<StepRequest, 'object' | 'owner' | 'entityId'>;
  readonly view: () => OperationView;
  readonly outputs: Readonly<Record<string, Outputs>>;
  /** Why the operation ends, once it does. */
  readonly ending: () => string | undefined;
  /** Says it to a step's life. */
  readonly say: (step: string, event: StepEvent) => void;
  readonly setPaused: (paused: boolean) => void;
  readonly abort: () => void;
  /** An annotation of this value was acted on, whatever came of it. */
  readonly handle: (verb: Verb, token: string) => void;
  /** It was said while the operation ends. */
  readonly late: (asked: AskedVerb) => void;
};

const DESCRIPTIONS: Readonly<Record<Verb, string>> = {
  retry: 'Try a blocked step (or all) now',
  skip: 'Go on without a step that is blocked, or without waiting',
  pause: 'Start no more steps, and try none again',
  resume: 'Go on after a pause',
  abort: 'Stop, and keep what exists as it is; an upgrade goes back',
};

const STAYS = 'what exists stays as it is';
const RETURNS = 'machines that were replaced already go back, in turns; to stop where it is, abort once more';

const refused = (message: string): ApplicationFailure =>
  ApplicationFailure.create({ message, type: 'refused', nonRetryable: true });

/** What is there of the thing that a skipped step is about: its outputs, as far as others need them. */
const outputsFor = async (step: Step, scope: VerbScope): Promise<Outputs> => {
  if (step.verb !== 'ensure') return {};
  const uses = outputsUsed(step.resource.key, othersUnfinished(scope.view(), scope.plan.steps, step.id));
  let found: Outputs = {};
  let trouble = 'nothing of ours is there';
  try {
    const resolved = resolveReferences(step, scope.outputs);
    found = (await findFor(step)({ ...scope.request, plan: scope.plan.version, step: resolved, first: false })) ?? {};
    if (Object.keys(found).length > 0) trouble = `what is there has only ${Object.keys(found).sort().join(', ')}`;
  } catch (error) {
    trouble = failureOf(error).message;
  }
  const missing = lacking(found, uses);
  if (missing !== undefined) throw refused(`"${step.id}" can't be skipped: ${missing}, and ${trouble}.`);
  return found;
};

const skip = async (id: string, scope: VerbScope): Promise<string> => {
  const step = scope.plan.steps.find((one) => one.id === id);
  if (step === undefined) throw refused(`There is no step "${id}".`);
  const outputs = await outputsFor(step, scope);
  // It may have been done, or the operation ended, while it was looked at.
  const late = refusal('skip', { step: id }, scope);
  if (late !== undefined) throw refused(late);
  scope.say(id, { kind: 'skip', at: Date.now(), outputs });
  return `Skipping ${id}.`;
};

const perform = async (verb: Verb, ask: Ask, scope: VerbScope): Promise<string> => {
  switch (verb) {
    case 'retry': {
      const chosen = ask.step === undefined ? blockedIn(scope.view()) : [ask.step];
      for (const id of chosen) scope.say(id, { kind: 'retry' });
      return `Retrying ${chosen.join(', ')}.`;
    }
    case 'skip':
      return skip(ask.step ?? '', scope);
    case 'pause':
      scope.setPaused(true);
      return 'Paused: what is under way ends, and nothing else begins until it is resumed.';
    case 'resume':
      scope.setPaused(false);
      return 'Resumed.';
    case 'abort':
      scope.abort();
      return `Aborting: what is under way ends, and ${OPERATIONS[scope.view().type].returns === true ? RETURNS : STAYS}. Resume begins again.`;
  }
};

const refusal = (verb: Verb, ask: Ask, scope: VerbScope): string | undefined => {
  const ending = scope.ending();
  return refusalOf(verb, ask, {
    view: scope.view(),
    steps: scope.plan.steps,
    ...(ending === undefined ? {} : { ending }),
  });
};

/** A message typed by hand may come without its argument, or with another one than it should have. */
export const askOf = (argument: unknown): Ask =>
  typeof argument === 'object' && argument !== null ? (argument as Ask) : {};

/** Registers all verbs: as updates with validators, and as signals. */
export const takeVerbs = (scope: VerbScope): void => {
  for (const verb of VERBS) {
    setHandler(verbUpdates[verb], (argument: Ask) => perform(verb, askOf(argument), scope), {
      description: DESCRIPTIONS[verb],
      validator: (argument: Ask) => {
        const reason = refusal(verb, askOf(argument), scope);
        if (reason !== undefined) throw new Error(reason);
      },
    });
    const signalled = async (argument: unknown): Promise<void> => {
      const ask = askOf(argument);
      if (ask.token !== undefined) scope.handle(verb, ask.token);
      if (scope.ending() !== undefined) return scope.late({ verb, ask });
      const ignored =
        refusal(verb, ask, scope) ??
        (await perform(verb, ask, scope).then(
          () => undefined,
          (error: unknown) => String(error),
        ));
      if (ignored !== undefined) log.warn('A signal was ignored', { verb, ...ask, reason: ignored });
    };
    setHandler(verbSignals[verb], signalled, { description: DESCRIPTIONS[verb] });
  }
};
