/** Node pools of a cluster that replace machines one after the other: whose turn it is, from what each of them says of itself. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nodePoolIdOf } from '../../api/names.ts';
import { type AWSNodePool, awsNodePool } from '../../api/nodepool.ts';
import { isSequential, type Sibling, whyOthersFirst } from '../../policy/pool-order.ts';
import { timeOf } from '../../words/time.ts';
import { seedCluster } from '../topology/objects.ts';
import { NOW } from './living-pool.ts';
import { assessed, carriedOut, changedTo, livePool, told, worldOf } from './pool-world.ts';

const LARGER = { instanceType: 't3.large' };

type Changes = {
  readonly status?: Partial<NonNullable<Sibling['status']>>;
  readonly metadata?: Partial<Sibling['metadata']>;
};
const other = (name: string, { status, metadata }: Changes = {}): Sibling => ({
  metadata: { name, uid: `uid-of-${name}`, generation: 1, ...metadata },
  status: { state: 'Provisioned', observedGeneration: 1, ...status },
});
const rollout = (seconds = 0, type: 'UpgradeNodePool' | 'RepairNodePool' = 'UpgradeNodePool') => ({
  rollout: { type, turn: 1, of: 3, startedAt: timeOf(NOW + seconds * 1_000) },
});
/** Called cluster-0-pool-0. */
const pool = livePool();
const rolling = livePool({}, rollout(10));

test('it is asked for by a field of the cluster, and usual is that pools do not wait for each other', () => {
  expect(isSequential(seedCluster())).toBe(false);
  const cluster = seedCluster();
  expect(isSequential({ ...cluster, spec: { ...cluster.spec, nodePoolUpdates: 'Sequential' } })).toBe(true);
});

describe('a pool whose machines are to be replaced', () => {
  test.each<[string, AWSNodePool, Sibling[]]>([
    ['begins where it is the only one', pool, [pool]],
    ['begins while others rest', pool, [other('a'), other('z')]],
    ['begins while another one is repaired', pool, [other('a', { status: rollout(0, 'RepairNodePool') })]],
    [
      'begins while one that was never provisioned is about to be looked at',
      pool,
      [other('a', { metadata: { generation: 2 }, status: { state: 'Provisioning' } })],
    ],
    [
      'begins while one that comes after it is about to be looked at',
      pool,
      [other('z', { metadata: { generation: 2 } })],
    ],
    [
      'begins while one that is being deleted had begun',
      pool,
      [other('a', { status: rollout(), metadata: { deletionTimestamp: timeOf(NOW) } })],
    ],
    ['goes on where one that began later is under way, too', rolling, [other('a', { status: rollout(20) })]],
    ['goes on though one before it is about to be looked at', rolling, [other('a', { metadata: { generation: 2 } })]],
  ])('%s', (_, own, siblings) => {
    expect(whyOthersFirst(own, siblings)).toBeUndefined();
  });

  test.each<[string, AWSNodePool, Sibling[]]>([
    ['waits while another one has begun', pool, [other('z', { status: rollout() })]],
    ['waits while one before it is about to be looked at', pool, [other('a', { metadata: { generation: 2 } })]],
    ['waits where one that began earlier is under way, too', rolling, [other('z', { status: rollout(0) })]],
    ['waits where one with an earlier name began in the same second', rolling, [other('a', { status: rollout(10) })]],
  ])('%s', (_, own, siblings) => {
    const [first] = siblings;
    expect(whyOthersFirst(own, siblings)).toBe(
      `AWSNodePool default/${first?.metadata.name} comes first, since the cluster's spec.nodePoolUpdates is Sequential`,
    );
  });

  test('says so, is looked at again soon, and touches no machine; what else is asked of it waits for nobody', () => {
    const siblings = [other('z', { status: rollout() })];
    expect(assessed(changedTo(pool, LARGER), worldOf(pool, 3), { siblings })).toMatchObject({
      kind: 'settled',
      rollout: 'UpdateNodePool',
      lookAgainSeconds: 30,
      note: expect.stringContaining('AWSNodePool default/z comes first'),
    });
    const grown = assessed(changedTo(pool, { maxNodeCount: 9 }), worldOf(pool, 3), { siblings });
    expect(grown).toMatchObject({ kind: 'operate', operation: { type: 'ResizeNodePool' } });
  });
});

test('however they began, one of those under way may go on, and none of those waits that nobody precedes', () => {
  const state = fc.record({
    open: fc.boolean(),
    seconds: fc.nat({ max: 3 }),
    generation: fc.integer({ min: 1, max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 5 }), (states) => {
      const pools = states.map(({ open, seconds, generation }, index) => {
        const seed = livePool({}, { observedGeneration: 1, ...(open ? rollout(seconds) : {}) });
        return awsNodePool.parse({
          ...seed,
          metadata: {
            ...seed.metadata,
            name: `pool-${index}`,
            uid: `${index}${seed.metadata.uid.slice(1)}`,
            generation,
          },
        });
      });
      const mayGo = pools.filter((one) => whyOthersFirst(one, pools) === undefined);
      const open = pools.filter(({ status }) => status?.rollout !== undefined);
      expect(mayGo.length).toBeGreaterThan(0);
      if (open.length > 0) expect(mayGo).toHaveLength(1);
      expect(new Set(pools.map(({ metadata }) => nodePoolIdOf(metadata.uid))).size).toBe(pools.length);
    }),
  );
});

test('two pools that are changed at once: the second begins once the first is as it should be', () => {
  const second = {
    ...livePool(),
    metadata: { ...pool.metadata, name: 'z', uid: pool.metadata.uid.replace(/^./, 'f') },
  };
  const asSibling = (one: AWSNodePool, observedGeneration: number): Sibling =>
    ({ ...one, status: { ...one.status, observedGeneration } }) as Sibling;
  const changed = changedTo(pool, LARGER);
  const { generation } = changed.metadata;
  expect(whyOthersFirst(second, [asSibling(changed, generation - 1)])).toBeDefined();
  const first = assessed(changed, worldOf(pool, 3), { siblings: [asSibling(second, 1)] });
  if (first.kind !== 'operate') throw new Error('its first turn was due');
  const between = told(changed, first.operation, 'succeeded');
  expect(whyOthersFirst(second, [asSibling(between, generation)])).toBeDefined();
  let [now, world] = [between, carriedOut(worldOf(pool, 3), first.operation).world];
  for (let next = assessed(now, world); next.kind === 'operate'; next = assessed(now, world)) {
    world = carriedOut(world, next.operation).world;
    now = told(now, next.operation, 'succeeded');
  }
  expect(whyOthersFirst(second, [asSibling(now, generation)])).toBeUndefined();
});
