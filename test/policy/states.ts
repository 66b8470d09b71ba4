/**
 * States: every state in which an object can be, as the API server shows it, and how tools that wait for it should read it.
 *
 * Owns: the table. Neighbours: `kstatus.test.ts` holds it to kstatus' rules, `../deploy/gitops.test.ts` to Argo CD's health check.
 */
import { awsCluster } from '../../api/cluster.ts';
import { awsNodePool } from '../../api/nodepool.ts';
import { BEFORE_THE_FIRST_LOOK } from '../../api/status.ts';
import { statusOf } from '../../policy/status.ts';
import type { MirrorRequest, OperationView, StepState, StoredObject, Subject } from '../../policy/views.ts';
import type { OperationType } from '../../words/operations.ts';
import type { KStatus } from '../support/kstatus.ts';
import { DELETING, seedCluster, seedPool, VERSION } from '../topology/objects.ts';
import { blockedBy, done, MINUTE, OWNER, step, T0, view } from './operation-views.ts';

export const KINDS = ['AWSCluster', 'AWSNodePool'] as const;
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
export const created = (kind: Kind): StoredObject =>
  asStored(kind === 'AWSCluster' ? seedCluster() : seedPool(), { status: BEFORE_THE_FIRST_LOOK.default });

/** The object once its status was written about this. */
export const after = (
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

export const typeFor = (kind: Kind, verb: 'Create' | 'Update' | 'Mend' | 'Delete'): OperationType =>
  kind === 'AWSCluster' ? `${verb}Cluster` : `${verb}NodePool`;

export const operating = (
  type: OperationType,
  changes: Partial<OperationView> = {},
  status: StepState = { state: 'running', since: T0 },
) =>
  ({
    kind: 'operation',
    operation: view([step('ensure finalizer', done), step('ensure preflight', status)], { type, ...changes }),
  }) as const;

const settled: Subject = { kind: 'settled' };
export const over: Partial<OperationView> = { state: 'succeeded', finishedAt: T0 };
const failing: Subject = { kind: 'failing', reason: 'timeout', attempt: 1, retryAt: T0 + MINUTE };
const blocked: Subject = { kind: 'blocked', reason: 'credentials are refused', cure: 'give others' };

export const provisioned = (kind: Kind): StoredObject =>
  after(created(kind), operating(typeFor(kind, 'Create'), over, done));
const deleting = (object: StoredObject): StoredObject => asStored(object, { metadata: DELETING });
const changed = (object: StoredObject): StoredObject =>
  asStored(object, { metadata: { generation: object.metadata.generation + 1 } });

const hung = { quorumLost: false, replicas: [{ index: 1, instanceId: 'i-1', message: 'replica 1 does not serve' }] };
const apart = { quorumLost: true, replicas: [...hung.replicas, { index: 2, message: 'replica 2 has no machine' }] };
const turn = { number: 1, of: 2, since: '2026-01-01T00:00:00Z' };

const creates = (kind: Kind) => typeFor(kind, 'Create');
const updates = (kind: Kind) => typeFor(kind, 'Update');
const mends = (kind: Kind) => typeFor(kind, 'Mend');
const removes = (kind: Kind) => typeFor(kind, 'Delete');

type Reading = {
  readonly kstatus: KStatus;
  /** Argo CD's words for health: https://argo-cd.readthedocs.io/en/stable/operator-manual/health/ */
  readonly argo: 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';
};

const DONE: Reading = { kstatus: 'Current', argo: 'Healthy' };
const UNDER_WAY: Reading = { kstatus: 'InProgress', argo: 'Progressing' };
const STUCK: Reading = { kstatus: 'Failed', argo: 'Degraded' };
/** By a person's own word. */
const HELD: Reading = { kstatus: 'Failed', argo: 'Suspended' };
/** It serves, and something of it does not. */
const WORN: Reading = { kstatus: 'Current', argo: 'Degraded' };
const GOING: Reading = { kstatus: 'Terminating', argo: 'Progressing' };

type Row = readonly [what: string, reading: Reading, object: (kind: Kind) => StoredObject];

/** Of both kinds. */
export const STATES: readonly Row[] = [
  ['was just created, and nobody has looked at it', UNDER_WAY, (kind) => created(kind)],
  ['was created and could not be looked at', UNDER_WAY, (kind) => after(created(kind), failing, 0)],
  ['was created, and was not read by a look that was refused', UNDER_WAY, (kind) => after(created(kind), blocked, 0)],
  [
    'waits for something else',
    UNDER_WAY,
    (kind) => after(created(kind), { kind: 'waiting', reason: 'no network yet' }),
  ],
  ['is refused by its first look', STUCK, (kind) => after(created(kind), blocked)],
  ['is being created', UNDER_WAY, (kind) => after(created(kind), operating(creates(kind)))],
  [
    'waits for capacity',
    UNDER_WAY,
    (kind) => after(created(kind), operating(creates(kind), {}, blockedBy('capacity'))),
  ],
  [
    'has a step that is tried again',
    UNDER_WAY,
    (kind) => after(created(kind), operating(creates(kind), {}, blockedBy('retry'))),
  ],
  [
    'has a step that waits for a person',
    STUCK,
    (kind) => after(created(kind), operating(creates(kind), {}, blockedBy('blocked'))),
  ],
  [
    'has a step that met a fault of ours',
    STUCK,
    (kind) => after(created(kind), operating(creates(kind), {}, blockedBy('bug'))),
  ],
  [
    'has a step that is overdue',
    STUCK,
    (kind) => after(created(kind), operating(creates(kind), {}, blockedBy('overdue'))),
  ],
  [
    'is paused while a step still runs',
    UNDER_WAY,
    (kind) => after(created(kind), operating(creates(kind), { pausedAt: T0 })),
  ],
  ['is paused', HELD, (kind) => after(created(kind), operating(creates(kind), { pausedAt: T0 }, { state: 'pending' }))],
  ['was aborted', HELD, (kind) => after(created(kind), { kind: 'held', operation: creates(kind) })],
  [
    'had an operation that failed',
    STUCK,
    (kind) => after(created(kind), operating(creates(kind), { ...over, state: 'failed' })),
  ],
  [
    'is about to be planned anew',
    UNDER_WAY,
    (kind) => after(created(kind), operating(creates(kind), { ...over, state: 'superseded' })),
  ],
  ['is provisioned', DONE, (kind) => provisioned(kind)],
  ['was looked at again', DONE, (kind) => after(provisioned(kind), settled)],
  [
    'differs in AWS from what it asks for',
    DONE,
    (kind) => after(provisioned(kind), { ...settled, drift: [{ key: 'k', difference: 'd' }] }),
  ],
  [
    'differs again and again from what it asks for, and is mended no more by itself',
    DONE,
    (kind) =>
      after(provisioned(kind), { ...settled, drift: [{ key: 'k', difference: 'd' }], mending: { returns: ['k'] } }),
  ],
  ['is being mended', UNDER_WAY, (kind) => after(provisioned(kind), operating(mends(kind)))],
  [
    'waits for a rollout with a part of its spec',
    DONE,
    (kind) => after(provisioned(kind), { ...settled, note: 'version 2' }),
  ],
  [
    'has machines that wait to be replaced for a window or a word',
    DONE,
    (kind) =>
      after(changed(provisioned(kind)), {
        ...settled,
        note: '3 machines wait',
        heldBack: { type: 'UpdateNodePool', until: 'Manual', target: 'f' },
      }),
  ],
  ['was changed a moment ago', UNDER_WAY, (kind) => changed(provisioned(kind))],
  [
    'was changed, and its status still speaks about before',
    UNDER_WAY,
    (kind) => after(changed(provisioned(kind)), settled, 1),
  ],
  ['is being changed', UNDER_WAY, (kind) => after(changed(provisioned(kind)), operating(updates(kind)))],
  [
    'has a change that waits for a person',
    STUCK,
    (kind) => after(changed(provisioned(kind)), operating(updates(kind), {}, blockedBy('blocked'))),
  ],
  [
    'was changed as it was asked',
    DONE,
    (kind) => after(changed(provisioned(kind)), operating(updates(kind), over, done)),
  ],
  ['cannot be looked at for a while', UNDER_WAY, (kind) => after(provisioned(kind), failing, 0)],
  ['cannot be looked at, for a reason that stays', STUCK, (kind) => after(provisioned(kind), blocked)],
  ['was deleted before anybody looked', GOING, (kind) => deleting(created(kind))],
  ['is being deleted', GOING, (kind) => after(deleting(provisioned(kind)), operating(removes(kind)))],
  [
    'has a deletion that waits for a person',
    GOING,
    (kind) => after(deleting(provisioned(kind)), operating(removes(kind), {}, blockedBy('blocked'))),
  ],
  ['is gone from AWS', GOING, (kind) => after(deleting(provisioned(kind)), operating(removes(kind), over, done))],
];

const cluster = (): StoredObject => provisioned('AWSCluster');
const pool = (): StoredObject => provisioned('AWSNodePool');

const silent = { nodes: [{ instanceId: 'i-1', since: '2026-01-01T00:00:00Z', message: 'node a is not Ready' }] };
const joining = { nodes: silent.nodes.map((node) => ({ ...node, joining: true as const })) };

export const POOL_STATES: readonly Row[] = [
  ['of which one node is not Ready', WORN, () => after(pool(), { ...settled, nodePool: silent })],
  [
    'of which more nodes fail than are replaced',
    WORN,
    () => after(pool(), { ...settled, nodePool: { ...silent, forbidden: 'its zone fails' } }),
  ],
  ['of which one machine is on its way into the cluster', DONE, () => after(pool(), { ...settled, nodePool: joining })],
  ['of which a node is being replaced', UNDER_WAY, () => after(pool(), operating('RepairNodePool'))],
  [
    'between two turns of a repair',
    UNDER_WAY,
    () => after(pool(), operating('RepairNodePool', { ...over, turn }, done)),
  ],
  [
    'whose next turn has to wait',
    UNDER_WAY,
    () => after(pool(), { ...settled, rollout: 'RepairNodePool', nodePool: silent }),
  ],
  ['of which a node was replaced', DONE, () => after(pool(), operating('RepairNodePool', over, done))],
];

export const CLUSTER_STATES: readonly Row[] = [
  [
    'of which one replica does not serve, and which serves',
    WORN,
    () => after(cluster(), { ...settled, controlPlane: hung }),
  ],
  ['whose etcd has lost its quorum', STUCK, () => after(cluster(), { ...settled, controlPlane: apart })],
  ['that is being repaired', UNDER_WAY, () => after(cluster(), operating('RepairCluster'))],
  [
    'between two turns of a repair',
    UNDER_WAY,
    () => after(cluster(), operating('RepairCluster', { ...over, turn }, done)),
  ],
  [
    'whose next turn has to wait',
    UNDER_WAY,
    () => after(cluster(), { ...settled, rollout: 'RepairCluster', controlPlane: hung }),
  ],
  ['that was repaired', DONE, () => after(cluster(), operating('RepairCluster', over, done))],
  [
    'whose load balancer is made anew',
    UNDER_WAY,
    () => after(cluster(), operating('UpdateCluster', { unreachable: 'it is gone' })),
  ],
];
