/** When a pool's token counts as gone without its cluster's API having said so (I12). */
import { describe, expect, test } from '@jest/globals';
import type { Sought } from '../../../activities/driver.ts';
import { joinTokenDriver } from '../../../activities/kubernetes/join-token.ts';
import { clusterIdOf } from '../../../api/names.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import { CLUSTER_UID, seedCluster } from '../../topology/objects.ts';

const sought = {
  key: 'join-token/12345678',
  properties: { poolId: '12345678', endpoint: 'nlb' },
  object: { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID },
  owner: { account: '1', region: 'r', clusterId: clusterIdOf(CLUSTER_UID), uid: 'uid-of-pool' },
  signal: new AbortController().signal,
} as unknown as Sought<'join-token'>;

/** The driver while the cluster's API is silent, and the management API has this under the cluster's name. */
const driverWith = (cluster: ReturnType<typeof seedCluster> | null) => {
  const management = { server: 'https://management', find: async () => cluster, serves: async () => true };
  return joinTokenDriver(management as unknown as KubernetesClient, () => Promise.reject(new Error('no answer')));
};

describe.each([
  ['is not there', null],
  ['is being deleted', seedCluster({ metadata: { deletionTimestamp: '2026-01-02T00:00:00Z' } })],
  ['has its name, and is another one', seedCluster({ metadata: { uid: 'uid-of-another' } })],
])('a token whose cluster %s', (_how, cluster) => {
  const driver = driverWith(cluster);

  test('is as gone as the cluster is', async () => {
    expect(await driver.candidates(sought)).toEqual([]);
  });

  test('is removed without a word to anybody', async () => {
    await expect(driver.remove(sought, { key: sought.key, outputs: {}, state: {} })).resolves.toBeUndefined();
  });
});

describe('a token whose cluster stays and does not answer', () => {
  const driver = driverWith(seedCluster());

  test('is not gone: silence is no absence', async () => {
    await expect(driver.candidates(sought)).rejects.toThrow('no answer');
    await expect(driver.remove(sought, { key: sought.key, outputs: {}, state: {} })).rejects.toThrow('no answer');
  });
});
