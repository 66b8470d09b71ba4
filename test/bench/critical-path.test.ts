import { describe, expect, test } from '@jest/globals';
import { criticalPath, sums } from '../../bench/critical-path.ts';
import type { WorkflowTimes } from '../../bench/histories.ts';
import type { Plan, Step } from '../../policy/plan.ts';
import { planOf, securityGroup, stepOf } from '../workflows/builders.ts';

const step = (name: string, needs: readonly string[] = [], overrides: Parameters<typeof stepOf>[1] = {}): Step =>
  stepOf(securityGroup(name), { id: `ensure ${name}`, needs, ...overrides });
const milestone = (needs: readonly string[]): Step =>
  step('ready', needs, {
    resource: securityGroup('ready', { kind: 'milestone', key: 'network/ready', properties: {} }),
  });

const workflow = (id: string, started: number, more: Partial<WorkflowTimes> = {}): WorkflowTimes => ({
  id,
  started,
  activities: [],
  received: [],
  sent: [],
  children: [],
  ...more,
});
const activity = (id: string, scheduled: number, started: number, completed: number) => ({
  id,
  scheduled,
  started,
  completed,
});

const operation = (id: string, started: number, plan: Plan, more: Partial<WorkflowTimes>): WorkflowTimes =>
  workflow(`${id}/operation`, started, { plan, ...more });

const cluster = workflow('cluster', 10, {
  received: [
    { name: 'specChanged', at: 10 },
    { name: 'milestoneReached', at: 72 },
  ],
  activities: [activity('assess', 12, 13, 30)],
  children: [{ name: 'CreateCluster', at: 31, workflow: 'cluster/operation' }],
  sent: [{ name: 'clusterProgressed', at: 74, workflow: 'pool' }],
});
const createCluster = operation(
  'cluster',
  33,
  planOf(step('quick'), step('slow'), milestone(['ensure quick', 'ensure slow'])),
  {
    activities: [activity('ensure quick', 35, 36, 40), activity('ensure slow', 35, 37, 70)],
    sent: [{ name: 'milestoneReached', at: 71, workflow: 'cluster' }],
  },
);
const pool = workflow('pool', 11, {
  received: [
    { name: 'specChanged', at: 11 },
    { name: 'clusterProgressed', at: 75 },
  ],
  activities: [activity('assess', 14, 15, 16), activity('assess', 77, 78, 80)],
  children: [{ name: 'CreateNodePool', at: 81, workflow: 'pool/operation' }],
});
const createPool = operation('pool', 82, planOf(step('template'), step('group', ['ensure template'])), {
  activities: [activity('ensure template', 84, 85, 90), activity('ensure group', 92, 93, 200)],
});
const all = [cluster, createCluster, pool, createPool];

describe('the critical path', () => {
  test('leads from the apply over the slower step, the milestone and both signals, without a gap', () => {
    const hops = criticalPath(all, { operation: 'pool/operation', step: 'ensure group', until: 195, applied: 0 });
    expect(hops[0]).toMatchObject({ kind: 'watcher', from: 0, to: 10 });
    expect(hops.at(-1)).toMatchObject({ kind: 'activity', what: 'ensure group', from: 93, to: 195 });
    for (const [index, hop] of hops.entries()) expect(hop.from).toBe(index === 0 ? 0 : hops[index - 1]?.to);
    expect(hops.filter(({ kind }) => kind === 'activity').map(({ what }) => what)).toEqual([
      'assess cluster',
      'ensure slow',
      'assess pool',
      'ensure template',
      'ensure group',
    ]);
  });

  test('has a sum that is all of the time', () => {
    const hops = criticalPath(all, { operation: 'pool/operation', step: 'ensure group', until: 195, applied: 0 });
    expect(Object.values(sums(hops)).reduce((a, b) => a + b, 0)).toBe(195);
  });

  test('of a step in the cluster’s own operation passes no pool', () => {
    const hops = criticalPath(all, { operation: 'cluster/operation', step: 'ensure quick', until: 40, applied: 0 });
    expect(hops.filter(({ kind }) => kind === 'activity').map(({ what }) => what)).toEqual([
      'assess cluster',
      'ensure quick',
    ]);
  });
});
