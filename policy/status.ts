/**
 * Status: the projection of workflow state to an object's status.
 *
 * Owns: what `kubectl` shows: state, conditions, the last operation with its progress, what stands in the way and the
 * commands that cure it, the last twenty operations. Pure: the same request and object give the same status.
 * Neighbours: `activities/` write the answer by server-side apply, as a whole, so everything that is to stay is carried
 * over here. Invariants: I5 (`established` is never taken back), I8 (nothing here comes from a secret), I9 (what an
 * operation waits for is named), I12 (the account that was pinned first stays pinned).
 */

import type { AWSCluster } from '../api/cluster.ts';
import { clusterIdOf, entityWorkflowId, nodePoolIdOf } from '../api/names.ts';
import type { AWSNodePool, AWSNodePoolStatus } from '../api/nodepool.ts';
import { releaseOf } from '../api/releases.ts';
import {
  type LastOperation,
  OPERATIONS_KEPT,
  type PastOperation,
  type Revision,
  type Rollout,
  type State,
  type StepError,
  type UnhealthyReplica,
} from '../api/status.ts';
import { commandsFor, lookAgainCommand } from '../words/commands.ts';
import { ESTABLISHED, LOAD_BALANCER } from '../words/keys.ts';
import { OPERATIONS } from '../words/operations.ts';
import { timeOf } from '../words/time.ts';
import { appliedTagKeys } from './applied-tags.ts';
import {
  type Claims,
  conditionsOf,
  cut,
  progressingClaims,
  settledClaims,
  stalledClaims,
  type Truth,
} from './conditions.ts';
import { degradedClaim, quorumClaims, replicaErrors, unhealthyReplicas } from './degraded.ts';
import { nodeCounts } from './node-counts.ts';
import { awaitedOf, isBlocked, isDelete, isDone, operationClaims, progressOf, resumeHint } from './operation-claims.ts';
import { revisionOf } from './revision.ts';
import { hasMoreTurns } from './rollout.ts';
import { specificClaims } from './specific-conditions.ts';
import type { MirrorRequest, OperationView } from './views.ts';

/** The fields of both kinds; a cluster's status never has those of a pool. */
export type Status = AWSNodePoolStatus;
type StoredObject = AWSCluster | AWSNodePool;
type Subject = MirrorRequest['subject'];

/** Steps shown as running or blocked; a person looks at the first few, and status isn't the place for more. */
const STEPS_SHOWN = 20;

const stateDuring = (operation: OperationView, before: State | undefined): State => {
  const { purpose, state } = OPERATIONS[operation.type];
  switch (purpose) {
    case 'make':
      if (operation.state === 'succeeded') return 'Provisioned';
      // A create that an earlier release began of what was there already is a change.
      return state === 'Provisioning' && before !== undefined && before !== state ? 'Updating' : state;
    case 'repair':
      // Only what was provisioned is said to be in repair, so that it is provisioned again afterwards.
      if (before !== 'Provisioned' && before !== state) return before ?? 'Provisioning';
      return operation.state === 'succeeded' && !hasMoreTurns(operation.turn) ? 'Provisioned' : state;
    case 'delete':
      return state;
  }
};

const objectState = (subject: Subject, object: StoredObject): State => {
  const before = object.status?.state;
  switch (subject.kind) {
    case 'settled':
      return subject.rollout === undefined ? 'Provisioned' : OPERATIONS[subject.rollout].state;
    case 'waiting':
    case 'blocked':
    case 'failing':
    case 'held':
      return object.metadata.deletionTimestamp === undefined ? (before ?? 'Provisioning') : 'Deleting';
    case 'operation':
      return stateDuring(subject.operation, before);
  }
};

/** At rest, or between two turns of a rollout. */
const restingClaims = ({ rollout, controlPlane }: Extract<Subject, { kind: 'settled' }>, ready: Truth): Claims =>
  rollout === undefined
    ? settledClaims('Everything that the spec asks for exists')
    : progressingClaims(
        ready,
        rollout,
        `The next turn waits: ${controlPlane?.replicas.map(({ message }) => message).join('. ') ?? ''}`,
      );

const claimsOf = ({ subject, object: reference }: MirrorRequest, object: StoredObject): Claims => {
  const before = object.status?.conditions?.find((condition) => condition.type === 'Ready')?.status;
  const going = object.metadata.deletionTimestamp !== undefined;
  // What ran goes on running while Slipway changes or cannot judge it; what is new or goes away isn't ready.
  const ready: Truth = !going && before === 'True' ? 'True' : 'False';
  switch (subject.kind) {
    case 'settled':
      return quorumClaims(subject) ?? restingClaims(subject, ready);
    case 'waiting':
      return progressingClaims(ready, 'Waiting', subject.reason);
    case 'blocked':
      return stalledClaims(ready, 'Blocked', `${subject.reason}. To cure it: ${subject.cure}.`);
    case 'failing':
      return progressingClaims(ready, 'Retrying', subject.reason);
    case 'held':
      return stalledClaims(ready, 'Aborted', `${subject.operation} was aborted: ${resumeHint(reference)}`);
    case 'operation':
      return operationClaims(subject.operation, reference, ready);
  }
};

const lastOperationOf = (operation: OperationView): LastOperation => {
  const current = operation.steps.flatMap((step) => {
    const { id, status } = step;
    if (status.state !== 'running' && status.state !== 'blocked') return [];
    const message = awaitedOf(step);
    return [
      { step: id, state: status.state, since: timeOf(status.since), ...(message === undefined ? {} : { message }) },
    ];
  });
  return { ...pastOperationOf(operation), progress: progressOf(operation), steps: current.slice(0, STEPS_SHOWN) };
};

const pastOperationOf = (operation: OperationView): Omit<PastOperation, 'version' | 'message'> => ({
  type: operation.type,
  state: operation.state === 'running' && operation.pausedAt !== undefined ? 'paused' : operation.state,
  workflowID: operation.workflowId,
  runID: operation.runId,
  startedAt: timeOf(operation.startedAt),
  ...(operation.finishedAt === undefined ? {} : { finishedAt: timeOf(operation.finishedAt) }),
});

/** A rollout's turns are one entry, which runs from the first to the last. */
const entryOf = (operation: OperationView, version: string): PastOperation => {
  const { finishedAt, ...entry } = { ...pastOperationOf(operation), version };
  const { turn } = operation;
  const goesOn = operation.state === 'succeeded' && hasMoreTurns(turn);
  return {
    ...entry,
    ...(turn === undefined ? {} : { startedAt: turn.since }),
    ...(goesOn ? { state: 'running' as const } : finishedAt === undefined ? {} : { finishedAt }),
  };
};

/** Newest first; an operation keeps its place while it runs, by its run, and a rollout by when it began. */
const operationsOf = (operation: OperationView, version: string, before: readonly PastOperation[]): PastOperation[] => {
  const entry = entryOf(operation, version);
  const isIt = ({ runID, type, startedAt }: PastOperation): boolean =>
    runID === entry.runID ||
    (operation.turn !== undefined && type === entry.type && startedAt === operation.turn.since);
  const list = before.some(isIt) ? before.map((one) => (isIt(one) ? entry : one)) : [entry, ...before];
  return list.slice(0, OPERATIONS_KEPT);
};

/** There is one while a turn runs, or another is to come. */
const rolloutOf = (subject: Subject, before: Rollout | undefined): Rollout | undefined => {
  switch (subject.kind) {
    case 'settled':
      return subject.rollout === undefined ? undefined : before;
    case 'waiting':
    case 'blocked':
    case 'failing':
    case 'held':
      return before;
    case 'operation': {
      const { type, state, turn } = subject.operation;
      if (turn === undefined || (state === 'succeeded' && !hasMoreTurns(turn))) return undefined;
      return { type, turn: turn.number, of: turn.of, startedAt: turn.since };
    }
  }
};

/** Since when it stands in the way: the time is kept from try to try, as long as it is the same step. */
const since = (step: string, milliseconds: number, before: readonly StepError[]): string =>
  before.find((error) => error.step === step)?.since ?? timeOf(milliseconds);

const errorsOf = (
  request: MirrorRequest,
  object: StoredObject,
  unhealthy: readonly UnhealthyReplica[],
  now: number,
): StepError[] => {
  const { subject } = request;
  const before = object.status?.lastErrors ?? [];
  switch (subject.kind) {
    case 'settled':
      return replicaErrors(subject, unhealthy, {
        region: object.spec.region,
        lookAgain: lookAgainCommand(entityWorkflowId(request.object)),
      });
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
          since: since('assess', now, before),
          retryAt: timeOf(subject.retryAt),
          commands: commandsFor('retry', request.object, entityWorkflowId(request.object)),
        },
      ];
    case 'blocked':
      return [
        {
          step: 'assess',
          verdict: 'blocked',
          message: cut(`${subject.reason}. To cure it: ${subject.cure}.`),
          since: since('assess', now, before),
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
        since: since(id, status.since, before),
        retryAt: timeOf(status.retryAt),
        commands: commandsFor('retry', request.object, operation.workflowId, id),
      }));
    }
  }
};

const revisionFor = (subject: Subject, version: string, before: Revision | undefined) => {
  if (subject.kind !== 'operation' || isDelete(subject.operation)) return before;
  if (before?.version === version) return before;
  const release = releaseOf(version);
  return release === undefined ? before : revisionOf(release);
};

const handledIn = (
  { handled, subject }: MirrorRequest,
  before: Status['handledRequests'],
): Status['handledRequests'] => {
  const now = { ...before, ...handled, ...(subject.kind === 'operation' ? subject.operation.handled : {}) };
  return Object.keys(now).length === 0 ? undefined : now;
};

/** Raised, and never forgotten: what a token once named must not be answered again. */
const incarnationsOf = (subject: Subject, before: Status['incarnations']): Status['incarnations'] =>
  subject.kind === 'operation' && subject.operation.incarnations !== undefined
    ? { ...before, ...subject.operation.incarnations }
    : before;

const establishedBy = (subject: Subject, object: StoredObject): boolean => {
  if (object.status?.established === true) return true;
  if (subject.kind !== 'operation') return false;
  const { operation } = subject;
  const made = operation.type === 'CreateCluster' && operation.state === 'succeeded';
  return made || operation.steps.some((step) => step.key === ESTABLISHED && isDone(step));
};

const identityOf = (request: MirrorRequest, object: StoredObject): Status => {
  const before = object.status;
  const { owner, subject } = request;
  const ownClusterId = owner === undefined || owner.clusterId === '' ? before?.clusterID : owner.clusterId;
  if (object.kind === 'AWSNodePool') {
    return {
      nodePoolID: nodePoolIdOf(object.metadata.uid),
      ...(ownClusterId === undefined ? {} : { clusterID: ownClusterId }),
    };
  }
  const outputs = subject.kind === 'operation' ? subject.operation.outputs : {};
  const endpoint = outputs[LOAD_BALANCER]?.dnsName ?? before?.endpoint;
  return {
    clusterID: ownClusterId ?? clusterIdOf(object.metadata.uid),
    established: establishedBy(subject, object),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
};

const askedVersion = (object: StoredObject): string =>
  object.kind === 'AWSCluster' ? object.spec.controlPlane.version : object.spec.version;

/** The whole status of an object, as of `now` in epoch milliseconds. */
export const statusOf = (request: MirrorRequest, object: StoredObject, now: number): Status => {
  const { subject, owner } = request;
  const all: Status = object.status ?? {};
  const {
    unhealthyReplicas: unhealthyBefore = [],
    readyNodes: _ready,
    desiredNodes: _desired,
    appliedTagKeys: _tags,
    rollout: rolloutBefore,
    ...before
  } = all;
  // What could not be looked at says nothing of a generation.
  const generation = request.generation === 0 ? (before.observedGeneration ?? 0) : request.generation;
  const version = request.version ?? before.version ?? askedVersion(object);
  const kubernetesVersion = request.kubernetesVersion ?? before.kubernetesVersion;
  const aws = before.aws ?? (owner === undefined ? undefined : { account: owner.account, region: owner.region });
  const revision = revisionFor(subject, version, before.revision);
  const unhealthy = unhealthyReplicas(subject, unhealthyBefore, now);
  const incarnations = incarnationsOf(subject, before.incarnations);
  const rollout = rolloutOf(subject, rolloutBefore);
  const handled = handledIn(request, before.handledRequests);
  const tagKeys = appliedTagKeys(subject, generation, object);
  const degraded = degradedClaim(subject, unhealthyBefore);
  const claims: Claims = {
    ...(degraded === undefined ? {} : { Degraded: degraded }),
    ...specificClaims(subject, object, revision),
    ...claimsOf(request, object),
  };
  return {
    ...before,
    ...identityOf(request, object),
    ...nodeCounts(subject, object),
    state: objectState(subject, object),
    observedGeneration: generation,
    conditions: conditionsOf(claims, before.conditions ?? [], generation, timeOf(now)),
    version,
    ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
    ...(aws === undefined ? {} : { aws }),
    ...(revision === undefined ? {} : { revision }),
    lastErrors: errorsOf(request, object, unhealthy, now),
    ...(unhealthy.length === 0 ? {} : { unhealthyReplicas: [...unhealthy] }),
    ...(incarnations === undefined ? {} : { incarnations }),
    ...(rollout === undefined ? {} : { rollout }),
    ...(handled === undefined ? {} : { handledRequests: handled }),
    ...(tagKeys.length === 0 ? {} : { appliedTagKeys: [...tagKeys] }),
    ...(subject.kind === 'operation'
      ? {
          lastOperation: lastOperationOf(subject.operation),
          operations: operationsOf(subject.operation, version, before.operations ?? []),
        }
      : {}),
  };
};
