/**
 * Listing: what Temporal lists of an operation and of an entity: the phase, and what is blocked.
 *
 * Owns: which of their states stand for what, as plain data. Neighbours: `operation-publishing.ts` and `entity-publishing.ts` publish it,
 * `blocked.ts` writes it; `words/stuck.ts` reads it back; `policy/status.ts` says the same to `kubectl`, to which a test holds both. Pure.
 * Invariants: I9, I10.
 */
import type { OperationView, StepView } from '../activities/contract.ts';
import { kindOf } from '../words/keys.ts';
import { isBlocked } from '../words/steps.ts';
import { beginningOf } from '../words/text.ts';
import { type UnhealthyMachine, unhealthyNodeMachines, unhealthyReplicaMachines } from '../words/unhealthy.ts';
import type { EntityLife, Obstacle } from './entity-states.ts';
import type { BlockedMemo, EntityView } from './messages.ts';

export type Listing = { readonly phase: string; readonly blocked: BlockedMemo };
type Entry = BlockedMemo[number];

/** A memo is for a line in a table. */
const MESSAGE_LENGTH = 300;
const LISTED = 20;

const brief = (entries: readonly Entry[]): BlockedMemo =>
  entries.slice(0, LISTED).map((entry) => ({ ...entry, message: beginningOf(entry.message, MESSAGE_LENGTH) }));

const ofSteps = (steps: readonly StepView[]): BlockedMemo =>
  brief(
    steps.filter(isBlocked).map(({ id, key, status: { verdict, since, message } }) => ({
      step: id,
      kind: kindOf(key),
      verdict,
      since,
      message,
    })),
  );

const phaseOf = ({ state, pausedAt }: OperationView): string => {
  if (state !== 'running') return state;
  return pausedAt === undefined ? 'Running' : 'Paused';
};

/** Of an operation. */
export const listedOperation = (view: OperationView): Listing => ({
  phase: phaseOf(view),
  blocked: view.state === 'running' ? ofSteps(view.steps) : [],
});

/** Where a step has its id: an object that could not be looked at, or that nobody may go on with. */
export const OBSTACLE = 'assess';

const ofObstacle = ({ verdict, reason: message, since }: Obstacle): Entry => ({
  step: OBSTACLE,
  kind: OBSTACLE,
  verdict,
  since,
  message,
  ...(verdict === 'blocked' ? { reason: 'Blocked' } : {}),
});

const ofMachine = ({ step, since, ...machine }: UnhealthyMachine): Entry => ({
  ...machine,
  step,
  kind: kindOf(step),
  since: Date.parse(since),
});

/** Reports of a release before say of replicas not since when. */
const machinesOf = ({ status }: Extract<EntityLife, { state: 'settled' }>): readonly UnhealthyMachine[] => {
  const { controlPlane, nodePool } = status ?? {};
  const replicas = (controlPlane?.replicas ?? []).flatMap(({ since, ...replica }) =>
    since === undefined ? [] : [{ ...replica, since }],
  );
  return [
    ...unhealthyReplicaMachines(replicas, controlPlane?.quorumLost === true),
    ...unhealthyNodeMachines(nodePool?.nodes ?? [], nodePool?.forbidden !== undefined),
  ];
};

const blockedBy = (life: EntityLife, before: BlockedMemo): BlockedMemo => {
  if (life.kept.obstacle !== undefined) return brief([ofObstacle(life.kept.obstacle)]);
  switch (life.state) {
    case 'settled':
      return brief(machinesOf(life).map(ofMachine));
    // It doesn't come and go with each look.
    case 'assessing':
      return before.filter(({ step }) => step !== OBSTACLE);
    default:
      return [];
  }
};

/** Of an entity; `before` is what was listed before this. */
export const listedEntity = (view: EntityView, life: EntityLife, before: BlockedMemo): Listing => ({
  phase: view.phase,
  blocked: blockedBy(life, before),
});
