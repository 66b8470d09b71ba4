/** What a restore would begin with and take away, as the worker sees it. */
import { describe, expect, test } from '@jest/globals';
import { createPreviewRestore } from '../../activities/preview-restore.ts';
import { clusterIdOf } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { Backup } from '../../policy/backups.ts';
import { revisionOf } from '../../policy/revision.ts';
import { ACCOUNT, CLUSTER_UID, DELETING, REGION, release, seedCluster } from '../topology/objects.ts';

const CLUSTER: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID };
const STATUS = { state: 'Provisioned', endpoint: 'nlb', revision: revisionOf(release()) } as const;
const BACKUP: Backup = {
  ...{ key: `${clusterIdOf(CLUSTER_UID)}/etcd/20261130T194500123Z-4711.db`, time: '2026-11-30T19:45:00.123Z' },
  ...{ revision: '4711', size: 9, sha256: 'ab'.repeat(32), etcd: release().etcd, kubernetes: release().kubernetes },
};
const LOST = { resources: [], notRead: [] };

type Sources = Parameters<typeof createPreviewRestore>[0];

const asking = (from: string, others: Partial<Sources> = {}) => {
  const looked: number[] = [];
  const preview = createPreviewRestore({
    served: async () => ({ account: ACCOUNT, regions: [REGION] }),
    findCluster: async () => seedCluster({ status: STATUS }),
    backups: { listBackups: async () => ({ bucket: 'b', backups: [BACKUP] }) },
    changedSince: async (_cluster, since) => {
      looked.push(since);
      return LOST;
    },
    ...others,
  });
  return { looked, previewed: preview({ object: CLUSTER, from }, new AbortController().signal) };
};

describe('a preview of a restore', () => {
  test('names the snapshot, and what was written since it was asked for', async () => {
    const { previewed, looked } = asking('newest');
    expect(await previewed).toEqual({
      ...{ kind: 'known', bucket: 'b', backup: BACKUP, passedOver: [] },
      since: { kind: 'read', ...LOST },
    });
    expect(looked).toEqual([Date.parse(BACKUP.time)]);
  });

  test('says so where the API of the cluster does not answer', async () => {
    const { previewed } = asking(BACKUP.key, { changedSince: async () => ({ unread: 'https://nlb did not answer' }) });
    expect(await previewed).toMatchObject({
      kind: 'known',
      since: { kind: 'unread', why: 'https://nlb did not answer' },
    });
  });

  test('refuses a snapshot that the restore would refuse, and looks at nothing', async () => {
    const { previewed, looked } = asking('newest', {
      backups: { listBackups: async () => ({ bucket: 'b', backups: [{ ...BACKUP, kubernetes: '1.99.0' }] }) },
    });
    expect(await previewed).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('kept by Kubernetes 1.99.0'),
    });
    expect(looked).toEqual([]);
  });

  test.each<[string, Partial<Sources>, object]>([
    ['is gone', { findCluster: async () => null }, { kind: 'unknown', reason: 'it is not there any more' }],
    [
      'is another by now',
      { findCluster: async () => seedCluster({ metadata: { uid: 'u' }, status: STATUS }) },
      { kind: 'unknown', reason: 'it is not there any more' },
    ],
    [
      'is being deleted',
      { findCluster: async () => seedCluster({ metadata: DELETING, status: STATUS }) },
      { kind: 'refused', reason: 'it is being deleted' },
    ],
    [
      'is not provisioned',
      { findCluster: async () => seedCluster() },
      { kind: 'refused', reason: 'it is not provisioned yet: its etcd holds nothing' },
    ],
    [
      'is elsewhere',
      {
        served: async () => ({ account: '111111111111', regions: [REGION] }),
        findCluster: async () => seedCluster({ status: { ...STATUS, aws: { account: ACCOUNT, region: REGION } } }),
      },
      { kind: 'unknown', reason: expect.stringContaining("worker's credentials belong to account 111111111111") },
    ],
  ])('has nothing to say of a cluster that %s, and says why', async (_, others, answer) => {
    const { previewed, looked } = asking('newest', others);
    expect(await previewed).toEqual(answer);
    expect(looked).toEqual([]);
  });
});
