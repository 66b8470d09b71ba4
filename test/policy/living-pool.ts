/**
 * Living pool: a provisioned node pool of a living cluster, its machines and their nodes in any health, as it is decided about.
 *
 * Owns: the account, the machines and the status before the decision. Neighbours: `account.ts` is the tiny account,
 * `node-repair.test.ts` and `shrink.test.ts` judge.
 */
import { NODE_POOL_LABEL, nodePoolIdOf } from '../../api/names.ts';
import { type AWSNodePool, awsNodePool } from '../../api/nodepool.ts';
import type { AutoScalingGroupState } from '../../kinds/auto-scaling-group.ts';
import type { NodeMarks } from '../../kinds/node-labels.ts';
import type { Found } from '../../kinds/resource.ts';
import type { Assessment } from '../../policy/assessment.ts';
import { decideNodePool } from '../../policy/decide-nodepool.ts';
import { planEnsure } from '../../policy/ensure.ts';
import type { NodePoolFacts } from '../../policy/facts.ts';
import type { PoolMachine, PoolMachines, PoolNode } from '../../policy/pool-machines.ts';
import { revisionOf } from '../../policy/revision.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { CLUSTER_OUTPUTS_FOR_POOLS, poolGroupKey } from '../../words/keys.ts';
import { timeOf } from '../../words/time.ts';
import { ACCOUNT, POOL_UID, REGION, release, seedCluster, seedPool } from '../topology/objects.ts';
import { carryOut, EMPTY, inventoryOf } from './account.ts';

export const NOW = Date.parse('2026-08-01T10:00:00Z');
export const POOL_ID = nodePoolIdOf(POOL_UID);
export const GROUP = poolGroupKey(POOL_ID);
const MADE_AT = '2026-08-01T08:00:00Z';

const condition = (type: string, status: 'True' | 'False', reason: string) => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: MADE_AT,
});
export const READY = condition('Ready', 'True', 'Provisioned');
export const NOT_READY = condition('Ready', 'False', 'Unreachable');
export const QUORUM_LOST = condition('Degraded', 'True', 'QuorumLost');

export const LIVE = {
  aws: { account: ACCOUNT, region: REGION },
  established: true,
  endpoint: 'nlb.example',
  state: 'Provisioned' as const,
  revision: revisionOf(release()),
};
export const FRESH = { fresh: true, provisioned: false, live: false };

export const clusterThat = (...conditions: readonly ReturnType<typeof condition>[]) =>
  seedCluster({ status: { ...LIVE, conditions: [...conditions] } });
const cluster = clusterThat(READY);

/** A pool of five nodes, of which a sweep counted four that are Ready. */
export const poolWith = (
  spec: Partial<AWSNodePool['spec']> = {},
  status: Partial<AWSNodePool['status']> = {},
): AWSNodePool => {
  const seed = seedPool();
  return awsNodePool.parse({
    ...seed,
    spec: { ...seed.spec, minNodeCount: 3, maxNodeCount: 5, ...spec },
    status: {
      ...{ aws: LIVE.aws, state: LIVE.state, revision: LIVE.revision, readyNodes: 4, desiredNodes: 5 },
      ...status,
    },
  });
};

export const inventoryWith = (group: Partial<AutoScalingGroupState> = {}): readonly Found[] => {
  const built = carryOut(planEnsure(clusterTopology(cluster, release()), EMPTY, FRESH).plan, EMPTY);
  const external = Object.fromEntries(
    built.flatMap(({ key, outputs }) => (CLUSTER_OUTPUTS_FOR_POOLS.includes(key) ? [[key, outputs]] : [])),
  );
  const plan = planEnsure(nodePoolTopology(poolWith(), cluster, release()), EMPTY, { ...FRESH, external }).plan;
  const own = carryOut(plan, EMPTY).filter(({ key }) => key.includes(POOL_ID));
  return [...built, ...own].map((found) =>
    found.key === GROUP ? ({ ...found, state: { ...found.state, desired: 5, ...group } } as Found) : found,
  );
};

/** What nodes of the pool are told of themselves. */
export const MARKS: NodeMarks = { labels: { [NODE_POOL_LABEL]: POOL_ID }, taints: [] };

export const nodeOf = (name: string, overrides: Partial<PoolNode> = {}): PoolNode => ({
  name,
  ready: true,
  endedByAutoscaler: false,
  scaleDownDisabled: false,
  pods: 1,
  marks: MARKS,
  ...overrides,
});

/** `Ready`, since so many seconds not, or without a node. */
export type Health = 'ready' | number | 'no node';

const withHealth = (machine: PoolMachine, health: Health, name: string): PoolMachine => {
  if (health === 'no node') return machine;
  if (health === 'ready') return { ...machine, node: nodeOf(name) };
  const notReady = { since: timeOf(NOW - health * 1_000), says: 'Kubelet stopped posting node status.' };
  return { ...machine, node: nodeOf(name, { ready: false, notReady }) };
};

/** What all of them were made from, which is what the pool asks for. */
const madeAsAsked = (): Omit<PoolMachine, 'id' | 'node'> => {
  const inventory = inventoryWith();
  const group = inventory.find(({ key }) => key === GROUP)?.state as AutoScalingGroupState;
  const { launchTemplateId: templateId, launchTemplateVersion: templateVersion } = group;
  const { fingerprint = '' } = inventory.find(({ outputs }) => outputs.id === templateId)?.outputs ?? {};
  return { inService: true, templateId, templateVersion, madeOf: { fingerprint } };
};

/** Machines i-0, i-1, … in such health. */
export const machinesIn = (...healths: readonly Health[]): PoolMachines => {
  const made = madeAsAsked();
  return {
    machines: healths.map((health, index) => withHealth({ id: `i-${index}`, ...made }, health, `node-${index}`)),
  };
};

/** A machine that an earlier look saw to be unhealthy, so many seconds ago. */
export const seen = (index: number, secondsAgo: number) => ({
  instanceID: `i-${index}`,
  since: timeOf(NOW - secondsAgo * 1_000),
  message: 'it does not serve',
});

export const decide = (pool: AWSNodePool, machines?: PoolMachines, changes: Partial<NodePoolFacts> = {}): Assessment =>
  decideNodePool({
    requested: { kind: 'AWSNodePool', namespace: 'default', name: pool.metadata.name, uid: pool.metadata.uid },
    worker: { account: ACCOUNT, regions: [REGION] },
    entityId: 'entity',
    settleSeconds: 0,
    now: NOW,
    object: pool,
    cluster,
    inventory: inventoryOf(inventoryWith()),
    ...(machines === undefined ? {} : { machines }),
    ...changes,
  });
