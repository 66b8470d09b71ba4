/**
 * Established: the mark that etcd has had quorum, on the volumes themselves.
 *
 * Owns: the one direction of that tag: from `bootstrap` to `wait`, so that an empty disk is never again taken for a new
 * cluster (I5). A volume that says `join` is being repaired, and says so until it has joined. Neighbours: `etcd-volume.ts` writes
 * `bootstrap` when it makes a volume; the agent obeys the tag.
 */
import { CreateTagsCommand, paginateDescribeVolumes, type Volume } from '@aws-sdk/client-ec2';
import { EMPTY_DISK_TAG, type EmptyDisk } from '../../api/names.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import { itemsOf } from '../../kinds/row.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver } from '../driver.ts';
import type { AwsClients } from './clients.ts';
import { emptyDiskOf } from './etcd-volume.ts';
import { filter, ownedBy, readAll } from './tags.ts';

/** The entry of an inventory, once any volume no longer may bootstrap. */
export const foundEstablished = (
  key: ResourceKey,
  volumes: readonly Volume[],
  uid?: string,
): FoundOf<'established'> | undefined => {
  const marked = (isMarked: (says: EmptyDisk) => boolean): string[] =>
    volumes
      .filter((volume) => isMarked(emptyDiskOf(volume)))
      .flatMap(({ VolumeId }) => VolumeId ?? [])
      .sort();
  const volumeIds = marked((says) => says !== 'bootstrap');
  const joining = marked((says) => says === 'join');
  return volumeIds.length === 0
    ? undefined
    : observed('established', key, {}, { volumeIds, ...(joining.length === 0 ? {} : { joining }) }, ownedBy(uid));
};

export const establishedDriver = ({ ec2 }: AwsClients): ResourceDriver<'established'> => {
  const mark = (volumeIds: readonly string[]) =>
    ec2.send(new CreateTagsCommand({ Resources: [...volumeIds], Tags: [{ Key: EMPTY_DISK_TAG, Value: 'wait' }] }));

  return {
    kind: 'established',

    async candidates(sought) {
      const volumes = await readAll(
        paginateDescribeVolumes(
          { client: ec2 },
          { Filters: [filter('volume-id', ...sought.properties.volumeIds)] },
          { abortSignal: sought.signal },
        ),
        (page) => page.Volumes,
      );
      const found = foundEstablished(sought.key, volumes, sought.owner.uid);
      return found === undefined ? [] : [{ ...found, label: 'tags of etcd volumes', belongsTo: 'ours' }];
    },

    async create(wanted) {
      await mark(wanted.properties.volumeIds);
      return { outputs: {} };
    },

    async update(_wanted, _found, differences) {
      await mark(itemsOf(differences, 'unmarked'));
      return { outputs: {}, change: 'updated' };
    },

    /** The mark goes with the volumes. */
    remove: () => Promise.resolve(),
  };
};
