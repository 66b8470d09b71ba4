/** How tools that follow kstatus read every state that an object can be in: as whoever waits for it would say it. */
import { describe, expect, test } from '@jest/globals';
import { awsCluster } from '../../api/cluster.ts';
import { awsNodePool } from '../../api/nodepool.ts';
import { BEFORE_THE_FIRST_LOOK } from '../../api/status.ts';
import { statusOf } from '../../policy/status.ts';
import type { MirrorRequest, OperationView, StepState, StoredObject, Subject } from '../../policy/views.ts';
import { OPERATIONS, type OperationType } from '../../words/operations.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { DELETING, seedCluster, seedPool, VERSION } from '../topology/objects.ts';
import { blockedBy, done, MINUTE, OWNER, step, T0, view } from './operation-views.ts';

const KINDS = ['AWSCluster', 'AWSNodePool'] as const;
type Kind = (typeof KINDS)[number];

const asStored = (object: StoredObject, changes: { metadata?: object; status?: object }): StoredObject => {
  const changed = {
    ...object,
    metadata: { ...object.metadata, ...changes.metadata },
    ...(changes.status === undefined ? {} : { status: changes.status }),
  };
  return object.kind === 'AWSCluster' ? awsCluster.parse(changed) : awsNodePool.parse(changed);
};

/** As the API server shows an object that was just created. */
const created = (kind: Kind): StoredObject =>
  asStored(kind === 'AWSCluster' ? seedCluster() : seedPool(), { status: BEFORE_THE_FIRST_LOOK.default });

/** The object once its status was written about this. */
const after = (
  before: StoredObject,
  subject: Subject,
  generation: number = before.metadata.generation,
): StoredObject => {
  const { kind, metadata } = before;
  const { namespace, name, uid } = metadata;
  const request: MirrorRequest = {
    object: { kind, namespace, name, uid },
    owner: { ...OWNER, uid },
    generation,
    version: VERSION,
    subject,
    events: [],
  };
  return asStored(before, { status: statusOf(request, before, T0) });
};

const typeFor = (kind: Kind, verb: 'Create' | 'Update' | 'Delete'): OperationType =>
  kind === 'AWSCluster' ? `${verb}Cluster` : `${verb}NodePool`;

const operating = (
  type: OperationType,
  changes: Partial<OperationView> = {},
  status: StepState = { state: 'running', since: T0 },
) =>
  ({
    kind: 'operation',
    operation: view([step('ensure finalizer', done), step('ensure preflight', status)], { type, ...changes }),
  }) as const;

const settled: Subject = { kind: 'settled' };
const over: Partial<OperationView> = { state: 'succeeded', finishedAt: T0 };
const failing: Subject = { kind: 'failing', reason: 'timeout', attempt: 1, retryAt: T0 + MINUTE };
const blocked: Subject = { kind: 'blocked', reason: 'credentials are refused', cure: 'give others' };

const provisioned = (kind: Kind): StoredObject => after(created(kind), operating(typeFor(kind, 'Create'), over, done));
const deleting = (object: StoredObject): StoredObject => asStored(object, { metadata: DELETING });
const changed = (object: StoredObject): StoredObject =>
  asStored(object, { metadata: { generation: object.metadata.generation + 1 } });

const hung = { quorumLost: false, replicas: [{ index: 1, instanceId: 'i-1', message: 'replica 1 does not serve' }] };
const apart = { quorumLost: true, replicas: [...hung.replicas, { index: 2, message: 'replica 2 has no machine' }] };
const turn = { number: 1, of: 2, since: '2026-01-01T00:00:00Z' };

describe.each(KINDS)('%s', (kind) => {
  const create = typeFor(kind, 'Create');
  const update = typeFor(kind, 'Update');
  const remove = typeFor(kind, 'Delete');

  test.each([
    ['was just created, and nobody has looked at it', 'InProgress', () => created(kind)],
    ['was created and could not be looked at', 'InProgress', () => after(created(kind), failing, 0)],
    ['was created, and was not read by a look that was refused', 'InProgress', () => after(created(kind), blocked, 0)],
    [
      'waits for something else',
      'InProgress',
      () => after(created(kind), { kind: 'waiting', reason: 'no network yet' }),
    ],
    ['is refused by its first look', 'Failed', () => after(created(kind), blocked)],
    ['is being created', 'InProgress', () => after(created(kind), operating(create))],
    ['waits for capacity', 'InProgress', () => after(created(kind), operating(create, {}, blockedBy('capacity')))],
    [
      'has a step that is tried again',
      'InProgress',
      () => after(created(kind), operating(create, {}, blockedBy('retry'))),
    ],
    [
      'has a step that waits for a person',
      'Failed',
      () => after(created(kind), operating(create, {}, blockedBy('blocked'))),
    ],
    [
      'has a step that met a fault of ours',
      'Failed',
      () => after(created(kind), operating(create, {}, blockedBy('bug'))),
    ],
    ['has a step that is overdue', 'Failed', () => after(created(kind), operating(create, {}, blockedBy('overdue')))],
    [
      'is paused while a step still runs',
      'InProgress',
      () => after(created(kind), operating(create, { pausedAt: T0 })),
    ],
    ['is paused', 'Failed', () => after(created(kind), operating(create, { pausedAt: T0 }, { state: 'pending' }))],
    ['was aborted', 'Failed', () => after(created(kind), { kind: 'held', operation: create })],
    [
      'had an operation that failed',
      'Failed',
      () => after(created(kind), operating(create, { ...over, state: 'failed' })),
    ],
    [
      'is about to be planned anew',
      'InProgress',
      () => after(created(kind), operating(create, { ...over, state: 'superseded' })),
    ],
    ['is provisioned', 'Current', () => provisioned(kind)],
    ['was looked at again', 'Current', () => after(provisioned(kind), settled)],
    [
      'differs in AWS from what it asks for',
      'Current',
      () => after(provisioned(kind), { ...settled, drift: [{ key: 'k', difference: 'd' }] }),
    ],
    [
      'waits for a rollout with a part of its spec',
      'Current',
      () => after(provisioned(kind), { ...settled, note: 'version 2' }),
    ],
    ['was changed a moment ago', 'InProgress', () => changed(provisioned(kind))],
    [
      'was changed, and its status still speaks about before',
      'InProgress',
      () => after(changed(provisioned(kind)), settled, 1),
    ],
    ['is being changed', 'InProgress', () => after(changed(provisioned(kind)), operating(update))],
    [
      'has a change that waits for a person',
      'Failed',
      () => after(changed(provisioned(kind)), operating(update, {}, blockedBy('blocked'))),
    ],
    ['was changed as it was asked', 'Current', () => after(changed(provisioned(kind)), operating(update, over, done))],
    ['cannot be looked at for a while', 'InProgress', () => after(provisioned(kind), failing, 0)],
    ['cannot be looked at, for a reason that stays', 'Failed', () => after(provisioned(kind), blocked)],
    ['was deleted before anybody looked', 'Terminating', () => deleting(created(kind))],
    ['is being deleted', 'Terminating', () => after(deleting(provisioned(kind)), operating(remove))],
    [
      'has a deletion that waits for a person',
      'Terminating',
      () => after(deleting(provisioned(kind)), operating(remove, {}, blockedBy('blocked'))),
    ],
    ['is gone from AWS', 'Terminating', () => after(deleting(provisioned(kind)), operating(remove, over, done))],
  ] as const)('that %s is %s', (_, expected, object) => {
    expect(kstatusOf(object())).toBe(expected);
  });
});

describe('a cluster', () => {
  const cluster = (): StoredObject => provisioned('AWSCluster');

  test.each([
    [
      'of which one replica does not serve, and which serves',
      'Current',
      () => after(cluster(), { ...settled, controlPlane: hung }),
    ],
    ['whose etcd has lost its quorum', 'Failed', () => after(cluster(), { ...settled, controlPlane: apart })],
    ['that is being repaired', 'InProgress', () => after(cluster(), operating('RepairCluster'))],
    [
      'between two turns of a repair',
      'InProgress',
      () => after(cluster(), operating('RepairCluster', { ...over, turn }, done)),
    ],
    [
      'whose next turn has to wait',
      'InProgress',
      () => after(cluster(), { ...settled, rollout: 'RepairCluster', controlPlane: hung }),
    ],
    ['that was repaired', 'Current', () => after(cluster(), operating('RepairCluster', over, done))],
    [
      'whose load balancer is made anew',
      'InProgress',
      () => after(cluster(), operating('UpdateCluster', { unreachable: 'it is gone' })),
    ],
  ] as const)('%s is %s', (_, expected, object) => {
    expect(kstatusOf(object())).toBe(expected);
  });
});

test('is Current only after a look, or a success of what was to be done', () => {
  for (const [type, { of, purpose }] of Object.entries(OPERATIONS)) {
    if (purpose === 'delete') continue;
    for (const state of ['running', 'superseded', 'aborted', 'failed'] as const) {
      const object = after(provisioned(of), operating(type as OperationType, { ...over, state }));
      expect([type, state, kstatusOf(object)]).not.toEqual([type, state, 'Current']);
    }
  }
});

test('without the API server’s first status, an object that nobody has looked at would pass for Current', () => {
  expect(kstatusOf(seedCluster())).toBe('Current');
});
