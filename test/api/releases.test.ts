import { describe, expect, test } from '@jest/globals';
import { version } from '../../api/fields.ts';
import { knownVersions, RELEASES, releaseOf, unknownVersion } from '../../api/releases.ts';

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

  test('knows exact strings only, and says which when asked for another', () => {
    expect(releaseOf('1.36')).toBeUndefined();
    expect(unknownVersion('1.36').reason).toBe(
      "version 1.36 is not in this release's catalogue, which holds 1.36.3-gke.1, 1.16.9-gke.12",
    );
    expect(unknownVersion('1.36').cure).toContain('1.36.3-gke.1');
  });

  test('names each version once, in the format that specs take', () => {
    expect(new Set(knownVersions()).size).toBe(RELEASES.length);
    for (const known of knownVersions()) expect(version.parse(known)).toBe(known);
  });
});
