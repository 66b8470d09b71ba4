/**
 * Repairing: a living cluster with replicas in any health, as a repair is decided about, and what is asked of the decision.
 *
 * Owns: the account and the status before the decision. Neighbours: `account.ts` is the tiny account, `repair.test.ts` and
 * `lost-volume.test.ts` judge.
 */
import { expect } from '@jest/globals';
import type { AWSClusterStatus } from '../../api/cluster.ts';
import { clusterIdOf } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { Found } from '../../kinds/resource.ts';
import type { TargetHealth } from '../../kinds/targets.ts';
import type { Assessment, OperationInput } from '../../policy/assessment.ts';
import { planEnsure } from '../../policy/ensure.ts';
import type { ClusterFacts } from '../../policy/facts.ts';
import type { Step } from '../../policy/plan.ts';
import { revisionOf } from '../../policy/revision.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { ACCOUNT, CLUSTER_UID, REGION, release, seedCluster } from '../topology/objects.ts';
import { carryOut, EMPTY, ENDPOINT, inventoryOf, lostVolume, withoutVolume, withState } from './account.ts';

export const NOW = Date.parse('2026-08-01T10:00:00Z');
export const AFTER = { afterSeconds: 300 };
export const LIVE = {
  aws: { account: ACCOUNT, region: REGION },
  established: true,
  state: 'Provisioned' as const,
  clusterID: clusterIdOf(CLUSTER_UID),
  endpoint: ENDPOINT,
  revision: revisionOf(release()),
};
const REF: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID };

const topology = clusterTopology(seedCluster(), release());
export const built = carryOut(
  planEnsure(topology, EMPTY, { fresh: true, provisioned: false, live: false }).plan,
  EMPTY,
);

export const changed = withState;
export const without = (found: readonly Found[], ...keys: string[]) => found.filter((one) => !keys.includes(one.key));
export const entry = (found: readonly Found[], key: string): Found => {
  const one = found.find((each) => each.key === key);
  if (one === undefined) throw new Error(`The account holds no ${key}`);
  return one;
};

export const addressOf = (index: number): string => entry(built, `network-interface/${index}`).outputs.address ?? '';

/** The account with these replicas in such health; the others are healthy. */
export const withHealth = (
  health: Readonly<Record<number, TargetHealth['state']>>,
  found: readonly Found[] = built,
): readonly Found[] =>
  changed(found, 'targets/controlplane', {
    health: [0, 1, 2].map((index) => ({
      address: addressOf(index),
      state: health[index] ?? 'healthy',
      ...(health[index] === 'unhealthy' ? { said: 'Health checks failed' } : {}),
    })),
  });

/** Replica 1's disk is gone; `exists` where EC2 still has one of that id. */
export const withoutDisk = (found: readonly Found[] = built, exists = false): readonly Found[] =>
  withoutVolume(found, 1, exists);

export const facts = (
  found: readonly Found[],
  status: Partial<AWSClusterStatus> = {},
  changes: Partial<ClusterFacts> = {},
): ClusterFacts => ({
  requested: REF,
  worker: { account: ACCOUNT, regions: [REGION] },
  entityId: 'awscluster/default/cluster-0/uid',
  settleSeconds: 120,
  repair: AFTER,
  now: NOW,
  object: seedCluster({ status: { ...LIVE, ...status } }),
  inventory: inventoryOf(found),
  ...changes,
});

/** Replica 1's machine was seen not to serve so many seconds ago. */
export const seen = (
  secondsAgo: number,
  instanceID = 'i-auto-scaling-group-controlplane-1',
): Partial<AWSClusterStatus> => ({
  unhealthyReplicas: [
    { index: 1, instanceID, since: new Date(NOW - secondsAgo * 1_000).toISOString(), message: 'it does not serve' },
  ],
});

/** EC2 said so many seconds ago that it has no volume of replica 1's id. */
export const lost = (secondsAgo = 60, id = 'vol-etcd-volume-1'): Partial<AWSClusterStatus> => ({
  unhealthyReplicas: [lostVolume(1, id, secondsAgo * 1_000, NOW)],
});

export const repairOf = (assessment: Assessment): OperationInput => {
  if (assessment.kind !== 'operate') throw new Error(`Expected an operation: ${JSON.stringify(assessment)}`);
  expect(assessment.operation.type).toBe('RepairCluster');
  return assessment.operation;
};
export const blockedOf = (assessment: Assessment): { reason: string; cure: string } => {
  if (assessment.kind !== 'blocked') throw new Error(`Expected blocked, got ${assessment.kind}`);
  return assessment;
};
export const idsOf = (operation: OperationInput): string[] => operation.plan.steps.map(({ id }) => id);
export const stepOf = (operation: OperationInput, id: string): Step => {
  const step = operation.plan.steps.find((one) => one.id === id);
  if (step === undefined) throw new Error(`No step ${id} in ${idsOf(operation).join(', ')}`);
  return step;
};
