/** What is changed of a pool's machines while they run, and what is remembered until it was. */
import { describe, expect, test } from '@jest/globals';
import type { AWSNodePool } from '../../api/nodepool.ts';
import type { Assessment } from '../../policy/assessment.ts';
import { statusOf } from '../../policy/status.ts';
import { NOW } from './living-pool.ts';
import { assessed, carriedOut, changedTo, livePool, ranToEnd, type World, worldOf } from './pool-world.ts';

const TAINT = { key: 'team', value: 'a', effect: 'NoSchedule' as const };
const MARKED = { labels: { team: 'a' }, taints: [TAINT] };

const labelsIn = ({ machines }: World) => machines.map(({ node }) => node?.marks.labels['team'] ?? '-');
const taintsIn = ({ machines }: World) =>
  machines.map(({ node }) => node?.marks.taints.map(({ key }) => key).join() || '-');
const idsIn = (assessment: Assessment) =>
  assessment.kind === 'operate' ? assessment.operation.plan.steps.map(({ id }) => id) : [];
/** The pool as its status says it once a look found nothing to do. */
const settled = (pool: AWSNodePool, world: World): AWSNodePool => {
  const look = assessed(pool, world);
  if (look.kind !== 'settled') throw new Error(`expected nothing to do: ${JSON.stringify(look)}`);
  const request = { object: { kind: 'AWSNodePool', namespace: 'default', name: 'p', uid: pool.metadata.uid } as const };
  const subject = { ...look, kind: 'settled' as const };
  const all = { ...request, generation: pool.metadata.generation, events: [], subject } as unknown;
  return { ...pool, status: statusOf(all as Parameters<typeof statusOf>[0], pool, NOW) };
};

describe('labels and taints of a pool', () => {
  const before = livePool({ minNodeCount: 2 });
  const world = worldOf(before, 3);
  const ran = ranToEnd(changedTo(before, MARKED), world);

  test('are given to the nodes that are there, after machines that come are told, and no machine is replaced', () => {
    expect(labelsIn(ran.world)).toEqual(['a', 'a', 'a']);
    expect(taintsIn(ran.world)).toEqual(['team', 'team', 'team']);
    expect(ran.world.machines.map(({ id }) => id)).toEqual(world.machines.map(({ id }) => id));
    const [first] = ran.operations;
    const labelling = first?.plan.steps.find(({ resource }) => resource.kind === 'node-labels');
    expect(labelling?.needs.map((id) => id.split('/')[0])).toEqual([
      'ensure auto-scaling-group',
      'ensure launch-template',
    ]);
    expect(ran.operations.map(({ type }) => type)).toEqual(['UpdateNodePool']);
  });

  test('are remembered from then on, and taken off once the spec names them no more', () => {
    const marked = settled(ran.pool, ran.world);
    expect(marked.status).toMatchObject({ appliedLabelKeys: ['team'], appliedTaints: ['team:NoSchedule'] });
    const back = ranToEnd(changedTo(marked, { labels: {}, taints: [] }), ran.world);
    expect(labelsIn(back.world)).toEqual(['-', '-', '-']);
    expect(taintsIn(back.world)).toEqual(['-', '-', '-']);
    expect(back.pool.status).toMatchObject({ appliedLabelKeys: ['team'] });
    const { status } = settled(back.pool, back.world);
    expect(status).not.toHaveProperty('appliedLabelKeys');
    expect(status).not.toHaveProperty('appliedTaints');
  });

  test('are taken off, too, where they are called as what every object inherits', () => {
    const given = ranToEnd(changedTo(before, { labels: { constructor: 'a' } as never }), world);
    const back = ranToEnd(changedTo(settled(given.pool, given.world), { labels: {} }), given.world);
    const carried = ({ machines }: World) =>
      machines.map(({ node }) => Object.hasOwn(node?.marks.labels ?? {}, 'constructor'));
    expect([carried(given.world), carried(back.world)]).toEqual([
      [true, true, true],
      [false, false, false],
    ]);
  });

  test('are not forgotten while a machine that was told of them has not joined, which loses them when it has', () => {
    // The two others are as many as have to be there.
    const loose = livePool({ minNodeCount: 2 });
    const given = ranToEnd(changedTo(loose, MARKED), worldOf(loose, 3));
    const marked = settled(given.pool, given.world);
    const all = worldOf(marked, 3);
    const [late, ...others] = all.machines;
    if (late?.node === undefined) throw new Error('expected a machine with a node');
    const { node, ...unborn } = late;
    const joining: World = { ...all, machines: [unborn, ...others] };
    const back = ranToEnd(changedTo(marked, { labels: {}, taints: [] }), joining);
    expect(back.end).toMatchObject({ kind: 'settled', note: expect.stringContaining('i-0000 may still join') });
    const joined: World = {
      ...back.world,
      machines: back.world.machines.map((one) => (one.node ? one : { ...one, node })),
    };
    const done = ranToEnd(back.pool, joined);
    expect(done.operations.map(({ plan }) => plan.steps.map(({ resource }) => resource.kind))).toEqual([
      ['node-labels'],
    ]);
    expect(labelsIn(done.world)).toEqual(['-', '-', '-']);
  });

  test('of somebody else stay as they are', () => {
    const machines = world.machines.map((machine) => {
      const { node } = machine;
      if (node === undefined) return machine;
      const taints = [{ key: 'theirs', effect: 'NoExecute' }];
      return { ...machine, node: { ...node, marks: { labels: { ...node.marks.labels, theirs: '1' }, taints } } };
    });
    const after = ranToEnd(changedTo(before, MARKED), { ...world, machines }).world;
    for (const { node } of after.machines) {
      expect(node?.marks.labels).toMatchObject({ theirs: '1', team: 'a' });
      expect(node?.marks.taints.map(({ key }) => key)).toEqual(['theirs', 'team']);
    }
  });

  test('wait while the cluster’s API cannot be asked', () => {
    const look = assessed(changedTo(before, MARKED), world, { unread: 'it does not answer' });
    expect(look).toMatchObject({ kind: 'settled', note: expect.stringContaining('it does not answer') });
  });
});

describe('security groups of a pool', () => {
  const before = livePool();
  const world = worldOf(before, 3);

  test('are changed of machines that run, and no machine is replaced', () => {
    const { world: after, operations } = ranToEnd(changedTo(before, { securityGroupIDs: ['sg-00000001'] }), world);
    expect(after.machines.map(({ id }) => id)).toEqual(world.machines.map(({ id }) => id));
    for (const { groupIds } of after.machines) expect(groupIds).toContain('sg-00000001');
    expect(operations).toHaveLength(1);
  });

  test('are changed by a look of its own where the operation before broke off', () => {
    const changed = changedTo(before, { securityGroupIDs: ['sg-00000001'] });
    const look = assessed(changed, world);
    if (look.kind !== 'operate') throw new Error('expected an operation');
    const step = idsIn(look).find((id) => id.startsWith('ensure machine-security-groups/'));
    expect(step).toBeDefined();
    const broken = carriedOut(world, look.operation, step).world;
    expect(idsIn(assessed(changed, broken))).toEqual([step]);
  });
});
