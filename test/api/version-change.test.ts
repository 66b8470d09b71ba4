import { describe, expect, test } from '@jest/globals';
import { minorsBetween } from '../../api/minor.ts';
import { RELEASES, type Release, releaseOf } from '../../api/releases.ts';
import { type Running, type VersionChange, versionChangeProblem } from '../../api/version-change.ts';
import { release } from '../topology/objects.ts';

/** A version whose name says what runs: `1.37.2/3.6.16`. */
const made = (name: string): Release => {
  const [kubernetes = '', etcd = ''] = name.split('/');
  return { ...release('1.36.3-gke.1'), version: `${kubernetes}-gke.${etcd.split('.').join('')}`, kubernetes, etcd };
};

const MADE = [
  '1.39.0/3.7.3',
  '1.38.1/3.7.3',
  '1.38.1/3.6.16',
  '1.37.5/3.6.16',
  '1.37.2/3.7.3',
  '1.37.2/3.6.16',
  '1.36.3/3.7.3',
  '1.36.3/3.6.16',
  '1.36.1/3.6.16',
  '1.36.1/3.5.9',
];
const CATALOGUE = MADE.map(made);

const problemOf = (running: string, asked: string, wayBack?: string) =>
  versionChangeProblem(
    { running: made(running), asked: made(asked), ...(wayBack === undefined ? {} : { wayBack: made(wayBack) }) },
    CATALOGUE,
  );

describe('A control plane', () => {
  test.each([
    ['1.36.1/3.6.16', '1.36.3/3.6.16'],
    ['1.36.3/3.6.16', '1.36.1/3.6.16'],
    ['1.36.3/3.6.16', '1.37.2/3.6.16'],
    ['1.36.3/3.6.16', '1.37.5/3.6.16'],
    ['1.37.2/3.6.16', '1.37.2/3.7.3'],
    ['1.36.1/3.5.9', '1.36.3/3.6.16'],
    ['1.37.2/3.7.3', '1.38.1/3.7.3'],
    ['1.36.3/3.6.16', '1.36.3/3.6.16'],
  ])('of %s may go to %s', (running, asked) => {
    expect(problemOf(running, asked)).toBeUndefined();
  });

  test.each([
    {
      running: '1.36.3/3.6.16',
      asked: '1.38.1/3.6.16',
      reason: 'Kubernetes goes one minor version at a time, and 1.38 is not the one after 1.36',
      cure: 'ask for 1.37.5-gke.3616 first, then for 1.38.1-gke.3616',
    },
    {
      running: '1.36.3/3.6.16',
      asked: '1.37.2/3.7.3',
      reason: 'it brings Kubernetes 1.37 instead of 1.36 and etcd 3.7 instead of 3.6, and these never move together',
      cure: 'ask for 1.37.5-gke.3616 first, then for 1.37.2-gke.373',
    },
    {
      running: '1.36.1/3.5.9',
      asked: '1.36.3/3.7.3',
      reason: 'etcd goes one minor version at a time, and 3.7 is not the one after 3.5',
      cure: 'ask for 1.36.3-gke.3616 first, then for 1.36.3-gke.373',
    },
    {
      running: '1.36.3/3.6.16',
      asked: '1.39.0/3.7.3',
      reason: 'Kubernetes goes one minor version at a time, and 1.39 is not the one after 1.36',
      cure: 'ask for 1.37.5-gke.3616 first, then for 1.38.1-gke.3616, then for 1.38.1-gke.373, then for 1.39.0-gke.373',
    },
    {
      running: '1.37.2/3.6.16',
      asked: '1.36.3/3.6.16',
      reason:
        'its Kubernetes 1.36 is older than 1.37, and what it has stored since is lost on the older one without a word',
      cure: 'leave it at 1.37.2-gke.3616',
    },
    {
      running: '1.37.2/3.7.3',
      asked: '1.37.2/3.6.16',
      reason: 'its etcd 3.6 is older than 3.7, and does not start on what the newer one stored',
      cure: 'leave it at 1.37.2-gke.373',
    },
    {
      running: '1.36.3/3.6.16',
      asked: '1.41.0/3.6.16',
      reason: 'Kubernetes goes one minor version at a time, and 1.41 is not the one after 1.36',
      cure: 'leave it at 1.36.3-gke.3616 until a release of Slipway knows a version between the two',
    },
    {
      running: '1.36.3/3.6.16',
      asked: '2.0.0/3.6.16',
      reason: 'Kubernetes goes one minor version at a time, and 2.0 is not the one after 1.36',
      cure: 'leave it at 1.36.3-gke.3616 until a release of Slipway knows a version between the two',
    },
  ])('of $running is told why it can not go to $asked, and how', ({ running, asked, reason, cure }) => {
    expect(problemOf(running, asked)).toEqual({
      reason: `${made(asked).version} can't follow ${made(running).version}: ${reason}`,
      cure,
    });
  });

  test('is never sent over a version whose own Kubernetes runs no more', () => {
    const seeds = { ...made('1.37.2/3.6.16'), version: '1.16.9-gke.12' };
    const change = { running: made('1.36.3/3.6.16'), asked: made('1.38.1/3.6.16') };
    expect(versionChangeProblem(change, [seeds])?.cure).toContain('leave it at');
    expect(versionChangeProblem(change, [seeds, made('1.37.2/3.6.16')])?.cure).toContain('1.37.2-gke.3616 first');
  });
});

describe('While an upgrade is not committed', () => {
  test('the version that it came from may be asked for, and no other of that age', () => {
    expect(problemOf('1.37.2/3.6.16', '1.36.3/3.6.16', '1.36.3/3.6.16')).toBeUndefined();
    expect(problemOf('1.37.2/3.7.3', '1.37.2/3.6.16', '1.37.2/3.6.16')).toBeUndefined();
    expect(problemOf('1.37.2/3.6.16', '1.36.1/3.6.16', '1.36.3/3.6.16')?.cure).toBe(
      'leave it at 1.37.2-gke.3616, or go back to 1.36.3-gke.3616, which it came from',
    );
  });

  test.each([['1.38.1/3.6.16'], ['1.37.2/3.7.3']])('%s has to wait, which could not be gone to from there', (asked) => {
    expect(problemOf('1.37.2/3.6.16', asked, '1.36.3/3.6.16')).toEqual({
      reason: `${made(asked).version} can't follow 1.37.2-gke.3616 yet: the upgrade from 1.36.3-gke.3616 is not committed`,
      cure: 'leave it at 1.37.2-gke.3616 until it is committed, or go back to 1.36.3-gke.3616',
    });
  });

  test('a patch of where it goes may be asked for', () => {
    expect(problemOf('1.37.2/3.6.16', '1.37.5/3.6.16', '1.36.3/3.6.16')).toBeUndefined();
  });
});

/** The versions that a cure says to ask for, in their order. */
const waysIn = (cure: string): readonly string[] =>
  cure.startsWith('ask for') ? (cure.match(/\d\S*-gke\.\d+/g) ?? []) : [];

const known = [...new Set(RELEASES.map(({ version }) => version))].map((version) => releaseOf(version) ?? made(''));

describe.each([
  ['made up', CATALOGUE],
  ['published', known],
])('Of all pairs of versions that are %s', (_which, catalogue) => {
  const pairs: readonly VersionChange[] = catalogue.flatMap((running) =>
    catalogue.map((asked) => ({ running, asked })),
  );
  const of = (name: string): Running => {
    const found = catalogue.find(({ version }) => version === name);
    if (found === undefined) throw new Error(`${name} is said and not known`);
    return found;
  };

  test('those may follow each other of which no minor goes back, and only one moves, by one', () => {
    for (const change of pairs) {
      const { running, asked } = change;
      const moved = (['kubernetes', 'etcd'] as const).map((part) => minorsBetween(running[part], asked[part]));
      const may = moved.every((by) => by >= 0) && moved.reduce((all, by) => all + by, 0) <= 1;
      expect([running.version, asked.version, versionChangeProblem(change, catalogue) === undefined]).toEqual([
        running.version,
        asked.version,
        may,
      ]);
    }
  });

  test('each that may not says a cure, and what a cure says to ask for may be asked for, one after the other', () => {
    for (const change of pairs) {
      const problem = versionChangeProblem(change, catalogue);
      if (problem === undefined) continue;
      const ways = waysIn(problem.cure);
      if (ways.length === 0) expect(problem.cure).toContain(`leave it at ${change.running.version}`);
      else expect(ways.at(-1)).toBe(change.asked.version);
      let running = change.running;
      for (const version of ways) {
        expect(versionChangeProblem({ running, asked: of(version) }, catalogue)).toBeUndefined();
        running = of(version);
      }
    }
  });
});
