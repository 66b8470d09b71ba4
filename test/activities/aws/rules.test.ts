import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ruleDifference, rulesOf } from '../../../activities/aws/security-group-rules.ts';
import { ingressRuleId, type PlainIngressRule } from '../../../policy/rules.ts';

const rule = (port: number, source: PlainIngressRule['source'] = { cidr: '10.0.0.0/16' }): PlainIngressRule => ({
  protocol: 'tcp',
  fromPort: port,
  toPort: port,
  source,
});
const held = (one: PlainIngressRule, description = 'slipway: for a test') => ({
  ...one,
  id: ingressRuleId(one),
  description,
});

describe('the difference of rules', () => {
  test('is what is missing, and what of ours is no longer wanted', () => {
    const difference = ruleDifference([rule(443), rule(6443)], [held(rule(6443)), held(rule(22))]);
    expect(difference.missing).toEqual([rule(443)]);
    expect(difference.stale.map((one) => one.fromPort)).toEqual([22]);
  });

  test('leaves rules of others alone, and takes an equal one for ours', () => {
    const others = [held(rule(30080), 'kubernetes.io/rule/nlb/client'), held(rule(6443), 'by hand')];
    expect(ruleDifference([rule(6443)], others)).toEqual({ missing: [], stale: [] });
  });

  test('is empty once it was applied, whatever was there', () => {
    const rules = fc.uniqueArray(
      fc.record({
        protocol: fc.constantFrom('tcp', 'udp'),
        fromPort: fc.integer({ min: 1, max: 5 }),
        toPort: fc.integer({ min: 6, max: 9 }),
        source: fc.constantFrom({ group: 'sg-1' }, { group: 'sg-2' }, { cidr: '10.0.0.0/8' }),
      }),
      { selector: ingressRuleId },
    );
    fc.assert(
      fc.property(rules, rules, (desired, there) => {
        const before = there.map((one) => held(one));
        const { missing, stale } = ruleDifference(desired, before);
        const after = [
          ...before.filter((one) => !stale.some((gone) => gone.id === one.id)),
          ...missing.map((one) => held(one)),
        ];
        expect(after.map((one) => one.id).sort()).toEqual(desired.map(ingressRuleId).sort());
        expect(ruleDifference(desired, after)).toEqual({ missing: [], stale: [] });
      }),
    );
  });

  test('reads EC2’s bundles one by one', () => {
    const permission = {
      IpProtocol: 'tcp',
      FromPort: 1,
      ToPort: 2,
      UserIdGroupPairs: [{ GroupId: 'sg-1', UserId: '1' }],
      IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'slipway: x' }],
    };
    expect(rulesOf([permission]).map(({ id, description }) => ({ id, description }))).toEqual([
      { id: 'tcp 1-2 from sg-1', description: '' },
      { id: 'tcp 1-2 from 10.0.0.0/8', description: 'slipway: x' },
    ]);
    expect(rulesOf([{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-1' }] }])[0]?.id).toBe('-1 -1--1 from sg-1');
  });
});
