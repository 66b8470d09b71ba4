/**
 * Asked snapshot: what became of a question for a snapshot, by the etcd volumes and the bucket alone.
 *
 * Owns: rounds. A question is put to one replica after the other by orders of one token; once each has failed, it is put again by those
 * of the next. Whoever asks may end at any moment: all that there is to know is read back from tags and manifests.
 * Neighbours: `backup-replica.ts` picks the replica, `activities/snapshot.ts` asks. Pure.
 * Invariants: I2 (what was just made, or is under way, is found and never asked for again).
 */
import { ORDER_TAG, type Order, orderIn } from '../words/orders.ts';
import type { ReplicaVolume, ToldReplica } from './backup-replica.ts';
import type { Backup } from './backups.ts';

export type Question = {
  /** The same for whoever wants the same snapshot. */
  readonly name: string;
  /** What was made or asked for before is none of it; epoch milliseconds. */
  readonly since: number;
};

export type Round = {
  /** By which the next replica is asked, and by which all are once each of them has failed. */
  readonly token: string;
  readonly next: string;
  /** Replicas that were asked in this round. */
  readonly told: readonly ToldReplica[];
};

const tokenOf = (name: string, round: number): string => `${name}-${round}`;

/** Counted from 1; undefined for an order of another question. */
const roundIn = (token: string | undefined, name: string): number | undefined => {
  if (token?.startsWith(`${name}-`) !== true) return undefined;
  const round = Number(token.slice(name.length + 1));
  return Number.isSafeInteger(round) && round > 0 ? round : undefined;
};

type Given = { readonly volume: ReplicaVolume; readonly order: Order; readonly round: number };

const givenOn = (volume: ReplicaVolume, name: string): readonly Given[] => {
  const order = orderIn(volume.tags[ORDER_TAG]);
  const round = roundIn(order?.token, name);
  return order === undefined || round === undefined ? [] : [{ volume, order, round }];
};

/** The last round of a question, or the one that comes after where it was put too long ago. */
export const roundOf = (volumes: readonly ReplicaVolume[], { name, since }: Question): Round => {
  const given = volumes.flatMap((volume) => givenOn(volume, name));
  const last = Math.max(0, ...given.map(({ round }) => round));
  const told = given
    .filter(({ order, round }) => round === last && order.until * 1_000 >= since)
    .map(({ volume: { index, volumeId }, order: { token, instanceId, until, bucket = '' } }) => ({
      ...{ index, volumeId, instanceId, token, until, bucket },
    }));
  const round = told.length > 0 ? last : last + 1;
  return { token: tokenOf(name, round), next: tokenOf(name, round + 1), told };
};

/** The snapshot that answers a question, if there is one that can be relied on. `backups`: the newest first. */
export const answerTo = (backups: readonly Backup[], { name, since }: Question): Backup | undefined =>
  backups.find(
    ({ problem, token, time }) =>
      problem === undefined && roundIn(token, name) !== undefined && Date.parse(time) >= since,
  );
