import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clusterIdOf, nodePoolIdOf } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import { releaseOf } from '../../api/releases.ts';
import type { Found } from '../../kinds/resource.ts';
import { observed } from '../../kinds/resource.ts';
import type { Assessment, OperationInput } from '../../policy/assessment.ts';
import { decideCluster, decideClusterEarly } from '../../policy/decide-cluster.ts';
import { decideNodePool, decideNodePoolEarly } from '../../policy/decide-nodepool.ts';
import { planEnsure } from '../../policy/ensure.ts';
import type { ClusterFacts, NodePoolFacts } from '../../policy/facts.ts';
import { revisionOf } from '../../policy/revision.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import {
  ACCOUNT,
  CLUSTER_UID,
  DELETING,
  earliest,
  POOL_UID,
  REGION,
  release,
  seedCluster,
  seedPool,
  VERSION,
} from '../topology/objects.ts';
import { carryOut, EMPTY, ENDPOINT, inventoryOf } from './account.ts';

const ID = clusterIdOf(CLUSTER_UID);
const POOL_ID = nodePoolIdOf(POOL_UID);
const CLUSTER_REF: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID };
const POOL_REF: ObjectRef = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: POOL_UID };
const WORKER = { account: ACCOUNT, regions: [REGION] };
const LIVE = {
  aws: { account: ACCOUNT, region: REGION },
  established: true,
  state: 'Provisioned',
  clusterID: ID,
  endpoint: ENDPOINT,
  revision: revisionOf(release()),
};

const topology = clusterTopology(seedCluster(), release());
const built = carryOut(planEnsure(topology, EMPTY, { fresh: true, provisioned: false, live: false }).plan, EMPTY);
const without = (found: readonly Found[], ...keys: string[]) => found.filter((one) => !keys.includes(one.key));

const clusterFacts = (changes: Partial<ClusterFacts> = {}): ClusterFacts => ({
  requested: CLUSTER_REF,
  worker: WORKER,
  entityId: 'awscluster/default/cluster-0/uid',
  settleSeconds: 120,
  repair: { afterSeconds: 300 },
  now: Date.parse('2026-08-01T10:00:00Z'),
  object: seedCluster({ status: LIVE }),
  inventory: inventoryOf(built),
  ...changes,
});
const poolFacts = (changes: Partial<NodePoolFacts> = {}): NodePoolFacts => ({
  requested: POOL_REF,
  worker: WORKER,
  entityId: 'awsnodepool/default/cluster-0-pool-0/uid',
  settleSeconds: 120,
  now: Date.parse('2026-08-01T10:00:00Z'),
  object: seedPool(),
  cluster: seedCluster({ status: LIVE }),
  inventory: inventoryOf(built),
  ...changes,
});

const operationOf = (assessment: Assessment): OperationInput => {
  if (assessment.kind !== 'operate')
    throw new Error(`Expected an operation, got ${JSON.stringify(assessment).slice(0, 300)}`);
  return assessment.operation;
};
const blockedOf = (assessment: Assessment): { reason: string; cure: string } => {
  if (assessment.kind !== 'blocked') throw new Error(`Expected blocked, got ${assessment.kind}`);
  return assessment;
};
const stepIds = (assessment: Assessment): string[] => operationOf(assessment).plan.steps.map((step) => step.id);

describe('whose object it is', () => {
  test('an object that is gone is orphaned, and never an order to delete', () => {
    expect(decideCluster(clusterFacts({ object: null })).kind).toBe('orphaned');
    expect(decideNodePool(poolFacts({ object: null })).kind).toBe('orphaned');
  });

  test('another object of the same name is not ours, even while it is being deleted', () => {
    const other = seedCluster({ metadata: { uid: 'another', ...DELETING } });
    expect(decideCluster(clusterFacts({ object: other }))).toMatchObject({ kind: 'orphaned' });
  });

  test('an object that says that nothing was begun for it, and goes, is finished once nothing of it was found', () => {
    const { deletionTimestamp } = DELETING;
    const metadata = { deletionTimestamp, finalizers: ['somebody.else/wants-it'] };
    const pools = observed('node-pools', 'node-pools/all', {}, { names: ['pool-0'], poolIds: [POOL_ID] });
    const [going, poolGoing] = [seedCluster({ metadata }), seedPool({ metadata })];
    expect(decideClusterEarly(clusterFacts({ object: going }))).toBeUndefined();
    expect(decideCluster(clusterFacts({ object: going, inventory: inventoryOf([...EMPTY, pools]) }))).toEqual({
      kind: 'finished',
    });
    expect(blockedOf(decideCluster(clusterFacts({ object: going }))).reason).toContain('and it owns ');
    expect(decideNodePool(poolFacts({ object: poolGoing, inventory: inventoryOf(EMPTY) })).kind).toBe('finished');
  });

  test('whatever is missing from what was seen, no operation deletes an object that nobody deletes', () => {
    fc.assert(
      fc.property(fc.subarray([...built]), fc.boolean(), (found, complete) => {
        const assessment = decideCluster(clusterFacts({ inventory: inventoryOf(found, { complete }) }));
        expect(assessment.kind === 'operate' ? assessment.operation.type : 'none').not.toBe('DeleteCluster');
      }),
    );
  });
});

describe('where it lives', () => {
  const elsewhere = seedCluster({ status: { ...LIVE, aws: { account: '999999999999', region: REGION } } });

  test('a worker with another account’s credentials is blocked before it looks, and says which it needs', () => {
    const { reason, cure } = blockedOf(decideCluster(clusterFacts({ object: elsewhere })));
    expect(reason).toContain('999999999999');
    expect(cure).toContain('credentials of account 999999999999');
    const facts = clusterFacts({ object: elsewhere });
    expect(decideClusterEarly(facts)?.kind).toBe('blocked');
  });

  test('so is a worker of another region, also when the object is being deleted', () => {
    const facts = clusterFacts({
      object: seedCluster({ metadata: DELETING, status: LIVE }),
      worker: { account: ACCOUNT, regions: ['us-east-1'] },
    });
    expect(blockedOf(decideCluster(facts)).cure).toContain('AWS_REGION=eu-west-1');
  });

  test('an inventory of another place, or a partial one, is blocked and never absence', () => {
    for (const changes of [
      { account: '1' },
      { region: 'us-east-1' },
      { complete: false, unread: ['volumes: denied'] },
    ]) {
      for (const object of [seedCluster(), seedCluster({ metadata: DELETING })]) {
        const assessment = decideCluster(clusterFacts({ object, inventory: inventoryOf([], changes) }));
        expect(assessment.kind).toBe('blocked');
      }
      expect(decideNodePool(poolFacts({ inventory: inventoryOf([], changes) })).kind).toBe('blocked');
    }
  });

  test('two things that must be one are blocked, and named', () => {
    const twin = observed('security-group', 'security-group/nodepool', { id: 'sg-twin' }, { name: 'x' });
    const { reason } = blockedOf(decideCluster(clusterFacts({ inventory: inventoryOf([...built, twin]) })));
    expect(reason).toContain('security-group/nodepool is sg-security-group-nodepool and sg-twin');
  });
});

describe('a cluster', () => {
  test('that has nothing is created, with everything that an operation needs to know', () => {
    const assessment = decideCluster(clusterFacts({ object: seedCluster(), inventory: inventoryOf(EMPTY) }));
    const { plan, ...operation } = operationOf(assessment);
    expect(operation).toEqual({
      v: 1,
      type: 'CreateCluster',
      object: CLUSTER_REF,
      owner: { account: ACCOUNT, region: REGION, clusterId: ID, uid: CLUSTER_UID },
      generation: 1,
      version: VERSION,
      kubernetesVersion: '1.36.3',
      entityId: 'awscluster/default/cluster-0/uid',
      settles: true,
    });
    expect(plan.steps).toHaveLength(topology.length);
  });

  test('that is complete is settled, and stays so with all of Temporal’s data gone', () => {
    expect(decideCluster(clusterFacts())).toEqual({ kind: 'settled', generation: 1 });
  });

  test('that lost its status changes nothing in AWS', () => {
    const ids = stepIds(decideCluster(clusterFacts({ object: seedCluster() })));
    expect(ids).not.toContain('ensure preflight');
    expect(ids).not.toContain('ensure cluster/started');
  });

  test('of a version that the catalogue does not hold is blocked, and says which it holds', () => {
    const unknown = seedCluster({ controlPlane: { version: '9.9.9-gke.9' } });
    const { reason, cure } = blockedOf(decideCluster(clusterFacts({ object: unknown, inventory: inventoryOf(EMPTY) })));
    expect(reason).toContain('9.9.9-gke.9');
    expect(cure).toContain(VERSION);
  });

  test('that asks for another version is brought to it, one replica in a turn', () => {
    const pinned = releaseOf(VERSION);
    const object = seedCluster({
      controlPlane: { version: '1.36.3-gke.1' },
      status: { ...LIVE, revision: pinned === undefined ? undefined : revisionOf(pinned) },
    });
    expect(decideCluster(clusterFacts({ object }))).toMatchObject({
      kind: 'operate',
      operation: { type: 'UpgradeCluster', version: '1.36.3-gke.1', turn: { number: 1, of: 3 } },
    });
  });

  test('whose load balancer was made without a security group keeps what lets it serve, though its status was lost', () => {
    const before = earliest();
    const { plan } = planEnsure(clusterTopology(seedCluster(), before), EMPTY, {
      fresh: true,
      provisioned: false,
      live: false,
    });
    const old = inventoryOf(carryOut(plan, EMPTY));
    expect(decideCluster(clusterFacts({ inventory: old })).kind).toBe('settled');
    const changing = stepIds(decideCluster(clusterFacts({ object: seedCluster(), inventory: old })));
    expect(changing.filter((id) => id.includes('security-group'))).toEqual([]);
  });

  test('makes again what was removed by hand', () => {
    const assessment = decideCluster(clusterFacts({ inventory: inventoryOf(without(built, 'listener/controlplane')) }));
    expect(operationOf(assessment).type).toBe('UpdateCluster');
    expect(stepIds(assessment)).toEqual([
      'ensure preflight',
      'ensure listener/controlplane',
      'wait control-plane/ready',
    ]);
  });

  test.each(['secret/root-ca', 'secret/service-account', 'network-interface/2'])(
    'that is established and lost %s is blocked with the way to restore it, and gets no new one',
    (key) => {
      for (const object of [seedCluster({ status: LIVE }), seedCluster()]) {
        const lost = clusterFacts({ object, inventory: inventoryOf(without(built, key)) });
        const { reason, cure } = blockedOf(decideCluster(lost));
        expect(reason).toContain(key);
        expect(cure).toMatch(
          key.startsWith('secret') ? /kubectl apply/ : /--private-ip-address 10.0.1.12 --groups sg-/,
        );
      }
    },
  );

  test('that never was established simply makes a lost volume again', () => {
    const young = built
      .filter((found) => found.key !== 'established/etcd' && found.key !== 'etcd-volume/1')
      .map((found) =>
        found.kind === 'etcd-volume' ? { ...found, state: { ...found.state, emptyDisk: 'bootstrap' as const } } : found,
      );
    const assessment = decideCluster(clusterFacts({ object: seedCluster(), inventory: inventoryOf(young) }));
    expect(stepIds(assessment)).toContain('ensure etcd-volume/1');
  });

  test('that somebody deletes is deleted, even if it lost what a create would be blocked by', () => {
    const object = seedCluster({ metadata: DELETING, status: LIVE, controlPlane: { version: '9.9.9-gke.9' } });
    const assessment = decideCluster(
      clusterFacts({ object, inventory: inventoryOf(without(built, 'secret/root-ca')) }),
    );
    expect(operationOf(assessment).type).toBe('DeleteCluster');
    expect(stepIds(assessment).at(-1)).toBe('remove finalizer');
  });

  test('cannot be decided about without looking', () => {
    const { inventory: _inventory, ...facts } = clusterFacts();
    expect(decideClusterEarly(facts)).toBeUndefined();
    expect(() => decideCluster(facts)).toThrow('look first');
  });
});

describe('a node pool', () => {
  test('of a ready cluster is created', () => {
    const operation = operationOf(decideNodePool(poolFacts()));
    expect(operation).toMatchObject({ type: 'CreateNodePool', owner: { clusterId: ID, uid: POOL_UID } });
    expect(operation.plan.known['security-group/nodepool']).toEqual({ id: 'sg-security-group-nodepool' });
  });

  describe('that was provisioned', () => {
    const PINNED = { aws: LIVE.aws, clusterID: ID, state: 'Provisioned', revision: LIVE.revision };
    const made = seedPool({ status: PINNED });
    const external = Object.fromEntries(built.map(({ key, outputs }) => [key, outputs]));
    const { plan } = planEnsure(nodePoolTopology(seedPool(), seedCluster(), release()), built, {
      external,
      fresh: true,
      provisioned: false,
      live: false,
    });
    const all = carryOut(plan, built);
    const decide = (changes: Parameters<typeof seedPool>[0], found: readonly Found[] = all) =>
      operationOf(
        decideNodePool(poolFacts({ object: seedPool({ status: PINNED, ...changes }), inventory: inventoryOf(found) })),
      );
    const groupKey = `auto-scaling-group/nodepool-${POOL_ID}`;

    test('and lacks nothing is settled', () => {
      expect(decideNodePool(poolFacts({ object: made, inventory: inventoryOf(all) })).kind).toBe('settled');
    });

    test('is resized where only its numbers of nodes change, and updated otherwise', () => {
      expect(decide({ spec: { minNodeCount: 4 } })).toMatchObject({ type: 'ResizeNodePool' });
      expect(decide({ spec: { maxNodeCount: 9 } })).toMatchObject({ type: 'ResizeNodePool' });
      expect(decide({}, without(all, groupKey))).toMatchObject({ type: 'UpdateNodePool' });
    });

    test('finishes a resize as one', () => {
      const object = { status: { ...PINNED, state: 'Resizing' } };
      expect(decide(object)).toMatchObject({ type: 'ResizeNodePool' });
      expect(decide({ status: { ...PINNED, state: 'Updating' } })).toMatchObject({ type: 'UpdateNodePool' });
    });
  });

  test('is blocked with the numbers where its cluster’s pod range has no room for it, unless it stands already', () => {
    const { networking } = seedCluster().spec;
    const narrow = { networking: { ...networking, podAddressCIDRBlocks: ['10.2.0.0/24'] } };
    const cluster = seedCluster({ spec: narrow, status: LIVE });
    expect(blockedOf(decideNodePool(poolFacts({ cluster })))).toMatchObject({
      reason: expect.stringContaining('10.2.0.0/24 gives each node a /27, which is 29 Pods'),
    });
    const { endpoint: _endpoint, established: _established, ...status } = LIVE;
    expect(decideNodePool(poolFacts({ cluster, object: seedPool({ status }) })).kind).not.toBe('blocked');
  });

  test('waits while its cluster’s network is not ready, and asks the cluster’s entity to be told', () => {
    const assessment = decideNodePool(
      poolFacts({ inventory: inventoryOf(without(built, 'load-balancer/controlplane')) }),
    );
    expect(assessment).toEqual({
      kind: 'waiting',
      generation: 1,
      reason: 'Waiting for AWSCluster default/cluster-0, which does not have load-balancer/controlplane yet.',
      entityId: `awscluster/default/cluster-0/${CLUSTER_UID}`,
    });
  });

  test('waits without a look at AWS while its cluster’s status names no endpoint, unless it was told of progress', () => {
    const { inventory: _, ...facts } = poolFacts({ cluster: seedCluster() });
    expect(decideNodePoolEarly(facts)).toEqual({
      kind: 'waiting',
      generation: 1,
      reason: 'Waiting for AWSCluster default/cluster-0, whose network is not ready yet.',
      entityId: `awscluster/default/cluster-0/${CLUSTER_UID}`,
    });
    expect(decideNodePoolEarly({ ...facts, clusterProgressed: true })).toBeUndefined();
    const withEndpoint = seedCluster({ status: { endpoint: 'gke-1.elb.eu-west-1.amazonaws.com' } });
    expect(decideNodePoolEarly({ ...facts, cluster: withEndpoint })).toBeUndefined();
  });

  test('builds nothing and says so while its cluster is absent or being deleted', () => {
    expect(decideNodePool(poolFacts({ cluster: null }))).toMatchObject({
      kind: 'waiting',
      reason: expect.stringContaining('does not exist'),
    });
    expect(decideNodePool(poolFacts({ cluster: seedCluster({ metadata: DELETING }) }))).toMatchObject({
      kind: 'waiting',
      reason: expect.stringContaining('is being deleted'),
      entityId: `awscluster/default/cluster-0/${CLUSTER_UID}`,
    });
  });

  test('is always deleted when somebody deletes it, with or without its cluster', () => {
    const object = seedPool({ metadata: DELETING, status: { clusterID: ID } });
    for (const cluster of [null, seedCluster(), seedCluster({ metadata: DELETING })]) {
      const assessment = decideNodePool(poolFacts({ object, cluster, inventory: inventoryOf([]) }));
      expect(operationOf(assessment)).toMatchObject({ type: 'DeleteNodePool', owner: { clusterId: ID } });
      expect(stepIds(assessment)).toEqual(['wait account/empty', 'wait account/settled', 'remove finalizer']);
    }
  });

  test('asks an established cluster’s API to forget its token, and no other', () => {
    const object = seedPool({ metadata: DELETING, status: { clusterID: ID } });
    const removesToken = (cluster: NodePoolFacts['cluster']): boolean =>
      stepIds(decideNodePool(poolFacts({ object, cluster }))).includes(`remove join-token/${POOL_ID}`);
    expect(removesToken(seedCluster({ status: LIVE }))).toBe(true);
    expect(removesToken(seedCluster())).toBe(false);
    expect(removesToken(seedCluster({ status: LIVE, metadata: DELETING }))).toBe(false);
  });

  test('never joins another cluster that took its cluster’s name', () => {
    const object = seedPool({ status: { clusterID: 'gke-00000000' } });
    expect(blockedOf(decideNodePool(poolFacts({ object }))).reason).toContain('gke-00000000');
  });

  test('in another region than its cluster is blocked', () => {
    const object = seedPool({ spec: { region: 'us-east-1' } });
    const worker = { account: ACCOUNT, regions: [REGION, 'us-east-1'] };
    expect(blockedOf(decideNodePool(poolFacts({ object, worker }))).reason).toContain('us-east-1');
  });

  test('that is complete is settled', () => {
    const { plan } = operationOf(decideNodePool(poolFacts()));
    const complete = [...built, ...carryOut(plan, EMPTY).filter((found) => found.key.includes(POOL_ID))];
    const { endpoint: _endpoint, established: _established, ...status } = LIVE;
    const object = seedPool({ status });
    expect(decideNodePool(poolFacts({ object, inventory: inventoryOf(complete) }))).toEqual({
      kind: 'settled',
      generation: 1,
      clusterId: ID,
    });
  });
});
