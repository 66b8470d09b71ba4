/** What status says of the next upgrade, and for how long. */
import { describe, expect, test } from '@jest/globals';
import { findingOf } from '../../policy/drift.ts';
import type { Insight } from '../../policy/insight.ts';
import { revisionOf } from '../../policy/revision.ts';
import { specificClaims } from '../../policy/specific-conditions.ts';
import { statusOf } from '../../policy/status.ts';
import { UPGRADE_INSIGHTS, type UpgradeSeen, upgradeSeen } from '../../policy/upgrade-insights.ts';
import { nextUpgrade } from '../../policy/upgrade-target.ts';
import type { Subject } from '../../policy/views.ts';
import { release, seedCluster, seedPool } from '../topology/objects.ts';

const NEXT = nextUpgrade(release());
if (NEXT === undefined) throw new Error('the catalogue has nothing newer');
const insight = (severity: Insight['severity'], object: string): Insight => ({
  ...{ name: 'Webhooks', severity, object },
  ...{ message: 'refuses all', cure: 'delete it' },
});
const seenAs = (...insights: readonly Insight[]): UpgradeSeen => upgradeSeen(insights, NEXT);
const WELL = seenAs();
const BLOCKED = seenAs(insight('blocks', 'a'), insight('warns', 'b'));

const cluster = (status: object = {}) =>
  seedCluster({ status: { state: 'Provisioned', revision: revisionOf(release()), ...status } });
const settled = (upgrade?: UpgradeSeen): Subject => ({
  kind: 'settled',
  ...(upgrade === undefined ? {} : { upgrade }),
});
const claim = (subject: Subject, object = cluster(), pinned = revisionOf(release())) =>
  specificClaims(subject, object, pinned)[UPGRADE_INSIGHTS];
const saying = (upgrade: UpgradeSeen) => {
  const object = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'u' } as const;
  return cluster(statusOf({ object, generation: 1, subject: settled(upgrade), events: [] }, cluster(), 0));
};

describe('the condition UpgradeInsights', () => {
  test('says what blocks, with the command that tells the cures', () => {
    expect(claim(settled(BLOCKED))).toEqual({
      status: 'True',
      reason: 'UpgradeBlocked',
      message: `An upgrade to ${NEXT.version} is blocked by Webhooks: a refuses all; Webhooks: b refuses all. For the cures: npx slipway clusters plan cluster-0 -n default --version ${NEXT.version}`,
    });
  });

  test('says what only warns by another reason, and has the command however much there is', () => {
    const many = Array.from({ length: 100 }, (_, index) => insight('warns', `webhook ${index}`));
    const { reason, message = '' } = claim(settled(seenAs(...many))) ?? {};
    expect(reason).toBe('UpgradeAtRisk');
    expect(message.length).toBeLessThanOrEqual(1_024);
    expect(message).toContain(`--version ${NEXT.version}`);
  });

  test('is not there where nothing is to be said, nor on a node pool', () => {
    expect(claim(settled(WELL))).toBeUndefined();
    expect(claim(settled())).toBeUndefined();
    expect(specificClaims(settled(BLOCKED), seedPool(), undefined)[UPGRADE_INSIGHTS]).toBeUndefined();
  });

  test('leaves Ready alone', () => {
    const ready = saying(BLOCKED).status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ status: 'True', message: 'Everything that the spec asks for exists' });
  });

  test('stays until somebody has looked again, and goes where nothing is left', () => {
    const before = saying(BLOCKED);
    expect(claim(settled(), before)).toMatchObject({ reason: 'UpgradeBlocked' });
    expect(claim({ kind: 'waiting', reason: 'x' }, before)).toMatchObject({ reason: 'UpgradeBlocked' });
    expect(claim(settled(WELL), before)).toBeUndefined();
  });

  test('goes with the version that it speaks about', () => {
    expect(claim(settled(), saying(BLOCKED), revisionOf(NEXT))).toBeUndefined();
  });
});

describe('a sweep', () => {
  const found = (object: ReturnType<typeof cluster>, upgrade: UpgradeSeen) =>
    findingOf(object, { kind: 'settled', generation: 1 }, [], { upgrade });

  test('tells what it saw once, and that it is gone', () => {
    expect(found(saying(WELL), WELL)).toBeUndefined();
    expect(found(saying(WELL), BLOCKED)).toMatchObject({ kind: 'report', upgrade: BLOCKED });
    expect(found(saying(BLOCKED), BLOCKED)).toBeUndefined();
    expect(found(saying(BLOCKED), WELL)).toMatchObject({ kind: 'report', upgrade: WELL });
  });
});
