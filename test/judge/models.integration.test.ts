/**
 * The whole judge with AWS's own models, which come with the sandbox's Python: what SDKs write is read again as it was said, and
 * each planted fault is found in it.
 */
import { describe, expect, test } from '@jest/globals';
import { ensureTools } from '../../sandbox/tools/build.ts';
import { pageOf } from './finding.ts';
import { findingsOf, judge, sentenceOf } from './judge.ts';
import { compiled, modelsOf, SERVICES } from './models.ts';
import { isStructure } from './parameters.ts';
import { BROKEN, type Planted, REFUSED_BY_MODELS, RIGHT } from './planted.ts';
import { writtenBySdk } from './sdk.ts';
import { readRequest } from './wire.ts';

const models = modelsOf((await ensureTools()).python);

const rulesOf = async (planted: Planted): Promise<readonly string[]> => [
  ...new Set(findingsOf(models, await writtenBySdk(planted)).map(({ rule }) => rule)),
];

const rows = (all: readonly Planted[]) =>
  all.map((planted) => [planted.rule ?? '', planted.operation, planted] as const);

/** As it is on the wire: bytes in base64, and nothing for what is undefined or an empty list. */
const sent = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(sent);
  if (!isStructure(value)) return value;
  const given = Object.entries(value).filter(
    ([, one]) => one !== undefined && !(Array.isArray(one) && one.length === 0),
  );
  return Object.fromEntries(given.map(([name, one]) => [name, sent(one)]));
};

test.each(SERVICES)('the reference of %s has a page for each of its operations', (service) => {
  const [operation = ''] = Object.keys(models(service).operations);
  expect(pageOf(service, operation)).toMatch(new RegExp(`^https://docs.aws.amazon.com/.*/API_${operation}\\.html$`));
});

describe('A call is refused for', () => {
  test.each(rows([...BROKEN, ...REFUSED_BY_MODELS]))('%s: %s', async (rule, _operation, planted) => {
    expect(await rulesOf(planted)).toContain(rule);
  });

  test('a filter that its operation does not have', async () => {
    const planted = {
      service: 'ec2',
      operation: 'DescribeVolumes',
      parameters: { Filters: [{ Name: 'name', Values: ['a'] }] },
    };
    expect(await rulesOf(planted)).toEqual(['filters.name']);
  });

  test('a parameter that nobody knows, one that is given twice, and another version of the API', async () => {
    const right = await writtenBySdk({
      service: 'ec2',
      operation: 'DescribeVpcs',
      parameters: { VpcIds: ['vpc-12345678'] },
    });
    const ruleOf = (body: string) => findingsOf(models, { ...right, body }).map(({ rule }) => rule);
    expect(ruleOf(`${right.body}&Filterz.1.Name=a`)).toEqual(['wire.unknown']);
    expect(ruleOf(`${right.body}&VpcId.1=vpc-12345678`)).toEqual(['wire.repeated']);
    expect(ruleOf(right.body.replace('Version=2016-11-15', 'Version=2015-10-01'))).toEqual(['wire.version']);
    expect(ruleOf(`${right.body}&MaxResults=ten`)).toEqual(['model.type']);
  });

  test('an operation that its service does not have', () => {
    const request = { service: 'ec2', operation: 'CreateCluster', accessKey: '', region: '', path: '/', body: '' };
    expect(findingsOf(models, request).map(({ rule }) => rule)).toEqual(['wire.operation']);
  });
});

test.each(rows(RIGHT))('AWS takes%s a call of %s', async (_rule, _operation, planted) => {
  expect(findingsOf(models, await writtenBySdk(planted))).toEqual([]);
});

test.each(rows([...RIGHT, ...BROKEN]))(
  'What an SDK writes is read again (%s, %s)',
  async (_rule, _operation, planted) => {
    const { request, findings } = readRequest(models, await writtenBySdk(planted));
    expect(request.parameters).toEqual(sent(planted.parameters));
    expect(findings).toEqual([]);
  },
);

test('The same fault is told once, with the parameter, the rule and the page', async () => {
  const [fault] = REFUSED_BY_MODELS.filter(({ rule }) => rule === 'model.enum');
  if (fault === undefined) throw new Error('no enumeration is planted');
  const request = await writtenBySdk(fault);
  const told = judge(models, [request, request]).map(sentenceOf);
  expect(told).toEqual([
    'AWS would refuse elbv2 CreateTargetGroup, TargetType: node is none of instance, ip, lambda, alb (model.enum, 2 times; https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html)',
  ]);
});

test.each(SERVICES)('Every pattern in the model of %s can be read', (service) => {
  const patterns = Object.values(models(service).shapes).flatMap((shape) =>
    'pattern' in shape ? (shape.pattern ?? []) : [],
  );
  expect(() => patterns.map(compiled)).not.toThrow();
});
