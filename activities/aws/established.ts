/**
 * Established: the mark that etcd has had quorum, on the volumes themselves.
 *
 * Owns: the one direction of that tag: from `bootstrap` to `wait` once its replica serves, so that an empty disk is never again taken
 * for a new cluster (I5). Two of three make a quorum, so the third may not even have looked at its disk: it is waited for, and then it
 * may only join the others, which does no harm where it has data after all. A volume that says `join` says so until it has joined.
 * Neighbours: `etcd-volume.ts` writes `bootstrap` when it makes a volume; the agent obeys the tag; `policy/repair.ts` sees to who joins.
 */
import { CreateTagsCommand, paginateDescribeVolumes, type Volume } from '@aws-sdk/client-ec2';
import { EMPTY_DISK_TAG, type EmptyDisk } from '../../api/names.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import { itemsOf } from '../../kinds/row.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { Made, ResourceDriver, Wanted } from '../driver.ts';
import { notYet } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { emptyDiskOf } from './etcd-volume.ts';
import { healthOf, sayHealth } from './others-serving.ts';
import { filter, ownedBy, readAll } from './tags.ts';
import { targetHealth } from './targets.ts';

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

/** From the first answer of its API: as long as a machine may boot later than the others, before it is told another way. */
const SERVES_WITHIN_MS = 3 * 60_000;

/** A look costs two calls: the longer it has taken, the rarer. */
const AGAIN_MS = { least: 1_500, most: 5_000 } as const;
const againAfter = (waited: number): number => Math.min(Math.max(waited, AGAIN_MS.least), AGAIN_MS.most);

export const establishedDriver = ({ ec2, elbv2 }: Pick<AwsClients, 'ec2' | 'elbv2'>): ResourceDriver<'established'> => {
  const mark = async (volumeIds: readonly string[], says: EmptyDisk): Promise<void> => {
    if (volumeIds.length === 0) return;
    await ec2.send(new CreateTagsCommand({ Resources: [...volumeIds], Tags: [{ Key: EMPTY_DISK_TAG, Value: says }] }));
  };

  const establish = async (wanted: Wanted<'established'>, unmarked: readonly string[]): Promise<Made> => {
    const { volumeIds, addresses, targetGroupArn } = wanted.properties;
    const health = await targetHealth(elbv2, targetGroupArn, wanted.signal);
    const silent = unmarked
      .map((id) => ({ id, ...healthOf(health, addresses[volumeIds.indexOf(id)] ?? '') }))
      .filter(({ state }) => state !== 'healthy');
    const join = silent.map(({ id }) => id);
    await mark(
      unmarked.filter((id) => !join.includes(id)),
      'wait',
    );
    const waited = Date.now() - wanted.since;
    if (silent.length > 0 && waited < SERVES_WITHIN_MS) {
      throw notYet(`Waiting for every replica to serve: ${silent.map(sayHealth).join('; ')}.`, againAfter(waited));
    }
    await mark(join, 'join');
    return { outputs: {}, change: 'updated' };
  };

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

    create: async (wanted) => ({ ...(await establish(wanted, wanted.properties.volumeIds)), change: 'created' }),
    update: (wanted, _found, differences) => establish(wanted, itemsOf(differences, 'unmarked')),

    /** The mark goes with the volumes. */
    remove: () => Promise.resolve(),
  };
};
