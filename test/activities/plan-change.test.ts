/** What a change of a node pool would take, as the worker sees the pool: by the spec of who asks, and by nothing else of theirs. */
import { describe, expect, test } from '@jest/globals';
import type { AssessSources, ObserveRequest } from '../../activities/assess.ts';
import { createPlanChange } from '../../activities/plan-change.ts';
import type { ObjectRef } from '../../api/object.ts';
import { inventoryOf } from '../policy/account.ts';
import { NOW } from '../policy/living-pool.ts';
import { CLUSTER, livePool, worldOf } from '../policy/pool-world.ts';
import { ACCOUNT, DELETING, POOL_UID, REGION, seedPool } from '../topology/objects.ts';

const POOL: ObjectRef = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: POOL_UID };

const asking = (others: Partial<AssessSources> = {}) => {
  const pool = livePool();
  const world = worldOf(pool, 4);
  const observed: ObserveRequest[] = [];
  const planChange = createPlanChange({
    served: async () => ({ account: ACCOUNT, regions: [REGION] }),
    now: () => NOW,
    findCluster: async () => CLUSTER,
    findNodePool: async () => pool,
    observe: async (request) => {
      observed.push(request);
      return inventoryOf(world.found);
    },
    machines: async () => ({ machines: world.machines }),
    ...others,
  });
  const planned = (spec: object) =>
    planChange({ object: POOL, spec: { ...pool.spec, ...spec } }, new AbortController().signal);
  return { observed, planned };
};

describe('a plan of a change', () => {
  test('counts the machines that there are', async () => {
    expect(await asking().planned({ keyName: 'other', tags: { a: 'b' } })).toEqual({
      kind: 'known',
      fields: [
        { field: 'keyName', takes: 'turns' },
        { field: 'tags', takes: 'in place' },
      ],
      replaces: 4,
      fewer: 0,
    });
  });

  test('says when turns would begin by the policy that there would be', async () => {
    // NOW is a Saturday, 10:00 UTC.
    const windows = [{ days: ['Sat'], start: '12:00', minutes: 60 }];
    const inWindow = await asking().planned({ keyName: 'other', updatePolicy: { mode: 'Window', windows } });
    expect(inWindow).toMatchObject({ replaces: 4, waits: { opensAt: NOW + 7_200_000 } });
    const manual = await asking().planned({ keyName: 'other', updatePolicy: { mode: 'Manual' } });
    expect(manual).toMatchObject({ waits: {} });
    expect(await asking().planned({ updatePolicy: { mode: 'Manual' } })).not.toHaveProperty('waits');
  });

  test.each<[string, Partial<AssessSources>, string]>([
    ['is gone', { findNodePool: async () => null }, 'it is not there any more'],
    [
      'is another by now',
      { findNodePool: async () => seedPool({ metadata: { uid: 'u' } }) },
      'it is not there any more',
    ],
    ['is being deleted', { findNodePool: async () => seedPool({ metadata: DELETING }) }, 'it is being deleted'],
    ['is not provisioned', { findNodePool: async () => seedPool() }, 'it is not provisioned yet'],
    ['has no cluster', { findCluster: async () => null }, 'AWSCluster default/cluster-0 does not exist'],
    [
      'is elsewhere',
      { served: async () => ({ account: '111111111111', regions: [REGION] }) },
      "worker's credentials belong to account 111111111111",
    ],
  ])('says why it cannot say anything of a pool that %s, and does not look at AWS', async (_, others, reason) => {
    const { planned, observed } = asking(others);
    expect(await planned({ keyName: 'other' })).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining(reason),
    });
    expect(observed).toEqual([]);
  });

  test('says nothing by a listing that is not whole', async () => {
    const { planned } = asking({ observe: async () => ({ ...inventoryOf([]), complete: false }) });
    expect(await planned({ keyName: 'other' })).toMatchObject({ kind: 'unknown' });
  });
});
