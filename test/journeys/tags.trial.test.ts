/**
 * What people change on a living cluster without replacing a machine: tags, in both directions, and the size of etcd's disks.
 *
 * In a sandbox with stub machines: AWS is the same, and what runs on machines is not asked here.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { AWSCluster } from '../../api/cluster.ts';
import { smallCluster } from '../../bench/manifests.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Lifecycle, lifecycleOf, type Row } from './lifecycle.ts';

const CLUSTER = 'cluster-0';
const POOL = 'cluster-0-pool-0';

let sandbox: SandboxForTests;
let lifecycle: Lifecycle;
beforeAll(async () => {
  sandbox = await startSandbox({}, { stub: true });
  lifecycle = lifecycleOf(sandbox, '-');
  const input = smallCluster(CLUSTER)
    .map((one) => stringify(one))
    .join('---\n');
  await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
  await lifecycle.untilProvisioned();
});
afterAll(() => sandbox?.end());

type Tags = Readonly<Record<string, string>>;
const tagsOf = ({ detail }: Row): Tags => detail.tags ?? {};
const owned = async (): Promise<readonly Row[]> =>
  (await lifecycle.account()).filter((row) => tagsOf(row)['slipway.dev/cluster'] !== undefined);
const machines = (rows: readonly Row[]): readonly string[] =>
  rows.filter(({ kind }) => kind === 'instance').map(({ id }) => id);

type Stored = Pick<AWSCluster, 'metadata' | 'status'>;
const patch = async (kind: 'awscluster' | 'awsnodepool', name: string, spec: object): Promise<void> => {
  await succeed('patch', sandbox.kubectl(['patch', kind, name, '--type=merge', '-p', JSON.stringify({ spec })]));
  await waitFor(
    `${kind} ${name} is as it was asked for`,
    async () => {
      const found = await sandbox.objects().find<Stored>(`${kind}s`, name);
      const { status } = found ?? {};
      const settled = status?.observedGeneration === found?.metadata.generation && status?.state === 'Provisioned';
      return settled && status.lastOperation?.state === 'succeeded' ? true : undefined;
    },
    UNHURRIED,
  );
};
const operations = async (plural: 'awsclusters' | 'awsnodepools', name: string): Promise<readonly string[]> => {
  const found = await sandbox.objects().find<Stored>(plural, name);
  return (found?.status?.operations ?? []).map(({ type }) => type);
};
const patchTags = async (tags: Readonly<Record<string, string | null>>): Promise<void> => {
  await patch('awscluster', CLUSTER, { controlPlane: { tags } });
  await patch('awsnodepool', POOL, { tags });
};

describe('a tag', () => {
  test('that is added is on everything of the cluster within one operation each, and no machine is replaced', async () => {
    const before = await owned();
    await patchTags({ team: 'platform' });
    const now = await owned();
    expect(now.map(({ kind, id }) => `${kind} ${id}`)).toEqual(before.map(({ kind, id }) => `${kind} ${id}`));
    expect(now.filter((row) => tagsOf(row)['team'] !== 'platform')).toEqual([]);
    expect(machines(now).length).toBeGreaterThan(3);
    expect(await operations('awsclusters', CLUSTER)).toEqual(['UpdateCluster', 'CreateCluster']);
    expect(await operations('awsnodepools', POOL)).toEqual(['UpdateNodePool', 'CreateNodePool']);
  });

  test('that is removed is gone from everything, and what others tagged stays', async () => {
    const before = await owned();
    await patchTags({ team: null });
    const now = await owned();
    expect(now.filter((row) => tagsOf(row)['team'] !== undefined)).toEqual([]);
    expect(now).toHaveLength(before.length);
    expect(machines(now)).toEqual(machines(before));
    const status = (await sandbox.objects().find<Stored>('awsclusters', CLUSTER))?.status;
    expect(status).not.toHaveProperty('appliedTagKeys');
  });
});

describe('a larger etcd volume', () => {
  test('is what AWS has then, of every replica', async () => {
    await patch('awscluster', CLUSTER, { controlPlane: { etcd: { mainVolume: { sizeGiB: 25 } } } });
    const volumes = (await owned()).filter((row) => tagsOf(row)['slipway.dev/key']?.startsWith('etcd-volume/'));
    expect(volumes.map(({ detail }) => detail['size'])).toEqual([25, 25, 25]);
  });
});
