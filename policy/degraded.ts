/**
 * Degraded: what status says of a control plane with which something is wrong.
 *
 * Owns: the condition `Degraded`, which is there only while it has something to say, the list of unhealthy replicas with
 * the time since when, and the entries of `lastErrors` with their commands. Neighbours: `repair.ts` judged, `status.ts`
 * puts it into the whole. Pure. Invariants: I9 (which replica, since when, what is going to happen).
 */

import type { StepError, UnhealthyReplica } from '../api/status.ts';
import { endByForceCommand, endMachineCommand } from '../words/commands.ts';
import { kindOf, replicaKey } from '../words/keys.ts';
import { purposeOf } from '../words/operations.ts';
import { present } from '../words/present.ts';
import { ended } from '../words/text.ts';
import { timeOf } from '../words/time.ts';
import { replicaReason, unhealthyReplicaMachines } from '../words/unhealthy.ts';
import { type Claim, type Claims, cut, stalledClaims } from './conditions.ts';
import { type ControlPlaneReport, lostSince, unhealthySince } from './repair.ts';
import { hasMoreTurns } from './rollout.ts';
import type { OperationView, Subject } from './views.ts';

const reportOf = (subject: Subject): ControlPlaneReport | undefined =>
  subject.kind === 'settled' || subject.kind === 'blocked' ? subject.controlPlane : undefined;

const QUORUM =
  'etcd has lost its quorum: nothing can be written, and nothing is replaced or overwritten. It comes back by itself when a second replica does';

const sentence = ({ replicas, quorumLost }: ControlPlaneReport): string =>
  `${quorumLost ? `${QUORUM}: ` : ''}${replicas.map(({ message }) => ended(message)).join(' ')}`;

/** Those that an operation has not brought back: a restore brings back all of them. */
const leftAfter = (operation: OperationView, before: readonly UnhealthyReplica[]): readonly UnhealthyReplica[] => {
  if (operation.state !== 'succeeded') return before;
  switch (purposeOf(operation)) {
    case 'restore':
      return [];
    case 'repair': {
      const repaired = new Set(operation.steps.map(({ key }) => key));
      return hasMoreTurns(operation.turn) ? before.filter(({ index }) => !repaired.has(replicaKey(index))) : [];
    }
    case 'make':
    case 'delete':
      return before;
  }
};

/** Replicas in trouble after this write. An operation in between knows nothing newer, until it has repaired one. */
export const unhealthyReplicas = (
  subject: Subject,
  before: readonly UnhealthyReplica[],
  now: number,
): readonly UnhealthyReplica[] => {
  switch (subject.kind) {
    case 'settled':
    case 'blocked':
      return (subject.controlPlane?.replicas ?? []).map((report) => {
        const { index, instanceId: instanceID, heldBy, lostVolumeId: id, message } = report;
        // A worker of the release before does not say.
        const since =
          report.since ?? timeOf(unhealthySince(report, before, subject.controlPlane?.quorumLost === true, now));
        const lostVolume = id === undefined ? undefined : { id, since: timeOf(lostSince(report, before, now)) };
        return { index, ...present({ instanceID, heldBy, lostVolume }), since, message: cut(message) };
      });
    case 'operation':
      return leftAfter(subject.operation, before);
    case 'waiting':
    case 'failing':
    case 'held':
      return before;
  }
};

export const degradedClaim = (subject: Subject, before: readonly UnhealthyReplica[]): Claim | undefined => {
  const report = reportOf(subject);
  if (report !== undefined) {
    return { status: 'True', reason: replicaReason(report.quorumLost), message: cut(sentence(report)) };
  }
  if (subject.kind !== 'operation') return undefined;
  const { state, steps, turn } = subject.operation;
  if (purposeOf(subject.operation) !== 'repair' || (state === 'succeeded' && !hasMoreTurns(turn))) return undefined;
  const repaired = steps.map(({ key }) => key).filter((key) => kindOf(key) === 'replica');
  const known = before.map(({ message }) => `: ${message}`).join('');
  return { status: 'True', reason: 'Repairing', message: cut(`${repaired.join(', ')} is being repaired${known}`) };
};

/** Without quorum the API is away, and only machines that come back help: that is told as loudly as can be. */
export const quorumClaims = (subject: Subject): Claims | undefined => {
  const report = reportOf(subject);
  return subject.kind === 'settled' && report?.quorumLost === true
    ? stalledClaims('False', replicaReason(true), sentence(report))
    : undefined;
};

/** Ends the machine that is in the way, if there is one: that which has what another waits for, or else the replica's own. */
const endCommands = (
  { instanceID, heldBy }: Pick<UnhealthyReplica, 'instanceID' | 'heldBy'>,
  holderState: string | undefined,
  region: string,
): string[] => {
  if (heldBy !== undefined) {
    return [holderState === 'shutting-down' ? endByForceCommand(region, heldBy) : endMachineCommand(region, heldBy)];
  }
  return instanceID === undefined ? [] : [endMachineCommand(region, instanceID)];
};

export const replicaErrors = (
  subject: Subject,
  unhealthy: readonly UnhealthyReplica[],
  place: { readonly region: string; readonly lookAgain: string },
): StepError[] => {
  const report = reportOf(subject);
  if (report === undefined || subject.kind !== 'settled') return [];
  const stateOf = (index: number) => report.replicas.find((one) => one.index === index)?.holderState;
  return unhealthyReplicaMachines(unhealthy, report.quorumLost).flatMap(({ step, verdict, since, message }) => {
    const replica = unhealthy.find(({ index }) => replicaKey(index) === step);
    if (replica === undefined) return [];
    return [
      {
        step,
        verdict,
        message: cut(report.quorumLost ? `${ended(message)} ${QUORUM}` : message),
        since,
        commands: [...endCommands(replica, stateOf(replica.index), place.region), place.lookAgain],
      },
    ];
  });
};
