/**
 * A control plane that is brought back to a snapshot: first because somebody asks for it while all is well, then because two disks are lost
 * at once, and with them quorum. By real processes: what was written after the snapshot is gone, what it holds is there and can be read,
 * and who watches is told to list anew.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RESTORE_ANNOTATION, restoreText } from '../../words/restore.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { heldBy, identity, type Replicas, replicasIn } from './replicas.ts';

let sandbox: SandboxForTests;
let replicas: Replicas;
const figures: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({
    ...{ SLIPWAY_SETTLE_SECONDS: '1', SLIPWAY_PACE: 'quick', SLIPWAY_ORDER_SECONDS: '2' },
    ...{ SLIPWAY_REPAIR_SECONDS: '40', SLIPWAY_SWEEP_SECONDS: '10' },
  });
  replicas = await replicasIn(sandbox);
  await replicas.healthy();
});
afterAll(async () => {
  console.info(figures.join('\n'));
  await sandbox?.end();
});

const backUp = async (): Promise<string> =>
  (
    JSON.parse(await succeed('backup', sandbox.slipway(['clusters', 'backup', 'small', '-o', 'json']))) as {
      key: string;
    }
  ).key;

const restoredId = async (): Promise<string | undefined> => (await replicas.status()).restored?.id;

/** Asks for it, and answers once it is done, with the seconds that it took. */
const restore = async (key: string, token: string): Promise<number> => {
  const before = await restoredId();
  const began = Date.now();
  await succeed(
    'annotate',
    sandbox.kubectl([
      'annotate',
      '--overwrite',
      'awscluster',
      'small',
      `${RESTORE_ANNOTATION}=${restoreText(key, token)}`,
    ]),
  );
  await replicas.until('it is restored', async () => {
    const id = await restoredId();
    return id !== undefined && id !== before ? id : undefined;
  });
  return (Date.now() - began) / 1_000;
};

const names = async (): Promise<readonly string[]> =>
  (await replicas.journey.user('get', 'configmaps', '-o', 'name'))
    .split('\n')
    .filter((name) => name.includes('written'));

describe('a control plane that is restored while all is well', () => {
  test('holds what the snapshot does and nothing since, under other members, and reads its Secrets', async () => {
    const { journey, healthy, expectTreasure } = replicas;
    await journey.user('create', 'configmap', 'written-before');
    const key = await backUp();
    await journey.user('create', 'configmap', 'written-after');
    const version = JSON.parse(await journey.user('get', 'configmap', 'written-after', '-o', 'json')).metadata
      .resourceVersion;
    const members = (await healthy()).map(identity);

    const seconds = await restore(key, 'first');
    figures.push(`restored while all was well: ${seconds.toFixed(0)} s`);
    const after = (await healthy()).map(identity);
    expect(after).toHaveLength(3);
    expect(after.filter((one) => members.includes(one))).toEqual([]);
    expect(await names()).toEqual(['configmap/written-before']);
    await expectTreasure();
    // Whoever watches from what it has seen is told that it is too old.
    const watched = await journey.user(
      'get',
      '--raw',
      `/api/v1/configmaps?watch=1&timeoutSeconds=2&resourceVersion=${version}`,
    );
    expect(JSON.parse(watched.split('\n')[0] ?? '')).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    expect(await replicas.status()).toMatchObject({ restored: { from: key } });
  });

  test('is not restored by the same request once more, and is by another token', async () => {
    const { journey, healthy } = replicas;
    await journey.user('create', 'configmap', 'written-later');
    await replicas.look();
    await healthy();
    expect(await names()).toEqual(['configmap/written-before', 'configmap/written-later']);
    const { from = '' } = (await replicas.status()).restored ?? {};
    await restore(from, 'second');
    await healthy();
    expect(await names()).toEqual(['configmap/written-before']);
  });
});

describe('a control plane that has lost two disks, and quorum', () => {
  test('comes back from the newest snapshot, with new disks', async () => {
    const { journey, healthy, until, status, expectTreasure, volumes } = replicas;
    await journey.user('create', 'configmap', 'written-last');
    const key = await backUp();
    const lost = await Promise.all([0, 1].map(async (index) => heldBy(await journey.replica(index)).volumes[0] ?? ''));
    for (const id of lost) await succeed('lose', sandbox.sandbox('fault', 'lose-volume', id));
    await until('it says that quorum is lost, and how it is restored', async () => {
      const stalled = (await status()).conditions?.find(({ type }) => type === 'Stalled');
      return stalled?.status === 'True' && stalled.message.includes('etcd-volume/0, etcd-volume/1') ? true : undefined;
    });
    const seconds = await restore(key, 'third');
    figures.push(`restored after two disks were lost: ${seconds.toFixed(0)} s`);
    await healthy();
    expect(await names()).toEqual(['configmap/written-before', 'configmap/written-last']);
    await expectTreasure();
    for (const index of [0, 1]) {
      const [disk, ...more] = await volumes(index);
      expect(more).toEqual([]);
      expect(lost).not.toContain(disk?.id);
      expect(disk?.detail.tags).toMatchObject({ 'slipway.dev/empty-disk': 'wait' });
    }
    await until('nothing is wrong any more', async () =>
      (await status()).unhealthyReplicas === undefined ? true : undefined,
    );
  });
});
