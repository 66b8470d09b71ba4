/** Which pods leave a node that is drained, and what is said of those that stay. */
import { describe, expect, test } from '@jest/globals';
import {
  judgePods,
  type NodePod,
  type Staying,
  sayOverdue,
  sayStaying,
  sayUnmanaged,
  selects,
} from '../../policy/evictions.ts';

const pod = (name: string, overrides: Partial<NodePod> = {}): NodePod => ({
  namespace: 'default',
  name,
  uid: `uid-of-${name}`,
  phase: 'Running',
  labels: {},
  terminating: false,
  finalizers: [],
  mirror: false,
  controller: { kind: 'ReplicaSet', name: 'web' },
  ...overrides,
});
const DAEMON = { kind: 'DaemonSet', name: 'agent' };

const judged = (pods: readonly NodePod[], daemonSets: readonly string[] = ['default/agent']) => {
  const { leaving, unmanaged } = judgePods(pods, new Set(daemonSets));
  return { leaving: leaving.map(({ name }) => name), unmanaged: unmanaged.map(({ name }) => name) };
};

describe('Of the pods of a node that is drained', () => {
  test.each<[string, NodePod, 'leaves' | 'stays' | 'is a person’s']>([
    ['one of a ReplicaSet', pod('web'), 'leaves'],
    ['one of a StatefulSet', pod('db-0', { controller: { kind: 'StatefulSet', name: 'db' } }), 'leaves'],
    ['one of a DaemonSet', pod('agent-x', { controller: DAEMON }), 'stays'],
    ['the kubelet’s own', pod('etcd', { mirror: true, controller: { kind: 'Node', name: 'n' } }), 'stays'],
    ['one that nothing would start again', pod('debug', { controller: undefined as never }), 'is a person’s'],
    [
      'a finished one that nothing would start again',
      pod('job', { phase: 'Succeeded', controller: undefined as never }),
      'leaves',
    ],
    [
      'one that goes already, whatever made it',
      pod('old', { terminating: true, controller: undefined as never }),
      'leaves',
    ],
  ])('%s %3$s', (_what, one, expected) => {
    const { leaving, unmanaged } = judged([one]);
    expect(leaving.length > 0 ? 'leaves' : unmanaged.length > 0 ? 'is a person’s' : 'stays').toBe(expected);
  });

  test('one of a DaemonSet that is gone, or of another namespace, is nothing that would be started again', () => {
    expect(judged([pod('agent-x', { controller: DAEMON })], [])).toEqual({ leaving: [], unmanaged: ['agent-x'] });
    expect(judged([pod('agent-x', { controller: DAEMON })], ['other/agent']).unmanaged).toEqual(['agent-x']);
  });
});

describe('A budget selects', () => {
  const labels = { app: 'web', tier: 'front' };
  test.each([
    ['every pod where it is empty', {}, true],
    ['none where it has no selector', undefined, false],
    ['by a label', { matchLabels: { app: 'web' } }, true],
    ['not by another value', { matchLabels: { app: 'db' } }, false],
    [
      'by one of several values',
      { matchExpressions: [{ key: 'tier', operator: 'In', values: ['back', 'front'] }] },
      true,
    ],
    ['not what is excluded', { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] }, false],
    ['what has a key', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    ['not what every object inherits', { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, false],
    ['not what must lack it', { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
    [
      'only where all hold',
      { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'zone', operator: 'Exists' }] },
      false,
    ],
  ])('%s', (_what, selector, expected) => {
    expect(selects(selector, labels)).toBe(expected);
  });
});

describe('What stays is named', () => {
  const budget: Staying = {
    pod: pod('web-1'),
    eviction: { kind: 'budget', says: 'The disruption budget web needs 3' },
  };
  const two: Staying = { pod: pod('db-0'), eviction: { kind: 'budgets', names: ['default/a', 'default/b'] } };
  const held: Staying = {
    pod: pod('stuck', { terminating: true, finalizers: ['example.dev/stuck'] }),
    eviction: { kind: 'going' },
  };
  const going: Staying = { pod: pod('soon'), eviction: { kind: 'going' } };

  test('with its budget, its finalizer, and first what does not leave by itself', () => {
    const said = sayStaying('node node-1', [going, held, budget, two]);
    expect(said).toBe(
      'Waiting for 4 pods to leave node node-1: default/db-0 (more than one budget selects it, which the API server never allows: default/a, default/b), default/web-1 (The disruption budget web needs 3), default/stuck (terminating, held by finalizer example.dev/stuck), default/soon (terminating)',
    );
  });

  test('at most five, and how many more', () => {
    const many = Array.from({ length: 8 }, (_, index) => ({ ...going, pod: pod(`p-${index}`) }));
    expect(sayStaying('node n', many)).toContain('default/p-4 (terminating) and 3 more');
  });

  test('once time is up, with what can be done about each, and that the step can be skipped', () => {
    const said = sayOverdue('node node-1', 600, [budget, held]);
    expect(said).toContain('After 600 s not all pods have left node node-1');
    expect(said).toContain('let the budget allow a disruption');
    expect(said).toContain('takes it off');
    expect(said).toContain('skip this step');
    expect(said).not.toContain('one PodDisruptionBudget');
  });

  test('once time is up, with nothing but patience where all of them end by themselves', () => {
    expect(sayOverdue('node node-1', 600, [going])).toContain(
      'To go on, wait until the pods have ended by themselves; or',
    );
  });

  test('where nothing would start it again, before anything was evicted', () => {
    const said = sayUnmanaged('node node-1', [pod('debug')]);
    expect(said).toContain(
      'On node node-1 is 1 pod that nothing would start again: default/debug. Nothing was evicted',
    );
  });
});
