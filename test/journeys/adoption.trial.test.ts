/**
 * A management API that is emptied, and to which everything is applied again: objects with other uids adopt what is there. No mutating call of
 * AWS but tags of ownership, no machine replaced; and then a deletion leaves nothing. Beside it the simpler way, of a copy that keeps uids.
 *
 * In a sandbox with stub machines: AWS is the same, and what runs on machines is not asked here.
 */
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { AWSCluster } from '../../api/cluster.ts';
import { type Manifest, smallCluster } from '../../bench/manifests.ts';
import { folders } from '../../sandbox/layout.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { SPECTATOR } from '../support/spectator.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { expectGone, type Lifecycle, lifecycleOf, type Row, type Traces } from './lifecycle.ts';

const CLUSTER = 'cluster-0';
const POOL = 'cluster-0-pool-0';

let sandbox: SandboxForTests;
let lifecycle: Lifecycle;
let before: Traces;

type Stored = Pick<AWSCluster, 'kind' | 'metadata' | 'status'> & { readonly status?: { readonly nodePoolID?: string } };

const find = (kind: 'awsclusters' | 'awsnodepools') =>
  sandbox.objects().find<Stored>(kind, kind === 'awsclusters' ? CLUSTER : POOL);

/** A command as the page about operations has it, with what stands for its placeholders; answers its output. */
const typed = (command: string, values: Readonly<Record<string, string>>): Promise<string> => {
  const [, ...args] = command.split(/ (?![^<]*>)/).map((word) => values[word] ?? word);
  return succeed(command, sandbox.slipway(args));
};

/** The manifests, with what each is to adopt. */
const apply = (adopted: readonly (string | undefined)[], change: object = {}): Promise<string> => {
  const input = smallCluster(CLUSTER)
    .map((one: Manifest, index) => {
      const adopt = adopted[index];
      const annotations = adopt === undefined ? {} : { annotations: { 'slipway.dev/adopt': adopt } };
      return stringify({ ...one, metadata: { ...one.metadata, ...annotations, ...change } });
    })
    .join('---\n');
  return succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
};

/** As an API that is emptied loses its objects: nobody is asked, and no entity hears of a deletion. */
const forget = async (): Promise<void> => {
  await succeed('stop slipway-worker', sandbox.sandbox('stop', 'slipway-worker'));
  const none = JSON.stringify({ metadata: { finalizers: null } });
  for (const [kind, name] of [
    ['awsnodepool', POOL],
    ['awscluster', CLUSTER],
  ] as const) {
    await succeed('delete', sandbox.kubectl(['delete', kind, name, '--wait=false']));
    await succeed('patch', sandbox.kubectl(['patch', kind, name, '--type=merge', '-p', none]));
  }
  await succeed('start slipway-worker', sandbox.sandbox('start', 'slipway-worker'));
};

const blockedBy = async (kind: 'awsclusters' | 'awsnodepools'): Promise<string | undefined> =>
  (await find(kind))?.status?.conditions?.find(({ reason }) => reason === 'Blocked')?.message;

const untilBlocked = (kind: 'awsclusters' | 'awsnodepools', says: string): Promise<string> =>
  waitFor(
    `${kind} to be blocked: ${says}`,
    async () => {
      const message = await blockedBy(kind);
      return message?.includes(says) === true ? message : undefined;
    },
    UNHURRIED,
  );

const untilAtRest = (): Promise<true> =>
  waitFor(
    'everything is provisioned and settled',
    async () => {
      const all = await sandbox.objects().all<Stored>();
      const rests = all.every(
        ({ status }) =>
          status?.state === 'Provisioned' &&
          status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' &&
          status.conditions.find(({ type }) => type === 'Reconciling')?.status === 'False',
      );
      return all.length === 2 && rests ? true : undefined;
    },
    UNHURRIED,
  );

const untilGeneration = async (generation: number): Promise<void> => {
  await waitFor(
    `generation ${generation} to take effect`,
    async () => ((await find('awsclusters'))?.status?.observedGeneration === generation ? true : undefined),
    UNHURRIED,
  );
  await untilAtRest();
};

/** What of the worker's calls changed something, by operation. */
const changedSince = async (since: number): Promise<readonly string[]> =>
  (await sandbox.callsSince(since, { mutating: true })).calls.map(({ operation }) => operation);

const tagsOf = ({ detail }: Row) => detail.tags ?? {};
const standing = async (): Promise<readonly Row[]> =>
  (await lifecycle.account()).filter(
    (row) =>
      tagsOf(row)['slipway.dev/cluster'] !== undefined && ['security-group', 'launch-template'].includes(row.kind),
  );
/** As another management API's worker would, which nobody asks here. */
const giveTo = async (id: string, uid: string): Promise<void> => {
  const { endpoint, region } = sandbox.status().aws;
  const ec2 = new EC2Client({ endpoint, region, credentials: SPECTATOR });
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'slipway.dev/adopted-by', Value: uid }] }));
  ec2.destroy();
};
const ids = (rows: readonly Row[]): readonly string[] => rows.map(({ kind, id }) => `${kind} ${id}`).sort();

beforeAll(async () => {
  // A sweep would be calls of AWS that nobody has asked for.
  sandbox = await startSandbox({ SLIPWAY_SWEEP_SECONDS: '86400' }, { stub: true });
  lifecycle = lifecycleOf(sandbox, '-');
  before = await lifecycle.traces();
  await apply([]);
  await untilAtRest();
});
afterAll(() => sandbox?.end());

/** With the management API's data at rest. */
const whileStopped = async (act: () => Promise<void>): Promise<void> => {
  for (const part of ['management-apiserver', 'management-etcd']) await succeed('stop', sandbox.sandbox('stop', part));
  await act();
  for (const part of ['management-etcd', 'management-apiserver'])
    await succeed('start', sandbox.sandbox('start', part));
};

describe('a management API restored from an older copy', () => {
  test('holds the same objects, which find everything in place: nothing is changed, and nothing made twice', async () => {
    const data = join(folders(sandbox.home).data, 'management-etcd');
    const copy = join(folders(sandbox.home).data, 'management-etcd-copy');
    await whileStopped(() => cp(data, copy, { recursive: true }));
    const spec = JSON.stringify({ spec: { controlPlane: { tags: { team: 'of-today' } } } });
    await succeed('patch', sandbox.kubectl(['patch', 'awscluster', CLUSTER, '--type=merge', '-p', spec]));
    await untilGeneration(2);
    const [uid, account] = [(await find('awsclusters'))?.metadata.uid, ids(await lifecycle.account())];
    const { next } = await sandbox.callsSince(0);

    await whileStopped(async () => {
      await rm(data, { recursive: true });
      await cp(copy, data, { recursive: true });
    });
    const spoken = JSON.stringify({ metadata: { annotations: { 'slipway.dev/retry': 'after-the-restore' } } });
    await succeed('patch', sandbox.kubectl(['patch', 'awscluster', CLUSTER, '--type=merge', '-p', spoken]));
    await waitFor(
      'the older object to be looked at',
      async () => {
        const status = (await find('awsclusters'))?.status;
        return status?.handledRequests?.['retry'] === 'after-the-restore' ? true : undefined;
      },
      UNHURRIED,
    );
    await untilAtRest();
    expect((await find('awsclusters'))?.metadata).toMatchObject({ uid, generation: 1 });
    expect(await changedSince(next)).toEqual([]);
    expect(ids(await lifecycle.account())).toEqual(account);
  });
});

describe('a management API that was emptied', () => {
  let clusterId = '';
  let poolId = '';
  let owners: readonly string[] = [];
  let account: readonly string[] = [];
  let next = 0;
  const files = () => ({ '<file>': join(sandbox.home, 'secrets'), '<passphrase>': join(sandbox.home, 'passphrase') });

  test('has left a cluster and its pool, which say whose they are', async () => {
    const [cluster, pool] = [await find('awsclusters'), await find('awsnodepools')];
    clusterId = cluster?.status?.clusterID ?? '';
    poolId = pool?.status?.nodePoolID ?? '';
    owners = [cluster?.metadata.uid ?? '', pool?.metadata.uid ?? ''];
    account = ids(await lifecycle.account());
    const madeFor = new Set((await standing()).map((row) => tagsOf(row)['slipway.dev/object']));
    expect(madeFor).toEqual(new Set([`default/${CLUSTER}`, `default/${POOL}`]));
    const file = files();
    await writeFile(file['<passphrase>'], 'correct horse battery\n');
    const command = 'slipway clusters export-secrets <name> --file <file> --passphrase-file <passphrase>';
    expect(await typed(command, { ...file, '<name>': CLUSTER })).toMatch(/^6 Secrets \(gke-/);
    await forget();
    await succeed('delete', sandbox.kubectl(['delete', 'secrets', '-l', `slipway.dev/cluster=${clusterId}`]));
    expect(await sandbox.objects().all()).toEqual([]);
    next = (await sandbox.callsSince(0)).next;
  });

  test('gives nothing to an object that names what is not its own, and nothing is touched', async () => {
    await apply(['gke-00000000', poolId]);
    await untilBlocked('awsclusters', 'with tag slipway.dev/cluster=gke-00000000');
    expect(await changedSince(next)).toEqual([]);
  });

  test('gives nothing back before the Secrets are there, which it names', async () => {
    await apply([clusterId, poolId]);
    const message = await untilBlocked('awsclusters', 'runs with Secrets that are not in namespace default');
    expect(message).toContain(`${clusterId}-root-ca`);
    expect(await changedSince(next)).toEqual([]);
    const made = await typed('slipway clusters import-secrets --file <file> --passphrase-file <passphrase>', files());
    expect(made).toContain(`of cluster ${clusterId} in namespace default`);
  });

  test('gets it back by the annotation: tags of ownership are set, and nothing else is called that changes AWS', async () => {
    const again = ['annotate', 'awscluster', CLUSTER, '--overwrite', 'slipway.dev/retry=imported'];
    await succeed('retry', sandbox.kubectl(again));
    await untilAtRest();
    expect(new Set(await changedSince(next))).toEqual(new Set(['CreateTags']));
    expect(ids(await lifecycle.account())).toEqual(account);
    const [cluster, pool] = [await find('awsclusters'), await find('awsnodepools')];
    expect([cluster?.status?.adopted?.uid, pool?.status?.adopted?.uid]).toEqual(owners);
    expect([cluster?.status?.clusterID, pool?.status?.nodePoolID]).toEqual([clusterId, poolId]);
    expect([cluster?.status?.established, pool?.status?.clusterID]).toEqual([true, clusterId]);
    const adopters = new Set((await standing()).map((row) => tagsOf(row)['slipway.dev/adopted-by']));
    expect(adopters).toEqual(new Set([cluster?.metadata.uid, pool?.metadata.uid]));
  });

  test('is told no difference by another look, and none by the same manifests', async () => {
    const at = (await sandbox.callsSince(0)).next;
    await apply([clusterId, poolId]);
    for (const kind of ['awscluster', 'awsnodepool'] as const) {
      const retry = JSON.stringify({ metadata: { annotations: { 'slipway.dev/retry': 'look' } } });
      const name = kind === 'awscluster' ? CLUSTER : POOL;
      await succeed('patch', sandbox.kubectl(['patch', kind, name, '--type=merge', '-p', retry]));
    }
    await waitFor(
      'AWS to be looked at again',
      async () => ((await sandbox.callsSince(at)).calls.length > 0 ? true : undefined),
      UNHURRIED,
    );
    await untilAtRest();
    expect(await changedSince(at)).toEqual([]);
  });

  test('holds still as soon as another object has adopted the cluster, and goes on once it has it again', async () => {
    const { metadata } = (await find('awsclusters')) ?? { metadata: { uid: '' } };
    const group = (await standing()).find((row) => row.kind === 'security-group');
    await giveTo(group?.id ?? '', 'uid-in-another-management-api');
    const at = (await sandbox.callsSince(0)).next;
    const spec = JSON.stringify({ spec: { controlPlane: { tags: { team: 'platform' } } } });
    await succeed('patch', sandbox.kubectl(['patch', 'awscluster', CLUSTER, '--type=merge', '-p', spec]));
    await untilBlocked('awsclusters', 'uid-in-another-management-api has adopted what it owns');
    expect(await changedSince(at)).toEqual([]);
    await giveTo(group?.id ?? '', metadata.uid);
    await succeed(
      'retry',
      sandbox.kubectl(['annotate', 'awscluster', CLUSTER, '--overwrite', 'slipway.dev/retry=again']),
    );
    await untilGeneration(2);
  });

  test('deletes what was adopted, and nothing is left', async () => {
    for (const [kind, name] of [
      ['awsnodepool', POOL],
      ['awscluster', CLUSTER],
    ] as const) {
      await succeed('delete', sandbox.kubectl(['delete', kind, name, '--timeout=5m']));
    }
    await expectGone(lifecycle, before);
  });
});

describe('what belongs to no object', () => {
  test('is listed, and goes only when somebody names it and says yes, as a deletion does', async () => {
    await apply([]);
    await untilAtRest();
    expect((await sandbox.slipway(['orphans'])).stderr).toContain('belongs to an object');
    const clusterId = (await find('awsclusters'))?.status?.clusterID ?? '';
    const early = await sandbox.slipway(['orphans', '--cluster', clusterId, '--remove', '--yes']);
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('is not among what belongs to no object') });
    await forget();

    const listed = await succeed('orphans', sandbox.slipway(['orphans']));
    expect(listed).toContain(`${clusterId}: made for default/${CLUSTER}`);
    expect(listed).toMatch(/volume +vol-\S+ +\d+[smh]\S* +by its size +etcd-volume\/0/);
    const { next } = await sandbox.callsSince(0);
    const unsure = await sandbox.slipway(['orphans', '--cluster', clusterId, '--remove']);
    expect(unsure).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing was removed: say --yes, too.') });
    expect(await changedSince(next)).toEqual([]);

    const template = (await standing()).find((row) =>
      /launch-template\/nodepool-/.test(tagsOf(row)['slipway.dev/key'] ?? ''),
    );
    expect(template).toBeDefined();
    await typed('slipway orphans --remove <id> --yes', { '<id>': template?.id ?? '' });
    expect(ids(await standing())).not.toContain(`launch-template ${template?.id}`);
    await typed('slipway orphans --cluster <cluster id> --remove --yes', { '<cluster id>': clusterId });
    expect(await lifecycle.account()).toEqual(before.account);
    expect((await lifecycle.traces()).secrets).toEqual(before.secrets);
    expect((await sandbox.slipway(['orphans'])).stderr).toContain('belongs to an object');
  });
});
