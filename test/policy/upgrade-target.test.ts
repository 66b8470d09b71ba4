/** Which version a cluster may be asked for next; the rules between two versions are tried in `test/api/version-change.test.ts`. */
import { describe, expect, test } from '@jest/globals';
import { type Release, releaseOf } from '../../api/releases.ts';
import { nextUpgrade, upgradeTarget } from '../../policy/upgrade-target.ts';
import { release } from '../topology/objects.ts';

const made = (version: string, kubernetes: string, etcd = '3.6.16'): Release => ({
  ...release(),
  version,
  kubernetes,
  etcd,
});
const RUNS = made('1.36.3-gke.1', '1.36.3');
const CATALOGUE: readonly Release[] = [
  made('1.38.0-gke.1', '1.38.0'),
  made('1.37.2-gke.2', '1.37.2', '3.7.3'),
  made('1.37.2-gke.1', '1.37.2'),
  made('1.36.9-gke.1', '1.36.9'),
  RUNS,
];

describe('a cluster of Kubernetes 1.36.3', () => {
  test.each(['1.37.2-gke.1', '1.36.9-gke.1'])('may be asked for %s', (version) => {
    expect(upgradeTarget(RUNS, version, CATALOGUE)).toEqual({
      kind: 'allowed',
      release: releaseOf(version, CATALOGUE),
    });
  });

  test.each([
    ['1.38.0-gke.1', 'one minor version at a time', 'ask for 1.37.2-gke.1 first'],
    ['1.37.2-gke.2', 'never move together', 'ask for 1.37.2-gke.1 first'],
    ['1.36.3-gke.1', 'is what runs', 'ask for 1.37.2-gke.1, which is next'],
    ['1.99.0-gke.1', "not in this release's catalogue", 'set the version to one of'],
  ])('is refused %s, with what to do instead', (version, reason, cure) => {
    expect(upgradeTarget(RUNS, version, CATALOGUE)).toEqual({
      kind: 'refused',
      reason: expect.stringContaining(reason),
      cure: expect.stringContaining(cure),
    });
  });
});

describe('the next upgrade', () => {
  test('is to the newest version of the next minor that may be asked for, and to no patch', () => {
    expect(nextUpgrade(RUNS, CATALOGUE)?.version).toBe('1.37.2-gke.1');
    expect(nextUpgrade(made('e', '1.38.0'), CATALOGUE)).toBeUndefined();
    expect(nextUpgrade(RUNS, [RUNS, made('1.36.9-gke.1', '1.36.9')])).toBeUndefined();
  });

  test('is known for whatever runs 1.36 of this release’s catalogue', () => {
    const next = (version: string) => nextUpgrade(releaseOf(version) ?? RUNS)?.version;
    expect([next('1.36.3-gke.1'), next('1.16.9-gke.12')]).toEqual(['1.37.2-gke.1', '1.37.2-gke.1']);
  });
});
