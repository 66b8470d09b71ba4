/** What agents are told of a schedule: a tag of each etcd volume, which differs and is mended by itself. */
import { describe, expect, test } from '@jest/globals';
import { etcdVolumeDriver, foundVolume } from '../../../activities/aws/etcd-volume.ts';
import { tagList, tagRecord } from '../../../activities/aws/tags.ts';
import { etcdVolumesIn } from '../../../activities/aws/volumes.ts';
import { ensureResource } from '../../../activities/driver.ts';
import { CLUSTER_TAG, KEY_TAG, UID_TAG } from '../../../api/names.ts';
import type { EtcdVolumeProperties } from '../../../kinds/etcd-volume.ts';
import { differencesOf } from '../../../kinds/resource.ts';
import { BACKUP_TAG } from '../../../words/backup-schedule.ts';
import { etcdVolumeKey } from '../../../words/keys.ts';
import { CLUSTER, CLUSTER_ID, ownerOf } from './account.ts';
import { answering } from './answering.ts';

const KEY = etcdVolumeKey(0);
const SCHEDULE = { bucket: 'backups', everyHours: 6 };

const volumeWith = (said: string | undefined, VolumeType = 'gp3' as const) => ({
  ...{ VolumeId: 'vol-0', AvailabilityZone: 'eu-west-1a', Size: 10, VolumeType, State: 'in-use' as const },
  Tags: tagList({
    ...{ [CLUSTER_TAG]: CLUSTER_ID, [UID_TAG]: CLUSTER.uid, [KEY_TAG]: KEY },
    ...(said === undefined ? {} : { [BACKUP_TAG]: said }),
  }),
});

const properties = (backup: { bucket: string; everyHours: number } | undefined, sizeGiB = 10) => ({
  ...{ name: '', availabilityZone: 'eu-west-1a', sizeGiB, type: 'gp3', emptyDisk: 'wait' as const, tags: {} },
  ...(backup === undefined ? {} : { backup }),
});

const differences = (said: string | undefined, backup?: { bucket: string; everyHours: number }) =>
  differencesOf('etcd-volume', properties(backup), foundVolume(KEY, volumeWith(said))).map(({ says }) => says);

/** What a step changes in AWS. */
const ensured = async (said: string | undefined, wanted: EtcdVolumeProperties): Promise<readonly object[]> => {
  const { clients, asked } = answering({
    DescribeVolumes: () => ({ Volumes: said === 'no volume' ? [] : [volumeWith(said)] }),
    CreateTags: () => ({}),
    ModifyVolume: () => ({}),
    CreateVolume: () => ({ VolumeId: 'vol-0', State: 'available', CreateTime: new Date() }),
  });
  const step = {
    ...{ id: `ensure ${KEY}`, verb: 'ensure' as const, needs: [] },
    resource: { key: KEY, kind: 'etcd-volume' as const, properties: wanted },
  };
  await ensureResource(
    etcdVolumeDriver(clients, etcdVolumesIn(clients.ec2)),
    { object: CLUSTER, owner: ownerOf(CLUSTER), entityId: 'test', first: false, since: Date.now(), step },
    { signal: new AbortController().signal, since: Date.now() },
  );
  return asked.filter(({ operation }) => !operation.startsWith('Describe'));
};

describe('what an etcd volume says of a schedule', () => {
  test.each<[string, string | undefined, typeof SCHEDULE | undefined]>([
    ['says nothing, where none was ever asked for', undefined, undefined],
    ['says what is asked for', 'backups 6', SCHEDULE],
    ['says that there is none any more', 'none', undefined],
    ['says what it said, where this worker knows of no bucket', 'backups 6', { ...SCHEDULE, bucket: '' }],
    ['says nothing, where this worker knows of no bucket', undefined, { ...SCHEDULE, bucket: '' }],
  ])('is no difference where it %s', (_, said, backup) => {
    expect(differences(said, backup)).toEqual([]);
  });

  test.each<[string, string | undefined, typeof SCHEDULE | undefined, string]>([
    ['nothing', undefined, SCHEDULE, 'its agent is told of snapshots "nothing", not "backups 6"'],
    ['other hours', 'backups 12', SCHEDULE, 'its agent is told of snapshots "backups 12", not "backups 6"'],
    ['another bucket', 'others 6', SCHEDULE, 'its agent is told of snapshots "others 6", not "backups 6"'],
    ['that there is none', 'none', SCHEDULE, 'its agent is told of snapshots "none", not "backups 6"'],
    ['what is not asked for', 'backups 6', undefined, 'its agent is told of snapshots "backups 6", not "none"'],
    ['what somebody wrote', 'x', undefined, 'its agent is told of snapshots "x", not "none"'],
  ])('differs where it says %s', (_, said, backup, says) => {
    expect(differences(said, backup)).toEqual([says]);
  });

  test('is written by itself, and the volume is not asked to change', async () => {
    expect(await ensured('backups 12', properties(SCHEDULE))).toEqual([
      { operation: 'CreateTags', input: { Resources: ['vol-0'], Tags: [{ Key: BACKUP_TAG, Value: 'backups 6' }] } },
    ]);
    expect(await ensured('backups 6', properties(undefined))).toMatchObject([
      { input: { Tags: [{ Key: BACKUP_TAG, Value: 'none' }] } },
    ]);
    expect(await ensured('backups 6', properties(SCHEDULE))).toEqual([]);
  });

  test('is written beside other changes, and is left alone by them', async () => {
    expect(await ensured(undefined, properties(SCHEDULE, 20))).toMatchObject([
      { operation: 'CreateTags' },
      { operation: 'ModifyVolume', input: { Size: 20 } },
    ]);
    expect(await ensured('backups 6', properties(SCHEDULE, 20))).toMatchObject([{ operation: 'ModifyVolume' }]);
  });

  test.each([
    [SCHEDULE, 'backups 6'],
    [undefined, undefined],
    [{ ...SCHEDULE, bucket: '' }, undefined],
  ])('is said by the call that makes it: %j', async (backup, said) => {
    const [{ input }] = (await ensured('no volume', properties(backup))) as [
      { input: { TagSpecifications: readonly { Tags: { Key: string; Value: string }[] }[] } },
    ];
    expect(tagRecord(input.TagSpecifications[0]?.Tags)[BACKUP_TAG]).toBe(said);
  });
});
