import { describe, expect, test } from '@jest/globals';
import { RELEASES, type Release } from '../../api/releases.ts';
import { observed } from '../../kinds/resource.ts';
import { asMade, newerRevision, releaseToPlan, revisionOf } from '../../policy/revision.ts';
import { drifted, revisionAvailable } from '../../policy/specific-conditions.ts';
import { statusOf } from '../../policy/status.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { LOAD_BALANCER } from '../../words/keys.ts';
import { CLUSTER_UID, DELETING, release, seedCluster, seedPool, VERSION } from '../topology/objects.ts';

const today = release();
const pinned = revisionOf(today);
const coredns = { version: '1.15.0', images: { coredns: 'registry.k8s.io/coredns/coredns:v1.15.0' } };
const newer: Release = { ...today, etcd: '3.6.99', addons: { ...today.addons, coredns } };

describe('a newer revision', () => {
  test('is none while the catalogue says what was pinned', () => {
    expect(newerRevision('AWSCluster', pinned, today)).toEqual([]);
    expect(revisionAvailable(seedCluster(), pinned)).toBeUndefined();
    expect(revisionAvailable(seedCluster(), undefined)).toBeUndefined();
  });

  test('names each component that is another one, with both versions', () => {
    expect(newerRevision('AWSCluster', pinned, newer)).toEqual([
      `etcd 3.6.99 instead of ${today.etcd}`,
      expect.stringMatching(/^coredns 1\.15\.0 .*:v1\.15\.0 instead of 1\.14\.2 /),
    ]);
    expect(revisionAvailable(seedCluster(), pinned, () => newer)).toMatchObject({
      status: 'True',
      reason: 'NewerComponents',
      message: expect.stringContaining('What runs stays as it is'),
    });
  });

  test('whose number is higher is offered with both numbers and the command that brings its add-ons', () => {
    const number = today.revision + 1;
    expect(revisionAvailable(seedCluster(), pinned, () => ({ ...newer, revision: number }))?.message).toMatch(
      new RegExp(
        `revision ${number} of .*, and revision ${today.revision} runs: .*npx slipway clusters update cluster-0 -n default --revision ${number}`,
      ),
    );
    const onlyMachines = { ...today, revision: number, etcd: '3.6.99' };
    expect(revisionAvailable(seedCluster(), pinned, () => onlyMachines)?.message).not.toContain('clusters update');
  });

  test('is also an add-on whose images come from elsewhere', () => {
    const moved = { version: '1.14.2', images: { coredns: 'mirror.example/coredns:v1.14.2' } };
    const elsewhere = { ...today, addons: { ...today.addons, coredns: moved } };
    expect(newerRevision('AWSCluster', pinned, elsewhere)).toHaveLength(1);
  });

  test('of a node pool speaks of what nodes run only', () => {
    expect(newerRevision('AWSNodePool', pinned, newer)).toEqual([]);
    expect(newerRevision('AWSNodePool', pinned, { ...newer, imageId: 'ami-2' })).toEqual([
      `machine image ami-2 instead of ${today.imageId}`,
    ]);
  });

  test('is not on offer where the catalogue has lost the version', () => {
    expect(newerRevision('AWSCluster', pinned, undefined)).toEqual([]);
  });
});

describe('a revision with another cloud controller', () => {
  const another: Release = { ...today, revision: 99, cloudController: '9.9.9' };
  const catalogue = [another, ...RELEASES];
  const earlier = RELEASES.filter(({ version }) => version === VERSION);

  test('is what an object gets that runs nothing yet', () => {
    expect(releaseToPlan(VERSION, undefined, false, catalogue)).toEqual(another);
  });

  test.each(earlier)('leaves what is pinned to revision $revision with all that it runs', (one) => {
    for (const live of [true, false]) {
      expect(releaseToPlan(VERSION, revisionOf(one), live, catalogue)).toEqual(one);
    }
  });

  test('tells replicas another version of it, and changes nothing else of a cluster', () => {
    const told = JSON.stringify(clusterTopology(seedCluster(), another));
    expect(told.match(/"cloudController":"9\.9\.9"/g)).toHaveLength(3);
    expect(told.replaceAll('9.9.9', today.cloudController)).toBe(JSON.stringify(clusterTopology(seedCluster(), today)));
  });

  test('is offered to clusters, and never heard of by node pools', () => {
    expect(newerRevision('AWSCluster', pinned, another)).toEqual([
      `cloud controller 9.9.9 instead of ${today.cloudController}`,
    ]);
    expect(newerRevision('AWSNodePool', pinned, another)).toEqual([]);
    expect(nodePoolTopology(seedPool(), seedCluster(), another)).toEqual(
      nodePoolTopology(seedPool(), seedCluster(), today),
    );
  });

  test('is not what runs where the load balancer is older than security groups, though the status was lost', () => {
    const withGroups = (...groupIds: string[]) => [
      observed('load-balancer', LOAD_BALANCER, {}, { name: 'gke-1-controlplane', groupIds }),
    ];
    expect(asMade(another, withGroups(), catalogue)).toEqual(earlier.find(({ format }) => format === 1));
    expect(asMade(another, withGroups('sg-1'), catalogue)).toBe(another);
  });
});

const OBJECT = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID } as const;
const NOW = Date.parse('2026-01-01T00:00:00Z');
const running = { state: 'Provisioned', revision: { ...pinned, etcd: '3.5.0' } };
const settled = (cluster = seedCluster({ status: running }), drift: { key: string; difference: string }[] = []) =>
  statusOf({ object: OBJECT, generation: 1, subject: { kind: 'settled', drift }, events: [] }, cluster, NOW);
const conditionOf = (status: ReturnType<typeof settled>, type: string) =>
  status.conditions?.find((condition) => condition.type === type);

describe('the status of what runs', () => {
  test('says that a newer revision is there, and leaves the pinned one and Ready as they are', () => {
    const status = settled();
    expect(conditionOf(status, 'RevisionAvailable')).toMatchObject({
      status: 'True',
      message: expect.stringContaining(
        `revision ${today.revision} of ${VERSION}, and revision ${today.revision} runs: etcd ${today.etcd} instead of 3.5.0.`,
      ),
    });
    expect(status.revision?.etcd).toBe('3.5.0');
    expect(conditionOf(status, 'Ready')).toMatchObject({ status: 'True' });
  });

  test('does not offer it to what is being deleted', () => {
    const going = seedCluster({ metadata: DELETING, status: running });
    expect(conditionOf(settled(going), 'RevisionAvailable')).toBeUndefined();
  });

  test('names what drifted and the command that mends it, also when there is much of it', () => {
    const drift = Array.from({ length: 40 }, (_, index) => ({
      key: `security-group-rules/${index}`,
      difference: 'tcp 6443-6443 from 10.0.0.0/16 is not allowed',
    }));
    const message = conditionOf(settled(undefined, drift), 'Drifted')?.message ?? '';
    expect(message).toMatch(/^security-group-rules\/0: tcp 6443-6443 from 10\.0\.0\.0\/16 is not allowed; /);
    expect(message).toContain('To have it mended: npx slipway operations retry cluster cluster-0 -n default');
    expect(message.length).toBeLessThanOrEqual(1_100);
    expect(conditionOf(settled(), 'Drifted')).toBeUndefined();
    expect(drifted({}, seedPool())).toBeUndefined();
  });
});
