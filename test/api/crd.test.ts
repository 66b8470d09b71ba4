import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type CustomResourceDefinition, clusterDefinition, nodePoolDefinition } from '../../api/crd.ts';
import { generatedFiles, staleFiles } from '../../api/generate.ts';
import { ROOT } from './manifests.ts';

type Schema = {
  readonly description?: string;
  readonly type?: string;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
};

const schemaOf = (definition: CustomResourceDefinition): Schema =>
  (definition.spec as unknown as { versions: [{ schema: { openAPIV3Schema: Schema } }] }).versions[0].schema
    .openAPIV3Schema;

const fieldsOf = (schema: Schema, path = ''): readonly { path: string; field: Schema }[] => [
  ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    { path: `${path}.${name}`, field },
    ...fieldsOf(field, `${path}.${name}`),
  ]),
  ...(schema.items === undefined ? [] : fieldsOf(schema.items, `${path}[]`)),
];

const definitions = [clusterDefinition(), nodePoolDefinition()].map((definition) => ({
  name: definition.metadata.name,
  definition,
}));

describe.each(definitions)('$name', ({ definition }) => {
  test('describes every field that kubectl explain shows', () => {
    const { spec, status } = schemaOf(definition).properties ?? {};
    const undescribed = [...fieldsOf(spec ?? {}, '.spec'), ...fieldsOf(status ?? {}, '.status')]
      .filter(({ field }) => field.description === undefined)
      .map(({ path }) => path);
    expect(undescribed).toEqual([]);
  });

  test('limits every string, list and map of the spec, so that the cost of CEL rules stays known', () => {
    const unlimited = fieldsOf(schemaOf(definition).properties?.['spec'] ?? {}, '.spec')
      .flatMap(({ path, field }) => [
        { path, field },
        ...(field.items === undefined ? [] : [{ path: `${path}[]`, field: field.items }]),
        ...(field.additionalProperties === undefined ? [] : [{ path: `${path}{}`, field: field.additionalProperties }]),
      ])
      .filter(({ field }) => {
        if (field.type === 'string') return field.maxLength === undefined && field.enum === undefined;
        if (field.type === 'array') return field.maxItems === undefined;
        return field.additionalProperties !== undefined && field.maxProperties === undefined;
      })
      .map(({ path }) => path);
    expect(unlimited).toEqual([]);
  });
});

describe('generated files', () => {
  test('are the same each time, and as committed', async () => {
    expect(generatedFiles()).toEqual(generatedFiles());
    expect(await staleFiles(ROOT)).toEqual([]);
  });

  test('that are missing count as stale', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'slipway-generate-'));
    try {
      expect(await staleFiles(empty)).toEqual(generatedFiles().map(({ path }) => path));
    } finally {
      await rm(empty, { recursive: true });
    }
  });
});
