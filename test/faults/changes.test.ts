/** How a change of a node pool is judged that met a fault: by the same change without one. */
import { describe, expect, test } from '@jest/globals';
import { judgeChange } from '../../bench/faults/changes.ts';
import type { SeenNode } from '../../bench/faults/inside.ts';
import { SITUATIONS } from '../../bench/faults/situations.ts';
import type { Change } from '../../bench/faults/standing.ts';

const POOL = 'awsnodepool/default/f7-pool-0/2f1c1f1e-1111-4222-8333-444455556666';

const node = (machine: string, overrides: Partial<SeenNode> = {}): SeenNode => ({
  name: `node-of-${machine}`,
  machine,
  isReady: true,
  isClosed: false,
  isMarked: false,
  maxPods: 100,
  labels: {},
  ...overrides,
});

const run = (type: string, startedAt: number, closedAt: number, status = 'COMPLETED') => ({
  workflowId: `${POOL}/operation`,
  runId: `${type}-${startedAt}`,
  ...{ type, status, startedAt, closedAt },
});

/** Two nodes became one, and two again. */
const change = (overrides: Partial<Change> = {}): Change => ({
  rows: { before: ['a group of two'], after: ['a group of two'] },
  nodes: { before: [node('i-1'), node('i-2')], after: [node('i-2'), node('i-3')] },
  machines: ['i-2', 'i-3'],
  seen: ['i-1', 'i-2', 'i-3'],
  pods: [],
  most: new Map([['auto-scaling-group *', 1]]),
  secondLook: [],
  calls: [],
  runs: [run('ResizeNodePool', 1, 5), run('ResizeNodePool', 6, 9)],
  leaked: [],
  met: [],
  seconds: 1,
  ...overrides,
});

const wrongWith = (overrides: Partial<Change>): string =>
  judgeChange(change(overrides), change(), SITUATIONS.resize).join('\n');

test('a change that ends as it does without a fault is right', () => {
  expect(wrongWith({})).toBe('');
});

describe('a change is wrong where', () => {
  test.each<[string, Partial<Change>, RegExp]>([
    [
      'the surge tag stays on the group',
      { rows: { before: ['a group'], after: ['a group, surge'] } },
      /surge is there 1/,
    ],
    [
      'a node stays closed',
      { nodes: { ...change().nodes, after: [node('i-2', { isClosed: true }), node('i-3')] } },
      /closed/,
    ],
    [
      'a mark stays on a node',
      { nodes: { ...change().nodes, after: [node('i-2', { isMarked: true }), node('i-3')] } },
      /closed/,
    ],
    [
      'a node is not Ready',
      { nodes: { ...change().nodes, after: [node('i-2', { isReady: false }), node('i-3')] } },
      /Ready/,
    ],
    [
      'a node is missing',
      { nodes: { ...change().nodes, after: [node('i-2')] }, machines: ['i-2'] },
      /1 nodes are left of 2/,
    ],
    [
      'another machine ended, too',
      { nodes: { ...change().nodes, after: [node('i-3'), node('i-4')] } },
      /0 of the machines/,
    ],
    ['one machine more was launched', { seen: ['i-1', 'i-2', 'i-3', 'i-4'] }, /4 machines were nodes/],
    ['a machine runs that is no node', { machines: ['i-2', 'i-3', 'i-9'] }, /i-9 is there 1 times instead of 0/],
    ['a pod was ended against its budget', { pods: ['0 pods ran at a time'] }, /0 pods ran/],
    ['something existed twice for a while', { most: new Map([['auto-scaling-group *', 2]]) }, /I2.*2 times at once/],
    ['two operations ran at once', { runs: [run('ResizeNodePool', 1, 5), run('ResizeNodePool', 4, 9)] }, /I1/],
    ['an operation failed', { runs: [run('ResizeNodePool', 1, 5, 'FAILED')] }, /FAILED/],
    [
      'a machine was repaired that was well',
      { runs: [...change().runs, run('RepairNodePool', 10, 11)] },
      /for no reason/,
    ],
    ['nothing was resized', { runs: [] }, /no ResizeNodePool/],
    [
      'a second look changes something',
      { secondLook: [{ name: 'CreateTags', number: 1, mutating: true, service: 'EC2', by: 'x' }] },
      /I6/,
    ],
    ['a secret stands in a history', { leaked: ['gke-1-root-ca'] }, /I8/],
  ])('%s', (_what, overrides, said) => {
    expect(wrongWith(overrides)).toMatch(said);
  });
});
