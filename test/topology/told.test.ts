import { describe, expect, test } from '@jest/globals';
import { RELEASES } from '../../api/releases.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { release, seedCluster, seedPool } from './objects.ts';
import { toldBefore, toldBy } from './told.ts';

describe('what machines are told', () => {
  test.each(RELEASES)('by revision $revision of $version stays what it was', (one) => {
    expect(JSON.parse(JSON.stringify(toldBy(one)))).toEqual(toldBefore(one));
  });

  test('of a pool is the same whatever etcd and cloud controller its cluster’s revision has', () => {
    const pool = (of: Parameters<typeof nodePoolTopology>[2]) => nodePoolTopology(seedPool(), seedCluster(), of);
    const templateOf = (resources: ReturnType<typeof pool>) => resources.find(({ kind }) => kind === 'launch-template');
    const today = release();
    expect(templateOf(pool({ ...today, etcd: '9.9.9', cloudController: '9.9.9' }))).toEqual(templateOf(pool(today)));
  });

  test('in a format that nobody knows any more is refused, by name', () => {
    const unknown = { ...release(), format: 99 };
    expect(() => clusterTopology(seedCluster(), unknown)).toThrow(/format 99.*newer one/);
    expect(() => nodePoolTopology(seedPool(), seedCluster(), unknown)).toThrow(/format 99/);
  });
});
