/**
 * States in which an object is stuck, or is not, each as status and as Temporal's listing have it: made by what makes them in truth.
 *
 * Owns: the table. Neighbours: `listing.test.ts` holds the sides to each other; `test/deploy/` plants situations out of it.
 */
import type { MirrorRequest, OperationView, StepState } from '../../activities/contract.ts';
import { stuckAt } from '../../client/stuck.ts';
import { statusOf } from '../../policy/status.ts';
import type { BlockedVerdict } from '../../words/steps.ts';
import { timeOf } from '../../words/time.ts';
import type { CountedObject } from '../../worker/object-metrics.ts';
import type { EntityLife } from '../../workflows/entity-states.ts';
import { viewOf } from '../../workflows/entity-view.ts';
import { type Listing, listedEntity, listedOperation } from '../../workflows/listing.ts';
import { blockedBy, done, MINUTE, OBJECT, OWNER, step, T0, view } from '../policy/operation-views.ts';
import { seedCluster, seedPool, VERSION } from '../topology/objects.ts';
import { after, assessed, blocked, ended, running, settled, unassessed, waiting } from './life-events.ts';

const NOW = T0 + 10 * MINUTE;
const POOL = seedPool();
const POOL_REF = {
  kind: 'AWSNodePool',
  namespace: 'default',
  name: POOL.metadata.name,
  uid: POOL.metadata.uid,
} as const;

/** What each side says of one state. */
export type Sides = {
  readonly status: ReturnType<typeof stuckAt>;
  readonly errors: readonly object[];
  readonly object: CountedObject;
  readonly listing: Listing;
};

const sidesOf = (subject: MirrorRequest['subject'], listing: Listing, kind: 'AWSCluster' | 'AWSNodePool'): Sides => {
  const object = kind === 'AWSCluster' ? seedCluster() : POOL;
  const request: MirrorRequest = {
    ...{ object: kind === 'AWSCluster' ? OBJECT : POOL_REF, owner: OWNER, generation: 1, version: VERSION },
    ...{ kubernetesVersion: '1.36.3', subject, events: [] },
  };
  const status = statusOf(request, object, NOW);
  const stored = { ...object, status } as Parameters<typeof stuckAt>[0];
  const errors = (status.lastErrors ?? []).map(({ step: id, verdict, since }) => ({ step: id, verdict, since }));
  return { status: stuckAt(stored, NOW), errors, object: { kind, status }, listing };
};

const ofOperation = (steps: OperationView['steps'], changes: Partial<OperationView> = {}): Sides => {
  const operation = view(steps, changes);
  return sidesOf({ kind: 'operation', operation }, listedOperation(operation), 'AWSCluster');
};

const ofEntity = (life: EntityLife, kind: 'AWSCluster' | 'AWSNodePool' = 'AWSCluster'): Sides => {
  if (!('status' in life) || life.status === undefined) throw new Error(`${life.state} has no status of its own`);
  return sidesOf(life.status, listedEntity(viewOf(OBJECT, life), life, []), kind);
};

const going: StepState = { state: 'running', since: T0 };
export const replicas = [{ index: 1, instanceId: 'i-1', since: timeOf(T0), message: 'replica 1 does not serve' }];
const nodes = [
  { instanceId: 'i-1', since: timeOf(T0), message: 'node a is not Ready' },
  { instanceId: 'i-2', since: timeOf(T0), message: 'it may still join', joining: true as const },
];
const at = { at: T0 };

/** States of operations and entities, what is said of each, and for which reason it is stuck, if it is. */
export const STUCK_STATES: readonly (readonly [string, Sides, string | undefined])[] = [
  ['an operation that runs', ofOperation([step('ensure a/1', going)]), undefined],
  ['a wait that says what for', ofOperation([step('wait a/1', { ...going, awaited: 'Waiting' })]), undefined],
  ...(['blocked', 'capacity', 'retry', 'bug', 'overdue'] as const).map(
    (verdict: BlockedVerdict) =>
      [
        `a step that is ${verdict}`,
        ofOperation([step('ensure preflight', done), step('ensure a/1', blockedBy(verdict))]),
        {
          ...{ blocked: 'StepBlocked', capacity: 'WaitingForCapacity', retry: 'Retrying' },
          ...{ bug: 'UnexpectedError', overdue: 'Overdue' },
        }[verdict],
      ] as const,
  ),
  [
    'several that are blocked, of which one waits for a person',
    ofOperation([
      step('ensure a/1', blockedBy('retry')),
      step('ensure b/1', blockedBy('blocked', T0 + MINUTE)),
      step('ensure c/1', blockedBy('bug')),
    ]),
    'StepBlocked',
  ],
  ['a pause', ofOperation([step('ensure a/1', { state: 'pending' })], { pausedAt: T0 }), 'Paused'],
  ['a pause of what is blocked', ofOperation([step('ensure a/1', blockedBy('retry'))], { pausedAt: T0 }), 'Paused'],
  ['a pause of what still runs', ofOperation([step('ensure a/1', going)], { pausedAt: T0 }), 'Paused'],
  [
    'a pause of what still runs and of what is blocked',
    ofOperation([step('ensure a/1', going), step('ensure b/1', blockedBy('capacity'))], { pausedAt: T0 }),
    'Paused',
  ],
  ['an operation that is over', ofOperation([step('ensure a/1', done)], { state: 'succeeded' }), undefined],
  ['an object that is as it should be', ofEntity(after(assessed(settled, at))), undefined],
  ['an object that waits for its cluster', ofEntity(after(assessed(waiting, at)), 'AWSNodePool'), undefined],
  ['an object that only a person can cure', ofEntity(after(assessed(blocked, at))), 'Blocked'],
  ['an object that nobody could look at', ofEntity(after(unassessed(T0))), 'Retrying'],
  ['an operation that ended with an error', ofEntity(after(...running, ended({ state: 'failed' }, at))), 'Retrying'],
  ['an operation that a person aborted', ofEntity(after(...running, ended({ state: 'aborted' }, at))), 'Aborted'],
  [
    'a replica that does not serve',
    ofEntity(after(assessed({ ...settled, controlPlane: { replicas, quorumLost: false } }, at))),
    'ReplicaUnhealthy',
  ],
  [
    'a lost quorum',
    ofEntity(after(assessed({ ...settled, controlPlane: { replicas, quorumLost: true } }, at))),
    'QuorumLost',
  ],
  [
    'a node that is to be replaced',
    ofEntity(after(assessed({ ...settled, nodePool: { nodes } }, at)), 'AWSNodePool'),
    'NodeUnhealthy',
  ],
  [
    'a node that nothing replaces',
    ofEntity(after(assessed({ ...settled, nodePool: { nodes, forbidden: 'autoRepair is false' } }, at)), 'AWSNodePool'),
    'NotRepaired',
  ],
];
