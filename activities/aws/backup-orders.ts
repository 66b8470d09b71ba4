/**
 * Backup orders: has the agent of a replica take a snapshot that a person asked for, over tags of the replica's volume.
 *
 * Owns: reading a cluster's volumes for that, giving the order, and what came of it. Neighbours: `words/orders.ts` spells both tags;
 * `agent/orders.ts` obeys and reports; `order.ts` gives orders that are steps of an operation.
 * Invariants: I2 (one token for one question, however often it is put), I5 (reads and tags only; the replica goes on serving).
 */
import { paginateDescribeVolumes, type Volume } from '@aws-sdk/client-ec2';
import { CLUSTER_TAG, KEY_TAG } from '../../api/names.ts';
import type { ReplicaVolume } from '../../policy/backup-replica.ts';
import { etcdVolumeKey } from '../../words/keys.ts';
import { begunIn, type Order, REPORT_TAG, type Report, reportIn } from '../../words/orders.ts';
import { present } from '../../words/present.ts';
import type { AwsClients } from './clients.ts';
import { giveOrder, volumeTags } from './order-tags.ts';
import { filter, filterLike, given, readAll, tagRecord } from './tags.ts';
import { exists } from './volumes.ts';

const INDEXES = [0, 1, 2];

const replicaVolume = (volume: Volume): readonly ReplicaVolume[] => {
  const tags = tagRecord(volume.Tags);
  const index = INDEXES.find((one) => etcdVolumeKey(one) === tags[KEY_TAG]);
  if (index === undefined || !exists(volume)) return [];
  const holder = volume.Attachments?.find(({ State }) => State === 'attached')?.InstanceId;
  return [{ index, volumeId: given(volume.VolumeId, 'a volume id'), tags, ...present({ holder }) }];
};

export type BackupOrders = {
  readonly volumes: (clusterId: string, signal: AbortSignal) => Promise<readonly ReplicaVolume[]>;
  readonly give: (volumeId: string, order: Order) => Promise<void>;
  /** What the replica says of that order; `begun` while it is at it, undefined where it has not seen it. */
  readonly saidOf: (volumeId: string, token: string, signal: AbortSignal) => Promise<Report | 'begun' | undefined>;
};

export const backupOrders = ({ ec2 }: Pick<AwsClients, 'ec2'>): BackupOrders => {
  return {
    volumes: async (clusterId, signal) => {
      const filters = [filter(`tag:${CLUSTER_TAG}`, clusterId), filterLike(`tag:${KEY_TAG}`, 'etcd-volume/*')];
      const volumes = await readAll(
        paginateDescribeVolumes({ client: ec2 }, { Filters: filters }, { abortSignal: signal }),
        (page) => page.Volumes,
      );
      return volumes.flatMap(replicaVolume).sort((a, b) => a.index - b.index);
    },
    give: (volumeId, order) => giveOrder({ ec2 }, volumeId, order),
    saidOf: async (volumeId, token, signal) => {
      const text = (await volumeTags({ ec2 }, volumeId, signal))[REPORT_TAG];
      const report = reportIn(text);
      if (report?.token === token) return report;
      return begunIn(text) === token ? 'begun' : undefined;
    },
  };
};
