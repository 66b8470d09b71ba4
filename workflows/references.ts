/**
 * References: replaces every reference in a resource by the output it names.
 *
 * Owns: substitution only; which references exist is the topology's decision. Deterministic and free of effects (I10).
 */
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
