/** IAM's evaluation of one statement, operator by operator. */
import { describe, expect, test } from '@jest/globals';
import type { Statement } from '../../deploy/roles.ts';
import { allows } from './allows.ts';
import type { Context } from './question.ts';

const VOLUME = 'arn:PARTITION:ec2:REGION:ACCOUNT_ID:volume/any';

const isAllowed = (statement: Partial<Statement>, context: Context = {}): boolean =>
  allows(
    { Sid: 'S', Effect: 'Allow', Action: 'ec2:DeleteVolume', Resource: '*', ...statement },
    { role: 'worker', action: 'ec2:DeleteVolume', type: 'volume', resource: VOLUME, context },
  );
const holds = (Condition: Statement['Condition'] & object, context: Context): boolean =>
  isAllowed({ Condition }, context);

describe('A statement', () => {
  test('allows its actions in any case, on its resources by their patterns', () => {
    expect(isAllowed({ Action: ['ec2:CreateVolume', 'EC2:deletevolume'] })).toBe(true);
    expect(isAllowed({ Action: 'ec2:DeleteVolumes' })).toBe(false);
    expect(isAllowed({ Resource: ['arn:PARTITION:ec2:REGION:ACCOUNT_ID:volume/*'] })).toBe(true);
    expect(isAllowed({ Resource: 'arn:PARTITION:ec2:REGION:ACCOUNT_ID:volume/?' })).toBe(false);
    expect(isAllowed({ Resource: 'arn:aws:ec2:REGION:ACCOUNT_ID:volume/*' })).toBe(false);
  });

  test('with conditions allows where all of them hold', () => {
    const Condition = { StringEquals: { a: '1', b: ['2', '3'] }, StringLike: { c: 'gke-*' } };
    expect(holds(Condition, { a: '1', b: '3', c: 'gke-0' })).toBe(true);
    expect(holds(Condition, { a: '1', b: '4', c: 'gke-0' })).toBe(false);
    expect(holds(Condition, { a: '1', b: '3', c: 'GKE-0' })).toBe(false);
  });
});

describe('A condition', () => {
  const keys = (...values: readonly string[]): Context => ({ k: values });

  test.each<[string, object, Context, boolean]>([
    ['StringEquals on what is not there', { StringEquals: { k: 'a' } }, {}, false],
    ['StringNotLike on what is not there', { StringNotLike: { k: 'a' } }, {}, true],
    ['ArnEquals with a pattern', { ArnEquals: { k: 'arn:*:vpc/x' } }, { k: 'arn:1:vpc/x' }, true],
    ['Bool', { Bool: { k: 'true' } }, { k: 'false' }, false],
    ['Null false on what is there', { Null: { k: 'false' } }, keys('a'), true],
    ['Null false on what is not', { Null: { k: 'false' } }, {}, false],
    ['ForAllValues where one is another', { 'ForAllValues:StringEquals': { k: ['a', 'b'] } }, keys('a', 'c'), false],
    ['ForAllValues on what is not there', { 'ForAllValues:StringEquals': { k: 'a' } }, {}, true],
    ['ForAllValues, none of these', { 'ForAllValues:StringNotLike': { k: ['a*'] } }, keys('b', 'ab'), false],
    ['ForAnyValue where one is it', { 'ForAnyValue:StringLike': { k: 'a*' } }, keys('b', 'ab'), true],
    ['ForAnyValue on what is not there', { 'ForAnyValue:StringLike': { k: 'a*' } }, {}, false],
  ])('%s', (_what, condition, context, yes) => {
    expect(holds(condition as Statement['Condition'] & object, context)).toBe(yes);
  });

  test('that isn’t known here is an error, and neither a yes nor a no', () => {
    expect(() => holds({ IpAddress: { k: '10.0.0.0/8' } }, { k: '10.0.0.1' })).toThrow('IpAddress is not known');
  });
});
