/** What an upgrade says on etcd volumes: written once, on all of them, seen there, never lowered; and read back from them. */
import { describe, expect, test } from '@jest/globals';
import { etcdVolumeDriver, foundVolume, marksOfOthers } from '../../../activities/aws/etcd-volume.ts';
import { tagInEc2 } from '../../../activities/aws/tagging.ts';
import { tagList, tagRecord } from '../../../activities/aws/tags.ts';
import { upgradeMarkDriver } from '../../../activities/aws/upgrade-mark.ts';
import type { Wanted } from '../../../activities/driver.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import type { Minor } from '../../../api/minor.ts';
import { EMPTY_DISK_TAG } from '../../../api/names.ts';
import { differencesOf } from '../../../kinds/resource.ts';
import { taggingOf } from '../../../kinds/tags.ts';
import { COMMITTED_TAG, EMULATES_TAG, UPGRADE_TAGS, type UpgradeMark } from '../../../words/emulation.ts';
import { upgradeMarkKey } from '../../../words/keys.ts';
import { REPORT_TAG } from '../../../words/orders.ts';
import { CLUSTER, ownerOf } from './account.ts';
import { answering } from './answering.ts';

type Tags = Readonly<Record<string, string>>;
const IDS = ['vol-0', 'vol-1', 'vol-2'];

/** Volumes by id with their tags, and how many looks a written tag takes to be seen. */
const account = (tags: Readonly<Record<string, Tags>>, lag = 0) => {
  const seen = new Map(Object.entries(tags).map(([id, own]) => [id, { ...own }]));
  const written: { at: number; id: string; tags: Tags }[] = [];
  let looks = 0;
  const { clients, asked } = answering({
    DescribeVolumes: () => {
      looks += 1;
      for (const one of written) if (looks > one.at + lag) Object.assign(seen.get(one.id) ?? {}, one.tags);
      return {
        Volumes: [...seen].map(([VolumeId, own]) => ({ VolumeId, State: 'in-use', Size: 10, Tags: tagList(own) })),
      };
    },
    CreateTags: ({ Resources, Tags: given }) => {
      for (const id of Resources as readonly string[]) {
        written.push({ at: looks, id, tags: tagRecord(given as { Key: string; Value: string }[]) });
      }
      return {};
    },
    CreateVolume: ({ AvailabilityZone }) => ({
      VolumeId: 'vol-new',
      State: 'available',
      AvailabilityZone,
      CreateTime: new Date(),
    }),
    DeleteTags: () => ({}),
  });
  const changed = () => asked.filter(({ operation }) => !operation.startsWith('Describe')).map(({ input }) => input);
  return { clients, changed, seen };
};

const common = {
  object: CLUSTER,
  owner: ownerOf(CLUSTER),
  signal: new AbortController().signal,
  since: 0,
  incarnation: 0,
};

const mark = async (to: ReturnType<typeof account>, what: UpgradeMark, minor: Minor): Promise<string> => {
  const properties = { mark: what, minor, volumeIds: IDS };
  const wanted: Wanted<'upgrade-mark'> = { ...common, kind: 'upgrade-mark', key: upgradeMarkKey(what), properties };
  return upgradeMarkDriver(to.clients)
    .create(wanted)
    .then(
      ({ change }) => change ?? 'created',
      (error: unknown) => {
        const { verdict, message } = verdictOf(error);
        return `${verdict}: ${message}`;
      },
    );
};

const all = (tags: Tags) => Object.fromEntries(IDS.map((id) => [id, tags]));

describe('a mark of an upgrade', () => {
  test.each<[UpgradeMark, Minor]>([
    ['emulates', '1.36'],
    ['committed', '1.37'],
  ])('%s is written on all volumes by one call, and by none where they say so', async (what, minor) => {
    const one = account(all({ other: 'stays' }));
    expect(await mark(one, what, minor)).toBe('created');
    expect(one.changed()).toEqual([{ Resources: IDS, Tags: [{ Key: UPGRADE_TAGS[what], Value: minor }] }]);
    expect(await mark(one, what, minor)).toBe('unchanged');
    expect(one.changed()).toHaveLength(1);
    expect(one.seen.get('vol-1')).toEqual({ other: 'stays', [UPGRADE_TAGS[what]]: minor });
  });

  test('is written where it is missing only: who was interrupted goes on', async () => {
    const one = account({ ...all({}), 'vol-1': { [COMMITTED_TAG]: '1.37' } });
    expect(await mark(one, 'committed', '1.37')).toBe('created');
    expect(one.changed()).toEqual([expect.objectContaining({ Resources: ['vol-0', 'vol-2'] })]);
  });

  test('is waited for until EC2 shows it: the next step ends a machine whose successor boots by it', async () => {
    const one = account(all({}), 2);
    expect(await mark(one, 'emulates', '1.36')).toMatch(
      /^retry: Waiting to see tag slipway.dev\/emulates on vol-0, vol-1, vol-2/,
    );
    expect(await mark(one, 'emulates', '1.36')).toBe('created');
    expect(await mark(one, 'emulates', '1.36')).toBe('unchanged');
  });

  test('of a commit is raised, and never lowered', async () => {
    const one = account(all({ [COMMITTED_TAG]: '1.37' }));
    expect(await mark(one, 'committed', '1.36')).toMatch(
      /^blocked: Volume vol-0 is committed to Kubernetes 1\.37.*Upgrade to 1\.37/,
    );
    expect(one.changed()).toEqual([]);
    expect(await mark(one, 'committed', '1.38')).toBe('created');
  });

  test('of emulation below a commit is refused by one volume that knows it, and nothing is written', async () => {
    const one = account({ ...all({}), 'vol-2': { [COMMITTED_TAG]: '1.37' } });
    expect(await mark(one, 'emulates', '1.36')).toMatch(/^blocked: Volume vol-2 .*nothing over it serves as 1\.36/);
    expect(one.changed()).toEqual([]);
    expect(await mark(one, 'emulates', '1.37')).toBe('created');
  });

  test('is for all volumes or none: one that is gone makes the plan out of date', async () => {
    const { 'vol-1': _, ...left } = all({});
    const one = account(left);
    expect(await mark(one, 'committed', '1.37')).toMatch(
      /^superseded: vol-1, which upgrade-mark\/committed was to mark/,
    );
    expect(one.changed()).toEqual([]);
  });
});

const found = (tags: Tags, holder?: string) => {
  const Attachments = holder === undefined ? [] : [{ InstanceId: holder, State: 'attached' as const }];
  const volume = {
    VolumeId: 'vol-1',
    AvailabilityZone: 'eu-west-1a',
    Size: 10,
    VolumeType: 'gp3' as const,
    Attachments,
  };
  return foundVolume('etcd-volume/1', { ...volume, Tags: tagList(tags) });
};

describe('an etcd volume that was seen', () => {
  test('says what was marked, and what its agent serves', () => {
    const tags = { [EMULATES_TAG]: '1.36', [COMMITTED_TAG]: '1.37', [REPORT_TAG]: '3f9c done 1.37.2 1.37' };
    expect(found(tags).state).toMatchObject({
      ...{ emulates: '1.36', committed: '1.37' },
      serves: { version: '1.37.2', emulation: '1.37' },
    });
  });

  test('says nothing of what no upgrade has touched, or has left nonsense on', () => {
    const plain = Object.keys(found({}).state);
    expect(Object.keys(found({ [REPORT_TAG]: '3f9c done' }).state)).toEqual(plain);
    expect(Object.keys(found({ [EMULATES_TAG]: 'none', [COMMITTED_TAG]: '' }).state)).toEqual(plain);
  });

  test('says why nothing starts, in the words of the agent that holds it', () => {
    const tags = { [REPORT_TAG]: 'i-2 failed Kubernetes 1.36.3 does not start' };
    expect(found(tags, 'i-2').state).toMatchObject({ refuses: 'Kubernetes 1.36.3 does not start' });
    expect(found(tags, 'i-3').state).not.toHaveProperty('refuses');
    expect(found({ [REPORT_TAG]: '3f9c failed kube-apiserver did not end' }, 'i-2').state).not.toHaveProperty(
      'refuses',
    );
  });

  test('differs in nothing by what an upgrade says, and the tags of its spec take none of it off', async () => {
    const tags = { team: 'a', [EMULATES_TAG]: '1.36', [COMMITTED_TAG]: '1.37' };
    const wanted = {
      ...{ name: '', availabilityZone: 'eu-west-1a', sizeGiB: 10, type: 'gp3', emptyDisk: 'wait' as const },
      tags: { team: 'b' },
      formerTags: ['old', EMULATES_TAG, COMMITTED_TAG],
    };
    expect(differencesOf('etcd-volume', { ...wanted, tags: { team: 'a' } }, found(tags))).toEqual([]);
    expect(taggingOf(wanted)).toEqual({ set: { team: 'b' }, remove: ['old'] });
    const one = account({ 'vol-1': tags });
    await tagInEc2(one.clients.ec2, ['vol-1'], taggingOf(wanted));
    expect(JSON.stringify(one.changed())).not.toContain('slipway.dev/');
  });
});

describe('a disk that takes the place of another', () => {
  const volumes = (...tags: readonly Tags[]) => tags.map((own) => ({ Tags: tagList(own) }));

  test.each<[string, readonly Tags[], Tags]>([
    ['of a cluster that never was upgraded, nothing', [{}, {}], {}],
    [
      'in the soak, as which minor they serve',
      [{ [EMULATES_TAG]: '1.36' }, { [EMULATES_TAG]: '1.36' }],
      { [EMULATES_TAG]: '1.36' },
    ],
    ['in the commit, what one of them knows already', [{}, { [COMMITTED_TAG]: '1.37' }], { [COMMITTED_TAG]: '1.37' }],
    ['the newest commit', [{ [COMMITTED_TAG]: '1.9' }, { [COMMITTED_TAG]: '1.10' }], { [COMMITTED_TAG]: '1.10' }],
    [
      'the oldest minor where somebody edited one',
      [{ [EMULATES_TAG]: '1.37' }, { [EMULATES_TAG]: '1.36' }],
      { [EMULATES_TAG]: '1.36' },
    ],
    ['nothing of what is nonsense', [{ [EMULATES_TAG]: 'x' }, { [COMMITTED_TAG]: '' }], {}],
  ])('is told of the others %s', (_, others, told) => {
    expect(marksOfOthers(volumes(...others))).toEqual(told);
  });

  const made = async (emptyDisk: 'bootstrap' | 'join') => {
    const one = account({ 'vol-0': { [EMULATES_TAG]: '1.36' }, 'vol-2': { [EMULATES_TAG]: '1.36' } });
    const { ec2 } = one.clients;
    const { DescribeVolumesCommand } = await import('@aws-sdk/client-ec2');
    let looks = 0;
    const driver = etcdVolumeDriver({ ec2 }, async () => {
      looks += 1;
      return (await ec2.send(new DescribeVolumesCommand({}))).Volumes ?? [];
    });
    const properties = { name: 'n', availabilityZone: 'eu-west-1a', sizeGiB: 10, type: 'gp3', emptyDisk, tags: {} };
    await driver.create({ ...common, kind: 'etcd-volume', key: 'etcd-volume/1', properties });
    const [{ TagSpecifications } = {}] = one.changed() as {
      TagSpecifications?: readonly { Tags: { Key: string; Value: string }[] }[];
    }[];
    return { tags: tagRecord(TagSpecifications?.[0]?.Tags), looks };
  };

  test('is told so in the very call that makes it', async () => {
    const { tags } = await made('join');
    expect(tags).toMatchObject({ [EMULATES_TAG]: '1.36', [EMPTY_DISK_TAG]: 'join' });
  });

  test('that founds a cluster asks about no others', async () => {
    const { tags, looks } = await made('bootstrap');
    expect(Object.keys(tags)).not.toContain(EMULATES_TAG);
    expect(looks).toBe(0);
  });
});
