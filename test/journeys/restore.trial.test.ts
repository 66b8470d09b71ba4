/**
 * A control plane that is brought back to a snapshot: first because somebody asks for it while all is well, then because two disks are lost
 * at once, and with them quorum. By real processes: what was written after the snapshot is gone, what it holds is there and can be read,
 * and who watches is told to list anew. Once the worker is killed after each of its calls, and once a machine is lost while all are halted.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ORDER_TAG, orderIn, REPORT_TAG, reportIn } from '../../words/orders.ts';
import { RESTORE_ANNOTATION, restoreText } from '../../words/restore.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { afterCalls, killWhenever } from './kills.ts';
import { heldBy, identity, type Replicas, replicasIn } from './replicas.ts';

const MANIFEST = join(import.meta.dirname, '../fixtures/small-cluster.yaml');

let sandbox: SandboxForTests;
let replicas: Replicas;
const figures: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({
    ...{ SLIPWAY_SETTLE_SECONDS: '1', SLIPWAY_PACE: 'quick', SLIPWAY_ORDER_SECONDS: '2' },
    ...{ SLIPWAY_REPAIR_SECONDS: '40', SLIPWAY_SWEEP_SECONDS: '10' },
  });
  // With its node pool, whose machines have to go on.
  replicas = await replicasIn(sandbox, { objects: readFileSync(MANIFEST, 'utf8') });
  await replicas.until('its nodes are Ready', areNodesReady);
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

/** Of some node at least, and of every one. */
const areNodesReady = async (): Promise<true | undefined> => {
  const { items } = JSON.parse(await replicas.journey.user('get', 'nodes', '-o', 'json')) as {
    readonly items: readonly {
      readonly status: { readonly conditions: readonly { type: string; status: string }[] };
    }[];
  };
  const ready = items.filter(({ status }) =>
    status.conditions.some(({ type, status: truth }) => type === 'Ready' && truth === 'True'),
  );
  return items.length > 0 && ready.length === items.length ? true : undefined;
};

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

/** As the page about operations has it. */
const DOCUMENTED = 'slipway clusters restore <name> --from newest --yes';

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

    const preview = await succeed(
      'preview',
      sandbox.slipway(['clusters', 'restore', 'small', '--from', key, '--preview']),
    );
    expect(preview).toMatch(/configmaps: 1 created \(default\/written-after\)/);
    expect(preview).not.toContain('written-before');
    const seconds = await restore(key, 'first');
    figures.push(`restored while all was well: ${seconds.toFixed(0)} s`);
    const after = (await healthy()).map(identity);
    expect(after).toHaveLength(3);
    expect(after.filter((one) => members.includes(one))).toEqual([]);
    expect(await names()).toEqual(['configmap/written-before']);
    await expectTreasure();
    await replicas.until('its nodes are Ready', areNodesReady);
    // Whoever watches from what it has seen is told that it is too old.
    const watched = await journey.user(
      'get',
      '--raw',
      `/api/v1/configmaps?watch=1&timeoutSeconds=2&resourceVersion=${version}`,
    );
    expect(JSON.parse(watched.split('\n')[0] ?? '')).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    expect(await replicas.status()).toMatchObject({ restored: { from: key } });
  });

  test('is not restored by the same request once more, and is by another token, though the worker is killed after each call', async () => {
    const { journey, healthy } = replicas;
    await journey.user('create', 'configmap', 'written-later');
    await replicas.look();
    await healthy();
    expect(await names()).toEqual(['configmap/written-before', 'configmap/written-later']);
    const { from = '' } = (await replicas.status()).restored ?? {};
    // Three orders to each replica, and the mark that it is done.
    const kills = await killWhenever(sandbox, restore(from, 'second'), afterCalls([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
    expect(kills.length).toBeGreaterThanOrEqual(3);
    figures.push(`killed after: ${kills.join(', ')}`);
    await healthy();
    expect(await names()).toEqual(['configmap/written-before']);
  });

  test('comes back though a machine is lost while all are halted', async () => {
    const { journey, healthy, until, volumes, expectTreasure } = replicas;
    const { from = '' } = (await replicas.status()).restored ?? {};
    const { id } = await journey.replica(1);
    const isHalted = async (): Promise<true | undefined> => {
      const [tags = {}] = (await volumes(1)).map(({ detail }) => detail.tags);
      const order = orderIn(tags[ORDER_TAG]);
      return order?.verb === 'halt' && reportIn(tags[REPORT_TAG])?.token === order.token ? true : undefined;
    };
    const seconds = await Promise.all([
      restore(from, 'third'),
      until('replica 1 is halted', isHalted).then(() => succeed('kill', sandbox.sandbox('kill', id))),
    ]);
    figures.push(`restored while a machine was lost: ${seconds[0].toFixed(0)} s`);
    await healthy();
    expect((await journey.replica(1)).id).not.toBe(id);
    expect(await names()).toEqual(['configmap/written-before']);
    await expectTreasure();
    await replicas.until('its nodes are Ready', areNodesReady);
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
    const began = Date.now();
    const typed = DOCUMENTED.replace('<name>', 'small').split(' ').slice(1);
    const { code, stdout, stderr } = await sandbox.slipway(typed);
    figures.push(`restored after two disks were lost: ${((Date.now() - began) / 1_000).toFixed(0)} s`, stderr);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`restored from ${key}`) });
    expect(stderr).toContain('everything that was written since');
    await healthy();
    expect(await names()).toEqual(['configmap/written-before', 'configmap/written-last']);
    await expectTreasure();
    await replicas.until('its nodes are Ready', areNodesReady);
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
