/**
 * Volumes: how etcd's disks are looked at.
 *
 * Owns: the look at all of a cluster's, which steps share that wait for one each, and the proof that one is gone. Neighbours:
 * `etcd-volume.ts` makes and removes them, `inventory.ts` and `survey.ts` list them for whole inventories.
 * Invariants: I5, I12 (a listing by tag proves no absence: a disk may have lost its tags, and listings lag behind. What is gone is
 * asked for by its own id, and EC2 says so).
 */
import { DescribeVolumesCommand, type EC2Client, paginateDescribeVolumes, type Volume } from '@aws-sdk/client-ec2';
import { CLUSTER_TAG, KEY_TAG } from '../../api/names.ts';
import { SETTLING_BELIEVED_MS } from '../settling.ts';
import { unlessAbsent } from '../verdicts.ts';
import { type Looking, sharedLooks } from './shared-looks.ts';
import { filter, filterLike, readAll } from './tags.ts';

/** A volume that is going no longer counts. */
export const exists = (volume: Volume): boolean => volume.State !== 'deleting' && volume.State !== 'deleted';

/** Those of a cluster's etcd, in any state. */
export type EtcdVolumes = (looking: Looking) => Promise<readonly Volume[]>;

/** By tag and kind of key: disks of nodes and of claims carry the cluster's tag, too, and may be many. */
export const etcdVolumesIn = (ec2: EC2Client, now: () => number = Date.now): EtcdVolumes =>
  sharedLooks(
    (clusterId, abortSignal) =>
      readAll(
        paginateDescribeVolumes(
          { client: ec2 },
          { Filters: [filter(`tag:${CLUSTER_TAG}`, clusterId), filterLike(`tag:${KEY_TAG}`, 'etcd-volume/*')] },
          { abortSignal },
        ),
        (page) => page.Volumes,
      ),
    SETTLING_BELIEVED_MS,
    now,
  );

/** Whether EC2 has a volume of this id, whosever it is: an error of its own says that it hasn't. */
export const volumeExists = async (ec2: EC2Client, id: string, abortSignal: AbortSignal): Promise<boolean> => {
  const command = new DescribeVolumesCommand({ VolumeIds: [id] });
  const answer = await unlessAbsent(() => ec2.send(command, { abortSignal }), { Volumes: [] });
  return (answer.Volumes ?? []).some(exists);
};
