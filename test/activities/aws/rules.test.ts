import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rulesOf } from '../../../activities/aws/security-group-rules.ts';
import { differencesOf } from '../../../kinds/resource.ts';
import { itemsOf } from '../../../kinds/row.ts';
import { ingressRuleId, type PlainIngressRule } from '../../../kinds/security-group-rules.ts';

const rule = (port: number, source: PlainIngressRule['source'] = { cidr: '10.0.0.0/16' }): PlainIngressRule => ({
  protocol: 'tcp',
  fromPort: port,
  toPort: port,
  source,
});
const ids = (rules: readonly PlainIngressRule[]): string[] => rules.map(ingressRuleId).sort();

const difference = (
  desired: readonly PlainIngressRule[],
  ours: readonly PlainIngressRule[],
  others: readonly PlainIngressRule[] = [],
) => {
  const ingress = desired.map((one) => ({ ...one, description: 'for a test' }));
  const state = { ingress: ids([...ours, ...others]), ours: ids(ours) };
  const differences = differencesOf('security-group-rules', { groupId: 'sg-0', ingress }, { state });
  return { missing: itemsOf(differences, 'missing'), stale: itemsOf(differences, 'stale') };
};

describe('the difference of rules', () => {
  test('is what is missing, and what of ours is no longer wanted', () => {
    expect(difference([rule(443), rule(6443)], [rule(6443), rule(22)])).toEqual({
      missing: ids([rule(443)]),
      stale: ids([rule(22)]),
    });
  });

  test('leaves rules of others alone, and takes an equal one for ours', () => {
    expect(difference([rule(6443)], [], [rule(30080), rule(6443)])).toEqual({ missing: [], stale: [] });
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
        const { missing, stale } = difference(desired, there);
        const after = [
          ...there.filter((one) => !stale.includes(ingressRuleId(one))),
          ...desired.filter((one) => missing.includes(ingressRuleId(one))),
        ];
        expect(ids(after)).toEqual(ids(desired));
        expect(difference(desired, after)).toEqual({ missing: [], stale: [] });
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

test('a source of several ranges is a rule for each', () => {
  const rule = { protocol: 'tcp', fromPort: 443, toPort: 443, description: 'for a test' };
  const ingress = [
    { ...rule, source: { cidrs: '10.0.0.0/16 10.1.0.0/16' } },
    { ...rule, source: { group: 'sg-1' } },
  ];
  const state = { ingress: [], ours: ['tcp 443-443 from 10.2.0.0/16'] };
  const differences = differencesOf('security-group-rules', { groupId: 'sg-0', ingress }, { state });
  expect(differences.map(({ what, item }) => `${what} ${item}`)).toEqual([
    'missing tcp 443-443 from 10.0.0.0/16',
    'missing tcp 443-443 from 10.1.0.0/16',
    'missing tcp 443-443 from sg-1',
    'stale tcp 443-443 from 10.2.0.0/16',
  ]);
});
