/** Which machine of a node pool goes first where there are to be fewer. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type PoolMachine, type PoolNode, victimsAmong } from '../../policy/pool-machines.ts';

const TEMPLATE = { launchTemplateId: 'lt-1', launchTemplateVersion: '2' };

const node = (name: string, overrides: Partial<PoolNode> = {}): PoolNode => ({
  name,
  ready: true,
  endedByAutoscaler: false,
  scaleDownDisabled: false,
  pods: 3,
  marks: { labels: {}, taints: [] },
  ...overrides,
});
const unborn = (id: string): PoolMachine => ({ id, inService: false, templateId: 'lt-1', templateVersion: '2' });
const machine = (id: string, overrides: Partial<PoolMachine> = {}): PoolMachine => ({
  id,
  inService: true,
  templateId: 'lt-1',
  templateVersion: '2',
  node: node(`node-of-${id}`),
  ...overrides,
});

describe('Where a pool is to keep fewer machines', () => {
  test('the one that is being drained goes first, then those that serve least, and last the one that must not', () => {
    const machines = [
      machine('i-protected', { node: node('a', { scaleDownDisabled: true, pods: 0 }) }),
      machine('i-busy', { node: node('b', { pods: 9 }) }),
      machine('i-idle', { node: node('c', { pods: 1 }) }),
      machine('i-old', { templateVersion: '1', node: node('d', { pods: 20 }) }),
      machine('i-unready', { node: node('e', { ready: false }) }),
      unborn('i-unborn'),
      machine('i-draining', { node: node('f', { closedBy: 'slipway', pods: 30 }) }),
    ];
    expect(victimsAmong(machines, TEMPLATE).map(({ machine: { id }, reason }) => `${id}: ${reason}`)).toEqual([
      'i-draining: it is being drained already',
      'i-unborn: it has not joined the cluster',
      'i-unready: its node is not Ready',
      'i-old: it was made from an earlier template',
      'i-idle: it has 1 pod, the fewest',
      'i-busy: it has 9 pods, the fewest',
      'i-protected: all others are gone, though its node forbids a scale-down',
    ]);
  });

  test('one whose pods nobody counted comes after those of which it is known', () => {
    const { pods: _, ...uncounted } = node('a');
    const machines = [machine('i-1', { node: uncounted }), machine('i-2', { node: node('b', { pods: 30 }) })];
    expect(victimsAmong(machines, TEMPLATE).map(({ machine: { id }, reason }) => `${id}: ${reason}`)).toEqual([
      'i-2: it has 30 pods, the fewest',
      'i-1: no other is known to have fewer pods',
    ]);
  });

  test('one that the autoscaler has chosen is left to the autoscaler', () => {
    const machines = [machine('i-1', { node: node('a', { endedByAutoscaler: true, pods: 0 }) }), machine('i-2')];
    expect(victimsAmong(machines, TEMPLATE).map(({ machine: { id } }) => id)).toEqual(['i-2']);
  });

  test('the order in which they were seen changes nothing', () => {
    const machines = fc.uniqueArray(
      fc.record({
        id: fc.stringMatching(/^i-[0-9a-f]{4}$/),
        inService: fc.boolean(),
        templateId: fc.constant('lt-1'),
        templateVersion: fc.constantFrom('1', '2'),
        node: fc.record({
          name: fc.constant('n'),
          ready: fc.boolean(),
          endedByAutoscaler: fc.boolean(),
          scaleDownDisabled: fc.boolean(),
          pods: fc.nat(5),
          marks: fc.constant({ labels: {}, taints: [] }),
        }),
      }),
      { selector: ({ id }) => id, maxLength: 8 },
    );
    fc.assert(
      fc.property(machines, (all) => {
        const ids = (list: readonly PoolMachine[]) => victimsAmong(list, TEMPLATE).map(({ machine: { id } }) => id);
        expect(ids(all.toReversed())).toEqual(ids(all));
      }),
    );
  });
});
