import { describe, expect, test } from '@jest/globals';
import { version } from '../../api/fields.ts';
import {
  knownVersions,
  RELEASES,
  releaseInFormat,
  releaseOf,
  revisionsOf,
  unknownVersion,
} from '../../api/releases.ts';
import { release } from '../topology/objects.ts';

describe('the release catalogue', () => {
  test("substitutes the seed's version, whose Kubernetes runs no more, by one of today's", () => {
    expect(releaseOf('1.16.9-gke.12')).toMatchObject({
      version: '1.16.9-gke.12',
      kubernetes: '1.36.3',
      etcd: '3.6.16',
      cloudController: '1.36.1',
      imageId: 'ami-slipway-1.16.9-gke.12',
    });
  });

  test('holds the same components under a version of their own', () => {
    expect(releaseOf('1.36.3-gke.1')).toMatchObject({ kubernetes: '1.36.3', imageId: 'ami-slipway-1.36.3-gke.1' });
  });

  test('has the next minor beside today’s, with a cloud controller of its own and the same etcd', () => {
    expect(releaseOf('1.37.2-gke.1')).toMatchObject({
      revision: 2,
      format: 3,
      kubernetes: '1.37.2',
      etcd: releaseOf('1.36.3-gke.1')?.etcd,
      cloudController: '1.37.1',
      imageId: 'ami-slipway-1.37.2-gke.1',
    });
  });

  test('has the add-ons of that minor from its second revision on: those in Kubernetes’ own cluster/addons', () => {
    const [first, second] = revisionsOf('1.37.2-gke.1');
    expect(first?.addons).toEqual(releaseOf('1.36.3-gke.1')?.addons);
    expect(second?.addons).toMatchObject({
      coredns: { version: '1.14.6', images: { coredns: 'registry.k8s.io/coredns/coredns:v1.14.6' } },
      'metrics-server': { version: '0.8.1' },
    });
    expect(second?.addons['connect-agent']).toEqual(first?.addons['connect-agent']);
  });

  test('has a version beside it that differs in etcd alone, by one minor', () => {
    const { version: _, revision: __, imageId: ___, ...before } = release('1.37.2-gke.1');
    expect(releaseOf('1.37.2-gke.2')).toMatchObject({ ...before, etcd: '3.7.3', imageId: 'ami-slipway-1.37.2-gke.2' });
  });

  test('knows exact strings only, and says which when asked for another', () => {
    expect(releaseOf('1.36')).toBeUndefined();
    expect(unknownVersion('1.36').reason).toBe(
      "version 1.36 is not in this release's catalogue, which holds 1.37.2-gke.2, 1.37.2-gke.1, 1.36.3-gke.1, 1.16.9-gke.12",
    );
    expect(unknownVersion('1.36').cure).toContain('1.36.3-gke.1');
  });

  test('names each version once, in the format that specs take', () => {
    expect(knownVersions()).toEqual([...new Set(RELEASES.map((one) => one.version))]);
    for (const known of knownVersions()) expect(version.parse(known)).toBe(known);
  });

  test.each(knownVersions())('holds every revision of %s, newest first, and means the newest', (known) => {
    const revisions = RELEASES.filter((one) => one.version === known);
    expect(revisions.map(({ revision }) => revision)).toEqual(revisions.map((_one, index) => revisions.length - index));
    const formats = revisions.map(({ format }) => format);
    expect(formats).toEqual(formats.toSorted((a, b) => b - a));
    expect(releaseOf(known)).toBe(revisions[0]);
  });

  test('takes a newer revision with another component beside those that were published', () => {
    const newer = { ...release('1.36.3-gke.1'), revision: 99, cloudController: '9.9.9' };
    const catalogue = [newer, ...RELEASES];
    expect(releaseOf('1.36.3-gke.1', catalogue)).toBe(newer);
    expect(releaseOf('1.16.9-gke.12', catalogue)).toBe(releaseOf('1.16.9-gke.12'));
    expect(releaseInFormat({ version: '1.36.3-gke.1', format: 1 }, catalogue)).toMatchObject({ revision: 1 });
    expect(new Set(knownVersions(catalogue))).toEqual(new Set(knownVersions()));
  });
});
