/** What nobody's objects own: never by a listing that failed, and never by one of objects that was made before that of things. */
import { describe, expect, test } from '@jest/globals';
import { createOrphans, type OrphanSources } from '../../activities/orphans.ts';
import { verdictOf } from '../../activities/verdicts.ts';
import { clusterIdOf } from '../../api/names.ts';

const ID = clusterIdOf('u-gone');
const looking = (others: Partial<OrphanSources> = {}) => {
  const order: string[] = [];
  const orphans = createOrphans({
    served: async () => ({ account: '1', regions: ['eu-west-1'] }),
    owned: async () => {
      order.push('things');
      return [{ kind: 'volume', id: 'vol-1', clusterId: ID, uid: 'u-gone' }];
    },
    owners: async (kind) => {
      order.push(kind);
      return [];
    },
    snapshotsLeft: async (clusterId) => `Snapshots of ${clusterId} stay.`,
    ...others,
  });
  return { order, orphans: () => orphans(new AbortController().signal) };
};

describe('a look for what belongs to no object', () => {
  test('answers with where it looked, what it found, and the snapshots that stay beside', async () => {
    expect(await looking().orphans()).toMatchObject({
      ...{ account: '1', regions: ['eu-west-1'] },
      clusters: [{ clusterId: ID, snapshots: `Snapshots of ${ID} stay.`, things: [{ id: 'vol-1' }] }],
    });
  });

  test('lists objects after things: what is made meanwhile has its object', async () => {
    const { order, orphans } = looking();
    await orphans();
    expect(order[0]).toBe('things');
    expect(order.slice(1).sort()).toEqual(['AWSCluster', 'AWSNodePool']);
  });

  const failing = () => Promise.reject(new Error('it broke off'));
  test.each<[string, Partial<OrphanSources>, string]>([
    ['AWS', { owned: failing }, 'What account 1 has in eu-west-1 could not be read'],
    [
      'clusters',
      { owners: (kind) => (kind === 'AWSCluster' ? failing() : Promise.resolve([])) },
      'AWSClusters of the management API could not be read',
    ],
    [
      'node pools',
      { owners: (kind) => (kind === 'AWSNodePool' ? failing() : Promise.resolve([])) },
      'AWSNodePools of the management API could not be read',
    ],
  ])('calls nothing an orphan where the listing of %s failed, and says which', async (_, others, says) => {
    const message = await looking(others)
      .orphans()
      .then(
        () => 'answered',
        (error: unknown) => verdictOf(error).message,
      );
    expect(message).toContain(says);
    expect(message).toContain('nothing is called an orphan');
  });
});
