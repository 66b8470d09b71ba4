/** A node pool beside its cluster's version: never newer than what that runs, and after it where both are asked for. */
import { describe, expect, test } from '@jest/globals';
import { clusterIdOf } from '../../api/names.ts';
import type { AWSNodePool } from '../../api/nodepool.ts';
import { revisionOf } from '../../policy/revision.ts';
import { release, seedCluster, seedPool } from '../topology/objects.ts';
import { LIVE } from './living-pool.ts';
import { assessed, CLUSTER, changedTo, livePool, ranToEnd, worldOf } from './pool-world.ts';

const NEW = '1.37.2-gke.1';
const asksFor = (version: string, runs = LIVE.revision.version) =>
  seedCluster({ controlPlane: { version }, status: { ...LIVE, revision: revisionOf(release(runs)) } });
const before = livePool();
const world = worldOf(before, 3);
const asked = changedTo(before, { version: NEW });

describe('a pool that is asked for a newer version than its cluster runs', () => {
  test('is blocked where the cluster is not asked for one that goes with it, and says the cure', () => {
    expect(assessed(asked, world)).toMatchObject({
      kind: 'blocked',
      reason: "its Kubernetes 1.37.2 is newer than its cluster's 1.36.3",
      cure: "set spec.version to 1.16.9-gke.12, the cluster's own",
    });
  });

  test('waits where the cluster is on its way there: its machines stay, and it looks again', () => {
    expect(assessed(asked, world, { cluster: asksFor(NEW) })).toMatchObject({
      kind: 'settled',
      lookAgainSeconds: 60,
      note: `version ${NEW} waits for AWSCluster default/cluster-0, which runs 1.16.9-gke.12 and is asked for ${NEW}`,
    });
  });

  test('is changed otherwise meanwhile, and is not said to be as its spec asks for', () => {
    const larger: AWSNodePool = changedTo(asked, { instanceType: 't3.large' });
    const turn = assessed(larger, world, { cluster: asksFor(NEW) });
    expect(turn).toMatchObject({ kind: 'operate', operation: { type: 'UpdateNodePool', version: '1.16.9-gke.12' } });
    const grown = assessed(changedTo(asked, { maxNodeCount: 9 }), world, { cluster: asksFor(NEW) });
    expect(grown).toMatchObject({ kind: 'operate', operation: { type: 'ResizeNodePool' } });
    expect(grown.kind === 'operate' && grown.operation).not.toHaveProperty('settles');
  });

  test('is upgraded once the cluster has committed to it', () => {
    expect(assessed(asked, world, { cluster: asksFor(NEW, NEW) })).toMatchObject({
      kind: 'operate',
      operation: { type: 'UpgradeNodePool', version: NEW, kubernetesVersion: '1.37.2' },
    });
  });

  test('and that does not run yet waits for it altogether', () => {
    const made = { ...seedPool(), spec: { ...seedPool().spec, version: NEW } };
    expect(assessed(made, world, { cluster: asksFor(NEW) })).toMatchObject({
      kind: 'waiting',
      reason: `Waiting for AWSCluster default/cluster-0, which runs 1.16.9-gke.12 and is asked for ${NEW}.`,
      entityId: expect.stringContaining('awscluster/default/cluster-0/'),
    });
  });
});

test('a pool of an older minor stays one beside its cluster’s newer, and another one of that comes in turns', () => {
  const cluster = asksFor(NEW, NEW);
  expect(assessed(before, world, { cluster })).toMatchObject({
    kind: 'settled',
    clusterId: clusterIdOf(CLUSTER.metadata.uid),
  });
  expect(ranToEnd(changedTo(before, { version: '1.36.3-gke.1' }), world).states).toEqual([
    'Provisioned',
    'Upgrading',
    'Provisioned',
  ]);
});
