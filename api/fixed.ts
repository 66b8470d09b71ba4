/**
 * Fixed: what to do instead of changing a field that keeps its value.
 *
 * Owns: finding the words in the schema, where the API server has them from. Pure. Neighbours: `changes.ts` lists such fields, `fields.ts`
 * writes the rules.
 */
import { clusterDefinition, nodePoolDefinition } from './crd.ts';
import type { CelRule } from './fields.ts';
import type { ObjectKind } from './object.ts';

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
};

type Versions = readonly [{ readonly schema: { readonly openAPIV3Schema: Schema } }];

const DEFINITIONS = { AWSCluster: clusterDefinition, AWSNodePool: nodePoolDefinition } as const;

const specOf = (kind: ObjectKind): Schema | undefined =>
  (DEFINITIONS[kind]().spec['versions'] as unknown as Versions)[0].schema.openAPIV3Schema.properties?.['spec'];

/** What the API server says when somebody changes the field at this path below `spec`; undefined where it may be changed. */
export const insteadOfChanging = (kind: ObjectKind, path: string): string | undefined => {
  const names = path.split('.');
  const around = names
    .slice(0, -1)
    .reduce<Schema | undefined>((schema, name) => schema?.properties?.[name], specOf(kind));
  return around?.['x-kubernetes-validations']?.find(
    ({ rule, fieldPath }) => rule.includes('oldSelf') && fieldPath === `.${names.at(-1)}`,
  )?.message;
};
