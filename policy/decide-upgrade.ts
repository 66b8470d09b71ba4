/**
 * Decide, for a control plane of which another version is asked for: what its upgrade, or its way back, is at.
 *
 *   turns:   a replica's machine is not of the version that is wanted: it gives way to one that is, as `replica-turns.ts` does
 *   soak:    all machines are of the newer minor, and serve as the older one until their time is over, or somebody says so
 *   commit:  they begin to serve as their own minor, from which there is no way back
 *   done:    nothing of it is left to do: what is asked for runs
 *
 * Owns: these questions, from nothing but the spec, what is pinned, and what is there, so that an upgrade goes on after whatever was lost; and
 * where there is no way back. What is pinned stays so until all of the other version is there, and committed: an abort returns to it.
 * Neighbours: `upgrade-state.ts` reads how far it is, `api/version-change.ts` has the rules between versions, `upgrade-plan.ts` has the steps
 * that come before turns and after a soak, `decide-cluster.ts` asks. Pure.
 * Invariants: I2, I5 (no machine is replaced by one below the floor that a disk is committed to), I6 (an upgrade never changes the format).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { compareMinors, type Minor, minorsBetween } from '../api/minor.ts';
import { RELEASES, type Release, releaseOf, unknownVersion } from '../api/releases.ts';
import { versionChangeProblem } from '../api/version-change.ts';
import type { Found } from '../kinds/resource.ts';
import type { OperationType } from '../words/operations.ts';
import { timeOf } from '../words/time.ts';
import {
  isBelowFloor,
  isCommittedTo,
  isOfVersion,
  minorOfRelease,
  type ReplicaState,
  replicaStates,
} from './upgrade-state.ts';

/** What moves from one version to another: they differ in how they are gone back from. */
type Move = 'patch' | 'minor' | 'etcd';

type Way = {
  readonly from: Release;
  readonly to: Release;
  readonly move: Move;
  readonly states: readonly ReplicaState[];
};

export type UpgradeDecision =
  /** What is asked for is what runs. */
  | { readonly kind: 'none' }
  /** Nobody may go there: machines stay what they are. */
  | { readonly kind: 'refused'; readonly reason: string; readonly cure: string; readonly way?: Way }
  | (Way & {
      readonly kind: 'turns';
      readonly type: OperationType;
      /** Of what machines are to be. */
      readonly target: Release;
      readonly returns: boolean;
      /** Nothing of it has begun yet. */
      readonly isFirst: boolean;
      /** The new programs serve as the minor before until they are committed. */
      readonly emulates: boolean;
    })
  /** `since`, `until`: RFC 3339. */
  | (Way & { readonly kind: 'soak'; readonly since: string; readonly until: string })
  | (Way & { readonly kind: 'commit'; readonly since: string; readonly until: string; readonly hasBegun: boolean })
  | (Way & { readonly kind: 'done' });

type Asked = {
  readonly cluster: AWSCluster;
  /** What is pinned, or was found to run. */
  readonly runs: Release;
  readonly inventory: readonly Found[];
  /** Epoch milliseconds. */
  readonly now: number;
  readonly catalogue?: readonly Release[];
};

const moveBetween = (from: Release, to: Release): Move => {
  if (minorsBetween(from.kubernetes, to.kubernetes) !== 0) return 'minor';
  return minorsBetween(from.etcd, to.etcd) === 0 ? 'patch' : 'etcd';
};

const TYPES: Readonly<Record<Move, OperationType>> = {
  patch: 'UpgradeCluster',
  minor: 'UpgradeCluster',
  etcd: 'UpgradeEtcd',
};

/** Certificates, tokens and user data keep the form that they have: a newer one is a matter of its own. */
const inFormatOf = (release: Release, { format }: Pick<Release, 'format'>): Release => ({ ...release, format });

const floorOf = (states: readonly ReplicaState[]): Minor | undefined =>
  states
    .flatMap(({ committed }) => committed ?? [])
    .toSorted(compareMinors)
    .at(-1);

/** A version of which some replica is, other than the one that runs. */
const otherVersion = (states: readonly ReplicaState[], { version }: Release): string | undefined =>
  states.flatMap(({ launches, runs }) => [runs, launches]).find((one) => one !== undefined && one !== version);

/** By whichever release a replica is, another one than what runs among them. */
export const releaseOfReplica = (
  version: string | undefined,
  runs: Release,
  catalogue: readonly Release[] = RELEASES,
): Release => {
  if (version === undefined || version === runs.version) return runs;
  const other = releaseOf(version, catalogue);
  return other === undefined ? runs : inFormatOf(other, runs);
};

const refusedBelow = (release: Release, states: readonly ReplicaState[], way?: Way): UpgradeDecision => {
  const floor = floorOf(states) ?? '?';
  return {
    kind: 'refused',
    reason: `version ${release.version} is asked for, and its etcd volumes are committed to Kubernetes ${floor}: what that has stored would be lost on an older one without a word`,
    cure: `set spec.controlPlane.version to a version of ${floor}`,
    ...(way === undefined ? {} : { way }),
  };
};

/** Once the last replica begins to have the newer etcd, its members store as the newer one does, and no older one starts on that. */
const refusedEtcd = ({ from, to }: Way): Pick<Extract<UpgradeDecision, { kind: 'refused' }>, 'reason' | 'cure'> => ({
  reason: `version ${from.version} is asked for, and all replicas have the etcd ${to.etcd} of ${to.version}, which an older one does not start on`,
  cure: `set spec.controlPlane.version to ${to.version}`,
});

/** Machines of another version are there, and what runs is asked for: they go back. */
const returning = (way: Way): UpgradeDecision => {
  const { from, to, move, states } = way;
  if (isBelowFloor(from, states)) return refusedBelow(from, states, way);
  const isAllNew = states.every(({ launches, runs }) => (launches ?? runs) === to.version);
  if (move === 'etcd' && isAllNew) return { kind: 'refused', ...refusedEtcd(way), way };
  return { ...way, kind: 'turns', type: TYPES[move], target: from, returns: true, isFirst: false, emulates: false };
};

/** All machines are of the newer minor. */
const committing = (way: Way, { cluster, now }: Asked): UpgradeDecision => {
  const { to, states } = way;
  const minor = minorOfRelease(to);
  if (states.every((state) => isCommittedTo(state, minor))) return { ...way, kind: 'done' };
  const hasBegun = states.some(({ committed }) => committed !== undefined && compareMinors(committed, minor) >= 0);
  const seconds = cluster.spec.controlPlane.upgrade.soakSeconds;
  const { upgrade } = cluster.status ?? {};
  const remembered = upgrade?.to === to.version ? upgrade.soakingSince : undefined;
  const since = remembered ?? timeOf(now);
  const until = Date.parse(since) + seconds * 1_000;
  const soak = { since, until: timeOf(until) };
  return hasBegun || until <= now ? { ...way, ...soak, kind: 'commit', hasBegun } : { ...way, ...soak, kind: 'soak' };
};

const goingOn = (way: Way, asked: Asked): UpgradeDecision => {
  const { to, from, move, states } = way;
  const isThere = states.every((state) => isOfVersion(state, to.version));
  if (isThere) return move === 'minor' ? committing(way, asked) : { ...way, kind: 'done' };
  return {
    ...way,
    kind: 'turns',
    type: TYPES[move],
    target: to,
    returns: false,
    isFirst: otherVersion(states, from) === undefined,
    emulates: move === 'minor' && asked.cluster.spec.controlPlane.upgrade.soakSeconds > 0,
  };
};

/** What an established control plane's upgrade is at. */
export const decideUpgrade = (asked: Asked): UpgradeDecision => {
  const { cluster, runs, inventory, catalogue = RELEASES } = asked;
  const states = replicaStates(inventory);
  const { version } = cluster.spec.controlPlane;
  const wayTo = (to: Release): Way => ({ from: runs, to, move: moveBetween(runs, to), states });
  if (version === runs.version) {
    const other = otherVersion(states, runs);
    const release = other === undefined ? undefined : releaseOf(other, catalogue);
    if (release !== undefined) return returning(wayTo(inFormatOf(release, runs)));
    return isBelowFloor(runs, states) ? refusedBelow(runs, states) : { kind: 'none' };
  }
  const release = releaseOf(version, catalogue);
  if (release === undefined) return { kind: 'refused', ...unknownVersion(version, catalogue) };
  const to = inFormatOf(release, runs);
  const way = wayTo(to);
  if (isBelowFloor(to, states)) return refusedBelow(to, states, way);
  const problem = versionChangeProblem({ running: runs, asked: to }, catalogue);
  if (problem !== undefined) return { kind: 'refused', ...problem, way };
  return goingOn(way, asked);
};
