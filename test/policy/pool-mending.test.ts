/** What others changed of a node pool, mended where the pool's policy, or its cluster's, is Mend. */
import { describe, expect, test } from '@jest/globals';
import type { AWSCluster } from '../../api/cluster.ts';
import type { AWSNodePool } from '../../api/nodepool.ts';
import type { AutoScalingGroupState } from '../../kinds/auto-scaling-group.ts';
import type { Found } from '../../kinds/resource.ts';
import { type Finding, findingOf } from '../../policy/drift.ts';
import { GROUP, MARKS, NOW } from './living-pool.ts';
import { assessed, CLUSTER, groupIn, livePool, ranToEnd, type World, worldOf } from './pool-world.ts';

const MENDING: AWSCluster = { ...CLUSTER, spec: { ...CLUSTER.spec, driftPolicy: 'Mend' } };

const pool = (spec: Partial<AWSNodePool['spec']> = {}): AWSNodePool => livePool(spec, { observedGeneration: 1 });
const mendingPool = pool({ driftPolicy: 'Mend' });

const withGroup = (world: World, changes: Partial<AutoScalingGroupState>): World => ({
  ...world,
  found: world.found.map((one) =>
    one.key === GROUP ? ({ ...one, state: { ...one.state, ...changes } } as Found) : one,
  ),
});
/** Somebody wrote another version of the template, of other content. */
const withTemplate = (world: World): World => ({
  ...world,
  found: world.found.map((one) =>
    one.kind === 'launch-template' && one.key.includes('nodepool')
      ? ({
          ...one,
          outputs: { ...one.outputs, version: '2', fingerprint: 'other' },
          state: { ...one.state, fingerprint: 'other' },
        } as Found)
      : one,
  ),
});
const templateOf = (world: World): Found => {
  const found = world.found.find(({ kind, key }) => kind === 'launch-template' && key.includes('nodepool'));
  if (found === undefined) throw new Error('The pool has no template');
  return found;
};

const swept = (object: AWSNodePool, world: World, cluster = CLUSTER): Finding | undefined =>
  findingOf(object, assessed(object, world, { cluster, sweep: true }), world.found, {
    moment: { cluster, now: NOW, everySeconds: 600 },
  });

describe('a group whose size somebody edited', () => {
  const edited = withGroup(worldOf(pool(), 3), { maxSize: 9 });
  const mends = [{ key: GROUP, difference: 'its size is 3 to 9, not 3 to 5' }];

  test('is told, and left alone, by itself', () => {
    expect(swept(pool(), edited)).toEqual({ kind: 'report', differences: mends });
    expect(assessed(pool(), edited)).toMatchObject({ operation: { type: 'ResizeNodePool' } });
  });

  test.each([
    ['the pool', mendingPool, CLUSTER],
    ['its cluster', pool(), MENDING],
  ])('is mended where %s says so, and no machine is touched', (_, object, cluster) => {
    expect(swept(object, edited, cluster)).toEqual({ kind: 'report', differences: mends, mends: true });
    expect(assessed(object, edited, { cluster })).toMatchObject({ operation: { type: 'MendNodePool', mends } });
    const ran = ranToEnd(mendingPool, edited);
    expect(ran.operations.map(({ type }) => type)).toEqual(['MendNodePool']);
    expect(ran.world.machines).toEqual(edited.machines);
    expect(groupIn(ran.world).maxSize).toBe(5);
    expect(ran.pool.status?.mended).toMatchObject([{ resource: GROUP, times: 1 }]);
  });

  test('is left alone where the pool says so, whatever its cluster says', () => {
    expect(swept(pool({ driftPolicy: 'Report' }), edited, MENDING)).toEqual({ kind: 'report', differences: mends });
  });
});

describe('a template that somebody edited', () => {
  const edited = withTemplate(worldOf(pool(), 3));

  test('is written anew, and machines that were made before it was edited stay', () => {
    const ran = ranToEnd(mendingPool, edited);
    expect(
      ran.operations.map(({ type, mends = [] }) => `${type} ${mends.map(({ key }) => key.split('/')[0]).join()}`),
    ).toEqual(['MendNodePool launch-template,auto-scaling-group']);
    expect(ran.world.machines.map(({ id }) => id)).toEqual(edited.machines.map(({ id }) => id));
    expect(swept(ran.pool, ran.world)).toBeUndefined();
  });

  test('has machines that were made from it replaced in turns, which are counted once', () => {
    const { id = '', version = '' } = templateOf(edited).outputs;
    const launched = withGroup(
      {
        ...edited,
        versions: {
          ...edited.versions,
          [`${id} ${version}`]: { madeOf: { fingerprint: 'other' }, marks: MARKS, groupIds: [] },
        },
        machines: edited.machines.map((machine) => ({
          ...machine,
          templateId: id,
          templateVersion: version,
          madeOf: { fingerprint: 'other' },
        })),
      },
      { launchTemplateVersion: version },
    );
    expect(swept(mendingPool, launched)).toMatchObject({ kind: 'report', mends: true });
    const ran = ranToEnd(mendingPool, launched);
    expect(new Set(ran.operations.map(({ type }) => type))).toEqual(new Set(['UpdateNodePool']));
    expect(ran.operations.filter(({ mends }) => mends !== undefined)).toHaveLength(1);
    const before = launched.machines.map((machine) => machine.id);
    expect(ran.world.machines.filter((machine) => before.includes(machine.id))).toEqual([]);
    expect(ran.world.extremes.leastReady).toBe(3);
    expect(ran.pool.status?.mended?.every(({ times }) => times === 1)).toBe(true);
  });
});

describe('a group that somebody made larger than nodeCount', () => {
  const object = pool({ driftPolicy: 'Mend', nodeCount: 3 });
  const larger = worldOf(pool({ nodeCount: 3 }), 5);
  const surplus = { key: GROUP, difference: 'it keeps 2 more than 3 machines' };

  test('is only told of by itself', () => {
    const finding = swept(pool({ nodeCount: 3 }), larger);
    expect(finding).toMatchObject({ kind: 'report', note: expect.stringContaining('3 instead of 5 nodes') });
    expect(finding).not.toHaveProperty('mends');
  });

  test('is drained back, a node a turn, and counted once', () => {
    expect(swept(object, larger)).toMatchObject({ kind: 'report', mends: true });
    const ran = ranToEnd(object, larger);
    expect(new Set(ran.operations.map(({ type }) => type))).toEqual(new Set(['ResizeNodePool']));
    expect(ran.operations[0]?.mends).toEqual([surplus]);
    expect(ran.operations.slice(1).filter(({ mends }) => mends !== undefined)).toEqual([]);
    expect(ran.world.machines).toHaveLength(3);
    expect(ran.pool.status?.mended).toMatchObject([{ resource: GROUP, times: 1 }]);
  });
});
