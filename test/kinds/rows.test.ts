import { describe, expect, test } from '@jest/globals';
import { KINDS } from '../../kinds/index.ts';
import { isIrreplaceable, isKind, type ResourceKind, rowOf } from '../../kinds/resource.ts';
import type { SecretContent } from '../../kinds/secret.ts';

const all = Object.keys(KINDS) as ResourceKind[];

describe('the rows of all kinds', () => {
  test.each(all)('%s names only kinds that exist as those that go before it, and none that goes after it', (kind) => {
    const before = (one: ResourceKind): readonly string[] => rowOf(one).removal?.after ?? [];
    const reached = new Set<string>();
    const visit = (one: string): void => {
      if (!isKind(one)) throw new Error(`${kind} goes after ${one}, which is no kind.`);
      for (const earlier of before(one)) {
        if (reached.has(earlier)) continue;
        reached.add(earlier);
        visit(earlier);
      }
    };
    visit(kind);
    expect([...reached]).not.toContain(kind);
  });

  test.each(all)('%s is observed if it is made when it differs: only then can it differ', (kind) => {
    const { planned, differences, withheld } = rowOf(kind);
    if (planned === 'when it differs' || planned === 'as seen inside') return;
    expect([differences, withheld]).toEqual([undefined, undefined]);
  });
});

describe('what only this cluster has', () => {
  const secret = (content: SecretContent) => ({ kind: 'secret' as const, properties: { name: 's', content } });
  const volume = {
    name: 'v',
    sizeGiB: 10,
    type: 'gp3',
    availabilityZone: 'a',
    emptyDisk: 'bootstrap' as const,
    tags: {},
  };
  const address = { name: 'i', subnetId: 'subnet-1', groupIds: [], tags: {} };

  test.each([
    ['an authority', secret({ type: 'certificate-authority', commonName: 'ca' }), true],
    ['the key that signs tokens of service accounts', secret({ type: 'signing-key' }), true],
    ['the disk of a member of etcd', { kind: 'etcd-volume' as const, properties: volume }, true],
    ['the address of a member of etcd', { kind: 'network-interface' as const, properties: address }, true],
    ['a key to log in with', secret({ type: 'ssh-key' }), false],
    ['a token of a pool', secret({ type: 'bootstrap-token' }), false],
    ['a tag on a subnet', { kind: 'subnet-tags' as const, properties: { subnetIds: [], tags: {} } }, false],
  ])('%s: its row alone says whether it is', (_what, resource, irreplaceable) => {
    expect(isIrreplaceable(resource)).toBe(irreplaceable);
  });
});

describe('an auto scaling group', () => {
  const group = { name: 'g', launchTemplateId: 'lt-1', launchTemplateVersion: '1', minSize: 1, maxSize: 1 };
  const says = (state: object) =>
    (
      rowOf('auto-scaling-group').differences?.(
        { ...group, subnetId: 'subnet-1', tags: {} },
        { ...group, desired: 1, ...state },
      ) ?? []
    ).map(({ what, item, says: said }) => ({ what, item, said }));

  test('differs where a process is suspended without which no machine takes the place of another', () => {
    expect(says({})).toEqual([]);
    const suspended = [
      { process: 'Launch', reason: 'User suspended at 2026-08-01T10:00:00Z' },
      { process: 'Terminate' },
    ];
    expect(says({ suspended })).toEqual([
      {
        what: 'suspended',
        item: 'Launch',
        said: 'its process Launch is suspended (User suspended at 2026-08-01T10:00:00Z), so that no machine takes the place of another',
      },
      {
        what: 'suspended',
        item: 'Terminate',
        said: 'its process Terminate is suspended, so that no machine takes the place of another',
      },
    ]);
  });
});

describe('an auto scaling group that a rollout holds larger', () => {
  const asked = { name: 'g', subnetId: 's', launchTemplateId: 'lt-1', launchTemplateVersion: '1', tags: {} };
  const normal = { ...asked, minSize: 3, maxSize: 5 };
  const larger = { ...asked, minSize: 3, maxSize: 6, desired: 6, surge: { desired: 5, maxSize: 5 } };
  const is = (maxSize: number, desired: number, surge?: { desired: number; maxSize: number }) => ({
    ...{ ...asked, minSize: 3, maxSize, desired, deleting: false },
    ...(surge === undefined ? {} : { surge }),
  });
  const whats = (wanted: object, state: object) =>
    rowOf('auto-scaling-group')
      .differences?.(wanted, state)
      .map(({ what }) => what);

  test.each([
    ['does not differ while it is, and says what it kept', larger, is(6, 6, larger.surge), []],
    ['differs where it does not say so yet', larger, is(5, 5), ['size', 'desired', 'surge']],
    ['differs where it says something else', larger, is(6, 6, { desired: 4, maxSize: 5 }), ['surge']],
    ['differs once it is to be so no more', normal, is(6, 5, larger.surge), ['size', 'surge']],
    ['differs where only the tag is left of it', normal, is(5, 5, larger.surge), ['surge']],
  ])('%s', (_how, wanted, state, expected) => {
    expect(whats(wanted, state)).toEqual(expected);
  });

  test('keeps its maximum while it keeps more machines than it should: AWS would end one undrained', () => {
    const withheld = rowOf('auto-scaling-group').withheld?.({ ...normal, desired: 3 }, is(6, 4, larger.surge), []);
    expect(withheld?.instead).toEqual({ maxSize: 6 });
    expect(rowOf('auto-scaling-group').withheld?.(larger, is(6, 6, larger.surge), [])).toBeUndefined();
  });

  test('spells what it kept so that it is read again, and takes nothing else for it', async () => {
    const { surgeIn, surgeSaid } = await import('../../kinds/auto-scaling-group.ts');
    expect(surgeIn(surgeSaid({ desired: 0, maxSize: 1000 }))).toEqual({ desired: 0, maxSize: 1000 });
    for (const said of [undefined, '', '3', '3/', '/3', '3/5/7', '-1/5', 'three/5'])
      expect(surgeIn(said)).toBeUndefined();
  });
});

describe.each(['network-interface', 'load-balancer'] as const)('the security groups of a %s', (kind) => {
  const differences = (groupIds: readonly string[], is: readonly string[]) =>
    rowOf(kind).differences?.({ groupIds }, { groupIds: is });

  test.each([
    ['in another order', ['sg-2', 'sg-1']],
    ['of which one is named twice', ['sg-1', 'sg-2', 'sg-1']],
  ])('are the same %s', (_how, wanted) => {
    expect(differences(wanted, ['sg-1', 'sg-2'])).toEqual([]);
  });

  test.each([
    ['one is missing', ['sg-1'], 'sg-1'],
    ['another is there', ['sg-1', 'sg-2', 'sg-3'], 'sg-1, sg-2, sg-3'],
    ['none is there', [], 'none'],
  ])('differ where %s, and it is said which there are', (_how, is, says) => {
    expect(differences(['sg-1', 'sg-2'], is)).toEqual([{ what: 'groups', says: `its security groups are ${says}` }]);
  });
});

describe('what a machine is told', () => {
  const template = rowOf('launch-template');
  const wanted = {
    name: 'gke-1-controlplane-0-1.0',
    imageId: 'ami-1',
    instanceType: 't3.medium',
    keyName: 'key',
    iamInstanceProfile: 'profile',
    groupIds: ['sg-1', 'sg-2'],
    rootVolume: { sizeGiB: 10, type: 'gp3' },
    userData: {
      role: 'node' as const,
      configuration: { role: 'node' },
      secrets: { token: { name: 's', type: 'bootstrap-token' as const, fingerprint: 'f' } },
      kmsKeyArn: 'arn',
    },
    tags: { team: 'a' },
  };

  test('makes a machine no other one by what its secrets hold, which a machine that has joined needs no more', async () => {
    const { isMadeOf, lastingFingerprint, launchTemplateFingerprint } = await import('../../kinds/launch-template.ts');
    const madeOf = { fingerprint: launchTemplateFingerprint(wanted), lasting: lastingFingerprint(wanted) };
    const { userData } = wanted;
    const token = { ...userData.secrets.token, fingerprint: 'another' };
    const rejoining = { ...wanted, userData: { ...userData, secrets: { token } } };
    expect(isMadeOf(wanted, madeOf)).toBe(true);
    expect(isMadeOf(rejoining, madeOf)).toBe(true);
    // Versions of earlier releases say less.
    expect(isMadeOf(rejoining, { fingerprint: madeOf.fingerprint })).toBe(false);
    expect(isMadeOf({ ...wanted, keyName: 'other' }, madeOf)).toBe(false);
  });

  test('is fingerprinted whole, however groups are ordered: only the template’s name and tags are none of it', async () => {
    const { launchTemplateFingerprint } = await import('../../kinds/launch-template.ts');
    const fingerprint = launchTemplateFingerprint(wanted);
    const same = { groupIds: ['sg-2', 'sg-1'], name: 'other', tags: { team: 'b' }, formerTags: ['stage'] };
    expect(launchTemplateFingerprint({ ...wanted, ...same })).toBe(fingerprint);
    const others = Object.keys(wanted)
      .filter((property) => property !== 'name' && property !== 'tags')
      .map((property) => launchTemplateFingerprint({ ...wanted, [property]: ['another'] }));
    expect(new Set([fingerprint, ...others]).size).toBe(others.length + 1);
    expect(template.differences?.(wanted, { name: 'other', fingerprint })).toEqual([]);
  });
});
