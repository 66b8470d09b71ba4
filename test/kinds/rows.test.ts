import { describe, expect, test } from '@jest/globals';
import { KINDS } from '../../kinds/index.ts';
import { isKind, type ResourceKind, rowOf } from '../../kinds/resource.ts';

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
    const { planned, differences, withheld, keeps } = rowOf(kind);
    if (planned === 'when it differs') return;
    expect([differences, withheld, keeps]).toEqual([undefined, undefined, undefined]);
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
