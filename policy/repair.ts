/**
 * Repair: which replicas of a control plane are to be replaced because something is wrong with them, and when.
 *
 * Owns: the causes, and their times. A machine that was told wrongly cannot cure itself and is repaired at once; a lost disk once
 * EC2 has said twice, some time apart, that it is gone; a machine that was told to leave, and outlived whoever meant to end it, at once,
 * too; a machine that merely does not serve has some minutes first, in which AWS, the agent or a person may do it, and all the time that
 * another machine still has what it waits for. A lost quorum is reported and never repaired: what is left is the only copy.
 * Neighbours: `replicas.ts` reads the inventory, `replacement.ts` has the gate and the plan, `rollout.ts` says which is next.
 * Pure. Invariants: I5, I9 (whoever waits says until when).
 */

import type { UnhealthyReplica } from '../api/status.ts';
import type { Found } from '../kinds/resource.ts';
import type { ReplicaIndex } from '../topology/values.ts';
import { present } from '../words/present.ts';
import { timeOf } from '../words/time.ts';
import { type Replacement, whyNotReplaceable } from './replacement.ts';
import { type Replica, replicasOf, type Trouble, troubleOf } from './replicas.ts';
import type { Due } from './rollout.ts';

/**
 * How long a machine may fail its health checks before it is replaced, unless a setting says otherwise: longer than a slow boot,
 * since another machine would boot no faster.
 */
export const REPAIR_AFTER_SECONDS = 600;

export type RepairSettings = { readonly afterSeconds: number };

/** A replica that is not as it should be, for status: what is wrong, and what is going to happen. */
export type ReplicaReport = {
  readonly index: number;
  readonly instanceId?: string;
  readonly message: string;
  /** Since when this machine is seen not to serve, RFC 3339; absent from what a worker of the release before reported. */
  readonly since?: string;
  /** As in status, but for the time of a lost volume, which is known there. */
  readonly heldBy?: string;
  /** What EC2 says of the machine that has it, such as `shutting-down`. */
  readonly holderState?: string;
  readonly lostVolumeId?: string;
};

/** What status says of a control plane with which something is wrong. */
export type ControlPlaneReport = {
  readonly replicas: readonly ReplicaReport[];
  /** Two of three do not serve: etcd cannot decide anything. */
  readonly quorumLost: boolean;
};

export type ControlPlane = ControlPlaneReport & {
  /** Repairs that are due, in the replicas' order. */
  readonly due: readonly Due[];
  /** The replica whose disk is to be looked for once more; nothing is made in place of what it had. */
  readonly confirming?: ReplicaIndex;
  /** How soon to look again by itself. */
  readonly lookAgainSeconds?: number;
};

const SHORTEST_LOOK_SECONDS = 2;
const LONGEST_LOOK_SECONDS = 60;

/** While something is wrong it is looked at often enough to act in time. */
export const lookAgainAfter = (settings: RepairSettings): number =>
  Math.min(LONGEST_LOOK_SECONDS, Math.max(SHORTEST_LOOK_SECONDS, Math.ceil(settings.afterSeconds / 5)));

/** EC2 is eventually consistent, by its own word for seconds: what isn't there twice, so far apart, is gone. */
const CONFIRMED_AFTER_SECONDS = 60;

const confirmAfter = ({ afterSeconds }: RepairSettings): number =>
  Math.min(CONFIRMED_AFTER_SECONDS, Math.ceil(afterSeconds / 5));

/** Those that certainly don't: one that nobody asked yet is not counted as lost. */
const isLost = ({ health, volume, networkInterface }: Replica): boolean =>
  health === 'unhealthy' || volume === 'lost' || networkInterface === 'lost';

/**
 * Since when this very machine is seen not to serve, in epoch milliseconds: another machine begins anew. So does the last one
 * to come back after a lost quorum, and one that has just got its disk or its interface: it was not waited for while nothing could
 * be done, and may be about to serve.
 */
export const unhealthySince = (
  replica: Pick<ReplicaReport, 'index' | 'instanceId' | 'heldBy'>,
  before: readonly UnhealthyReplica[],
  quorumLost: boolean,
  now: number,
): number => {
  const known = before.find(({ index, instanceID }) => index === replica.index && instanceID === replica.instanceId);
  const quorumWasLost = before.length > 1;
  const hasCome = known?.heldBy !== undefined && replica.heldBy === undefined;
  return known === undefined || hasCome || (quorumWasLost && !quorumLost) ? now : Date.parse(known.since);
};

/** When EC2 first said of this volume that there is none, in epoch milliseconds. */
export const lostSince = (
  { index, lostVolumeId }: Pick<ReplicaReport, 'index' | 'lostVolumeId'>,
  before: readonly UnhealthyReplica[],
  now: number,
): number => {
  const known = before.find((one) => one.index === index && one.lostVolume?.id === lostVolumeId)?.lostVolume;
  return known === undefined ? now : Date.parse(known.since);
};

const causeOf = (replica: Replica): Exclude<Replacement['cause'], 'machine'> | undefined => {
  if (replica.networkInterface !== 'present' || replica.volume === 'disowned') return undefined;
  if (replica.volume === 'lost') return 'volume';
  if (replica.volume === 'joining') return 'rejoin';
  return replica.userData === 'wrong' ? 'user-data' : undefined;
};

/** Another machine might do better: what is wrong is this one, there is one, and it has all that it needs. */
const isDown = (replica: Replica, trouble: Trouble): boolean =>
  trouble.kind === 'machine' && replica.instanceId !== undefined && replica.attaches?.holder === undefined;

/** A replica with which something is wrong, and from when on something may be done about it. */
type Troubled = {
  readonly replica: Replica;
  readonly trouble: Trouble;
  readonly cause: Replacement['cause'] | undefined;
  readonly dueAt: number;
};

/** What is to come, for a replica of which only the machine, or only the disk, is at fault. */
const outlook = ({ cause, dueAt }: Troubled, now: number, quorumLost: boolean): string => {
  if (cause === 'volume') {
    return dueAt > now ? `; it is looked for once more at ${timeOf(dueAt)} before an empty one takes its place` : '';
  }
  if (cause !== 'machine') return '';
  if (quorumLost) return '; nothing is replaced while etcd has no quorum';
  return dueAt > now
    ? `; its machine is replaced at ${timeOf(dueAt)} unless it serves before`
    : '; its machine is due to be replaced';
};

const lostVolumeOf = ({ volume, attaches }: Replica): string | undefined =>
  volume === 'lost' ? attaches?.volumeId : undefined;

const reportOf = (replica: Replica, message: string): ReplicaReport => ({
  index: replica.index,
  message,
  ...present({
    instanceId: replica.instanceId,
    heldBy: replica.attaches?.holder?.instanceId,
    holderState: replica.attaches?.holder?.state,
    lostVolumeId: lostVolumeOf(replica),
  }),
});

type Judging = {
  readonly before: readonly UnhealthyReplica[];
  readonly settings: RepairSettings;
  readonly now: number;
  readonly quorumLost: boolean;
};

/**
 * Nobody is on the way to end the machine that has left: an operation that had begun to was aborted, or gave way to another. One that
 * has come back since, and is well for long, is as any other.
 */
const isLeftBehind = ({ left }: Replica, { settings, now }: Judging): boolean =>
  left !== undefined && now <= (left + settings.afterSeconds) * 1_000;

const dueTime = (replica: Replica, cause: Troubled['cause'], judging: Judging): number => {
  const { before, settings, now, quorumLost } = judging;
  const report = reportOf(replica, '');
  if (cause === 'volume') return lostSince(report, before, now) + confirmAfter(settings) * 1_000;
  if (cause !== 'machine' || isLeftBehind(replica, judging)) return now;
  return unhealthySince(report, before, quorumLost, now) + settings.afterSeconds * 1_000;
};

const troubledAmong = (replicas: readonly Replica[], judging: Judging): readonly Troubled[] =>
  replicas.flatMap((replica) => {
    const trouble = troubleOf(replica);
    if (trouble === undefined) return [];
    const cause = causeOf(replica) ?? (isDown(replica, trouble) ? ('machine' as const) : undefined);
    return [{ replica, trouble, cause, dueAt: dueTime(replica, cause, judging) }];
  });

/** What is wrong with an established control plane, and what may be done about it. */
export const judgeControlPlane = (
  inventory: readonly Found[],
  before: readonly UnhealthyReplica[],
  settings: RepairSettings,
  now: number,
): ControlPlane => {
  const replicas = replicasOf(inventory);
  const quorumLost = replicas.filter(isLost).length / replicas.length > 0.5;
  const troubled = troubledAmong(replicas, { before, settings, now, quorumLost });
  if (troubled.length === 0) return { replicas: [], quorumLost, due: [] };

  const reports = troubled.map((one) => {
    const report = reportOf(one.replica, `${one.trouble.message}${outlook(one, now, quorumLost)}`);
    return { ...report, since: timeOf(unhealthySince(report, before, quorumLost, now)) };
  });
  // Whoever may not be replaced says so at once, and is confirmed meanwhile; a machine may come to serve before.
  const early = troubled.filter(({ dueAt }) => dueAt > now);
  const confirming = early.find(
    ({ replica, cause }) => cause === 'volume' && whyNotReplaceable(replica, replicas) === undefined,
  )?.replica.index;
  const due = troubled.flatMap(({ replica, cause, dueAt }): Due[] => {
    if (cause === undefined || replica.index === confirming || (cause === 'machine' && dueAt > now)) return [];
    const forbidden = whyNotReplaceable(replica, replicas);
    return [{ replacement: { replica, cause }, ...(forbidden === undefined ? {} : { forbidden }) }];
  });
  const soonest = Math.min(...early.map(({ dueAt }) => dueAt - now));
  return {
    replicas: reports,
    quorumLost,
    due,
    ...present({ confirming }),
    lookAgainSeconds: Math.max(SHORTEST_LOOK_SECONDS, Math.min(lookAgainAfter(settings), Math.ceil(soonest / 1_000))),
  };
};
