/**
 * Resolve: properties with the outputs that are known now in the place of references.
 *
 * Owns: substitution for comparing and for removing; a running operation substitutes by itself as outputs become known.
 * Neighbours: `compare.ts` treats what can't be resolved as a difference, `remove.ts` as gone.
 */
import type { Outputs, Reference, Resource, ResourceKey, Value } from '../topology/resource.ts';

export type Known = Readonly<Record<ResourceKey, Outputs>>;

const isReference = (value: unknown): value is Reference =>
  typeof value === 'object' && value !== null && 'ref' in value && 'output' in value;

/** The value, or undefined when what it refers to doesn't exist yet. */
export const valueOf = (value: Value, known: Known): string | undefined =>
  isReference(value) ? known[value.ref]?.[value.output] : value;

const substitute = (value: unknown, known: Known, otherwise: (reference: Reference) => unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => substitute(item, known, otherwise));
  if (typeof value !== 'object' || value === null) return value;
  if (isReference(value)) return valueOf(value, known) ?? otherwise(value);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, substitute(item, known, otherwise)]));
};

/** Any document with its references replaced; undefined as soon as one of them is unknown. */
export const resolved = (document: unknown, known: Known): unknown => {
  let complete = true;
  const result = substitute(document, known, () => {
    complete = false;
    return null;
  });
  return complete ? result : undefined;
};

/** A resource to be removed: what its properties refer to may be gone already, and then has no value. */
export const settled = ({ key, kind, properties }: Resource, known: Known): Resource =>
  ({ key, kind, properties: substitute(properties, known, () => '') }) as Resource;
