/** What a replica's Kubernetes may start as: by a table of what is known, and by whatever may happen to tags, disks and machines. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareMinors, type Minor, minorIn, newerMinor } from '../../api/minor.ts';
import { replicaComponents } from '../../machine/components.ts';
import { type Asked, decideKubernetesStart, type KubernetesStart } from '../../machine/emulation.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../../words/emulation.ts';
import { replicaMachine } from './examples.ts';

type Told = { readonly emulates?: string; readonly committed?: string };

const tagsOf = ({ emulates, committed }: Told): Record<string, string> => ({
  'slipway.dev/cluster': 'gke-0a1b2c3d',
  ...(emulates === undefined ? {} : { [EMULATES_TAG]: emulates }),
  ...(committed === undefined ? {} : { [COMMITTED_TAG]: committed }),
});

const asked = (version: string, told: Told | 'unread', remembered?: string): Asked => ({
  volumeId: 'vol-1',
  file: '/data/kubernetes-minor',
  version,
  tags: told === 'unread' ? undefined : tagsOf(told),
  remembered,
});

/** `plain`, `as 1.36`, or `nothing`; and what is written down, after a colon. */
const inShort = (start: KubernetesStart): string => {
  const does = start.kind === 'wait' ? 'nothing' : start.emulates === undefined ? 'plain' : `as ${start.emulates}`;
  return start.remember === undefined ? does : `${does}: ${start.remember}`;
};

describe('Kubernetes over an etcd disk', () => {
  test.each<[string, string, Told | 'unread', string | undefined, string]>([
    // What happens, Kubernetes of the machine, tags, what the disk remembers, what follows.
    ['the first boot of a cluster', '1.36.3', {}, undefined, 'plain: 1.36'],
    ['the next boots', '1.36.3', {}, '1.36', 'plain'],
    ['a patch release', '1.36.4', {}, '1.36', 'plain'],
    ['a machine of before the upgrade, once that has begun', '1.36.3', { emulates: '1.36' }, '1.36', 'plain'],
    ['newer binaries', '1.37.2', { emulates: '1.36' }, '1.36', 'as 1.36'],
    [
      'newer binaries on a disk of an agent of before emulation',
      '1.37.2',
      { emulates: '1.36' },
      undefined,
      'as 1.36: 1.36',
    ],
    ['the tag is lost', '1.37.2', {}, '1.36', 'as 1.36'],
    ['the tag is edited to lift it', '1.37.2', { emulates: '1.37' }, '1.36', 'as 1.36'],
    ['the tag is edited to lower it', '1.37.2', { emulates: '1.35' }, '1.36', 'as 1.36'],
    ['the tag is edited to nonsense', '1.37.2', { emulates: 'none' }, '1.36', 'as 1.36'],
    ['the tag is emptied', '1.37.2', { emulates: '' }, '1.36', 'as 1.36'],
    ['tags can’t be read', '1.37.2', 'unread', '1.36', 'as 1.36'],
    ['the way back', '1.36.3', { emulates: '1.36' }, '1.36', 'plain'],
    ['the way back while tags can’t be read', '1.36.3', 'unread', '1.36', 'plain'],
    ['a new disk in the soak', '1.37.2', { emulates: '1.36' }, undefined, 'as 1.36: 1.36'],
    ['the commit', '1.37.2', { emulates: '1.36', committed: '1.37' }, '1.36', 'plain: 1.37'],
    ['after it', '1.37.2', { emulates: '1.36', committed: '1.37' }, '1.37', 'plain'],
    ['after it, and the tags are lost', '1.37.2', {}, '1.37', 'plain'],
    ['after it, and the tag is lowered', '1.37.2', { committed: '1.36' }, '1.37', 'plain'],
    ['a new disk after it', '1.37.2', { emulates: '1.36', committed: '1.37' }, undefined, 'plain: 1.37'],
    ['a commit of the minor before', '1.37.2', { committed: '1.36' }, undefined, 'as 1.36: 1.36'],
    ['an old machine after the commit', '1.36.3', { committed: '1.37' }, '1.37', 'nothing'],
    ['an old machine on a disk that has not heard of it', '1.36.3', { committed: '1.37' }, '1.36', 'nothing: 1.37'],
    ['an old machine on a new disk', '1.36.3', { emulates: '1.36', committed: '1.37' }, undefined, 'nothing: 1.37'],
    ['an old machine after the commit, tags lost', '1.36.3', {}, '1.37', 'nothing'],
    ['an old machine after the commit, tags unread', '1.36.3', 'unread', '1.37', 'nothing'],
    ['an old machine where a newer minor is emulated', '1.36.3', { emulates: '1.37' }, undefined, 'nothing'],
    ['the next upgrade', '1.38.0', { emulates: '1.37', committed: '1.37' }, '1.37', 'as 1.37'],
    ['the next upgrade with the last one’s tag', '1.38.0', { emulates: '1.36', committed: '1.37' }, '1.37', 'as 1.37'],
    [
      'the next upgrade on a new disk with that',
      '1.38.0',
      { emulates: '1.36', committed: '1.37' },
      undefined,
      'as 1.37: 1.37',
    ],
    ['two minors at once, which is refused elsewhere', '1.38.0', {}, '1.36', 'as 1.36'],
    ['more than a program can emulate', '1.40.0', {}, '1.36', 'nothing'],
    ['neither tags nor a memory', '1.37.2', 'unread', undefined, 'nothing'],
    ['no memory, and a tag that says nonsense', '1.37.2', { emulates: '1.36.3' }, undefined, 'nothing'],
    [
      'no memory, and a commit that says nonsense',
      '1.36.3',
      { emulates: '1.36', committed: 'yes' },
      undefined,
      'nothing',
    ],
    [
      'no memory, a commit, and a tag that says nonsense',
      '1.37.2',
      { emulates: 'x', committed: '1.37' },
      undefined,
      'plain: 1.37',
    ],
    ['a memory that says nonsense', '1.37.2', { committed: '1.37' }, 'soon', 'nothing'],
    ['a memory that is torn', '1.37.2', { committed: '1.37' }, '', 'nothing'],
    ['a memory that a person wrote', '1.37.2', {}, ' 1.36\r\n', 'as 1.36'],
  ])('%s', (_, version, told, remembered, follows) => {
    expect(inShort(decideKubernetesStart(asked(version, told, remembered)))).toBe(follows);
  });

  test.each<[string, Asked, readonly RegExp[]]>([
    [
      'a machine below the floor',
      asked('1.36.3', { committed: '1.37' }, '1.36'),
      [/vol-1.*is at 1\.37/, /Set the cluster's version/],
    ],
    ['one too new', asked('1.40.0', {}, '1.36'), [/can't serve as 1\.36/, /the minor after 1\.36/]],
    [
      'unread tags',
      asked('1.37.2', 'unread'),
      [/vol-1 can't be read/, /ec2:DescribeVolumes/, /\/data\/kubernetes-minor/],
    ],
    [
      'nonsense in a tag',
      asked('1.37.2', { emulates: 'x' }),
      [/slipway\.dev\/emulates of volume vol-1 says "x"/, /other replicas/],
    ],
    ['nonsense in the file', asked('1.37.2', {}, '?'), [/\/data\/kubernetes-minor/, /remove it/]],
  ])('%s is said, with what ends it', (_, of, patterns) => {
    const start = decideKubernetesStart(of);
    if (start.kind !== 'wait') throw new Error('it starts');
    for (const pattern of patterns) expect(start.reason).toMatch(pattern);
  });

  test('that is none is a fault of the caller', () => {
    expect(() => decideKubernetesStart(asked('1.36', {}))).toThrow(/"1\.36" is not a Kubernetes version/);
  });
});

const minor: fc.Arbitrary<Minor> = fc.integer({ min: 34, max: 39 }).map((n): Minor => `1.${n}`);
const tag = fc.option(fc.oneof({ weight: 6, arbitrary: minor }, fc.constantFrom('', 'none', '1.37.2')), {
  nil: undefined,
});
const look = fc.record({
  version: minor.map((one) => `${one}.2`),
  told: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ emulates: tag, committed: tag }).map((all): Told => JSON.parse(JSON.stringify(all))),
    },
    fc.constant('unread' as const),
  ),
});

describe('whatever is lost, stale or edited', () => {
  test('nothing is lifted without a commit, nothing starts below the floor, and the disk never forgets', () => {
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 12 }), (looks) => {
        let remembered: string | undefined;
        let floor: Minor | undefined;
        for (const { version, told } of looks) {
          const start = decideKubernetesStart(asked(version, told, remembered));
          const own = minorIn(version.slice(0, -2));
          if (own === undefined) throw new Error(version);
          const before = minorIn(remembered?.trim());
          const committed = told === 'unread' ? undefined : minorIn(told.committed);
          floor = newerMinor(floor, committed);
          const { remember } = start;
          if (remember !== undefined) {
            // It only rises, and once there is a memory, only as far as something was committed.
            if (before !== undefined) {
              expect(compareMinors(remember, before)).toBeGreaterThan(0);
              expect(remember).toBe(committed);
            }
            remembered = `${remember}\n`;
          }
          const now = minorIn(remembered?.trim());
          if (floor !== undefined) expect(now !== undefined && compareMinors(now, floor) >= 0).toBe(true);
          // Nothing starts that isn't remembered.
          if (start.kind === 'start') {
            expect(now).toBe(start.serves);
            expect(start.emulates ?? own).toBe(start.serves);
            expect(compareMinors(start.serves, own)).toBeLessThanOrEqual(0);
            expect(floor === undefined || compareMinors(start.serves, floor) >= 0).toBe(true);
            const lifted = before !== undefined && compareMinors(start.serves, before) > 0;
            expect(lifted && start.serves !== committed).toBe(false);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a disk that remembers answers the same whether the tags are there, lost or unread, but for a commit', () => {
    fc.assert(
      fc.property(minor, minor, tag, (own, at, emulates) => {
        const version = `${own}.2`;
        const unread = decideKubernetesStart(asked(version, 'unread', at));
        expect(decideKubernetesStart(asked(version, {}, at))).toEqual(unread);
        expect(decideKubernetesStart(asked(version, emulates === undefined ? {} : { emulates }, at))).toEqual(unread);
      }),
    );
  });

  test('a lost disk is at what the tags say, which is what it was at', () => {
    fc.assert(
      fc.property(minor, minor, tag, (own, committed, emulates) => {
        const told = emulates === undefined ? { committed } : { committed, emulates };
        const fresh = decideKubernetesStart(asked(`${own}.2`, told));
        const { remember: _, ...kept } = decideKubernetesStart(asked(`${own}.2`, told, committed));
        expect(fresh).toEqual({ ...kept, remember: committed });
      }),
    );
  });
});

describe('components that emulate', () => {
  const told = (emulates?: Minor): readonly (readonly [string, readonly string[]])[] =>
    replicaComponents(replicaMachine(emulates === undefined ? {} : { emulates })).map(({ name, program }) => [
      name,
      program.kind === 'binary' ? program.arguments : [],
    ]);

  test('are API server, controller manager and scheduler, and nothing else is told anything', () => {
    const plainly = new Map(told());
    const added = told('1.36').map(([name, args]) => [name, args.filter((each) => !plainly.get(name)?.includes(each))]);
    const flag = ['--emulated-version=1.36'];
    expect(Object.fromEntries(added)).toEqual({
      'kms-plugin': [],
      etcd: [],
      'kube-apiserver': flag,
      'kube-controller-manager': flag,
      'kube-scheduler': flag,
      'aws-cloud-controller-manager': [],
      'node-approver': [],
    });
    expect(
      told()
        .flatMap(([, args]) => args)
        .join(' '),
    ).not.toContain('emulated');
  });
});
