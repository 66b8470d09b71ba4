import { describe, expect, test } from '@jest/globals';
import { ADDON_KINDS } from '../../addons/differences.ts';
import { ADDONS } from '../../addons/index.ts';
import { fingerprintOf, rendered } from '../../addons/rendered.ts';
import { RELEASES } from '../../api/releases.ts';
import { addonResources } from '../../topology/addons.ts';
import { release, seedCluster } from '../topology/objects.ts';
import { renderedBefore, renderedBy } from './rendered.ts';

const seeds = addonResources(seedCluster(), release());

describe('what add-ons are rendered to', () => {
  test.each(RELEASES)('from revision $revision of $version stays what it was', (one) => {
    expect(JSON.parse(JSON.stringify(renderedBy(one)))).toEqual(renderedBefore(one));
  });

  test.each(seeds)('is known by label: $key, of kinds that are looked for', ({ properties }) => {
    for (const { apiVersion, kind, metadata } of rendered(properties)) {
      expect(metadata.labels).toMatchObject({ 'slipway.dev/addon': properties.addon });
      expect(ADDON_KINDS).toContainEqual({ apiVersion, kind });
    }
  });

  test.each(seeds)('has no two objects of the same name: $key', ({ properties }) => {
    const names = rendered(properties).map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test('has another fingerprint with another parameter, and the same one twice', () => {
    const storage = { addon: 'storage-classes', parameters: {} };
    const server = (image: string) => ({
      addon: 'metrics-server',
      parameters: { version: '1', 'image/metrics-server': image },
    });
    expect(fingerprintOf(rendered(storage))).toBe(fingerprintOf(rendered(storage)));
    expect(fingerprintOf(rendered(server('a')))).not.toBe(fingerprintOf(rendered(server('b'))));
  });

  test('is refused, by name, where a newer release is needed', () => {
    expect(() => rendered({ addon: 'coredns', parameters: {}, rendering: 99 })).toThrow(/rendering 99.*newer one/);
    expect(() => rendered({ addon: 'ebs-csi', parameters: {} })).toThrow(/no add-on ebs-csi/);
    expect(() => addonResources(seedCluster(), { ...release(), rendering: 99 })).toThrow(/rendering 99/);
  });
});

describe('a cluster has', () => {
  const names = (of: Parameters<typeof addonResources>) =>
    addonResources(...of).map(({ properties }) => properties.addon);

  test('every add-on of its revision, and those of the hub only when it is registered', () => {
    expect(names([seedCluster(), release()])).toEqual(ADDONS.map(({ name }) => name));
    expect(names([seedCluster({ controlPlane: { hub: undefined } }), release()])).not.toContain('connect-agent');
  });

  test('none that its revision has not', () => {
    const { coredns: _coredns, ...addons } = release().addons;
    expect(names([seedCluster(), { ...release(), addons }])).not.toContain('coredns');
  });
});
