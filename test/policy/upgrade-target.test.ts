/** Which version a cluster may be asked for next. */
import { describe, expect, test } from '@jest/globals';
import { RELEASES, type Release, releaseOf } from '../../api/releases.ts';
import { upgradeTarget, upgradeTargets } from '../../policy/upgrade-target.ts';
import { release } from '../topology/objects.ts';

const made = (version: string, kubernetes: string, etcd = '3.6.16'): Release => ({
  ...release(),
  version,
  kubernetes,
  etcd,
});
const RUNS = made('b', '1.36.3');
const CATALOGUE: readonly Release[] = [
  made('e', '1.38.0'),
  made('d', '1.37.2', '3.7.3'),
  made('c', '1.37.2'),
  made('b-2', '1.36.9'),
  made('b-etcd', '1.36.3', '3.7.3'),
  RUNS,
  made('a', '1.35.4'),
  made('old-etcd', '1.37.2', '3.5.9'),
];

describe('a cluster of Kubernetes 1.36.3', () => {
  test.each(['c', 'b-2', 'b-etcd'])('may be asked for %s', (version) => {
    expect(upgradeTarget(RUNS, version, CATALOGUE)).toEqual({
      kind: 'allowed',
      release: releaseOf(version, CATALOGUE),
    });
  });

  test.each([
    ['e', 'more than one minor version ahead'],
    ['d', 'minor versions of Kubernetes and etcd at once'],
    ['a', 'older than 1.36.3'],
    ['old-etcd', 'etcd 3.5.9 is older'],
    ['b', 'is what it runs'],
    ['z', "not in this release's catalogue"],
  ])('is refused %s, since %s', (version, reason) => {
    const target = upgradeTarget(RUNS, version, CATALOGUE);
    expect(target).toMatchObject({ kind: 'refused', reason: expect.stringContaining(reason) });
  });

  test('is told what to ask for instead', () => {
    expect(upgradeTarget(RUNS, 'e', CATALOGUE)).toMatchObject({ cure: 'ask for c or b-2 next' });
    expect(upgradeTarget(made('e', '1.38.0'), 'a', CATALOGUE)).toMatchObject({
      cure: expect.stringContaining('nothing newer'),
    });
  });
});

test('in the catalogue, whatever runs 1.36 may be asked for 1.37, and that for nothing', () => {
  const next = (version: string) => {
    const runs = releaseOf(version);
    if (runs === undefined) throw new Error(`${version} is not in the catalogue`);
    return upgradeTargets(runs).map((one) => one.version);
  };
  expect(RELEASES.length).toBeGreaterThan(0);
  expect(next('1.36.3-gke.1')).toContain('1.37.2-gke.1');
  expect(next('1.16.9-gke.12')).toContain('1.37.2-gke.1');
});
