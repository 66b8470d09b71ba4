import { describe, expect, test } from '@jest/globals';
import { type AssessSources, createAssess, type ObserveRequest } from '../../activities/assess.ts';
import type { PoolMachinesRequest } from '../../activities/pool-machines.ts';
import { blockedError } from '../../activities/verdicts.ts';
import type { AWSCluster } from '../../api/cluster.ts';
import { clusterIdOf, FINALIZER } from '../../api/names.ts';
import type { AWSNodePool } from '../../api/nodepool.ts';
import type { ObjectRef } from '../../api/object.ts';
import { EMPTY, inventoryOf } from '../policy/account.ts';
import { clusterThat, inventoryWith, machinesIn, NOW, POOL_ID, poolWith, READY, seen } from '../policy/living-pool.ts';
import { changedTo, liveCluster, worldOf } from '../policy/replica-world.ts';
import { ACCOUNT, CLUSTER_UID, POOL_UID, REGION, seedCluster, seedPool } from '../topology/objects.ts';

const CLUSTER: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID };
const POOL: ObjectRef = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: POOL_UID };

/** Sources that write down what was asked of AWS. */
const sourcesWith = (pool: AWSNodePool, cluster: AWSCluster, others: Partial<AssessSources> = {}) => {
  const observed: ObserveRequest[] = [];
  const foreseen: (readonly string[])[] = [];
  const sources: AssessSources = {
    served: async () => ({ account: ACCOUNT, regions: [REGION] }),
    settleSeconds: 0,
    findCluster: async () => cluster,
    findNodePool: async () => pool,
    poolsOf: async () => [],
    owners: async () => [],
    observe: async (request) => {
      observed.push(request);
      return inventoryOf(EMPTY);
    },
    inside: async () => ({ unread: 'nobody asks it here' }),
    machines: async () => ({ machines: [], unread: 'nobody asks it here' }),
    foresee: async ({ instanceProfiles }) => {
      foreseen.push(instanceProfiles);
      throw new Error('AWS is away');
    },
    ...others,
  };
  const assess = createAssess(sources);
  const signal = new AbortController().signal;
  return {
    observed,
    foreseen,
    assess: (object: ObjectRef, clusterProgressed?: true) =>
      assess({ object, ...(clusterProgressed === undefined ? {} : { clusterProgressed }) }, signal),
  };
};

describe('a look at a node pool', () => {
  test('asks AWS about no inventory while its cluster has no network, and early about what its preflight needs', async () => {
    const { assess, observed, foreseen } = sourcesWith(seedPool(), seedCluster());
    expect(await assess(POOL)).toMatchObject({ kind: 'waiting' });
    expect(observed).toEqual([]);
    expect(foreseen).toEqual([[seedPool().spec.iamInstanceProfile]]);
  });

  test('looks once it was told that its cluster made progress, only at its cluster while it is new', async () => {
    const { assess, observed, foreseen } = sourcesWith(seedPool(), seedCluster());
    expect(await assess(POOL, true)).toMatchObject({ kind: 'waiting' });
    expect(observed).toMatchObject([{ object: POOL, isNew: true }]);
    expect(foreseen).toEqual([]);
  });

  test('looks at its own things, too, once it carries our finalizer', async () => {
    const begun = seedPool({ metadata: { finalizers: [FINALIZER] } });
    const { assess, observed } = sourcesWith(begun, seedCluster());
    await assess(POOL, true);
    expect(observed).toMatchObject([{ isNew: false }]);
  });

  test.each([
    ['looks at its machines one by one once its status counts too few Ready nodes', poolWith(), true],
    ['looks at no single machine while all of its nodes are Ready', poolWith({}, { readyNodes: 5 }), false],
  ])('%s', async (_, pool, isAsked) => {
    const asked: PoolMachinesRequest[] = [];
    const { assess } = sourcesWith(pool, clusterThat(READY), {
      now: () => NOW,
      observe: async () => inventoryOf(inventoryWith()),
      machines: async (request) => {
        asked.push(request);
        return machinesIn('ready', 900, 'ready', 'ready', 'ready');
      },
    });
    const decided = await assess(POOL);
    const request = { namespace: 'default', clusterId: clusterIdOf(CLUSTER_UID), endpoint: 'nlb.example' };
    expect(asked).toEqual(isAsked ? [{ ...request, poolId: POOL_ID }] : []);
    expect('nodePool' in decided).toBe(isAsked);
  });

  test.each(['Sequential', 'Parallel'] as const)(
    'asks for the other pools of its cluster only where one comes after the other: %s',
    async (nodePoolUpdates) => {
      const cluster = clusterThat(READY);
      const asked: unknown[] = [];
      const { assess } = sourcesWith(
        poolWith({}, { readyNodes: 5 }),
        { ...cluster, spec: { ...cluster.spec, nodePoolUpdates } },
        {
          now: () => NOW,
          observe: async () => inventoryOf(inventoryWith()),
          poolsOf: async (name) => {
            asked.push(name);
            return [];
          },
        },
      );
      await assess(POOL);
      expect(asked).toEqual(nodePoolUpdates === 'Sequential' ? [{ namespace: 'default', name: 'cluster-0' }] : []);
    },
  );

  test('repairs a node after the time that its worker was given', async () => {
    const pool = poolWith({}, { unhealthyNodes: [seen(1, 60)] });
    const sources = {
      now: () => NOW,
      observe: async () => inventoryOf(inventoryWith()),
      machines: async () => machinesIn('ready', 60, 'ready', 'ready', 'ready'),
    };
    const typeAfter = async (afterSeconds: number): Promise<string | undefined> => {
      const decided = await sourcesWith(pool, clusterThat(READY), { ...sources, nodeRepair: { afterSeconds } }).assess(
        POOL,
      );
      return decided.kind === 'operate' ? decided.operation.type : undefined;
    };
    expect(await typeAfter(60)).toBe('RepairNodePool');
    expect(await typeAfter(61)).toBeUndefined();
  });
});

describe('a look at a cluster', () => {
  test('that is new asks early what its preflight needs, and what that fails with is no failure of the look', async () => {
    const { assess, foreseen } = sourcesWith(seedPool(), seedCluster());
    expect(await assess(CLUSTER)).toMatchObject({ kind: 'operate' });
    expect(foreseen).toEqual([[seedCluster().spec.controlPlane.iamInstanceProfile]]);
  });

  test('that is new is observed as one that may own nothing yet, before our finalizer is on it', async () => {
    const { assess, observed } = sourcesWith(seedPool(), seedCluster());
    await assess(CLUSTER);
    expect(observed).toMatchObject([{ object: CLUSTER, isNew: true }]);
  });

  test.each([
    ['that was established', { established: true }],
    ['whose operation told where it lives', { aws: { account: ACCOUNT, region: REGION } }],
  ])('%s is observed as one that owns something, though its finalizer was taken from it', async (_, status) => {
    const { assess, observed, foreseen } = sourcesWith(seedPool(), seedCluster({ status }));
    await assess(CLUSTER);
    expect(observed).toMatchObject([{ object: CLUSTER, isNew: false }]);
    expect(foreseen).toEqual([]);
  });

  test('that was begun asks nothing early, and looks at what it has', async () => {
    const { assess, foreseen, observed } = sourcesWith(
      seedPool(),
      seedCluster({ metadata: { finalizers: [FINALIZER] } }),
    );
    await assess(CLUSTER);
    expect(foreseen).toEqual([]);
    expect(observed).toMatchObject([{ isNew: false }]);
  });
});

describe.each([CLUSTER, POOL])('a look at an $kind that only a person can cure', (reference) => {
  const GENERATION = 7;
  const refused = async (): Promise<never> => {
    throw blockedError('the credentials are refused');
  };
  const [cluster, pool] = [
    seedCluster({ metadata: { generation: GENERATION } }),
    seedPool({ metadata: { generation: GENERATION } }),
  ];

  test('says of which generation it speaks, so that who waits for that one is told', async () => {
    const { assess } = sourcesWith(pool, cluster, { served: refused });
    expect(await assess(reference)).toMatchObject({ kind: 'blocked', generation: GENERATION });
  });

  test('speaks of none where the object could not be read', async () => {
    const { assess } = sourcesWith(pool, cluster, { findCluster: refused, findNodePool: refused });
    expect(await assess(reference)).toMatchObject({ kind: 'blocked', generation: 0 });
  });
});

describe('a look at a cluster whose turns are held back', () => {
  test('passes on what somebody said resume to, and so the first turn begins', async () => {
    const cluster = liveCluster({}, { updatePolicy: { mode: 'Manual' } });
    const asked = changedTo(cluster, { instanceType: 'm5.large' });
    const sources = {
      served: async () => ({ account: ACCOUNT, regions: [REGION] }),
      settleSeconds: 0,
      findCluster: async () => asked,
      observe: async () => inventoryOf(worldOf(cluster).found),
      inside: async () => ({ unread: 'nobody asks it here' }),
      foresee: async () => undefined,
    } as unknown as AssessSources;
    const assess = createAssess(sources);
    const signal = new AbortController().signal;
    const held = await assess({ object: CLUSTER }, signal);
    expect(held).toMatchObject({ kind: 'settled', heldBack: { until: 'Manual' } });
    const target = held.kind === 'settled' ? held.heldBack?.target : undefined;
    expect(await assess({ object: CLUSTER, released: target ?? '' }, signal)).toMatchObject({
      kind: 'operate',
      operation: { type: 'UpdateCluster', turn: { number: 1, of: 3, released: target } },
    });
  });
});
