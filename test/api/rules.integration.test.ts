/** Every field of both kinds with odd values, at a real API server: it refuses them in the rules' own words, or takes them. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CustomResourceDefinition, clusterDefinition, nodePoolDefinition } from '../../api/crd.ts';
import { type ApiServerForTests, startApiServer } from '../support/api-server.ts';
import { ROOT, seedManifest, withPath } from './manifests.ts';

type Schema = {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
};

const specOf = (definition: CustomResourceDefinition): Schema => {
  const { versions } = definition.spec as unknown as {
    versions: [{ schema: { openAPIV3Schema: { properties: { spec: Schema } } } }];
  };
  return versions[0].schema.openAPIV3Schema.properties.spec;
};

/** Empty, short, too long, of other alphabets, and made of nothing but what rules look for. */
const TEXTS = [
  '',
  'x',
  ' ',
  ':',
  '/',
  '.',
  '-',
  '*',
  '::::',
  '0/0',
  '1.2.3.4/',
  '/8',
  'é',
  '\n',
  'a'.repeat(70),
  'arn:',
];
const NUMBERS = [-1, 0, 1, 99, 1_000_000];

/** An item as it is, or an object with one odd property. */
const oddItems = (items: Schema): readonly unknown[] => [
  ...oddFor(items),
  ...Object.entries(items.properties ?? {}).flatMap(([name, own]) => oddFor(own).map((value) => ({ [name]: value }))),
];

const oddFor = (schema: Schema): readonly unknown[] => {
  switch (schema.type) {
    case 'string':
      return TEXTS;
    case 'integer':
      return NUMBERS;
    case 'array':
      return [null, [], ...oddItems(schema.items ?? {}).flatMap((one) => [[one], [one, one]])];
    case 'object':
      if (schema.additionalProperties !== undefined) {
        const values = oddFor(schema.additionalProperties);
        return [null, {}, ...TEXTS.map((key) => ({ [key]: 'x' })), ...values.map((value) => ({ a: value }))];
      }
      return [null, {}];
    default:
      return [null];
  }
};

type Odd = { readonly path: string; readonly value: unknown };

const oddIn = (schema: Schema, path = 'spec'): readonly Odd[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, own]) => [
    ...oddFor(own).map((value) => ({ path: `${path}.${name}`, value })),
    { path: `${path}.${name}`, value: undefined },
    ...oddIn(own, `${path}.${name}`),
  ]);

let api: ApiServerForTests;

beforeAll(async () => {
  api = await startApiServer();
  await api.installCrds(join(ROOT, 'deploy/crds'));
});
afterAll(async () => api?.stop());

/** What an API server says of a rule that could not be evaluated, or of itself. */
const ERRS = /evaluating rule|no such|out of (bounds|range)|overload|panic|internal error|cost/i;

describe.each([
  { plural: 'awsclusters', seed: 'cluster-0', definition: clusterDefinition() },
  { plural: 'awsnodepools', seed: 'cluster-0-pool-0', definition: nodePoolDefinition() },
])('$plural', ({ plural, seed, definition }) => {
  const path = `/apis/multicloud.cluster.gke.io/v1/namespaces/default/${plural}?dryRun=All`;

  test('whatever stands in a field, each rule has an answer to it, and none is an error', async () => {
    const all = oddIn(specOf(definition));
    expect(all.length).toBeGreaterThan(300);
    const wrong: unknown[] = [];
    const AT_ONCE = 8;
    for (let begin = 0; begin < all.length; begin += AT_ONCE) {
      await Promise.all(
        all.slice(begin, begin + AT_ONCE).map(async (odd) => {
          const { status, body } = await api.call('POST', path, withPath(seedManifest(seed), odd.path, odd.value));
          const { message = '' } = body as { message?: string };
          if (![201, 400, 422].includes(status) || ERRS.test(message)) wrong.push({ ...odd, status, message });
        }),
      );
    }
    expect(wrong).toEqual([]);
  });
});
