/**
 * Backups: a snapshot of a cluster's etcd that a person or a step asks for now, and the list of those that there are.
 *
 * Owns: which facts are gathered, that nothing is said to a cluster which is not this worker's, and that what an agent reports is looked
 * at in the bucket before it is called a backup. Neighbours: `policy/backup-replica.ts` picks the replica, `policy/backups.ts` judges
 * snapshots, `workflows/backup.ts` and the step in `snapshot.ts` ask one replica after the other.
 * Invariants: I2, I9 (each wait says for what), I12 (a snapshot that can't be seen to be whole is none).
 */
import type { AWSCluster } from '../api/cluster.ts';
import { isClusterId } from '../api/names.ts';
import { isDeleting, type ObjectRef } from '../api/object.ts';
import { clusterIdFor } from '../api/ownership.ts';
import { type Question, type Round, roundOf } from '../policy/asked-snapshot.ts';
import { replicaToAsk, type ToldReplica } from '../policy/backup-replica.ts';
import type { Backup } from '../policy/backups.ts';
import { judgeIdentity, judgePlace, type Served, wasProvisioned } from '../policy/facts.ts';
import { ended } from '../words/text.ts';
import type { Named } from './assess.ts';
import type { BackupOrders } from './aws/backup-orders.ts';
import { ORDER_SECONDS, orderUntil } from './aws/order-tags.ts';
import type { ReadBackups } from './aws/snapshots.ts';
import type { BackupAsked, BackupList, BackupOutcome, BackupRequest, BackupsOf } from './contract.ts';
import { blockedError, notYet } from './verdicts.ts';

export type BackupSources = {
  readonly served: (signal: AbortSignal) => Promise<Served>;
  readonly findCluster: (name: Named, signal: AbortSignal) => Promise<AWSCluster | null>;
  readonly orders: BackupOrders;
  /** Where snapshots go; nowhere where the worker was told of no bucket. */
  readonly bucket?: { readonly name: string; readonly read: ReadBackups };
  readonly now?: () => number;
};

/** As long as an agent gives itself (`agent/replica.ts`), and a minute to say so. */
const OVER_WITHIN_SECONDS = 31 * 60;
const AGAIN_MS = 2_000;
/** An order that a replica has just been given is told by its tags; what another operation told it is over in minutes. */
const LATER_MS = 5_000;

const nameOf = ({ namespace, name }: ObjectRef): string => `Cluster ${namespace}/${name}`;

const bucketOf = ({ bucket }: BackupSources): NonNullable<BackupSources['bucket']> => {
  if (bucket !== undefined) return bucket;
  throw blockedError(
    'There is nowhere to keep a snapshot: set SLIPWAY_BUCKET of the worker to the name of a bucket in its region, and start it again.',
  );
};

/** The cluster, where something may be said of it by this worker. */
const clusterOf = async (sources: BackupSources, object: ObjectRef, signal: AbortSignal): Promise<AWSCluster> => {
  const [cluster, worker] = await Promise.all([sources.findCluster(object, signal), sources.served(signal)]);
  if (cluster === null || judgeIdentity(cluster, object) !== undefined)
    throw blockedError(`${nameOf(object)} is gone.`);
  const elsewhere = judgePlace(cluster, cluster.spec.region, worker);
  if (elsewhere !== undefined) throw blockedError(`${nameOf(object)}: ${ended(elsewhere.reason)}`);
  return cluster;
};

const idOf = (cluster: AWSCluster): string => cluster.status?.clusterID ?? clusterIdFor(cluster);

const refuseNow = (cluster: AWSCluster, object: ObjectRef): void => {
  if (isDeleting(cluster)) throw blockedError(`${nameOf(object)} is being deleted.`);
  if (!wasProvisioned(cluster)) throw blockedError(`${nameOf(object)} is not provisioned yet: its etcd holds nothing.`);
};

const whoWas = ({ index, instanceId }: ToldReplica): string =>
  `The agent of replica ${index} on instance ${instanceId}`;

const notOver = (told: ToldReplica, said: 'begun' | undefined, now: number): BackupOutcome => {
  const late = now / 1_000 - told.until;
  if (said === 'begun') {
    if (late < OVER_WITHIN_SECONDS) throw notYet(`${whoWas(told)} takes the snapshot.`, AGAIN_MS);
    return { kind: 'failed', why: 'its agent began, and has not ended: see whether the machine still runs' };
  }
  if (late <= 0) throw notYet(`${whoWas(told)} has not seen yet that it is asked: it looks twice a minute.`, AGAIN_MS);
  return {
    kind: 'failed',
    why: `its agent did not answer within ${ORDER_SECONDS} s: its machine hangs, does not reach EC2, or runs an image of before snapshots`,
  };
};

/** `says`: why none of the replicas can be asked. */
type Told = { readonly kind: 'told'; readonly told: ToldReplica } | { readonly kind: 'none'; readonly says: string };

/** Orders, and what became of them so far. */
const asking = (sources: BackupSources) => {
  const { orders, now = Date.now } = sources;

  /** Asks a replica. The same question put again is the same order. */
  const ask = async ({ object, token, failed }: BackupRequest, signal: AbortSignal): Promise<Told> => {
    const { name: bucket } = bucketOf(sources);
    const cluster = await clusterOf(sources, object, signal);
    refuseNow(cluster, object);
    const unhealthy = (cluster.status?.unhealthyReplicas ?? []).map(({ index }) => index);
    const volumes = await orders.volumes(idOf(cluster), signal);
    const choice = replicaToAsk(volumes, { token, failed, unhealthy, now: now() });
    if (choice.kind === 'later') throw notYet(choice.says, LATER_MS);
    if (choice.kind === 'none')
      return { kind: 'none', says: `No replica of ${nameOf(object)} can take a snapshot: ${choice.says}` };
    const { index, volumeId, instanceId } = choice;
    const until = orderUntil(now());
    await orders.give(volumeId, { token, verb: 'snapshot', instanceId, until, bucket });
    return { kind: 'told', told: { index, volumeId, instanceId, token, until, bucket } };
  };

  return {
    ask,

    /** The same for who has nothing to do where nobody can. */
    orderBackup: async (request: BackupRequest, signal: AbortSignal): Promise<ToldReplica> => {
      const choice = await ask(request, signal);
      if (choice.kind === 'none') throw blockedError(choice.says);
      return choice.told;
    },

    /** What replicas were told of a question so far. */
    roundOf: async (object: ObjectRef, question: Question, signal: AbortSignal): Promise<Round> => {
      const cluster = await clusterOf(sources, object, signal);
      return roundOf(await orders.volumes(idOf(cluster), signal), question);
    },
  };
};

export const createBackups = (sources: BackupSources) => {
  const { orders, now = Date.now } = sources;

  const seen = async ({ object, told }: BackupAsked, key: string, signal: AbortSignal): Promise<Backup | string> => {
    const { read } = bucketOf(sources);
    const cluster = await clusterOf(sources, object, signal);
    const backups = await read(idOf(cluster), signal);
    return backups.find((one) => one.key === key) ?? `its agent says ${key}, which bucket ${told.bucket} does not list`;
  };

  return {
    ...asking(sources),

    /** One look at what came of it. */
    awaitBackup: async (asked: BackupAsked, signal: AbortSignal): Promise<BackupOutcome> => {
      const { told } = asked;
      const said = await orders.saidOf(told.volumeId, told.token, signal);
      if (said === undefined || said === 'begun') return notOver(told, said, now());
      if (said.result === 'failed') return { kind: 'failed', why: said.why };
      const backup = await seen(asked, said.says ?? 'nothing of where', signal);
      if (typeof backup === 'string') return { kind: 'failed', why: backup };
      return backup.problem === undefined
        ? { kind: 'done', backup }
        : { kind: 'failed', why: `${backup.key}: ${backup.problem}` };
    },

    listBackups: async (of: BackupsOf, signal: AbortSignal): Promise<BackupList> => {
      const { name, read } = bucketOf(sources);
      if ('clusterId' in of && !isClusterId(of.clusterId)) {
        throw blockedError(`${of.clusterId} is no cluster's id: one is gke- and eight hexadecimal digits.`);
      }
      const clusterId = 'clusterId' in of ? of.clusterId : idOf(await clusterOf(sources, of, signal));
      return { bucket: name, backups: await read(clusterId, signal) };
    },
  };
};
