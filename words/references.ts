/**
 * References: an output of another resource, standing where a value is not known yet.
 *
 * Owns: their spelling, and finding and replacing them in any document. Neighbours: `topology/` writes them, which *is* the
 * dependency graph; `policy/` replaces what an inventory knows, `workflows/` what a step yielded. Pure.
 */
import type { ResourceKey } from './keys.ts';

/** An output of another resource, known only once that one exists. */
export type Reference = { readonly ref: ResourceKey; readonly output: string };
export type Value = string | Reference;

/** A type with every reference replaced by the value it stands for. */
export type Resolved<T> = T extends Reference
  ? never
  : T extends string | number | boolean | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Resolved<Item>[]
      : T extends object
        ? { readonly [Name in keyof T]: Resolved<T[Name]> }
        : T;

export const ref = (key: ResourceKey, output: string): Reference => ({ ref: key, output });

const isReference = (value: unknown): value is Reference =>
  typeof value === 'object' && value !== null && 'ref' in value && 'output' in value;

/** Every reference in a document, in its order. */
export const referencesIn = (document: unknown): readonly Reference[] => {
  if (isReference(document)) return [document];
  if (Array.isArray(document)) return document.flatMap(referencesIn);
  if (typeof document === 'object' && document !== null) return Object.values(document).flatMap(referencesIn);
  return [];
};

/** The document with every reference replaced by what `valueOf` says. */
export const substituted = (document: unknown, valueOf: (reference: Reference) => unknown): unknown => {
  if (Array.isArray(document)) return document.map((item) => substituted(item, valueOf));
  if (typeof document !== 'object' || document === null) return document;
  if (isReference(document)) return valueOf(document);
  return Object.fromEntries(Object.entries(document).map(([name, item]) => [name, substituted(item, valueOf)]));
};
