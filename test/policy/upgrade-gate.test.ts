/** What holds an upgrade, what is only told, and that whatever is said of it is as short as a status is. */
import { describe, expect, test } from '@jest/globals';
import { type Insight, unreadInsight } from '../../policy/insight.ts';
import { type UpgradeGate, upgradeGate } from '../../policy/upgrade-gate.ts';
import { planVersionCommand } from '../../words/commands.ts';

const VERSION = '1.37.2-gke.1';
const object = { namespace: 'default', name: 'cluster-0' };
const PLAN = planVersionCommand(object, VERSION);

const insight = (overrides: Partial<Insight> = {}): Insight => ({
  name: 'KubeletSkew',
  severity: 'blocks',
  object: 'node a',
  message: 'runs kubelet 1.30.0, which is too old',
  cure: 'bring its node pool to a newer version first',
  ...overrides,
});
const BUDGET = insight({ name: 'DisruptionBudgets', severity: 'warns', object: 'PodDisruptionBudget d/web' });
const UNREAD = unreadInsight('Webhooks', 'blocks', 'webhooks', { unread: 'no route' });
const UNREAD_WARNING = unreadInsight('EtcdSpace', 'warns', "etcd's database", { unread: 'no metrics' });

const gateOf = (...insights: readonly Insight[]): UpgradeGate => upgradeGate(insights, { object, version: VERSION });
const saysOf = (...insights: readonly Insight[]): string => {
  const gate = gateOf(...insights);
  if (gate.kind === 'open') throw new Error('nothing holds it');
  return gate.says;
};

describe('an upgrade', () => {
  test('goes on where there is nothing to say', () => {
    expect(gateOf()).toEqual({ kind: 'open' });
  });

  test('goes on in spite of what only warns, and says it', () => {
    expect(gateOf(BUDGET, UNREAD_WARNING)).toEqual({
      kind: 'open',
      warns:
        'The upgrade to 1.37.2-gke.1 goes on, and may meet PodDisruptionBudget d/web runs kubelet 1.30.0, which is too old; ' +
        "etcd's database could not be read: no metrics",
    });
  });

  test('is held by what blocks, which is named with its cure, and by nothing else', () => {
    expect(gateOf(insight(), BUDGET)).toEqual({
      kind: 'shut',
      says:
        'The upgrade to 1.37.2-gke.1 is held by 1 thing. KubeletSkew: node a runs kubelet 1.30.0, which is too old. ' +
        'To cure it: bring its node pool to a newer version first. ' +
        'It goes on by itself once nothing blocks it any more; who skips this step goes on regardless.',
    });
  });

  test('waits where what may block could not be read, and says what', () => {
    expect(gateOf(UNREAD, BUDGET)).toEqual({
      kind: 'unread',
      says: 'Waiting to see what stands in the way of the upgrade to 1.37.2-gke.1: webhooks could not be read: no route',
    });
  });

  test('is held where something blocks and something else could not be read: what is sure comes first', () => {
    const says = saysOf(UNREAD, insight());
    expect(says).toMatch(
      /^The upgrade to 1\.37\.2-gke\.1 is held by 2 things\. KubeletSkew: .* Webhooks: webhooks could/,
    );
  });
});

describe('what is said of an upgrade that is held', () => {
  const LONG = insight({ message: 'm'.repeat(2_000) });
  const many = (count: number, overrides: Partial<Insight> = {}): readonly Insight[] =>
    Array.from({ length: count }, (_, index) => insight({ object: `node ${index}`, ...overrides }));

  test.each<[string, readonly Insight[]]>([
    ['much', many(2)],
    ['more than there is room for', many(40)],
    ['something long', [LONG]],
    ['much that is long', many(40, { message: 'm'.repeat(2_000), cure: 'c'.repeat(200) })],
  ])('%s: has the first whole with its cure, how to go on, and no more than a status has room for', (_, insights) => {
    const says = saysOf(...insights);
    expect(says.length).toBeLessThanOrEqual(1_024);
    expect(says).toContain(`To cure it: ${insights[0]?.cure}.`);
    expect(says).toMatch(/who skips this step goes on regardless\.$/);
  });

  test('says how many more there are than it names, and which command names them', () => {
    const says = saysOf(...many(40));
    const named = says.match(/KubeletSkew: /g)?.length ?? 0;
    expect(named).toBeGreaterThan(2);
    expect(says).toContain(`And ${40 - named} more, which \`${PLAN}\` names.`);
    expect(saysOf(...many(2))).not.toContain(PLAN);
  });

  test('what could not be read is no longer than that either', () => {
    const unread = Array.from({ length: 9 }, () =>
      unreadInsight('Webhooks', 'blocks', 'w', { unread: 'u'.repeat(900) }),
    );
    expect(saysOf(...unread).length).toBeLessThanOrEqual(1_024);
  });
});
