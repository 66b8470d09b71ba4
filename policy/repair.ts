/**
 * Repair: whether, when and how a replica may be repaired.
 *
 * Owns: the limits. One replica at a time, and never while more than 40 % of them are unhealthy: of three, both others
 * must serve, which is quorum. A lost disk or a machine that was told wrongly cannot cure itself and is repaired at once;
 * a machine that merely does not serve has some minutes first, in which AWS, the agent or a person may do it. A lost
 * quorum is reported and never repaired: what is left is the only copy.
 * Neighbours: `replicas.ts` reads the inventory, `repair-plan.ts` makes the plan, `decide-cluster.ts` asks first.
 * Pure. Invariants: I5, I9 (whoever waits says until when).
 */

import type { UnhealthyReplica } from '../api/status.ts';
import type { Found } from '../kinds/resource.ts';
import { timeOf } from '../words/time.ts';
import { nameOfReplica, type Replica, replicasOf, type Trouble, troubleOf } from './replicas.ts';

/** A larger share of unhealthy replicas than this is left alone. */
const MOST_UNHEALTHY = 0.4;
/** How long a machine may fail its health checks before it is replaced, unless a setting says otherwise. */
export const REPAIR_AFTER_SECONDS = 300;

export type RepairSettings = { readonly afterSeconds: number };

export type Repair = {
  readonly replica: Replica;
  /**
   * `volume`: a new disk, which joins. `rejoin`: the disk is there, the rest may be missing. `user-data`: its machines must be
   * told of its present disk and interface. `machine`: only another machine.
   */
  readonly cause: 'volume' | 'rejoin' | 'user-data' | 'machine';
};

/** A replica that is not as it should be, for status: what is wrong, and what is going to happen. */
type ReplicaReport = { readonly index: number; readonly instanceId?: string; readonly message: string };

/** What status says of a control plane with which something is wrong. */
export type ControlPlaneReport = {
  readonly replicas: readonly ReplicaReport[];
  /** Two of three do not serve: etcd cannot decide anything. */
  readonly quorumLost: boolean;
};

export type ControlPlane = ControlPlaneReport & {
  readonly repair?: Repair;
  /** Why a repair that is due may not be done now. */
  readonly forbidden?: string;
  /** How soon to look again by itself. */
  readonly lookAgainSeconds?: number;
};

const SHORTEST_LOOK_SECONDS = 2;
const LONGEST_LOOK_SECONDS = 60;

/** While something is wrong it is looked at often enough to act in time. */
const lookAgainAfter = (settings: RepairSettings): number =>
  Math.min(LONGEST_LOOK_SECONDS, Math.max(SHORTEST_LOOK_SECONDS, Math.ceil(settings.afterSeconds / 5)));

/** Whether this replica holds its share of the quorum at this moment, as far as anybody can tell. */
const serves = ({ health, volume, networkInterface }: Replica): boolean =>
  health === 'healthy' && volume === 'present' && networkInterface === 'present';

/** Those that certainly don't: one that nobody asked yet is not counted as lost. */
const isLost = ({ health, volume, networkInterface }: Replica): boolean =>
  health === 'unhealthy' || volume === 'lost' || networkInterface === 'lost';

/** Why this replica must not be touched, or undefined when it may be. */
const whyNotRepairable = (replica: Replica, all: readonly Replica[]): string | undefined => {
  if (replica.targetGroupArn === undefined || replica.address === undefined) {
    return `nobody can see whether ${nameOfReplica(replica)} serves, since its target group or its address is missing`;
  }
  const others = all.filter((one) => one.index !== replica.index && !serves(one));
  if ((others.length + 1) / all.length <= MOST_UNHEALTHY) return undefined;
  return `${others.map(nameOfReplica).join(' and ')} must serve before ${nameOfReplica(replica)} may be repaired, or etcd would lose its quorum`;
};

/**
 * Since when this very machine is seen not to serve, in epoch milliseconds: another machine begins anew. So does the last one
 * to come back after a lost quorum: it was not waited for while nothing could be done, and may be about to serve.
 */
export const unhealthySince = (
  replica: { readonly index: number; readonly instanceId?: string },
  before: readonly UnhealthyReplica[],
  quorumLost: boolean,
  now: number,
): number => {
  const known = before.find(({ index, instanceID }) => index === replica.index && instanceID === replica.instanceId);
  const quorumWasLost = before.length > 1;
  return known === undefined || (quorumWasLost && !quorumLost) ? now : Date.parse(known.since);
};

const causeOf = (replica: Replica): Exclude<Repair['cause'], 'machine'> | undefined => {
  if (replica.networkInterface === 'lost' || replica.volume === 'disowned') return undefined;
  if (replica.volume === 'lost') return 'volume';
  if (replica.volume === 'joining') return 'rejoin';
  return replica.userData === 'wrong' ? 'user-data' : undefined;
};

/** Another machine might do better: what is wrong is this one, and there is one. */
const isDown = (replica: Replica, trouble: Trouble): boolean =>
  trouble.kind === 'machine' && replica.instanceId !== undefined;

/** What is to come, for a replica that does not serve and has a machine. */
const outlook = (dueAt: number, now: number, quorumLost: boolean): string => {
  if (quorumLost) return 'nothing is replaced while etcd has no quorum';
  return dueAt > now
    ? `its machine is replaced at ${timeOf(dueAt)} unless it serves before`
    : 'its machine is due to be replaced';
};

/** What is wrong with an established control plane, and what may be done about it. */
export const judgeControlPlane = (
  inventory: readonly Found[],
  before: readonly UnhealthyReplica[],
  settings: RepairSettings,
  now: number,
): ControlPlane => {
  const replicas = replicasOf(inventory);
  const quorumLost = replicas.filter(isLost).length / replicas.length > 0.5;
  const troubled = replicas.flatMap((replica) => {
    const trouble = troubleOf(replica);
    if (trouble === undefined) return [];
    const dueAt = unhealthySince(replica, before, quorumLost, now) + settings.afterSeconds * 1_000;
    const cause: Repair['cause'] | undefined = causeOf(replica) ?? (isDown(replica, trouble) ? 'machine' : undefined);
    return [{ replica, trouble, cause, dueAt: cause === 'machine' ? dueAt : now }];
  });
  if (troubled.length === 0) return { replicas: [], quorumLost };

  const reports = troubled.map(
    ({ replica: { index, instanceId }, trouble: { message }, cause, dueAt }): ReplicaReport => ({
      index,
      ...(instanceId === undefined ? {} : { instanceId }),
      message: cause === 'machine' ? `${message}; ${outlook(dueAt, now, quorumLost)}` : message,
    }),
  );
  const due = troubled.find(({ cause, dueAt }) => cause !== undefined && dueAt <= now);
  const forbidden = due === undefined ? undefined : whyNotRepairable(due.replica, replicas);
  return {
    replicas: reports,
    quorumLost,
    ...(due?.cause !== undefined && forbidden === undefined
      ? { repair: { cause: due.cause, replica: due.replica } }
      : {}),
    ...(forbidden === undefined ? {} : { forbidden }),
    lookAgainSeconds: lookAgainAfter(settings),
  };
};
