/** What the bench of upgrades makes of histories and of what users felt. */
import { describe, expect, test } from '@jest/globals';
import type { WorkflowTimes } from '../../bench/histories.ts';
import { replicaSeconds, type UpgradePhase } from '../../bench/living-control-plane.ts';
import { isKept } from '../../bench/report.ts';
import { budgetsOf, feltTable, phasesTable } from '../../bench/upgrade.ts';
import { type Felt, figuresOf } from '../../sandbox/availability/figures.ts';

const operation = (started: number, activities: readonly (readonly [string, number])[]): WorkflowTimes => ({
  id: 'awscluster/default/upgrade/uid/operation',
  started,
  activities: activities.map(([id, completed]) => ({ id, scheduled: started, started, completed })),
  received: [],
  sent: [],
  children: [],
});

const phase = (overrides: Partial<UpgradePhase> = {}): UpgradePhase => ({
  what: 'the commit',
  seconds: 61.25,
  replicas: [20, 20.04, 21],
  aws: { all: 90, mutating: 4, byName: new Map() },
  ...overrides,
});

const felt = (...failures: readonly Pick<Felt, 'user' | 'cured'>[]) =>
  figuresOf({
    sent: { read: 600, write: 300, h1: 500, h2: 500, watch: 2 },
    felt: failures.map((one) => ({ ...one, at: '', what: 'status 500' })),
    gaps: [40],
  });

describe('the seconds of each replica', () => {
  test('are those of its turn, from its start until it serves, in the order in which turns began', () => {
    const [first, second] = [
      operation(10_000, [
        ['ensure snapshot/upgrade', 12_000],
        ['wait replica/0', 40_000],
      ]),
      operation(41_000, [['wait replica/1', 61_500]]),
    ];
    expect(replicaSeconds([second, first])).toEqual([30, 20.5]);
  });

  test('are, in a commit, those since the one before it served', () => {
    const commit = operation(1_000, [
      ['ensure upgrade-mark/committed', 2_000],
      ['wait replica/0', 22_000],
      ['wait replica/1', 44_000],
      ['wait replica/2', 65_000],
    ]);
    expect(replicaSeconds([commit])).toEqual([21, 22, 21]);
  });

  test('are none of an operation that has none', () => {
    expect(replicaSeconds([operation(0, [['ensure addon/coredns', 5]])])).toEqual([]);
  });
});

describe('the report', () => {
  test('has a row for each thing that was done', () => {
    expect(phasesTable([phase()]).rows).toEqual([['the commit', 61.25, '20.0, 20.0, 21.0', 90, 4]]);
  });

  test('says what users felt only where somebody asked', () => {
    expect(feltTable([phase()])).toEqual([]);
    const [table] = feltTable([phase({ felt: felt({ user: 'h1', cured: true }) })]);
    expect(table?.columns).toHaveLength(6);
    expect(table?.rows).toEqual([['the commit', '0/600', '0/300', '0/500', '1/500', '1, 40 ms']]);
  });

  test('keeps its budgets where each replica served again, and what failed was cured by a retry', () => {
    const budgets = budgetsOf([phase({ felt: felt({ user: 'h1', cured: true }) })]);
    expect(budgets.filter((one) => !isKept(one))).toEqual([]);
    expect(budgets).toHaveLength(3);
  });

  test.each<[string, Partial<UpgradePhase>]>([
    ['a replica did not serve again', { replicas: [20, 20] }],
    ['one was replaced twice', { replicas: [20, 20, 20, 20] }],
    ['it asked AWS too much', { aws: { all: 900, mutating: 4, byName: new Map() } }],
    ['a request failed for good', { felt: felt({ user: 'write', cured: false }) }],
  ])('misses one where %s', (_, overrides) => {
    expect(budgetsOf([phase(overrides)]).filter((one) => !isKept(one))).toHaveLength(1);
  });
});
