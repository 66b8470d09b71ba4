/**
 * Remembered: what status keeps of an object beside what is going on, for whoever lost all other memory of it.
 *
 * Owns: who the object is in AWS, what it runs, what was made anew or mended, which annotations were acted on, which tags were set.
 * Neighbours: `status.ts` carries all of it over. Pure.
 * Invariants: I5 (`established` is never taken back), I12 (the account that was pinned first stays pinned).
 */

import type { AWSClusterStatus } from '../api/cluster.ts';
import { clusterIdOf, nodePoolIdOf } from '../api/names.ts';
import type { AWSNodePoolStatus } from '../api/nodepool.ts';
import { type Release, releaseOf } from '../api/releases.ts';
import type { Revision } from '../api/status.ts';
import { ESTABLISHED, LOAD_BALANCER } from '../words/keys.ts';
import { OPERATIONS } from '../words/operations.ts';
import { present } from '../words/present.ts';
import { isOver } from '../words/steps.ts';
import { timeOf } from '../words/time.ts';
import { pinnedWithAddons } from './addon-revision.ts';
import { appliedMarks } from './applied-marks.ts';
import { appliedTagKeys } from './applied-tags.ts';
import { mendedAfter } from './mending.ts';
import { isDelete } from './operation-claims.ts';
import { revisionOf } from './revision.ts';
import { hasMoreTurns } from './rollout.ts';
import type { MirrorRequest, StoredObject, Subject } from './views.ts';

/** The fields of both kinds; a cluster's status never has those of a pool. */
export type Status = AWSNodePoolStatus & Pick<AWSClusterStatus, 'backup' | 'upgrade' | 'restored'>;

/** Once its add-ons are there, or were found to be there already. */
const broughtBy = (subject: Subject): number | undefined => {
  if (subject.kind === 'settled') return subject.revision;
  return subject.kind === 'operation' && subject.operation.state === 'succeeded'
    ? subject.operation.revision
    : undefined;
};

/**
 * Machines of the version before run until the last turn is over: until then that one is what counts, and what an abort returns to. Of a
 * control plane the next look says that all of it is there.
 */
const isUpgrading = (subject: Subject): boolean => {
  if (subject.kind !== 'operation') return false;
  const { type, state, turn } = subject.operation;
  if (type === 'UpgradeNodePool') return state !== 'succeeded' || hasMoreTurns(turn);
  return OPERATIONS[type].endsInLook === true;
};

/** Certificates and user data of a cluster keep their form for good. */
const asBefore = (release: Release, kind: StoredObject['kind'], before: Revision | undefined): Release =>
  kind === 'AWSCluster' && before !== undefined ? { ...release, format: before.format ?? 1 } : release;

const revisionFor = (
  subject: Subject,
  version: string,
  { kind, before }: { readonly kind: StoredObject['kind']; readonly before: Revision | undefined },
): Revision | undefined => {
  const brought = broughtBy(subject);
  if (before !== undefined && brought !== undefined) return pinnedWithAddons(before, brought);
  if (subject.kind !== 'operation' || isDelete(subject.operation)) return before;
  if (before?.version === version || (before !== undefined && isUpgrading(subject))) return before;
  const release = releaseOf(version);
  return release === undefined ? before : revisionOf(asBefore(release, kind, before));
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

/** Once it is done, and never taken back: the same request must not act again. */
const restoredBy = (subject: Subject, before: Status['restored']): Status['restored'] => {
  if (subject.kind !== 'operation') return before;
  const { restores, state, finishedAt } = subject.operation;
  if (restores === undefined || state !== 'succeeded' || finishedAt === undefined) return before;
  return { ...restores, at: timeOf(finishedAt) };
};

const establishedBy = (subject: Subject, object: StoredObject): boolean => {
  if (object.status?.established === true) return true;
  if (subject.kind !== 'operation') return false;
  const { operation } = subject;
  const made = operation.type === 'CreateCluster' && operation.state === 'succeeded';
  return made || operation.steps.some((step) => step.key === ESTABLISHED && isOver(step));
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

const placeOf = ({ owner }: MirrorRequest, before: Status['aws']): Status['aws'] =>
  before ?? (owner === undefined ? undefined : { account: owner.account, region: owner.region });

/** A list that is empty is absent. */
const kept = <T>(all: readonly T[]): T[] | undefined => (all.length === 0 ? undefined : [...all]);

/** Each as far as there is something to remember. */
export const remembered = (
  request: MirrorRequest,
  object: StoredObject,
  now: { readonly version: string; readonly generation: number },
): Status => {
  const { subject } = request;
  // It has only what status lacks.
  const before: Status = { ...object.status, ...(subject.kind === 'settled' ? subject.recalled : {}) };
  const mended = mendedAfter(subject, before.mended);
  const tagKeys = appliedTagKeys(subject, now.generation, object);
  const marks = appliedMarks(subject, now.generation, object);
  return {
    ...identityOf(request, { ...object, status: before }),
    ...present({
      kubernetesVersion: isUpgrading(subject)
        ? (before.kubernetesVersion ?? request.kubernetesVersion)
        : (request.kubernetesVersion ?? before.kubernetesVersion),
      aws: placeOf(request, before.aws),
      revision: revisionFor(subject, now.version, { kind: object.kind, before: before.revision }),
      incarnations: incarnationsOf(subject, before.incarnations),
      handledRequests: handledIn(request, before.handledRequests),
      restored: restoredBy(subject, before.restored),
      mended: kept(mended),
      appliedTagKeys: kept(tagKeys),
      appliedLabelKeys: kept(marks.labels),
      appliedTaints: kept(marks.taints),
    }),
  };
};
