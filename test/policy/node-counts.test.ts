/** From where the node counts in a pool's status come, and what is said where nobody could count. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nodePoolIdOf } from '../../api/names.ts';
import { type AWSNodePool, nodePoolStatus } from '../../api/nodepool.ts';
import { observed } from '../../kinds/resource.ts';
import { isCountUnknown, NODES_UNKNOWN, nodesSeen } from '../../policy/node-counts.ts';
import type { Status } from '../../policy/remembered.ts';
import { statusOf } from '../../policy/status.ts';
import type { MirrorRequest, NodeCounts, OperationView } from '../../policy/views.ts';
import { newNodesKey, nodesKey, poolGroupKey } from '../../words/keys.ts';
import { POOL_UID, seedCluster, seedPool } from '../topology/objects.ts';
import { T0, view } from './operation-views.ts';

const POOL_ID = nodePoolIdOf(POOL_UID);
const OBJECT = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: POOL_UID } as const;

const statusAfter = (subject: MirrorRequest['subject'], pool: AWSNodePool): Status =>
  statusOf({ object: OBJECT, generation: 1, subject, events: [] }, pool, T0);
const after = (pool: AWSNodePool, ...subjects: readonly MirrorRequest['subject'][]): AWSNodePool =>
  subjects.reduce((before, subject) => seedPool({ status: statusAfter(subject, before) }), pool);

const operating = (
  outputs: OperationView['outputs'],
  changes: Partial<OperationView> = {},
): MirrorRequest['subject'] => ({
  kind: 'operation',
  operation: view([], { type: 'CreateNodePool', outputs, ...changes }),
});
const swept = (nodes: NodeCounts): MirrorRequest['subject'] => ({ kind: 'settled', nodes });
const countsOf = ({ status }: AWSNodePool) => [status?.readyNodes, status?.desiredNodes];
const saidOf = ({ status }: AWSNodePool) => status?.conditions?.find(({ type }) => type === NODES_UNKNOWN)?.message;

const group = { [poolGroupKey(POOL_ID)]: { name: 'gke-1-nodepool-1', desired: '4' } };
const wait = { [nodesKey(POOL_ID)]: { ready: '2' } };
const UNREAD = 'https://api.example did not list its nodes within 5 s';
const unreadWait = { [nodesKey(POOL_ID)]: { unread: UNREAD } };

describe('while an operation runs', () => {
  test('the desired nodes are said as soon as its group has them, the Ready ones as soon as the wait has counted', () => {
    const begun = after(seedPool(), operating({}));
    expect(countsOf(begun)).toEqual([undefined, undefined]);
    const made = after(begun, operating(group));
    expect(countsOf(made)).toEqual([undefined, 4]);
    const joining = after(made, operating({ ...group, ...wait }));
    expect(countsOf(joining)).toEqual([2, 4]);
  });

  test('the look at its end says both, after whatever its group was told', () => {
    const looked = { [nodesKey(POOL_ID)]: { ready: '2', desired: '2' } };
    expect(countsOf(after(seedPool(), operating({ ...group, ...looked })))).toEqual([2, 2]);
  });

  test('nodes that a turn waits for count, until it has looked again', () => {
    const turning = { [newNodesKey(POOL_ID)]: { ready: '4' } };
    const turned = after(seedPool(), operating(turning));
    expect(countsOf(turned)[0]).toBe(4);
    expect(countsOf(after(turned, operating({ ...turning, ...wait })))[0]).toBe(2);
  });

  test('nodes that its look could not count are unknown, with the reason, as after a sweep that could not', () => {
    const known = after(seedPool(), swept({ ready: 3, desired: 3 }));
    const unread = { [nodesKey(POOL_ID)]: { unread: UNREAD, desired: '2' } };
    const ended = after(known, operating(unread, { type: 'ResizeNodePool', state: 'succeeded' }));
    expect(countsOf(ended)).toEqual([undefined, 2]);
    expect(saidOf(ended)).toContain(UNREAD);
    expect(saidOf(after(ended, swept({ ready: 2, desired: 2 })))).toBeUndefined();
  });

  test('that neither changes the group nor waits for nodes, what was known stays', () => {
    const known = after(seedPool(), swept({ ready: 3, desired: 3 }));
    expect(countsOf(after(known, operating({})))).toEqual([3, 3]);
  });

  test('that removes the pool, nobody counts: what went away must not look as if it were there', () => {
    const known = after(seedPool(), swept({ ready: 3, desired: 3 }));
    expect(countsOf(after(known, operating(group, { type: 'DeleteNodePool' })))).toEqual([undefined, undefined]);
    const unknown = after(seedPool(), swept({ unread: UNREAD }));
    expect(saidOf(after(unknown, operating({}, { type: 'DeleteNodePool' })))).toBeUndefined();
  });

  test.each(['', 'three', '-1', '1e9', '99999999999'])(
    'an output that a person typed as %j counts for nothing',
    (typed) => {
      const known = after(seedPool(), swept({ ready: 3, desired: 3 }));
      const outputs = { [nodesKey(POOL_ID)]: { ready: typed }, [poolGroupKey(POOL_ID)]: { desired: typed } };
      expect(countsOf(after(known, operating(outputs)))).toEqual([3, 3]);
    },
  );
});

describe('at rest', () => {
  test('what a sweep counted is said, a 0 too where there are none', () => {
    expect(countsOf(after(seedPool(), swept({ ready: 0, desired: 3 })))).toEqual([0, 3]);
  });

  test('what a sweep could not count is absent, and the condition says why', () => {
    const pool = after(seedPool(), swept({ ready: 3, desired: 3 }), swept({ unread: UNREAD, desired: 4 }));
    expect(countsOf(pool)).toEqual([undefined, 4]);
    expect(saidOf(pool)).toBe(`How many nodes are Ready is not known: ${UNREAD}. Every sweep asks again.`);
    expect(isCountUnknown(pool)).toBe(true);
    nodePoolStatus.strict().parse(pool.status);
  });

  test('it stays said whatever else is said of the pool, until somebody has counted', () => {
    const unknown = after(seedPool(), swept({ unread: UNREAD }));
    const waited = after(unknown, { kind: 'settled' }, { kind: 'waiting', reason: 'w' }, operating(group));
    expect(saidOf(waited)).toContain(UNREAD);
    for (const counted of [after(waited, operating(wait)), after(waited, swept({ ready: 2 }))]) {
      expect(countsOf(counted)[0]).toBe(2);
      expect(saidOf(counted)).toBeUndefined();
      expect(isCountUnknown(counted)).toBe(false);
    }
  });

  test('a look of the entity itself, which counts nothing, leaves the counts as they are', () => {
    const pool = after(seedPool(), swept({ ready: 2, desired: 3 }), { kind: 'settled', note: 'n' });
    expect(countsOf(pool)).toEqual([2, 3]);
  });
});

test('a count is never said together with the condition that it is unknown, and never appears from nowhere', () => {
  const subject: fc.Arbitrary<MirrorRequest['subject']> = fc.oneof(
    fc.constant({ kind: 'settled' as const }),
    fc.constant({ kind: 'waiting' as const, reason: 'w' }),
    fc.nat({ max: 9 }).map((ready) => swept({ ready })),
    fc.constant(swept({ unread: UNREAD })),
    fc.constantFrom(operating({}), operating(group), operating(wait), operating(unreadWait)),
  );
  fc.assert(
    fc.property(fc.array(subject, { maxLength: 12 }), (subjects) => {
      const pool = after(seedPool(), ...subjects);
      const [ready] = countsOf(pool);
      expect(ready !== undefined && saidOf(pool) !== undefined).toBe(false);
      const seen = subjects.flatMap((one): (number | undefined)[] => {
        if (one.kind === 'operation' && one.operation.outputs === unreadWait) return [undefined];
        if (one.kind === 'operation') return one.operation.outputs === wait ? [2] : [];
        return one.kind === 'settled' && one.nodes !== undefined
          ? ['ready' in one.nodes ? one.nodes.ready : undefined]
          : [];
      });
      expect(ready).toBe(seen.at(-1));
    }),
  );
});

test('a cluster has no node counts of its own', () => {
  const status = statusOf(
    { object: OBJECT, generation: 1, subject: swept({ ready: 1, desired: 1 }), events: [] },
    seedCluster(),
    T0,
  );
  expect(status).not.toHaveProperty('readyNodes');
});

describe('what a sweep saw of a pool', () => {
  const inventory = [
    observed(
      'auto-scaling-group',
      poolGroupKey(POOL_ID),
      { name: 'g' },
      {
        name: 'g',
        launchTemplateId: 'lt-1',
        launchTemplateVersion: '1',
        minSize: 1,
        maxSize: 5,
        desired: 4,
        deleting: false,
      },
    ),
  ];

  test('is the size of its group and how many of its own nodes are Ready: none where its cluster lists none', () => {
    expect(nodesSeen(seedPool(), inventory, { ready: { [POOL_ID]: 3, other: 9 }, notReady: {} })).toEqual({
      desired: 4,
      ready: 3,
    });
    expect(nodesSeen(seedPool(), [], { ready: {}, notReady: {} })).toEqual({ ready: 0 });
  });

  test('is why they were not counted where its cluster did not list them', () => {
    expect(nodesSeen(seedPool(), inventory, { unread: UNREAD })).toEqual({ desired: 4, unread: UNREAD });
  });
});
