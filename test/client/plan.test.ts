import { describe, expect, test } from '@jest/globals';
import { type Planned, planLines } from '../../client/cli/plan.ts';
import type { Assessment } from '../../workflows/messages.ts';
import { operationOf, planOf, securityGroup, stepOf } from '../workflows/builders.ts';

const object = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid-1' } as const;
const planned = (assessment: Assessment): readonly Planned[] => [{ object, assessment }];

describe('slipway clusters plan', () => {
  test('lists the steps of the operation that would run', () => {
    const plan = planOf(stepOf(securityGroup('controlplane')), stepOf(securityGroup('nodepool')));
    expect(planLines(planned({ kind: 'operate', operation: operationOf(plan) }))).toEqual([
      'AWSCluster default/cluster-0: CreateCluster, 2 steps',
      '├─ ensure security-group/controlplane',
      '└─ ensure security-group/nodepool',
    ]);
  });

  test.each<[string, Assessment, readonly string[]]>([
    ['nothing differs', { kind: 'settled', generation: 1 }, ['AWSCluster default/cluster-0: nothing to do']],
    [
      'a rollout is due',
      { kind: 'settled', generation: 1, note: 'launch-template/0: that takes a rollout' },
      [
        'AWSCluster default/cluster-0: nothing to do',
        '  takes another operation: launch-template/0: that takes a rollout',
      ],
    ],
    [
      'turns are held back',
      {
        kind: 'settled',
        generation: 1,
        note: '3 machines wait to be replaced',
        heldBack: { type: 'UpdateNodePool', until: 'Manual', target: 'f' },
      },
      ['AWSCluster default/cluster-0: nothing to do', '  held back: 3 machines wait to be replaced'],
    ],
    [
      'only a person can help',
      { kind: 'blocked', generation: 1, reason: 'version 9 is unknown', cure: 'set another' },
      ['AWSCluster default/cluster-0: blocked: version 9 is unknown', '  to cure it: set another'],
    ],
  ])('says when %s', (_, assessment, lines) => {
    expect(planLines(planned(assessment))).toEqual(lines);
  });
});
