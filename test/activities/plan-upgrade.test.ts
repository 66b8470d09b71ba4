/** Whether a cluster may be asked for a version, as the worker sees the cluster. */
import { describe, expect, test } from '@jest/globals';
import { createPlanUpgrade } from '../../activities/plan-upgrade.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { Seen } from '../../policy/insights.ts';
import { revisionOf } from '../../policy/revision.ts';
import { ACCOUNT, CLUSTER_UID, DELETING, REGION, release, seedCluster } from '../topology/objects.ts';

const CLUSTER: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID };
const STATUS = { state: 'Provisioned', endpoint: 'nlb', revision: revisionOf(release()) } as const;
const living = seedCluster({ status: STATUS });
const SEEN: Seen = {
  inside: {
    apis: [],
    nodes: [{ name: 'n', kubelet: '1.34.1' }],
    budgets: [{ namespace: 'd', name: 'b', allowed: 0, healthy: 1, desired: 1, expected: 1 }],
    webhooks: { failClosed: [], namespaces: {} },
    etcd: { bytes: 1 },
  },
  authorities: [],
};

type Sources = Parameters<typeof createPlanUpgrade>[0];

const asking = (version: string, others: Partial<Sources> = {}) => {
  const looked: string[] = [];
  const plan = createPlanUpgrade({
    served: async () => ({ account: ACCOUNT, regions: [REGION] }),
    now: () => 0,
    findCluster: async () => living,
    insights: async ({ metadata }) => {
      looked.push(metadata.name);
      return SEEN;
    },
    ...others,
  });
  return { looked, planned: plan({ object: CLUSTER, version }, new AbortController().signal) };
};

describe('a plan of an upgrade', () => {
  test('names what stands in the way, what blocks first', async () => {
    expect(await asking('1.37.2-gke.1').planned).toMatchObject({
      kind: 'known',
      from: { version: release().version, kubernetes: '1.36.3' },
      to: { version: '1.37.2-gke.1', kubernetes: '1.37.2' },
      insights: [
        { name: 'KubeletSkew', severity: 'blocks' },
        { name: 'DisruptionBudgets', severity: 'warns' },
      ],
    });
  });

  test('says that there is no bucket where a snapshot is to be taken', async () => {
    const { planned } = asking('1.37.2-gke.1', { snapshots: {} });
    expect(await planned).toMatchObject({
      insights: expect.arrayContaining([expect.objectContaining({ name: 'Snapshots' })]),
    });
  });

  test('refuses a version that may not be asked for, and looks at nothing', async () => {
    const { planned, looked } = asking(release().version);
    expect(await planned).toMatchObject({ kind: 'refused', reason: expect.stringContaining('is what runs') });
    expect(looked).toEqual([]);
  });

  test.each<[string, Partial<Sources>, string]>([
    ['is gone', { findCluster: async () => null }, 'it is not there any more'],
    [
      'is another by now',
      { findCluster: async () => seedCluster({ metadata: { uid: 'u' }, status: STATUS }) },
      'it is not there any more',
    ],
    [
      'is being deleted',
      { findCluster: async () => seedCluster({ metadata: DELETING, status: STATUS }) },
      'it is being deleted',
    ],
    ['is not provisioned', { findCluster: async () => seedCluster() }, 'it is not provisioned yet'],
    [
      'is elsewhere',
      {
        served: async () => ({ account: '111111111111', regions: [REGION] }),
        findCluster: async () => seedCluster({ status: { ...STATUS, aws: { account: ACCOUNT, region: REGION } } }),
      },
      "worker's credentials belong to account 111111111111",
    ],
  ])('says why it cannot say anything of a cluster that %s', async (_, others, reason) => {
    const { planned, looked } = asking('1.37.2-gke.1', others);
    expect(await planned).toEqual({ kind: 'unknown', reason: expect.stringContaining(reason) });
    expect(looked).toEqual([]);
  });
});
