/** How `slipway orphans` reads. */
import { describe, expect, test } from '@jest/globals';
import { meantIn, noOrphans, orphanLines } from '../../client/cli/orphans.ts';

const NOW = Date.parse('2026-12-01T12:00:00Z');
const WHERE = { account: '0123456789012', regions: ['eu-west-1'] };

describe('what belongs to no object', () => {
  test('is a line each, with its age and how it is billed, and a line a cluster of whose it was', () => {
    const lines = orphanLines(
      {
        ...WHERE,
        clusters: [
          {
            clusterId: 'gke-0a1b2c3d',
            madeFor: ['default/cluster-0'],
            adopters: [],
            snapshots: '2 snapshots of etcd stay in bucket b.',
            things: [
              { kind: 'security-group', id: 'sg-1', clusterId: 'gke-0a1b2c3d', billed: 'no' },
              {
                ...{ kind: 'volume', id: 'vol-1', clusterId: 'gke-0a1b2c3d', billed: 'by its size' },
                ...{ key: 'etcd-volume/0', since: '2026-11-28T12:00:00Z' },
              },
            ],
          },
          { clusterId: 'gke-99999999', madeFor: [], adopters: ['u-9'], things: [] },
        ],
      },
      NOW,
    ).join('\n');
    expect(lines).toBe(
      [
        'CLUSTER        KIND             ID      AGE   BILLED        KEY',
        'gke-0a1b2c3d   security-group   sg-1          no',
        'gke-0a1b2c3d   volume           vol-1   3d    by its size   etcd-volume/0',
        '',
        'gke-0a1b2c3d: made for default/cluster-0',
        '  2 snapshots of etcd stay in bucket b.',
        'gke-99999999: nothing says for which object it was made; adopted by u-9, which is no object of this management API',
      ].join('\n'),
    );
  });

  test('is said to be nothing with where was looked', () => {
    expect(noOrphans({ ...WHERE, clusters: [] })).toBe(
      "Everything of Slipway's in account 0123456789012, eu-west-1, belongs to an object.",
    );
  });
});

describe('what of it is to be removed', () => {
  const list = {
    ...WHERE,
    clusters: ['gke-0a1b2c3d', 'gke-99999999'].map((clusterId) => ({
      ...{ clusterId, madeFor: [], adopters: [] },
      things: [{ kind: 'volume' as const, id: `vol-${clusterId}`, clusterId, billed: 'by its size' as const }],
    })),
  };

  test('is one thing by its id, or all of a cluster by the cluster’s', () => {
    expect(meantIn(list, { id: 'vol-gke-99999999' })).toEqual({ clusterId: 'gke-99999999', id: 'vol-gke-99999999' });
    expect(meantIn(list, { clusterId: 'gke-0a1b2c3d' })).toEqual({ clusterId: 'gke-0a1b2c3d' });
  });

  test.each([
    ['nothing is named', {}, 'Name what is to go'],
    ['it belongs to an object', { id: 'vol-1' }, 'is not among what belongs to no object'],
    ['it is of another cluster', { id: 'vol-gke-99999999', clusterId: 'gke-0a1b2c3d' }, 'is not among'],
    ['the cluster has its object', { clusterId: 'gke-11111111' }, 'is not among'],
  ])('is refused where %s', (_, named, says) => {
    expect(() => meantIn(list, named)).toThrow(says);
  });
});
