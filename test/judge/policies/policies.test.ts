/**
 * `deploy/iam/` before IAM: the questions that journeys and trials were recorded with are answered with yes, and no right is there
 * that none of them needs.
 */
import { describe, expect, test } from '@jest/globals';
import { ROLES, type Statement } from '../../deploy/roles.ts';
import { idle, idleOf, UNSHOWN } from './needed.ts';
import { OWNED, ownTags, type Question, question, type RoleName } from './question.ts';
import { questionsFrom, RECORDED } from './recorded.ts';
import { denied, deniedSentence, neverTrue, statementsOf } from './simulate.ts';

const recorded = questionsFrom(RECORDED);
const roles = Object.keys(ROLES) as RoleName[];
const of = (role: RoleName) => statementsOf(ROLES[role]);

const without = (statements: readonly Statement[], sid: string): readonly Statement[] =>
  statements.filter(({ Sid }) => Sid !== sid);

const mended = (sid: string, role: RoleName, more: Partial<Statement>): Statement => {
  const found = of(role).find(({ Sid }) => Sid === sid);
  if (found === undefined) throw new Error(`There is no statement ${sid}`);
  return { ...found, ...more };
};

describe.each(roles)('the policies of the role %s', (role) => {
  const asked = recorded.filter((one) => one.role === role);

  test('are asked something, and allow all of it', () => {
    expect(asked.length).toBeGreaterThan(0);
    expect(denied(asked, of).map(deniedSentence)).toEqual([]);
  });

  test('allow nothing that no question needs, but for what no run can show', () => {
    const unshown = UNSHOWN[role].map(({ sid, right }) => ({ sid, right }));
    expect(idleOf(ROLES[role], asked)).toEqual(unshown);
  });

  test('have no condition that AWS never fills, and no action on what it does not know', () => {
    expect(of(role).flatMap(neverTrue)).toEqual([]);
  });
});

describe('A right that is missing', () => {
  test('is named with the role, the action, the resource and the circumstances', () => {
    const sentences = denied(recorded, (role) => without(of(role), 'CreateGroupsInVpc')).map(deniedSentence);
    expect(sentences).toEqual([
      'IAM would deny the worker ec2:CreateSecurityGroup on arn:PARTITION:ec2:REGION:VPC_OWNER:vpc/VPC_ID, with {"aws:RequestedRegion":"REGION","ec2:VpcID":"VPC_ID"}: no statement of deploy/iam allows it',
    ]);
  });

  test('is found where a condition is never true', () => {
    // As AWS sees it: a VPC has no `ec2:Vpc`.
    const inVpc = { ArnEquals: { 'ec2:Vpc': 'arn:PARTITION:ec2:REGION:VPC_OWNER:vpc/VPC_ID' } };
    const bad = mended('CreateGroupsInVpc', 'worker', { Condition: inVpc });
    const statements = [...without(of('worker'), 'CreateGroupsInVpc'), bad];
    expect(denied(recorded, (role) => (role === 'worker' ? statements : of(role)))).toHaveLength(1);
    expect(neverTrue(bad)).toEqual(['CreateGroupsInVpc: AWS never fills ec2:Vpc for ec2:CreateSecurityGroup on vpc']);
  });

  test('is found where a shared VPC’s subnets are looked for in this account', () => {
    const bad = mended('UntagSharedSubnets', 'worker', { Resource: 'arn:PARTITION:ec2:REGION:ACCOUNT_ID:subnet/*' });
    const statements = [...without(of('worker'), 'UntagSharedSubnets'), bad];
    expect(denied(recorded, (role) => (role === 'worker' ? statements : of(role))).map(({ action }) => action)).toEqual(
      ['ec2:DeleteTags'],
    );
  });
});

describe('A right that nobody needs', () => {
  const asked = recorded.filter(({ role }) => role === 'node');
  const opens = mended('AgentOpensItsUserData', 'node', {});

  test('is named: an action, or a resource', () => {
    const Action = ['kms:Decrypt', 'kms:GenerateDataKey'];
    const Resource = [...[opens.Resource].flat(), 'arn:PARTITION:kms:REGION:ACCOUNT_ID:alias/*'];
    const statements = [...without(of('node'), opens.Sid), { ...opens, Action, Resource }];
    expect(idle(ROLES.node, statements, asked)).toEqual([
      { sid: 'AgentOpensItsUserData', right: 'kms:GenerateDataKey' },
      { sid: 'AgentOpensItsUserData', right: 'arn:PARTITION:kms:REGION:ACCOUNT_ID:alias/*' },
    ]);
  });

  test('is one that another statement gives already', () => {
    const twice = [...of('node'), { ...opens, Sid: 'Again' }];
    expect(idle(ROLES.node, twice, asked).map(({ sid }) => sid)).toEqual(expect.arrayContaining([opens.Sid, 'Again']));
  });

  test('is excused with a reason only while nothing shows it', () => {
    for (const role of roles) {
      const sids = of(role).map(({ Sid }) => Sid);
      expect(UNSHOWN[role].filter(({ sid, because }) => !sids.includes(sid) || because === '')).toEqual([]);
    }
  });
});

describe('A question', () => {
  const attach = (tags: Readonly<Record<string, string>>): Question =>
    question(
      'controlplane',
      'ec2:AttachVolume',
      ['volume', 'arn:PARTITION:ec2:REGION:ACCOUNT_ID:volume/any'],
      ownTags(tags),
    );

  test('about what isn’t Slipway’s is denied', () => {
    expect(denied([attach(OWNED)], of)).toEqual([]);
    expect(denied([attach({}), attach({ 'slipway.dev/cluster': 'other' })], of)).toHaveLength(2);
  });

  test('has nothing of what AWS doesn’t fill', () => {
    const asked = question('worker', 'ec2:DeleteTags', ['subnet', 'x'], { 'ec2:Vpc': 'vpc', 'aws:TagKeys': ['a'] });
    expect(asked.context).toEqual({ 'aws:RequestedRegion': 'REGION', 'aws:TagKeys': ['a'] });
  });

  test('of which the reference says nothing is refused, with where to add it', () => {
    expect(() => question('worker', 'ec2:StopInstances', ['instance', 'x'], {})).toThrow(
      'ec2:StopInstances on instance is not in test/judge/policies/reference.ts',
    );
  });
});
