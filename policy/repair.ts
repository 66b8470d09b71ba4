/**
 * Repair: which replicas of a control plane are to be replaced because something is wrong with them, and when.
 *
 * Owns: the causes, and their times. A lost disk or a machine that was told wrongly cannot cure itself and is repaired at once;
 * a machine that merely does not serve has some minutes first, in which AWS, the agent or a person may do it. A lost
 * quorum is reported and never repaired: what is left is the only copy.
 * Neighbours: `replicas.ts` reads the inventory, `replacement.ts` has the gate and the plan, `rollout.ts` says which is next.
 * Pure. Invariants: I5, I9 (whoever waits says until when).
 */

import type { UnhealthyReplica } from '../api/status.ts';
import type { Found } from '../kinds/resource.ts';
import { timeOf } from '../words/time.ts';
import { type Replacement, whyNotReplaceable } from './replacement.ts';
import { type Replica, replicasOf, type Trouble, troubleOf } from './replicas.ts';
import type { Due } from './rollout.ts';

/** How long a machine may fail its health checks before it is replaced, unless a setting says otherwise. */
export const REPAIR_AFTER_SECONDS = 300;

export type RepairSettings = { readonly afterSeconds: number };

/** A replica that is not as it should be, for status: what is wrong, and what is going to happen. */
type ReplicaReport = { readonly index: number; readonly instanceId?: string; readonly message: string };

/** What status says of a control plane with which something is wrong. */
export type ControlPlaneReport = {
  readonly replicas: readonly ReplicaReport[];
  /** Two of three do not serve: etcd cannot decide anything. */
  readonly quorumLost: boolean;
};

export type ControlPlane = ControlPlaneReport & {
  /** Repairs that are due, in the replicas' order. */
  readonly due: readonly Due[];
  /** How soon to look again by itself. */
  readonly lookAgainSeconds?: number;
};

const SHORTEST_LOOK_SECONDS = 2;
const LONGEST_LOOK_SECONDS = 60;

/** While something is wrong it is looked at often enough to act in time. */
const lookAgainAfter = (settings: RepairSettings): number =>
  Math.min(LONGEST_LOOK_SECONDS, Math.max(SHORTEST_LOOK_SECONDS, Math.ceil(settings.afterSeconds / 5)));

/** Those that certainly don't: one that nobody asked yet is not counted as lost. */
const isLost = ({ health, volume, networkInterface }: Replica): boolean =>
  health === 'unhealthy' || volume === 'lost' || networkInterface === 'lost';

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

const causeOf = (replica: Replica): Exclude<Replacement['cause'], 'machine'> | undefined => {
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
    const cause: Replacement['cause'] | undefined =
      causeOf(replica) ?? (isDown(replica, trouble) ? 'machine' : undefined);
    return [{ replica, trouble, cause, dueAt: cause === 'machine' ? dueAt : now }];
  });
  if (troubled.length === 0) return { replicas: [], quorumLost, due: [] };

  const reports = troubled.map(
    ({ replica: { index, instanceId }, trouble: { message }, cause, dueAt }): ReplicaReport => ({
      index,
      ...(instanceId === undefined ? {} : { instanceId }),
      message: cause === 'machine' ? `${message}; ${outlook(dueAt, now, quorumLost)}` : message,
    }),
  );
  const due = troubled.flatMap(({ replica, cause, dueAt }): Due[] => {
    if (cause === undefined || dueAt > now) return [];
    const forbidden = whyNotReplaceable(replica, replicas);
    return [{ replacement: { replica, cause }, ...(forbidden === undefined ? {} : { forbidden }) }];
  });
  return {
    replicas: reports,
    quorumLost,
    due,
    lookAgainSeconds: lookAgainAfter(settings),
  };
};
