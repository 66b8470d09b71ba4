/**
 * References: replaces every reference in a resource by the output it names.
 *
 * Owns: substitution only; which references exist is the topology's decision. Deterministic and free of effects (I10).
 */
import type { Step } from '../policy/plan.ts';
import type { Outputs, Reference, Resource, ResourceKey, Value } from '../topology/resource.ts';
import { bug } from './activities.ts';

type KnownOutputs = Readonly<Record<ResourceKey, Outputs>>;

const isReference = (value: object): value is Reference => 'ref' in value && 'output' in value;

const lookUp = (reference: Reference, known: KnownOutputs): string => {
  const value = known[reference.ref]?.[reference.output];
  if (value === undefined) {
    throw bug(`The plan refers to output "${reference.output}" of ${reference.ref}, which no step yielded.`);
  }
  return value;
};

const substitute = (value: unknown, known: KnownOutputs): unknown => {
  if (Array.isArray(value)) return value.map((item) => substitute(item, known));
  if (typeof value !== 'object' || value === null) return value;
  if (isReference(value)) return lookUp(value, known);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, substitute(item, known)]));
};

/** The resource with every reference in its properties replaced by its value. */
export const resolveReferences = (resource: Resource, known: KnownOutputs): Resource =>
  ({ ...resource, properties: substitute(resource.properties, known) }) as Resource;

/** An event's message with every reference replaced. */
export const resolveMessage = (message: readonly Value[], known: KnownOutputs): string =>
  message.map((part) => (typeof part === 'string' ? part : lookUp(part, known))).join('');

const referencesIn = (value: unknown): readonly Reference[] => {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return isReference(value) ? [value] : Object.values(value).flatMap(referencesIn);
};

/** Which outputs of a resource the steps refer to, by the step that does; in the steps' order. */
export const outputsUsed = (
  key: ResourceKey,
  steps: readonly Step[],
): readonly { readonly step: string; readonly output: string }[] =>
  steps.flatMap((step) => {
    const { properties, event } = step.resource;
    const outputs = referencesIn([properties, event?.message]).flatMap(({ ref, output }) =>
      ref === key ? [output] : [],
    );
    return [...new Set(outputs)].map((output) => ({ step: step.id, output }));
  });
