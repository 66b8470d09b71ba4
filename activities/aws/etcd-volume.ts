/**
 * Etcd volume: the disk of one replica, which outlives its instances.
 *
 * Owns: the volume. Its client token makes a repeated create answer with the same volume (I2). The tag that says what an
 * empty disk may do is written at creation only: afterwards it belongs to `established.ts` and to repair, never to an
 * update (I5). Neighbours: the agent attaches it; a volume that is still being created is waited for there.
 */
import {
  CreateVolumeCommand,
  DeleteVolumeCommand,
  type EC2Client,
  ModifyVolumeCommand,
  paginateDescribeVolumes,
  type Volume,
  type VolumeType,
} from '@aws-sdk/client-ec2';
import { EMPTY_DISK_TAG, type EmptyDisk } from '../../api/names.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver, Wanted } from '../driver.ts';
import { supersededError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { tagInEc2 } from './tagging.ts';
import {
  belongsTo,
  carriedBy,
  clientToken,
  filter,
  given,
  ownedTags,
  ownerFilters,
  readAll,
  tagList,
  tagRecord,
} from './tags.ts';

/** A tag that isn't there, or says something new, never allows to bootstrap (I5). */
export const emptyDiskOf = (volume: Volume): EmptyDisk => {
  const tag = tagRecord(volume.Tags)[EMPTY_DISK_TAG];
  return tag === 'bootstrap' || tag === 'join' ? tag : 'wait';
};

/** A volume that is going no longer counts. */
export const exists = (volume: Volume): boolean => volume.State !== 'deleting' && volume.State !== 'deleted';

export const foundVolume = (key: ResourceKey, volume: Volume): FoundOf<'etcd-volume'> =>
  observed(
    'etcd-volume',
    key,
    { id: given(volume.VolumeId, 'a volume id') },
    {
      name: tagRecord(volume.Tags).Name ?? '',
      availabilityZone: given(volume.AvailabilityZone, 'a zone'),
      sizeGiB: volume.Size ?? 0,
      type: volume.VolumeType ?? '',
      ...(volume.Iops === undefined ? {} : { iops: volume.Iops }),
      ...(volume.Throughput === undefined ? {} : { throughput: volume.Throughput }),
      emptyDisk: emptyDiskOf(volume),
    },
    carriedBy(tagRecord(volume.Tags)),
  );

/**
 * A disk that takes another's place is made only where that one is proven gone, by its own id: one that only lost its
 * tags may hold the data (I5, I12).
 */
const refuseIfThere = async (ec2: EC2Client, wanted: Wanted<'etcd-volume'>): Promise<void> => {
  const { former } = wanted.properties;
  if (former === undefined || !(await volumeExists(ec2, former, wanted.signal))) return;
  throw supersededError(`Volume ${former}, in whose place ${wanted.key} was to be made, exists after all.`);
};

/** Whether EC2 has a volume of this id, whosever it is. */
export const volumeExists = async (ec2: EC2Client, id: string, abortSignal: AbortSignal): Promise<boolean> => {
  const volumes = await readAll(
    // By filter, not by id: what isn't there is an empty list then, and no error.
    paginateDescribeVolumes({ client: ec2 }, { Filters: [filter('volume-id', id)] }, { abortSignal }),
    (page) => page.Volumes,
  );
  return volumes.some(exists);
};

export const etcdVolumeDriver = ({ ec2 }: AwsClients): ResourceDriver<'etcd-volume'> => ({
  kind: 'etcd-volume',

  async candidates(wanted) {
    const volumes = await readAll(
      paginateDescribeVolumes({ client: ec2 }, { Filters: ownerFilters(wanted) }, { abortSignal: wanted.signal }),
      (page) => page.Volumes,
    );
    return volumes.filter(exists).map((volume) => ({
      ...foundVolume(wanted.key, volume),
      label: `volume ${volume.VolumeId ?? '?'}`,
      belongsTo: belongsTo(tagRecord(volume.Tags), wanted),
    }));
  },

  async create(wanted) {
    await refuseIfThere(ec2, wanted);
    const { availabilityZone, sizeGiB, type, iops, throughput, kmsKeyId, emptyDisk, name, tags } = wanted.properties;
    const all = ownedTags(wanted, { Name: name, ...tags, [EMPTY_DISK_TAG]: emptyDisk });
    const answer = await ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: availabilityZone,
        Size: sizeGiB,
        VolumeType: type as VolumeType,
        Encrypted: true,
        ClientToken: clientToken(wanted),
        TagSpecifications: [{ ResourceType: 'volume', Tags: tagList(all) }],
        ...(iops === undefined ? {} : { Iops: iops }),
        ...(throughput === undefined ? {} : { Throughput: throughput }),
        ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
      }),
    );
    return { outputs: { id: given(answer.VolumeId, 'a volume id') } };
  },

  /** In one call: AWS takes the next change of a volume only hours later. */
  async update(wanted, found) {
    const { sizeGiB, type, iops, throughput } = wanted.properties;
    const { sizeGiB: held } = found.state;
    await ec2.send(
      new ModifyVolumeCommand({
        VolumeId: found.outputs.id,
        Size: Math.max(sizeGiB, held),
        VolumeType: type as VolumeType,
        ...(iops === undefined ? {} : { Iops: iops }),
        ...(throughput === undefined ? {} : { Throughput: throughput }),
      }),
    );
    return { outputs: found.outputs, change: 'updated' };
  },

  retag: (wanted, found, tagging) => tagInEc2(ec2, [given(found.outputs.id, `the id of ${wanted.key}`)], tagging),

  async remove(wanted, found) {
    await ec2.send(new DeleteVolumeCommand({ VolumeId: given(found.outputs.id, `the id of ${wanted.key}`) }));
  },
});
