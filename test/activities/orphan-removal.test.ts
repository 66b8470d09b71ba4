/** What is read before anything of a lost cluster is removed, and what is refused by it. */
import { describe, expect, test } from '@jest/globals';
import { createOrphanRemoval, type OrphanRemovalSources } from '../../activities/orphan-removal.ts';
import { verdictOf } from '../../activities/verdicts.ts';
import { clusterIdOf } from '../../api/names.ts';
import { observed } from '../../kinds/resource.ts';
import { inventoryOf } from '../policy/account.ts';
import { ACCOUNT, CLUSTER_UID, REGION } from '../topology/objects.ts';

const ID = clusterIdOf(CLUSTER_UID);
const group = observed(
  'security-group',
  'security-group/controlplane',
  { id: 'sg-1' },
  { name: 'g' },
  { uid: CLUSTER_UID },
);

const planning = (others: Partial<OrphanRemovalSources> = {}) => {
  const requests: object[] = [];
  const plan = createOrphanRemoval({
    orphans: async () => ({
      ...{ account: ACCOUNT, regions: [REGION] },
      clusters: [
        {
          ...{ clusterId: ID, madeFor: ['default/cluster-0'], adopters: [] },
          things: [
            {
              kind: 'security-group',
              id: 'sg-1',
              clusterId: ID,
              uid: CLUSTER_UID,
              key: 'security-group/controlplane',
              madeFor: 'default/cluster-0',
              billed: 'no',
            },
          ],
        },
      ],
    }),
    owners: async () => [],
    observe: async (request) => {
      requests.push(request);
      return inventoryOf([group]);
    },
    settleSeconds: 1,
    ...others,
  });
  return { requests, plan: () => plan({ clusterId: ID }, new AbortController().signal) };
};

describe('the removal of a lost cluster', () => {
  test('is the deletion of its object, of whom all that goes with it is looked for', async () => {
    const { plan, requests } = planning();
    expect(await plan()).toMatchObject({
      type: 'DeleteCluster',
      object: { namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID },
      owner: { account: ACCOUNT, region: REGION, clusterId: ID, uid: CLUSTER_UID },
      entityId: `awscluster/default/cluster-0/${CLUSTER_UID}`,
    });
    expect(requests).toMatchObject([{ clusterId: ID, clusterGoes: true, objectGoes: true }]);
  });

  test('looks at nothing of it once its object is there', async () => {
    const living = { namespace: 'default', name: 'cluster-0', uid: 'u-new', ownerUid: CLUSTER_UID };
    const { plan, requests } = planning({ owners: async () => [living] });
    const { verdict, message } = await plan().then(
      () => ({ verdict: 'planned', message: '' }),
      (error: unknown) => verdictOf(error),
    );
    expect(verdict).toBe('blocked');
    expect(message).toMatch(/^Nothing of gke-[0-9a-f]{8} is removed: AWSCluster default\/cluster-0 is there and owns/);
    expect(requests).toEqual([]);
  });
});
