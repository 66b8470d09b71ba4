/** Which machine of a node pool is replaced because its node does not serve, when, and within which limits. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AWSNodePool, awsNodePool } from '../../api/nodepool.ts';
import type { Assessment } from '../../policy/assessment.ts';
import { machinesToJudge } from '../../policy/decide-node-repair.ts';
import type { NodePoolFacts } from '../../policy/facts.ts';
import type { PoolMachines } from '../../policy/pool-machines.ts';
import { statusOf } from '../../policy/status.ts';
import { present } from '../../words/present.ts';
import { inventoryOf } from './account.ts';
import {
  clusterThat,
  decide,
  type Health,
  inventoryWith,
  machinesIn,
  NOT_READY,
  NOW,
  nodeOf,
  POOL_ID,
  poolWith,
  QUORUM_LOST,
  READY,
  seen,
} from './living-pool.ts';

const operationOf = (assessment: Assessment) => {
  if (assessment.kind !== 'operate') throw new Error(`expected an operation: ${JSON.stringify(assessment)}`);
  return assessment.operation;
};
const settledOf = (assessment: Assessment) => {
  if (assessment.kind !== 'settled') throw new Error(`expected nothing to be done: ${JSON.stringify(assessment)}`);
  return assessment;
};

/** The machine that is replaced, or nothing. */
const replaced = (assessment: Assessment): string | undefined => {
  if (assessment.kind !== 'operate') return undefined;
  expect(assessment.operation.type).toBe('RepairNodePool');
  const ends = assessment.operation.plan.steps.filter(({ verb }) => verb === 'remove');
  expect(ends).toHaveLength(1);
  return ends[0]?.id.replace('remove node-machine/', '');
};

const ONE_HANGS: readonly Health[] = ['ready', 900, 'ready', 'ready', 'ready'];
const SEEN = { unhealthyNodes: [seen(1, 900)] };
const pool = poolWith({}, SEEN);
const ROLLOUT = { type: 'RepairNodePool', turn: 1, of: 1, startedAt: '2026-08-01T09:50:00Z' };

describe('a node that is not Ready for longer than ten minutes, at two looks', () => {
  const { type, plan, turn } = operationOf(decide(pool, machinesIn(...ONE_HANGS)));

  test('has its machine replaced: closed, drained of what can be, ended by name, and another awaited', () => {
    expect(type).toBe('RepairNodePool');
    expect(turn).toMatchObject({ number: 1, of: 1 });
    expect(Object.fromEntries(plan.steps.map(({ id, needs }) => [id, needs]))).toEqual({
      'ensure cordon/i-1': [],
      'wait drain/i-1': ['ensure cordon/i-1'],
      'remove node-machine/i-1': ['wait drain/i-1'],
      [`wait nodes/${POOL_ID}`]: ['remove node-machine/i-1'],
    });
  });

  test('is not drained for longer than its pool allows, its group keeps as many machines, and as many are awaited', () => {
    const propertiesOf = (id: string) => plan.steps.find((step) => step.id === id)?.resource.properties;
    expect(propertiesOf('wait drain/i-1')).toEqual({
      endpoint: 'nlb.example',
      of: { node: 'node-1' },
      seconds: 600,
      unhealthy: true,
    });
    expect(propertiesOf('remove node-machine/i-1')).toMatchObject({ instanceId: 'i-1', shrinks: false });
    expect(propertiesOf(`wait nodes/${POOL_ID}`)).toMatchObject({ expected: 5 });
  });

  test('waits for no more nodes than its group keeps, nor for others that are not Ready', () => {
    const expectedOf = (machines: PoolMachines, desired: number) => {
      const inventory = inventoryOf(inventoryWith({ desired }));
      const { steps } = operationOf(decide(pool, machines, { inventory })).plan;
      return steps.find(({ id }) => id.startsWith('wait nodes/'))?.resource.properties;
    };
    expect(expectedOf(machinesIn(...ONE_HANGS), 4)).toMatchObject({ expected: 4 });
    expect(expectedOf(machinesIn('ready', 900, 'ready', 60, 'ready'), 5)).toMatchObject({ expected: 4 });
  });

  test('is told of in events, when it begins and when another is Ready', () => {
    const events = plan.steps.flatMap(({ resource }) =>
      'event' in resource && resource.event !== undefined ? [[resource.event.reason, resource.event.message[0]]] : [],
    );
    expect(events).toEqual([
      ['RepairingNode', 'Node node-1 (i-1) does not serve: another takes its place'],
      ['RepairedNode', 'Another node is Ready in place of node-1'],
    ]);
  });
});

describe('when a machine is replaced', () => {
  test.each<[string, readonly Health[], NonNullable<AWSNodePool['status']>['unhealthyNodes'], string | undefined]>([
    ['for longer than ten minutes not Ready', ONE_HANGS, [seen(1, 900)], 'i-1'],
    ['for longer, and seen for the first time', ONE_HANGS, [], undefined],
    ['seen for long, and Ready in between', ['ready', 30, 'ready', 'ready', 'ready'], [seen(1, 900)], undefined],
    ['back in time', ['ready', 'ready', 'ready', 'ready', 'ready'], [seen(1, 590)], undefined],
    ['not yet for ten minutes', ['ready', 599, 'ready', 'ready', 'ready'], [seen(1, 599)], undefined],
    [
      'without a node for longer than ten minutes',
      ['ready', 'no node', 'ready', 'ready', 'ready'],
      [seen(1, 601)],
      'i-1',
    ],
    ['without a node for a while', ['ready', 'no node', 'ready', 'ready', 'ready'], [seen(1, 400)], undefined],
    [
      'another machine than the one that was seen',
      ['ready', 'no node', 'ready', 'ready', 'ready'],
      [seen(7, 900)],
      undefined,
    ],
    [
      'two of five: the one that fails for longest first',
      ['ready', 700, 'ready', 800, 'ready'],
      [seen(1, 700), seen(3, 800)],
      'i-3',
    ],
  ])('%s', (_, healths, unhealthyNodes, expected) => {
    const status = unhealthyNodes === undefined ? {} : { unhealthyNodes };
    expect(replaced(decide(poolWith({}, status), machinesIn(...healths)))).toBe(expected);
  });

  test('two that are due are replaced in two turns', () => {
    const both = poolWith({}, { unhealthyNodes: [seen(1, 700), seen(3, 800)] });
    expect(operationOf(decide(both, machinesIn('ready', 700, 'ready', 800, 'ready'))).turn).toMatchObject({
      number: 1,
      of: 2,
    });
  });

  test('no earlier, and no later, than a setting says', () => {
    const young = poolWith({}, { unhealthyNodes: [seen(1, 20)] });
    const machines = machinesIn('ready', 20, 'ready', 'ready', 'ready');
    expect(replaced(decide(young, machines, { nodeRepair: { afterSeconds: 20 } }))).toBe('i-1');
    expect(replaced(decide(young, machines, { nodeRepair: { afterSeconds: 21 } }))).toBeUndefined();
  });

  test('never one that the autoscaler is ending, or that its group has not put into service', () => {
    const [first, hung, ...others] = machinesIn(...ONE_HANGS).machines;
    if (first === undefined || hung === undefined) throw new Error('there are five');
    const taken = { ...hung, node: nodeOf('node-1', { ready: false, endedByAutoscaler: true }) };
    expect(settledOf(decide(pool, { machines: [first, taken, ...others] })).nodePool).toBeUndefined();
    expect(
      settledOf(decide(pool, { machines: [first, { ...hung, inService: false }, ...others] })).nodePool,
    ).toBeUndefined();
  });
});

describe('nothing is replaced, and that is said,', () => {
  const unread: PoolMachines = { machines: [], unread: 'its API does not answer' };
  const whole: readonly Health[] = [900, 900, 900, 900, 900];
  const half: readonly Health[] = ['ready', 900, 900, 900, 'ready'];
  const all = { unhealthyNodes: [0, 1, 2, 3, 4].map((index) => seen(index, 900)) };

  test.each<[string, AWSNodePool, PoolMachines, Partial<NodePoolFacts>, string]>([
    ['where its zone fails', poolWith({}, all), machinesIn(...whole), {}, '5 of 5 nodes are unhealthy, more than 40 %'],
    [
      'where half of it fails',
      poolWith({}, all),
      machinesIn(...half),
      {},
      '3 of 5 nodes are unhealthy, more than 40 %',
    ],
    [
      'where the control plane has lost its quorum',
      pool,
      machinesIn(...ONE_HANGS),
      { cluster: clusterThat(READY, QUORUM_LOST) },
      'has lost its quorum',
    ],
    [
      'while the cluster is not Ready',
      pool,
      machinesIn(...ONE_HANGS),
      { cluster: clusterThat(NOT_READY) },
      'is not Ready',
    ],
    ['while the cluster does not answer', pool, unread, {}, 'its API does not answer'],
    [
      'where the spec says so',
      poolWith({ management: { autoRepair: false } }, SEEN),
      machinesIn(...ONE_HANGS),
      {},
      'spec.management.autoRepair is false',
    ],
  ])('%s', (_, object, machines, changes, why) => {
    const { nodePool, lookAgainSeconds } = settledOf(decide(object, machines, changes));
    expect(nodePool?.forbidden).toContain(why);
    expect(nodePool?.nodes.length).toBeGreaterThan(0);
    expect(lookAgainSeconds).toBeGreaterThan(0);
  });

  describe('in a pool of one node,', () => {
    const single = poolWith(
      { minNodeCount: 1, maxNodeCount: 1 },
      { unhealthyNodes: [seen(0, 900)], readyNodes: 0, desiredNodes: 1 },
    );
    const inventory = inventoryOf(inventoryWith({ desired: 1, minSize: 1, maxSize: 1 }));
    const beside = (ready: number, all: number): PoolMachines => ({
      ...machinesIn(900),
      beside: { zone: 'eu-west-1a', ready, all },
    });
    const replica = { index: 1 as const, since: '2026-08-01T09:40:00Z', message: 'replica 1 does not serve' };
    const cluster = clusterThat(READY);
    const degraded = { ...cluster, status: { ...cluster.status, unhealthyReplicas: [replica] } };
    const forbidden = (machines: PoolMachines, changes: Partial<NodePoolFacts> = {}) =>
      settledOf(decide(single, machines, { inventory, ...changes })).nodePool?.forbidden;

    test('where no other node of its zone is Ready either', () => {
      expect(forbidden(beside(0, 3))).toContain('no node in zone eu-west-1a is Ready, of whatever node pool');
    });

    test('where a replica of the control plane does not serve either', () => {
      expect(forbidden(beside(0, 0), { cluster: degraded })).toContain(
        'none of its nodes is Ready, and replica 1 of AWSCluster default/cluster-0 does not serve either',
      );
      // With five nodes that is no sign of anything.
      expect(replaced(decide(pool, machinesIn(...ONE_HANGS), { cluster: degraded }))).toBe('i-1');
    });

    test('unless it stands alone in its zone, or others in it are Ready: then its machine is replaced', () => {
      expect(replaced(decide(single, beside(0, 0), { inventory }))).toBe('i-0');
      expect(replaced(decide(single, beside(1, 3), { inventory }))).toBe('i-0');
    });
  });

  test('and what was known of nodes stays known while nobody can be asked', () => {
    expect(settledOf(decide(pool, unread)).nodePool?.nodes).toMatchObject([
      { instanceId: 'i-1', since: SEEN.unhealthyNodes[0]?.since },
    ]);
    expect(settledOf(decide(pool, unread)).nodes).toBeUndefined();
  });
});

describe('what is said of a node that is not Ready', () => {
  test('is since when, why, and when its machine is replaced; and it is looked at again by then', () => {
    const young = poolWith({}, { unhealthyNodes: [seen(1, 580)] });
    const settled = settledOf(decide(young, machinesIn('ready', 580, 'ready', 'ready', 'ready')));
    expect(settled.nodePool).toEqual({
      nodes: [
        {
          instanceId: 'i-1',
          name: 'node-1',
          since: '2026-08-01T09:50:20Z',
          message:
            'node node-1 (i-1) is not Ready: Kubelet stopped posting node status; its machine is replaced at 2026-08-01T10:00:20Z unless it is Ready before',
        },
      ],
    });
    expect(settled).toMatchObject({ lookAgainSeconds: 20, nodes: { ready: 4, desired: 5 } });
  });

  test('is nothing of a machine that has only just begun to join, though it is remembered and counts against no limit', () => {
    const young = ['ready', 'no node', 'no node', 'no node', 900] as const;
    const remembering = poolWith({}, { unhealthyNodes: [seen(4, 900)] });
    expect(replaced(decide(remembering, machinesIn(...young)))).toBe('i-4');
    const { nodePool } = settledOf(decide(poolWith(), machinesIn('ready', 'no node', 'ready', 'ready', 'ready')));
    expect(nodePool?.nodes).toMatchObject([{ instanceId: 'i-1', joining: true }]);
  });
});

const withoutCount = (): AWSNodePool => {
  const counted = poolWith();
  const { readyNodes: _, ...status } = counted.status ?? {};
  return { ...counted, status };
};

describe('a pool’s machines are looked at', () => {
  const inventory = inventoryWith();
  test.each<[string, AWSNodePool, boolean]>([
    ['when a sweep counted too few nodes', poolWith(), true],
    ['as long as one is known to be unhealthy', poolWith({}, { ...SEEN, readyNodes: 5 }), true],
    ['while a repair is between two turns', poolWith({}, { rollout: ROLLOUT, readyNodes: 5 }), true],
    ['where its group keeps another number than was counted', poolWith({}, { readyNodes: 4, desiredNodes: 4 }), true],
    ['never where all are Ready', poolWith({}, { readyNodes: 5 }), false],
    ['never where nobody could count', withoutCount(), false],
    ['never before it was provisioned', poolWith({}, { state: 'Provisioning' }), false],
  ])('%s', (_, object, expected) => {
    expect(machinesToJudge({ pool: object, cluster: clusterThat(READY), inventory }) !== undefined).toBe(expected);
  });
});

test('a pool whose operation was broken off before its last look has its nodes counted by the next', () => {
  const old = poolWith({}, { readyNodes: 4, desiredNodes: 4 });
  const fine = machinesIn('ready', 'ready', 'ready', 'ready', 'ready');
  expect(settledOf(decide(old, fine))).toMatchObject({ nodes: { ready: 5, desired: 5 } });
});

describe('a node that was closed to be replaced', () => {
  const closed = (health: Health, index = 1): PoolMachines => {
    const { machines } = machinesIn('ready', health, 'ready', 'ready', 'ready');
    const close = { closedBy: 'slipway' as const };
    return {
      machines: machines.map((one, at) =>
        at === index && one.node ? { ...one, node: { ...one.node, ...close } } : one,
      ),
    };
  };
  const interrupted = poolWith({}, { ...SEEN, rollout: ROLLOUT });
  const idsOf = (assessment: Assessment) => operationOf(assessment).plan.steps.map(({ id }) => id);

  test('is opened where the operation is aborted', () => {
    expect(operationOf(decide(pool, machinesIn(...ONE_HANGS))).plan.undo?.map(({ id }) => id)).toEqual([
      'remove cordon/i-1',
    ]);
  });

  test('is opened where it is Ready again, and its turn was interrupted', () => {
    const decided = decide(interrupted, closed('ready'));
    expect(idsOf(decided)).toEqual(['remove cordon/i-1']);
    expect(operationOf(decided)).toMatchObject({ type: 'RepairNodePool', turn: { number: 1, of: 1 } });
  });

  test('is opened where another is to be replaced by now', () => {
    expect(idsOf(decide(interrupted, closed(900, 3)))).toEqual(
      expect.arrayContaining(['remove cordon/i-3', 'ensure cordon/i-1']),
    );
  });

  test('goes on to be replaced where it is still not Ready', () => {
    expect(replaced(decide(interrupted, closed(900)))).toBe('i-1');
  });

  test('stays closed while it is not Ready, and not to be replaced yet', () => {
    expect(settledOf(decide(interrupted, closed(60))).rollout).toBe('RepairNodePool');
  });

  test('is opened, too, where another operation came in between, as long as it is known to have been unhealthy', () => {
    expect(idsOf(decide(pool, closed('ready')))).toEqual(['remove cordon/i-1']);
  });

  test('is left as it is where it was never known to be unhealthy', () => {
    expect(settledOf(decide(poolWith(), closed('ready'))).nodePool).toBeUndefined();
  });

  test('is the other rollout’s to open where one is under way', () => {
    const object = poolWith({}, { ...SEEN, rollout: { ...ROLLOUT, type: 'UpdateNodePool' } });
    expect(operationOf(decide(object, closed('ready'))).type).toBe('UpdateNodePool');
  });
});

test('a group that launches no machine is mended before any of its machines is replaced', () => {
  const suspended = inventoryOf(inventoryWith({ suspended: [{ process: 'Launch' }] }));
  const decided = decide(pool, machinesIn(...ONE_HANGS), { inventory: suspended });
  expect(operationOf(decided)).toMatchObject({ type: 'UpdateNodePool' });
  expect(operationOf(decided).settles).toBeUndefined();
});

test('a pool that is to keep fewer loses its unhealthy node to that, and none is put in its place', () => {
  const fewer = poolWith({ minNodeCount: 1, nodeCount: 4 }, SEEN);
  expect(operationOf(decide(fewer, machinesIn(...ONE_HANGS))).type).toBe('ResizeNodePool');
  // Whatever else differs comes before the machine goes.
  const other = poolWith({ minNodeCount: 1, nodeCount: 4, tags: { team: 'new' } }, SEEN);
  expect(operationOf(decide(other, machinesIn(...ONE_HANGS))).type).toBe('UpdateNodePool');
});

test('an unhealthy node comes before any other change of its pool, which is no part of its repair', () => {
  const other = poolWith({ tags: { team: 'new' } }, SEEN);
  const { plan, type } = operationOf(decide(other, machinesIn(...ONE_HANGS)));
  expect(type).toBe('RepairNodePool');
  expect(plan.steps.some(({ id }) => id.includes('auto-scaling-group'))).toBe(false);
  expect(operationOf(decide(other, machinesIn('ready', 60, 'ready', 'ready', 'ready'))).settles).toBeUndefined();
});

describe('a pool that is looked at again and again, and remembers in its status what it saw', () => {
  /** The object after each of these looks, each so many seconds after the first; the machine that the last one replaces. */
  const after = (...looks: readonly (readonly [at: number, ...healths: Health[]])[]) => {
    let object = poolWith();
    let last: string | undefined;
    for (const [at, ...healths] of looks) {
      const now = NOW + at * 1_000;
      const decided = decide(object, machinesIn(...healths), { now });
      last = replaced(decided);
      if (decided.kind !== 'settled') continue;
      const { namespace, name, uid } = object.metadata;
      const { nodePool, nodes } = decided;
      const subject = { kind: 'settled' as const, ...present({ nodePool, nodes }) };
      const request = { object: { kind: object.kind, namespace, name, uid }, generation: 1, subject, events: [] };
      object = awsNodePool.parse({ ...object, status: statusOf(request, object, now) });
    }
    return { last, names: object.status?.unhealthyNodes?.map(({ instanceID }) => instanceID) ?? [] };
  };
  const lost = 'no node' as const;
  const fine = ['ready', 'ready', 'ready', 'ready'] as const;

  test('replaces a machine without a node ten minutes after it first missed it, and no sooner', () => {
    expect(after([0, lost, ...fine], [300, lost, ...fine], [599, lost, ...fine]).last).toBeUndefined();
    expect(after([0, lost, ...fine], [300, lost, ...fine], [600, lost, ...fine]).last).toBe('i-0');
  });

  test('begins anew for one that came back in between, and forgets it', () => {
    expect(after([0, lost, ...fine], [300, 'ready', ...fine]).names).toEqual([]);
    expect(after([0, lost, ...fine], [300, 'ready', ...fine], [600, lost, ...fine]).last).toBeUndefined();
  });

  test('replaces none once the whole zone fails, and the one that failed first once the others are back', () => {
    const zone = [lost, lost, lost, lost, lost] as const;
    expect(after([0, lost, ...fine], [300, ...zone], [900, ...zone]).last).toBeUndefined();
    expect(after([0, lost, ...fine], [300, ...zone], [900, lost, ...fine]).last).toBe('i-0');
  });
});

describe('however many nodes a pool has, and however many of them are unhealthy,', () => {
  const arbitrary = fc.integer({ min: 1, max: 12 }).chain((all) =>
    fc.record({
      all: fc.constant(all),
      unhealthy: fc.integer({ min: 1, max: all }),
      others: fc
        .integer({ min: 0, max: 3 })
        .chain((count) => fc.record({ all: fc.constant(count), ready: fc.integer({ min: 0, max: count }) })),
    }),
  );
  type Given = typeof arbitrary extends fc.Arbitrary<infer One> ? One : never;

  const decidedOf = ({ all, unhealthy, others }: Given): Assessment => {
    const healths = Array.from({ length: all }, (_, index): Health => (index < unhealthy ? 900 : 'ready'));
    const unhealthyNodes = Array.from({ length: unhealthy }, (_, index) => seen(index, 900));
    const status = { unhealthyNodes, readyNodes: all - unhealthy, desiredNodes: all };
    const beside = unhealthy === all ? { beside: { zone: 'a', ...others } } : {};
    return decide(
      poolWith({ minNodeCount: all, maxNodeCount: all }, status),
      { ...machinesIn(...healths), ...beside },
      { inventory: inventoryOf(inventoryWith({ desired: all, minSize: all, maxSize: all })) },
    );
  };

  test('one of them is replaced, and no two at once; never in half of a pool, nor in a zone without a node that is Ready', () => {
    fc.assert(
      fc.property(arbitrary, (given) => {
        const { all, unhealthy, others } = given;
        const decided = decidedOf(given);
        const zoneFails = unhealthy === all && others.all > 0 && others.ready === 0;
        const isFew = unhealthy === 1 || unhealthy / all <= 0.4;
        expect(replaced(decided) !== undefined).toBe(isFew && !zoneFails);
        if (replaced(decided) === undefined) expect(settledOf(decided).nodePool?.forbidden).toMatch(/fails/);
      }),
      { numRuns: 60 },
    );
  });
});
