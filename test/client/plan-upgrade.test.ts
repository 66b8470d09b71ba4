/** How the plan of an upgrade reads, and when it is no success. */
import { describe, expect, test } from '@jest/globals';
import { demandFree, type UpgradePlan, upgradePlanLines } from '../../client/cli/plan-upgrade.ts';
import type { Insight } from '../../workflows/messages.ts';

const object = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'u' } as const;
const from = { version: '1.36.3-gke.1', kubernetes: '1.36.3' };
const to = { version: '1.37.2-gke.1', kubernetes: '1.37.2' };
const insight = (severity: Insight['severity']): Insight => ({
  name: 'KubeletSkew',
  severity,
  object: 'node a',
  message: 'runs kubelet 1.34.1',
  cure: 'bring its node pool to a newer version first',
});
const known = (...insights: readonly Insight[]): UpgradePlan => ({
  object,
  version: to.version,
  kind: 'known',
  from,
  to,
  insights,
});
const refused: UpgradePlan = {
  ...{ object, version: '1.38.0-gke.1', kind: 'refused', from },
  ...{ reason: 'Kubernetes 1.38.0 is more than one minor version ahead', cure: 'ask for 1.37.2-gke.1 next' },
};

describe('slipway clusters plan --version', () => {
  test('says that nothing stands in the way', () => {
    expect(upgradePlanLines(known())).toEqual([
      'AWSCluster default/cluster-0: 1.36.3-gke.1 -> 1.37.2-gke.1: nothing stands in the way',
    ]);
    expect(() => demandFree(known())).not.toThrow();
  });

  test('lists what does, each with its cure', () => {
    expect(upgradePlanLines(known(insight('blocks'), insight('warns')))).toEqual([
      'AWSCluster default/cluster-0: 1.36.3-gke.1 -> 1.37.2-gke.1: 1 blocks, 1 warns',
      '├─ blocks: KubeletSkew: node a runs kubelet 1.34.1',
      '│  └─ to cure it: bring its node pool to a newer version first',
      '└─ warns: KubeletSkew: node a runs kubelet 1.34.1',
      '   └─ to cure it: bring its node pool to a newer version first',
    ]);
    expect(upgradePlanLines(known(insight('blocks'), insight('blocks')))[0]).toContain(': 2 block');
  });

  test('says why a version is refused, and what to ask for', () => {
    expect(upgradePlanLines(refused)).toEqual([
      'AWSCluster default/cluster-0: 1.36.3-gke.1 -> 1.38.0-gke.1: refused: Kubernetes 1.38.0 is more than one minor version ahead',
      '  to cure it: ask for 1.37.2-gke.1 next',
    ]);
  });

  test('fails where something blocks, and not where it only warns', () => {
    expect(() => demandFree(known(insight('warns')))).not.toThrow();
    expect(() => demandFree(known(insight('blocks'), insight('warns')))).toThrow(
      'The upgrade of AWSCluster default/cluster-0 to 1.37.2-gke.1 is blocked by 1 thing: cure what is said to block, and plan it again.',
    );
    expect(() => demandFree(refused)).toThrow('would be refused: Kubernetes 1.38.0');
  });
});
