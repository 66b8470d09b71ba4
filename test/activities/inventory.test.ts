import { describe, expect, test } from '@jest/globals';
import type { ObserveRequest } from '../../activities/assess.ts';
import { createInventory } from '../../activities/inventory.ts';

const UID = '2f1c1f1e-1111-4222-8333-444455556666';

const request = (overrides: Partial<ObserveRequest> = {}): ObserveRequest => ({
  object: { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: UID },
  clusterId: 'gke-2f1c1f1e',
  clusterUid: UID,
  clusterName: 'cluster-0',
  vpcId: 'vpc-1',
  subnetIds: ['subnet-1'],
  clusterGoes: false,
  isNew: false,
  objectGoes: false,
  membership: 'projects/p/locations/global/memberships/cluster-0',
  ...overrides,
});

const inventoryWithoutHub = createInventory({
  aws: () => Promise.resolve({ account: '123456789012', region: 'eu-west-1', complete: true, found: [] }),
  management: () => Promise.resolve([]),
  hub: () => Promise.reject(new Error('GKE Hub did not answer')),
});

const look = (overrides: Partial<ObserveRequest>) =>
  inventoryWithoutHub(request(overrides), new AbortController().signal);

describe('while the hub is down', () => {
  test('a new cluster is looked at all the same: it cannot be registered yet', async () => {
    expect(await look({ isNew: true })).toMatchObject({ complete: true, found: [] });
  });

  test('nothing is said of a cluster that may be registered: what could not be read is not absent', async () => {
    await expect(look({})).rejects.toThrow('GKE Hub did not answer');
  });

  test('a cluster without a membership is looked at as ever', async () => {
    const { membership: _none, ...without } = request();
    expect(await inventoryWithoutHub(without, new AbortController().signal)).toMatchObject({ found: [] });
  });
});
