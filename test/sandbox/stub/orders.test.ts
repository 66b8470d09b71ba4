/** Stub replicas are told to leave and to serve again as real ones are, at one listing for all of them. */
import { afterEach, expect, test } from '@jest/globals';
import { sharedOrders } from '../../../sandbox/stub/orders.ts';
import { BACKUP_TAG, scheduleText } from '../../../words/backup-schedule.ts';
import { orderText } from '../../../words/orders.ts';
import { manifestIn } from '../../../words/snapshots.ts';
import { waitFor } from '../../support/wait.ts';
import { stubCloud } from './cloud.ts';

let cloud: Awaited<ReturnType<typeof stubCloud>> | undefined;
afterEach(async () => {
  await cloud?.end();
  cloud = undefined;
});

test('a replica that is told to leave answers nobody, and its cluster keeps its quorum; told to restart it serves again', async () => {
  cloud = await stubCloud();
  const { launchReplica, clientOf, untilReady, order } = cloud;
  await Promise.all([0, 1].map((index) => launchReplica(`i-${index}`, index)));
  const other = await untilReady(0);
  await untilReady(1);
  const until = Math.floor(Date.now() / 1_000) + 180;
  const answers = async (): Promise<boolean> => {
    const client = await clientOf(1, { deadlineMs: 1_000 });
    return client.probe('/readyz').then(
      ({ status }) => status === 200,
      () => false,
    );
  };
  order('vol-1', orderText({ token: 'aaaa', verb: 'leave', instanceId: 'i-1', until }));
  await waitFor('it to be gone', async () => ((await answers()) ? undefined : true));
  expect((await other.probe('/readyz')).status).toBe(200);
  order('vol-1', orderText({ token: 'bbbb', verb: 'restart', instanceId: 'i-1', until }));
  await waitFor('it to serve again', async () => ((await answers()) ? true : undefined));
});

test('replicas with a schedule keep one snapshot between them', async () => {
  cloud = await stubCloud();
  const { launchReplica, untilReady, setTag, bucket, logged } = cloud;
  for (const index of [0, 1, 2]) setTag(`vol-${index}`, scheduleText({ bucket: 'backups', everyHours: 6 }), BACKUP_TAG);
  await Promise.all([0, 1, 2].map((index) => launchReplica(`i-${index}`, index)));
  await untilReady(2);
  const manifests = () => [...bucket.keys()].filter((key) => key.endsWith('.json'));
  await waitFor('a snapshot', async () => (manifests().length > 0 ? true : undefined));
  expect(manifestIn(bucket.get(manifests()[0] ?? '') ?? '')).toMatchObject({ scheduled: true });
  expect(logged().filter((line) => line === 'A snapshot is due by schedule')).toHaveLength(1);
  expect(bucket.size).toBe(2);
});

test('who asks at about the same time asks once, and is told nothing of a volume of which nothing was ordered', async () => {
  let read = 0;
  const told = { id: 'vol-0', state: 'in-use', tags: {} };
  const { volume } = sharedOrders(() => {
    read += 1;
    return Promise.resolve(new Map([['vol-0', told]]));
  }, 60_000);
  expect(await Promise.all([volume('vol-0'), volume('vol-1'), volume('vol-0')])).toEqual([told, undefined, told]);
  expect(read).toBe(1);
});

test('an answer that did not come is asked for anew, and is no absence of tags', async () => {
  const told = { id: 'vol-0', state: 'in-use', tags: {} };
  const answers = [() => Promise.reject(new Error('moto is away')), () => Promise.resolve(new Map([['vol-0', told]]))];
  const { volume } = sharedOrders(() => (answers.shift() ?? (() => Promise.resolve(new Map())))(), 60_000);
  await expect(volume('vol-0')).rejects.toThrow('moto is away');
  expect(await volume('vol-0')).toEqual(told);
});
