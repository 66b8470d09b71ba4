/** A node pool that adopts what another object made: it owns by the uid of the tags, and waits for whoever has its cluster. */
import { describe, expect, test } from '@jest/globals';
import type { AWSNodePool } from '../../api/nodepool.ts';
import type { Found } from '../../kinds/resource.ts';
import { adopting } from '../../policy/adoption.ts';
import type { Assessment } from '../../policy/assessment.ts';
import { statusOf } from '../../policy/status.ts';
import { CLUSTER_UID, DELETING, POOL_UID } from '../topology/objects.ts';
import { inventoryOf } from './account.ts';
import { decide, inventoryWith, machinesIn, NOW, POOL_ID, poolWith } from './living-pool.ts';

const NEW_UID = '2c1e7a30-5d0f-4a55-9d0e-000000000011';

const applied = (metadata: object = {}): AWSNodePool => {
  const pool = poolWith();
  return {
    ...pool,
    metadata: { ...pool.metadata, uid: NEW_UID, annotations: { 'slipway.dev/adopt': POOL_ID }, ...metadata },
  };
};
const adopted = (metadata: object = {}): AWSNodePool => adopting(applied(metadata), POOL_UID);

const carrying = (more: { readonly pool?: object; readonly cluster?: object } = {}): readonly Found[] =>
  inventoryWith().map((one) => {
    if (one.kind === 'launch-template' && one.key.includes(POOL_ID)) {
      return { ...one, uid: POOL_UID, madeFor: 'default/cluster-0-pool-0', ...more.pool };
    }
    return one.kind === 'security-group' ? { ...one, uid: CLUSTER_UID, ...more.cluster } : one;
  });

const look = (pool: AWSNodePool, found: readonly Found[], adopts = true): Assessment =>
  decide(pool, machinesIn('ready', 'ready', 'ready', 'ready', 'ready'), {
    inventory: inventoryOf(found),
    ...(adopts ? { adopts: true as const } : {}),
  });

describe('a node pool that is adopted', () => {
  test('finds all of its things in place, and says first that they are its own', () => {
    const assessment = look(adopted(), carrying());
    expect(assessment).toMatchObject({ kind: 'operate', operation: { owner: { uid: POOL_UID } } });
    const steps = assessment.kind === 'operate' ? assessment.operation.plan.steps : [];
    expect(steps.slice(0, 2).map(({ id }) => id)).toEqual(['ensure finalizer', 'ensure adoption']);
    expect(steps.filter(({ id }) => /launch-template|auto-scaling-group|secret/.test(id))).toEqual([]);
  });

  test('is not touched without the Secret by which its nodes join', () => {
    const found = carrying().filter(({ key }) => key !== `secret/nodepool-${POOL_ID}`);
    expect(look(adopted(), found)).toMatchObject({ kind: 'blocked', reason: expect.stringContaining('-token') });
  });

  test('has the digits of what it adopted in its status, once it says so in AWS', () => {
    const found = carrying({ pool: { adopter: NEW_UID } });
    const guarded = adopted({ finalizers: ['slipway.dev/cleanup'] });
    const assessment = look(guarded, found);
    expect(assessment).toMatchObject({ kind: 'settled', recalled: { adopted: { uid: POOL_UID } } });
    if (assessment.kind !== 'settled') return;
    const { recalled } = assessment;
    const object = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: NEW_UID } as const;
    const subject = { kind: 'settled', ...(recalled === undefined ? {} : { recalled }) } as const;
    expect(statusOf({ object, generation: 1, events: [], subject }, applied(), NOW)).toMatchObject({
      adopted: { uid: POOL_UID },
      nodePoolID: POOL_ID,
    });
  });

  test('only looks once another object has adopted it, also where it is deleted', () => {
    const found = carrying({ pool: { adopter: 'u-other' } });
    for (const metadata of [{}, DELETING]) {
      expect(look(adopted(metadata), found, false)).toMatchObject({
        kind: 'blocked',
        reason: expect.stringContaining('uid u-other has adopted'),
      });
    }
  });

  test('only looks while another object has its cluster', () => {
    expect(look(poolWith(), carrying({ cluster: { adopter: 'u-other' } }), false)).toMatchObject({
      kind: 'blocked',
      reason: expect.stringContaining('uid u-other has adopted'),
    });
  });
});
