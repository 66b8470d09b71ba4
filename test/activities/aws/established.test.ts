/** The mark of an established etcd: of a replica that serves, of one that comes later, and of one that doesn't come. */
import { describe, expect, test } from '@jest/globals';
import { establishedDriver } from '../../../activities/aws/established.ts';
import { tagList, tagRecord } from '../../../activities/aws/tags.ts';
import { ensureResource } from '../../../activities/driver.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import { EMPTY_DISK_TAG, type EmptyDisk } from '../../../api/names.ts';
import { ensureStep } from '../../../policy/steps.ts';
import { ESTABLISHED } from '../../../words/keys.ts';
import { CLUSTER, ownerOf } from './account.ts';
import { answering } from './answering.ts';

const VOLUMES = ['vol-0', 'vol-1', 'vol-2'];
const ADDRESSES = ['10.0.1.10', '10.0.2.10', '10.0.3.10'];
const LONG_AGO = 0;

/** What the disks say, and which replicas serve; both may change between two looks. */
const account = (says: readonly EmptyDisk[], serving: readonly number[]) => {
  const disks = new Map(VOLUMES.map((id, index) => [id, says[index] ?? 'bootstrap']));
  const world = { serving };
  const { clients, asked } = answering({
    DescribeVolumes: () => ({
      Volumes: [...disks].map(([VolumeId, tag]) => ({ VolumeId, Tags: tagList({ [EMPTY_DISK_TAG]: tag }) })),
    }),
    DescribeTargetHealth: () => ({
      TargetHealthDescriptions: ADDRESSES.map((Id, index) => ({
        Target: { Id },
        TargetHealth: { State: world.serving.includes(index) ? 'healthy' : 'initial' },
      })),
    }),
    CreateTags: ({ Resources, Tags }) => {
      const tag = tagRecord(Tags as { Key: string; Value: string }[])[EMPTY_DISK_TAG] as EmptyDisk;
      for (const id of Resources as readonly string[]) disks.set(id, tag);
      return {};
    },
  });
  const driver = establishedDriver(clients);
  /** One execution of the step that began at `since`, as its answer or as what it waits for. */
  const establish = async (since: number, joined = false): Promise<string> => {
    const properties = {
      ...{ volumeIds: VOLUMES, targetGroupArn: 'arn:group', addresses: ADDRESSES },
      ...(joined ? { joined } : {}),
    };
    const step = ensureStep({ key: ESTABLISHED, kind: 'established', properties }, []);
    const request = { entityId: 'e', object: CLUSTER, owner: ownerOf(CLUSTER), step, first: false, plan: 1 };
    try {
      return (await ensureResource(driver, request, { signal: new AbortController().signal, since })).change;
    } catch (error) {
      const { verdict, message } = verdictOf(error);
      return `${verdict}: ${message}`;
    }
  };
  const writes = (): number => asked.filter(({ operation }) => operation === 'CreateTags').length;
  return { world, establish, disks: () => [...disks.values()], writes };
};

describe('once the API of a new cluster answers', () => {
  test('no disk of a replica that serves may found a cluster any more, by one call', async () => {
    const one = account([], [0, 1, 2]);
    expect(await one.establish(Date.now())).toBe('created');
    expect(one.disks()).toEqual(['wait', 'wait', 'wait']);
    expect(await one.establish(Date.now())).toBe('unchanged');
    expect(one.writes()).toBe(1);
  });

  test('a replica that has not looked at its disk yet is left to found its member as it was told, and waited for', async () => {
    const one = account([], [0, 2]);
    expect(await one.establish(Date.now())).toBe(
      'retry: Waiting for every replica to serve: 10.0.2.10 is not known to serve.',
    );
    expect(one.disks()).toEqual(['wait', 'bootstrap', 'wait']);
    one.world.serving = [0, 1, 2];
    expect(await one.establish(Date.now())).toBe('updated');
    expect(one.disks()).toEqual(['wait', 'wait', 'wait']);
  });

  test('a replica that does not come in time may only join, and nobody takes that back before it has', async () => {
    const one = account([], [0, 2]);
    expect(await one.establish(LONG_AGO)).toBe('created');
    expect(one.disks()).toEqual(['wait', 'join', 'wait']);
    expect(await one.establish(LONG_AGO)).toBe('unchanged');
    expect(one.disks()).toEqual(['wait', 'join', 'wait']);
    one.world.serving = [0, 1, 2];
    expect(await one.establish(Date.now(), true)).toBe('updated');
    expect(one.disks()).toEqual(['wait', 'wait', 'wait']);
  });

  test('one who has joined and fails at this very moment stays one who may join', async () => {
    const one = account(['wait', 'join', 'wait'], [0, 2]);
    expect(await one.establish(Date.now(), true)).toMatch(/^retry: Waiting for every replica/);
    expect(one.disks()).toEqual(['wait', 'join', 'wait']);
  });
});
