/**
 * References: replaces every reference in a step by the output it names.
 *
 * Owns: what an unknown output means, which is a mistake in the plan; which references exist is the topology's decision.
 * Deterministic and free of effects (I10).
 */
import type { Outputs } from '../kinds/row.ts';
import type { EnsureStep, Step, WaitStep } from '../policy/plan.ts';
import type { ResourceKey } from '../words/keys.ts';
import { type Reference, referencesIn, substituted, type Value } from '../words/references.ts';
import { bug } from './activities.ts';

type KnownOutputs = Readonly<Record<ResourceKey, Outputs>>;

const lookUp = (reference: Reference, known: KnownOutputs): string => {
  const value = known[reference.ref]?.[reference.output];
  if (value === undefined) {
    throw bug(`The plan refers to output "${reference.output}" of ${reference.ref}, which no step yielded.`);
  }
  return value;
};

const withValues = <S extends EnsureStep | WaitStep>(step: S, known: KnownOutputs): S => ({
  ...step,
  resource: {
    ...step.resource,
    properties: substituted(step.resource.properties, (reference) => lookUp(reference, known)),
  },
});

/** The step with every reference in its properties replaced by its value. What is to go is named by what was found. */
export const resolveReferences = (step: Step, known: KnownOutputs): Step =>
  step.verb === 'remove' ? step : withValues(step, known);

/** An event's message with every reference replaced. */
export const resolveMessage = (message: readonly Value[], known: KnownOutputs): string =>
  message.map((part) => (typeof part === 'string' ? part : lookUp(part, known))).join('');

/** Which outputs of a resource the steps refer to, by the step that does; in the steps' order. */
export const outputsUsed = (
  key: ResourceKey,
  steps: readonly Step[],
): readonly { readonly step: string; readonly output: string }[] =>
  steps.flatMap((step) => {
    if (step.verb === 'remove') return [];
    const { properties, event } = step.resource;
    const outputs = referencesIn([properties, event?.message]).flatMap(({ ref, output }) =>
      ref === key ? [output] : [],
    );
    return [...new Set(outputs)].map((output) => ({ step: step.id, output }));
  });
