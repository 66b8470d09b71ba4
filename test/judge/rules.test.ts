/** The judge's rules: each is broken by a call that is planted here, and none by calls that AWS takes. */
import { describe, expect, test } from '@jest/globals';
import { DIFFERENCES } from '../../sandbox/differences.ts';
import { finding } from './finding.ts';
import { excuseOf } from './judge.ts';
import type { Model } from './models.ts';
import type { Parameters } from './parameters.ts';
import { BROKEN, type Planted, RIGHT } from './planted.ts';
import { RULES } from './rules/all.ts';
import { applies, type Rule } from './rules/rule.ts';
import type { Request } from './wire.ts';

/** Whose filters are documented as botocore writes them down. */
const DOCUMENTED: Model = {
  metadata: { apiVersion: '1', protocol: 'ec2' },
  operations: { DescribeVolumes: { input: { shape: 'Input' } } },
  shapes: {
    Input: {
      type: 'structure',
      members: {
        Filters: {
          shape: 'List',
          documentation:
            '<ul> <li> <p> <code>tag</code>:&lt;key&gt; - The key/value of a tag.</p> </li> <li> <p> <code>volume-id</code> - The id.</p> </li> </ul>',
        },
      },
    },
  },
};

const withoutUndefined = (parameters: Parameters): Parameters =>
  Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));

const requestOf = ({ service, operation, parameters }: Planted): Request => ({
  ...{ service, operation, accessKey: 'sandbox', region: 'eu-west-1', path: '/', body: '' },
  parameters: withoutUndefined(parameters),
});

const brokenBy = (planted: Planted): readonly string[] =>
  RULES.filter((rule) => applies(rule, planted))
    .filter(({ faults }) => faults(requestOf(planted), () => DOCUMENTED).length > 0)
    .map(({ name }) => name);

const title = ({ rule, operation }: Planted): string => `${rule} by a call of ${operation}`;

describe('A rule of AWS’s documentation is broken:', () => {
  test.each(BROKEN.map((planted) => [title(planted), planted] as const))('%s', (_title, planted) => {
    expect(brokenBy(planted)).toEqual([planted.rule]);
  });

  test('each one is, here, by a call that breaks no other', () => {
    const planted = BROKEN.map(({ rule }) => rule);
    expect(RULES.map(({ name }) => name).filter((name) => !planted.includes(name))).toEqual([]);
  });

  test('and has a name of its own, and a page of AWS that says so', () => {
    const names = RULES.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(RULES.filter(({ page }) => !page.startsWith('https://docs.aws.amazon.com/'))).toEqual([]);
  });
});

test.each(RIGHT.map((planted) => [planted.operation, planted] as const))(
  'A call of %s that AWS takes breaks none',
  (_, planted) => {
    expect(brokenBy(planted)).toEqual([]);
  },
);

describe('A filter', () => {
  const filtered = (name: string): Planted => ({
    service: 'ec2',
    operation: 'DescribeVolumes',
    parameters: { Filters: [{ Name: name, Values: ['vol-12345678'] }] },
  });

  test.each(['volume-id', 'tag:slipway.dev/cluster'])('%s is known where the documentation lists it', (name) => {
    expect(brokenBy(filtered(name))).toEqual([]);
  });

  test.each(['name', 'volume'])('%s is refused where the documentation does not', (name) => {
    expect(brokenBy(filtered(name))).toEqual(['filters.name']);
  });
});

describe('A difference of the sandbox', () => {
  const found = (rule: string, value: string) =>
    finding(rule, 'https://docs.aws.amazon.com/', { where: '', what: '', value });

  test('excuses the values that it causes, of one rule', () => {
    expect(excuseOf(found('target.address', '127.16.1.5'))).toBe('Network');
    expect(excuseOf(found('names.account', '0123456789012'))).toBe('The number of the account');
    expect(excuseOf(found('names.id', 'ami-slipway-1.36.3'))).toBe('Images');
  });

  test.each([
    ['the same rule with another value', 'target.address', '8.8.8.8'],
    ['an account of eleven digits', 'names.account', '01234567890'],
    ['another rule with the same value', 'names.region', '127.16.1.5'],
  ])('does not excuse %s', (_what, rule, value) => {
    expect(excuseOf(found(rule, value))).toBeUndefined();
  });

  test('names rules that there are', () => {
    const names: readonly string[] = RULES.map(({ name }: Rule) => name);
    const excused = DIFFERENCES.flatMap(({ refused = [] }) => refused.map(({ rule }) => rule));
    expect(excused.filter((rule) => !names.includes(rule))).toEqual([]);
    expect(excused.length).toBeGreaterThan(0);
  });
});
