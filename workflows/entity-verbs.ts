/**
 * Verbs of an entity: what people say by the object's annotations, or to the entity's workflow.
 *
 * Owns: which annotation was acted on (each value acts once, however often it is told), and the queue of what is still to
 * be passed on to the operation or, while none runs, done here. Neighbours: the watcher tells annotations, `refusals.ts`
 * says what makes no sense, `following.ts` passes on, `entity-life.ts` has what they mean. What makes no sense is logged and forgotten.
 */
import { log, setHandler } from '@temporalio/workflow';
import { type HandledRequests, VERBS, type Verb } from '../words/verbs.ts';
import { type Ask, type AskedVerb, annotated, type EntityView, verbSignals, verbUpdates } from './messages.ts';
import { entityRefusalOf } from './refusals.ts';
import { askOf } from './verbs.ts';

export type EntityVerbs = {
  /** What was asked and is not seen to yet, oldest first. */
  readonly pending: AskedVerb[];
  readonly handled: () => HandledRequests;
  /** The object's status shows these by now. */
  readonly shown: (handled: HandledRequests) => void;
  /** An annotation was heard, acted on or not, and status doesn't show it yet: whoever wrote it waits for that. */
  readonly isUnshown: () => boolean;
  /** Forgets what was asked and was acted on before, once: status remembers it where Temporal's data were lost. */
  readonly acknowledge: (before: HandledRequests) => void;
  /** Does what was asked, as far as it makes sense while no operation runs. */
  readonly carryOut: () => void;
};

type EntityVerbScope = {
  readonly view: () => EntityView;
  readonly skipped: () => readonly string[];
  /** Retry looks again at once, resume takes an abort back; pause and abort are said to a rollout between two turns. */
  readonly say: (verb: Exclude<Verb, 'skip'>) => void;
};

/** `<token>` or `<token>/<step>`: a token has no slash, a step may have some. */
const askIn = (value: string): Ask => {
  const slash = value.indexOf('/');
  return slash === -1 ? { token: value } : { token: value, step: value.slice(slash + 1) };
};

/** What an update answers that was not refused. A step is skipped by its operation only. */
const ANSWERS: Readonly<Record<Verb, string>> = {
  retry: 'Looking again.',
  resume: 'Resumed: it begins again.',
  pause: 'Paused: the next turn begins paused.',
  abort:
    'Aborted: no further machine is replaced, and what was added for it goes; an upgrade goes back. Resume goes on.',
  skip: '',
};

export const takeEntityVerbs = (initial: HandledRequests, scope: EntityVerbScope): EntityVerbs => {
  let handled = initial;
  let shown = initial;
  let remembers = Object.keys(initial).length > 0;
  const pending: AskedVerb[] = [];
  const perform = (verb: Verb): string => {
    if (verb !== 'skip') scope.say(verb);
    return ANSWERS[verb];
  };
  const refusal = (verb: Verb): string | undefined => entityRefusalOf(verb, scope.view(), scope.skipped());

  for (const verb of VERBS) {
    setHandler(verbUpdates[verb], (_ask: Ask) => perform(verb), {
      description: `While no operation runs: ${verb}`,
      validator: (_ask: Ask) => {
        const reason = refusal(verb);
        if (reason !== undefined) throw new Error(reason);
      },
    });
    setHandler(verbSignals[verb], (argument: Ask) => void pending.push({ verb, ask: askOf(argument) }), {
      description: `Passed on to the operation; while none runs: ${verb}`,
    });
  }
  setHandler(
    annotated,
    ({ requests }) => {
      for (const verb of VERBS) {
        const value = requests[verb];
        if (value === undefined || value === handled[verb]) continue;
        handled = { ...handled, [verb]: value };
        pending.push({ verb, ask: askIn(value) });
      }
    },
    { description: "What the object's annotations ask for: each value acts once" },
  );

  return {
    pending,
    handled: () => handled,
    shown: (now) => void (shown = now),
    isUnshown: () => VERBS.some((verb) => handled[verb] !== shown[verb]),
    acknowledge: (before) => {
      // Later, status only repeats what this entity said, perhaps before it has done it.
      if (remembers) return;
      remembers = true;
      const isNew = ({ verb, ask }: AskedVerb): boolean => ask.token === undefined || ask.token !== before[verb];
      pending.splice(0, pending.length, ...pending.filter(isNew));
      handled = { ...before, ...handled };
      shown = before;
    },
    carryOut: () => {
      for (const { verb, ask } of pending.splice(0)) {
        const reason = refusal(verb);
        if (reason === undefined) perform(verb);
        else log.warn('What was asked for was ignored', { verb, ...ask, reason });
      }
    },
  };
};
