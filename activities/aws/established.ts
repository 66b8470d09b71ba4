/**
 * Established: the mark that etcd has had quorum, on the volumes themselves.
 *
 * Owns: the one direction of that tag: from `bootstrap` to `wait`, so that an empty disk is never again taken for a new
 * cluster (I5). A volume that says `join` is being repaired, and says so until it has joined. Neighbours: `etcd-volume.ts` writes
 * `bootstrap` when it makes a volume; the agent obeys the tag.
 */
import { CreateTagsCommand, paginateDescribeVolumes, type Volume } from '@aws-sdk/client-ec2';
import { EMPTY_DISK_TAG } from '../../api/names.ts';
import { observed, stateOf } from '../../policy/observed.ts';
import type { Found } from '../../policy/plan.ts';
import type { ResourceKey } from '../../topology/resource.ts';
import type { ResourceDriver } from '../driver.ts';
import type { AwsClients } from './clients.ts';
import { emptyDiskOf } from './etcd-volume.ts';
import { filter, readAll } from './tags.ts';

/** The entry of an inventory, once any volume no longer may bootstrap. */
export const foundEstablished = (key: ResourceKey, volumes: readonly Volume[], uid?: string): Found | undefined => {
  const volumeIds = volumes
    .filter((volume) => emptyDiskOf(volume) !== 'bootstrap')
    .flatMap(({ VolumeId }) => VolumeId ?? [])
    .sort();
  return volumeIds.length === 0 ? undefined : observed('established', key, {}, { volumeIds }, uid);
};

export const establishedDriver = ({ ec2 }: AwsClients): ResourceDriver<'established'> => {
  const mark = (volumeIds: readonly string[]) =>
    ec2.send(new CreateTagsCommand({ Resources: [...volumeIds], Tags: [{ Key: EMPTY_DISK_TAG, Value: 'wait' }] }));

  return {
    kind: 'established',

    async candidates(wanted) {
      const volumes = await readAll(
        paginateDescribeVolumes(
          { client: ec2 },
          { Filters: [filter('volume-id', ...wanted.properties.volumeIds)] },
          { abortSignal: wanted.signal },
        ),
        (page) => page.Volumes,
      );
      const found = foundEstablished(wanted.key, volumes, wanted.owner.uid);
      return found === undefined ? [] : [{ ...found, label: 'tags of etcd volumes', belongsTo: 'ours' }];
    },

    async create(wanted) {
      await mark(wanted.properties.volumeIds);
      return { outputs: {} };
    },

    async update(wanted, found) {
      const { volumeIds, joined } = wanted.properties;
      const marked = stateOf('established', found).volumeIds;
      // Who has joined has data: an empty disk would be another loss.
      const missing = joined === true ? volumeIds : volumeIds.filter((id) => !marked.includes(id));
      if (missing.length === 0) return { outputs: {} };
      await mark(missing);
      return { outputs: {}, change: 'updated' };
    },

    /** The mark goes with the volumes. */
    remove: () => Promise.resolve(),
  };
};
