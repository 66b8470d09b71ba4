/**
 * Status: the projection of workflow state to an object's status.
 *
 * Owns: what `kubectl` shows: state, conditions, what stands in the way and the commands that cure it. Pure: the same request
 * and object give the same status. Neighbours: `past-operations.ts` has operations and rollouts, `remembered.ts` what is kept;
 * `activities/` write the answer by server-side apply, as a whole, so everything that is to stay is carried over here.
 * Invariants: I8 (nothing here comes from a secret).
 */

import { entityWorkflowId } from '../api/names.ts';
import { isDeleting } from '../api/object.ts';
import { type State, type StepError, UNSEEN, type UnhealthyReplica } from '../api/status.ts';
import { commandsFor, lookAgainCommand } from '../words/commands.ts';
import { OPERATIONS } from '../words/operations.ts';
import { isBlocked } from '../words/steps.ts';
import { ended } from '../words/text.ts';
import { timeOf } from '../words/time.ts';
import { backupStatus } from './backup-status.ts';
import {
  type Claim,
  type Claims,
  conditionOf,
  conditionsOf,
  cut,
  progressingClaims,
  settledBut,
  stalledClaims,
  type Truth,
} from './conditions.ts';
import { degradedClaim, quorumClaims, replicaErrors, unhealthyReplicas } from './degraded.ts';
import { nodeErrors, nodesDegraded, poolSentence, unhealthyNodes } from './degraded-nodes.ts';
import { nodeCounts } from './node-counts.ts';
import { operationClaims, resumeHint } from './operation-claims.ts';
import { operationsAfter } from './past-operations.ts';
import { remembered, type Status } from './remembered.ts';
import { hasMoreTurns } from './rollout.ts';
import { specificClaims } from './specific-conditions.ts';
import { upgradeStatus } from './upgrade-view.ts';
import type { MirrorRequest, OperationView, StoredObject, Subject } from './views.ts';

/** It came to its end, and nothing comes after it. */
const isLast = ({ type, state, turn }: OperationView): boolean =>
  state === 'succeeded' && !hasMoreTurns(turn) && OPERATIONS[type].endsInLook !== true;

const stateDuring = (operation: OperationView, before: State = 'Provisioning'): State => {
  const { purpose, state } = OPERATIONS[operation.type];
  const isOver = isLast(operation);
  switch (purpose) {
    case 'make':
      if (isOver) return 'Provisioned';
      // A create that an earlier release began of what was there already is a change.
      return state === 'Provisioning' && before !== state ? 'Updating' : state;
    case 'repair':
    case 'restore':
      // Only what was provisioned is said to be in repair, so that it is provisioned again afterwards.
      if (before !== 'Provisioned' && before !== state) return before;
      return isOver ? 'Provisioned' : state;
    case 'delete':
      return state;
  }
};

const hasReturned = (subject: Subject): boolean => subject.kind === 'held' && subject.returned === true;

const objectState = (subject: Subject, object: StoredObject): State => {
  const before = object.status?.state;
  switch (subject.kind) {
    case 'settled':
      return subject.rollout === undefined ? 'Provisioned' : OPERATIONS[subject.rollout].state;
    case 'waiting':
    case 'blocked':
    case 'failing':
    case 'held':
      return isDeleting(object) ? 'Deleting' : hasReturned(subject) ? 'Provisioned' : (before ?? 'Provisioning');
    case 'operation':
      return stateDuring(subject.operation, before);
  }
};

/** At rest, or between two turns of a rollout. */
const restingClaims = (
  { rollout, controlPlane, nodePool, note, drift = [] }: Extract<Subject, { kind: 'settled' }>,
  ready: Truth,
): Claims =>
  rollout === undefined
    ? settledBut([...(note === undefined ? [] : ['ChangesPending']), ...(drift.length === 0 ? [] : ['Drifted'])])
    : progressingClaims(
        ready,
        rollout,
        `The next turn waits: ${[
          ...(controlPlane?.replicas ?? []).map(({ message }) => ended(message)),
          ...(nodePool === undefined ? [] : [poolSentence(nodePool)]),
          ...(note === undefined ? [] : [ended(note)]),
        ].join(' ')}`,
      );

/** What ran goes on running while Slipway changes or cannot judge it; what is new or goes away isn't ready. */
const readyMeanwhile = (object: StoredObject): Truth =>
  !isDeleting(object) && conditionOf(object, 'Ready')?.status === 'True' ? 'True' : 'False';

const withCure = ({ reason, cure }: Extract<Subject, { kind: 'blocked' }>): string =>
  `${ended(reason)} To cure it: ${ended(cure)}`;

const heldMessage = ({ operation, left, returned }: Extract<Subject, { kind: 'held' }>, hint: string): string => {
  const more = left ?? (returned === true ? 'all is as it was before' : undefined);
  return cut(more === undefined ? `${operation} was aborted: ${hint}` : `${operation} was aborted (${more}): ${hint}`);
};

const claimsOf = ({ subject, object: reference }: MirrorRequest, object: StoredObject): Claims => {
  const ready = readyMeanwhile(object);
  switch (subject.kind) {
    case 'settled':
      return quorumClaims(subject) ?? restingClaims(subject, ready);
    case 'waiting':
      return progressingClaims(ready, 'Waiting', subject.reason);
    case 'blocked':
      return stalledClaims(ready, 'Blocked', withCure(subject));
    case 'failing':
      return progressingClaims(ready, 'Retrying', subject.reason);
    case 'held':
      return stalledClaims(ready, 'Aborted', heldMessage(subject, resumeHint(reference)));
    case 'operation':
      return operationClaims(subject.operation, reference, ready);
  }
};

/** Since when an object can't be looked at. Of a workflow of the release before: since it was first told. */
const since = (known: number | undefined, now: number, before: readonly StepError[]): string =>
  known === undefined ? (before.find(({ step }) => step === 'assess')?.since ?? timeOf(now)) : timeOf(known);

const errorsOf = (
  request: MirrorRequest,
  object: StoredObject,
  unhealthy: readonly UnhealthyReplica[],
  now: number,
): StepError[] => {
  const { subject } = request;
  const before = object.status?.lastErrors ?? [];
  switch (subject.kind) {
    case 'settled': {
      const place = {
        region: object.spec.region,
        lookAgain: lookAgainCommand(entityWorkflowId(request.object)),
      };
      return [...replicaErrors(subject, unhealthy, place), ...nodeErrors(subject, place)];
    }
    case 'waiting':
    case 'held':
      return [];
    case 'failing':
      return [
        {
          step: 'assess',
          verdict: 'retry',
          message: cut(subject.reason),
          attempt: subject.attempt,
          since: since(subject.since, now, before),
          retryAt: timeOf(subject.retryAt),
          commands: commandsFor('retry', request.object, entityWorkflowId(request.object)),
        },
      ];
    case 'blocked':
      return [
        {
          step: 'assess',
          verdict: 'blocked',
          message: cut(withCure(subject)),
          since: since(subject.since, now, before),
          commands: commandsFor('retry', request.object, entityWorkflowId(request.object)),
        },
      ];
    case 'operation': {
      const { operation } = subject;
      if (operation.state !== 'running') return [];
      return operation.steps.filter(isBlocked).map(({ id, status }) => ({
        step: id,
        verdict: status.verdict,
        message: cut(status.message),
        attempt: status.attempt,
        since: timeOf(status.since),
        retryAt: timeOf(status.retryAt),
        commands: commandsFor('retry', request.object, operation.workflowId, id),
      }));
    }
  }
};

const degraded = (subject: Subject, { kind, status }: StoredObject): Readonly<Record<string, Claim>> => {
  const { unhealthyReplicas: replicas = [], unhealthyNodes: nodes = [] }: Status = status ?? {};
  const claim = kind === 'AWSCluster' ? degradedClaim(subject, replicas) : nodesDegraded(subject, nodes);
  return claim === undefined ? {} : { Degraded: claim };
};

const askedVersion = (object: StoredObject): string =>
  object.kind === 'AWSCluster' ? object.spec.controlPlane.version : object.spec.version;

/** The whole status of an object, as of `now` in epoch milliseconds. */
export const statusOf = (request: MirrorRequest, object: StoredObject, now: number): Status => {
  const { subject } = request;
  const all: Status = object.status ?? {};
  const {
    unhealthyReplicas: unhealthyBefore = [],
    unhealthyNodes: nodesBefore = [],
    readyNodes: _ready,
    desiredNodes: _desired,
    appliedTagKeys: _tags,
    appliedLabelKeys: _labels,
    appliedTaints: _taints,
    rollout: _rollout,
    backup: _backup,
    upgrade: _upgrade,
    ...before
  } = all;
  // What could not be looked at says nothing of a generation.
  const generation = request.generation === 0 ? (before.observedGeneration ?? UNSEEN) : request.generation;
  const version = request.version ?? before.version ?? askedVersion(object);
  const memory = remembered(request, object, { version, generation });
  const unhealthy = unhealthyReplicas(subject, unhealthyBefore, now);
  const nodes = unhealthyNodes(subject, nodesBefore);
  const claims: Claims = {
    ...degraded(subject, object),
    ...specificClaims(subject, object, memory.revision),
    ...claimsOf(request, object),
  };
  return {
    ...before,
    ...memory,
    ...nodeCounts(subject, object),
    ...backupStatus(subject, object),
    ...upgradeStatus(subject, object),
    state: objectState(subject, object),
    observedGeneration: generation,
    conditions: conditionsOf(claims, before.conditions ?? [], generation, timeOf(now)),
    version,
    lastErrors: errorsOf(request, object, unhealthy, now),
    ...(unhealthy.length === 0 ? {} : { unhealthyReplicas: [...unhealthy] }),
    ...(nodes.length === 0 ? {} : { unhealthyNodes: [...nodes] }),
    ...operationsAfter(subject, version, all),
  };
};
