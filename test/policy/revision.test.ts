import { describe, expect, test } from '@jest/globals';
import type { Release } from '../../api/releases.ts';
import { newerRevision, revisionOf } from '../../policy/revision.ts';
import { drifted, revisionAvailable } from '../../policy/specific-conditions.ts';
import { statusOf } from '../../policy/status.ts';
import { CLUSTER_UID, DELETING, release, seedCluster, seedPool, VERSION } from '../topology/objects.ts';

const today = release();
const pinned = revisionOf(today);
const coredns = { version: '1.15.0', images: { coredns: 'registry.k8s.io/coredns/coredns:v1.15.0' } };
const newer: Release = { ...today, etcd: '3.6.99', addons: { ...today.addons, coredns } };

describe('a newer revision', () => {
  test('is none while the catalogue says what was pinned', () => {
    expect(newerRevision('AWSCluster', pinned, today)).toEqual([]);
    expect(revisionAvailable('AWSCluster', pinned)).toBeUndefined();
    expect(revisionAvailable('AWSCluster', undefined)).toBeUndefined();
  });

  test('names each component that is another one, with both versions', () => {
    expect(newerRevision('AWSCluster', pinned, newer)).toEqual([
      `etcd 3.6.99 instead of ${today.etcd}`,
      expect.stringMatching(/^coredns 1\.15\.0 .*:v1\.15\.0 instead of 1\.14\.2 /),
    ]);
    expect(revisionAvailable('AWSCluster', pinned, () => newer)).toMatchObject({
      status: 'True',
      reason: 'NewerComponents',
      message: expect.stringContaining('What runs stays as it is'),
    });
  });

  test('is also an add-on whose images come from elsewhere', () => {
    const moved = { ...today.addons.coredns, images: { coredns: 'mirror.example/coredns:v1.14.2' } };
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
      message: expect.stringContaining(`revision of ${VERSION}: etcd ${today.etcd} instead of 3.5.0.`),
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
    expect(drifted([], seedPool())).toBeUndefined();
  });
});
