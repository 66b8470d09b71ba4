import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AWSClusterStatus } from '../../api/cluster.ts';
import { clusterIdOf } from '../../api/names.ts';
import type { ObjectRef } from '../../api/object.ts';
import type { Found } from '../../kinds/resource.ts';
import { observedState } from '../../kinds/resource.ts';
import type { TargetHealth } from '../../kinds/targets.ts';
import type { Assessment, OperationInput } from '../../policy/assessment.ts';
import { decideCluster } from '../../policy/decide-cluster.ts';
import { planEnsure } from '../../policy/ensure.ts';
import type { ClusterFacts } from '../../policy/facts.ts';
import type { Step } from '../../policy/plan.ts';
import { judgeControlPlane } from '../../policy/repair.ts';
import { revisionOf } from '../../policy/revision.ts';
import { choose } from '../../policy/rollout.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { ACCOUNT, CLUSTER_UID, DELETING, REGION, release, seedCluster, VERSION } from '../topology/objects.ts';
import { carryOut, EMPTY, ENDPOINT, inventoryOf, lostVolume, withoutVolume, withState } from './account.ts';

const NOW = Date.parse('2026-08-01T10:00:00Z');
const AFTER = { afterSeconds: 300 };
const LIVE = {
  aws: { account: ACCOUNT, region: REGION },
  established: true,
  state: 'Provisioned' as const,
  clusterID: clusterIdOf(CLUSTER_UID),
  endpoint: ENDPOINT,
  revision: revisionOf(release()),
};
const REF: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID };

const topology = clusterTopology(seedCluster(), release());
const built = carryOut(planEnsure(topology, EMPTY, { fresh: true, provisioned: false, live: false }).plan, EMPTY);

const changed = withState;
const without = (found: readonly Found[], ...keys: string[]) => found.filter((one) => !keys.includes(one.key));
const entry = (found: readonly Found[], key: string): Found => {
  const one = found.find((each) => each.key === key);
  if (one === undefined) throw new Error(`The account holds no ${key}`);
  return one;
};

const addressOf = (index: number): string => entry(built, `network-interface/${index}`).outputs.address ?? '';

/** The account with these replicas in such health; the others are healthy. */
const withHealth = (
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
const withoutDisk = (found: readonly Found[] = built, exists = false): readonly Found[] =>
  withoutVolume(found, 1, exists);

const facts = (
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
const seen = (secondsAgo: number, instanceID = 'i-auto-scaling-group-controlplane-1'): Partial<AWSClusterStatus> => ({
  unhealthyReplicas: [
    { index: 1, instanceID, since: new Date(NOW - secondsAgo * 1_000).toISOString(), message: 'it does not serve' },
  ],
});

/** EC2 said so many seconds ago that it has no volume of replica 1's id. */
const lost = (secondsAgo = 60, id = 'vol-etcd-volume-1'): Partial<AWSClusterStatus> => ({
  unhealthyReplicas: [lostVolume(1, id, secondsAgo * 1_000, NOW)],
});

const repairOf = (assessment: Assessment): OperationInput => {
  if (assessment.kind !== 'operate') throw new Error(`Expected an operation: ${JSON.stringify(assessment)}`);
  expect(assessment.operation.type).toBe('RepairCluster');
  return assessment.operation;
};
const blockedOf = (assessment: Assessment): { reason: string; cure: string } => {
  if (assessment.kind !== 'blocked') throw new Error(`Expected blocked, got ${assessment.kind}`);
  return assessment;
};
const idsOf = (operation: OperationInput): string[] => operation.plan.steps.map(({ id }) => id);
const stepOf = (operation: OperationInput, id: string): Step => {
  const step = operation.plan.steps.find((one) => one.id === id);
  if (step === undefined) throw new Error(`No step ${id} in ${idsOf(operation).join(', ')}`);
  return step;
};

describe('a lost etcd volume', () => {
  const repair = repairOf(decideCluster(facts(withoutDisk(withHealth({ 1: 'unhealthy' })), lost())));

  test('is looked for once more, a minute later, before anything is made in its place, and nothing else is made meanwhile', () => {
    const found = without(withoutDisk(withHealth({ 1: 'unhealthy' })), 'security-group/controlplane');
    expect(decideCluster(facts(found, { observedGeneration: 0 }))).toMatchObject({
      kind: 'settled',
      // What the spec asks for since is not said to be done.
      generation: 0,
      controlPlane: {
        replicas: [
          {
            index: 1,
            lostVolumeId: 'vol-etcd-volume-1',
            message: expect.stringContaining('it is looked for once more at 2026-08-01T10:01:00Z'),
          },
        ],
      },
      lookAgainSeconds: 60,
    });
    expect(decideCluster(facts(found, lost(59)))).toMatchObject({ kind: 'settled', lookAgainSeconds: 2 });
    expect(decideCluster(facts(found, lost(60))).kind).toBe('operate');
    // Another one than was looked for a minute ago.
    expect(decideCluster(facts(found, lost(3_600, 'vol-before'))).kind).toBe('settled');
  });

  test('is never one that no listing shows, and of which nobody knows the id: that is a person’s to find', () => {
    const unlisted = without(withHealth({ 1: 'unhealthy' }), 'etcd-volume/1');
    for (const status of [{}, lost(3_600), seen(9_000)]) {
      const { cure } = blockedOf(decideCluster(facts(unlisted, status)));
      expect(cure).toMatch(
        /give it its tags back: aws ec2 create-tags .*Value=etcd-volume\/1.*where it is gone, restore it/,
      );
    }
  });

  test('is replaced by an empty one that may only join, then its machine by one that is told of it', () => {
    expect(idsOf(repair)).toEqual([
      'ensure preflight',
      'ensure etcd-volume/1',
      `ensure launch-template/controlplane-1/${VERSION}`,
      'ensure auto-scaling-group/controlplane-1',
      'remove instance/controlplane-1',
      'wait replica/1',
      'ensure established/etcd',
    ]);
    expect(stepOf(repair, 'ensure etcd-volume/1')).toMatchObject({
      resource: { properties: { emptyDisk: 'join', former: 'vol-etcd-volume-1' } },
    });
    expect(stepOf(repair, 'remove instance/controlplane-1')).toMatchObject({
      resource: {
        properties: {
          instanceId: 'i-auto-scaling-group-controlplane-1',
          others: [addressOf(0), addressOf(2)],
          onlyUnhealthy: false,
        },
      },
      needs: ['ensure auto-scaling-group/controlplane-1'],
    });
    expect(stepOf(repair, 'ensure established/etcd').resource.properties).toMatchObject({ joined: true });
  });

  test('is no reason to tell its machine anything, though its load balancer has not noticed yet: nobody there reads orders', () => {
    expect(idsOf(repairOf(decideCluster(facts(withoutDisk(withHealth({})), lost()))))).not.toContain(
      'ensure order/controlplane-1/leave',
    );
  });

  test('is made with a token that no earlier volume was made with', () => {
    expect(stepOf(repair, 'ensure etcd-volume/1')).toMatchObject({ incarnation: 1 });
    const again = facts(withoutDisk(withHealth({ 1: 'unhealthy' })), {
      ...lost(),
      incarnations: { 'etcd-volume/1': 3 },
    });
    expect(stepOf(repairOf(decideCluster(again)), 'ensure etcd-volume/1')).toMatchObject({ incarnation: 4 });
  });

  test('leaves nothing to do once the repair is carried out', () => {
    const before = withoutDisk();
    const after = carryOut(repair.plan, before);
    expect(observedState('etcd-volume', entry(after, 'etcd-volume/1')).emptyDisk).toBe('wait');
    const told = changed(after, `launch-template/controlplane-1/${VERSION}`, { attaches: undefined });
    expect(decideCluster(facts(told, { state: 'Repairing' }))).toEqual({ kind: 'settled', generation: 1 });
  });

  test('whose repair was interrupted anywhere is repaired to the end, with no second volume', () => {
    const steps = repair.plan.steps.length;
    fc.assert(
      fc.property(fc.integer({ min: 2, max: steps - 1 }), (done) => {
        const plan = { ...repair.plan, steps: repair.plan.steps.slice(0, done) };
        const half = carryOut(plan, withoutDisk(withHealth({ 1: 'unhealthy' })));
        const rest = idsOf(repairOf(decideCluster(facts(half, { state: 'Repairing' }))));
        expect(rest).not.toContain('ensure etcd-volume/1');
        expect(rest.at(-1)).toBe('ensure established/etcd');
      }),
    );
  });

  test('is not replaced while another replica does not serve: etcd must keep its quorum', () => {
    for (const state of ['unhealthy', 'unknown'] as const) {
      const { reason } = blockedOf(decideCluster(facts(withoutDisk(withHealth({ 1: 'unhealthy', 2: state })))));
      expect(reason).toContain('replica 2 (i-auto-scaling-group-controlplane-2) must serve before replica 1');
    }
  });

  test('is not replaced while a second one is lost: then only a snapshot helps', () => {
    const both = without(withoutDisk(withHealth({ 1: 'unhealthy' })), 'etcd-volume/2');
    const { reason, cure } = blockedOf(decideCluster(facts(both)));
    expect(reason).toContain('etcd-volume/1, etcd-volume/2');
    expect(cure).toMatch(/aws ec2 create-volume .*--availability-zone eu-west-1b .*empty-disk,Value=wait/);
  });

  test('that only lost its tags is not lost: the command gives them back', () => {
    const { cure } = blockedOf(decideCluster(facts(withoutDisk(withHealth({ 1: 'unhealthy' }), true))));
    expect(cure).toMatch(/aws ec2 create-tags .*--resources vol-etcd-volume-1 --tags .*Key=slipway.dev\/empty-disk/);
  });

  test('of a cluster that is being deleted is no reason to repair', () => {
    const object = seedCluster({ metadata: DELETING, status: LIVE });
    const assessment = decideCluster(facts(withoutDisk(), {}, { object }));
    expect(assessment.kind === 'operate' ? assessment.operation.type : assessment.kind).toBe('DeleteCluster');
  });

  test('is repaired even if something that its machine needs was taken away, too', () => {
    const found = without(withoutDisk(withHealth({ 1: 'unhealthy' })), 'security-group/controlplane');
    expect(idsOf(repairOf(decideCluster(facts(found, lost()))))).toContain('ensure security-group/controlplane');
  });
});

describe('a machine that does not serve', () => {
  const hung = withHealth({ 1: 'unhealthy' });

  test('is reported at once, with what will happen, and looked at again in time', () => {
    expect(decideCluster(facts(hung))).toEqual({
      kind: 'settled',
      generation: 1,
      controlPlane: {
        quorumLost: false,
        replicas: [
          {
            index: 1,
            instanceId: 'i-auto-scaling-group-controlplane-1',
            message:
              'replica 1 (i-auto-scaling-group-controlplane-1) does not serve: Health checks failed; its machine is replaced at 2026-08-01T10:05:00Z unless it serves before',
          },
        ],
      },
      lookAgainSeconds: 60,
    });
  });

  test('is replaced once it has not served for as long as the setting says, and only that machine', () => {
    expect(decideCluster(facts(hung, seen(299))).kind).toBe('settled');
    const repair = repairOf(decideCluster(facts(hung, seen(300))));
    expect(idsOf(repair)).toEqual(['remove instance/controlplane-1', 'wait replica/1']);
    expect(stepOf(repair, 'remove instance/controlplane-1').resource.properties).toMatchObject({ onlyUnhealthy: true });
    expect(stepOf(repair, 'wait replica/1').resource.properties).toMatchObject({
      former: 'i-auto-scaling-group-controlplane-1',
    });
  });

  test('has its time anew after AWS has put another in its place', () => {
    expect(decideCluster(facts(hung, seen(3_000, 'i-former'))).kind).toBe('settled');
  });

  describe('because the one before it still has its disk', () => {
    const heldBy = (state: string) =>
      changed(changed(hung, 'etcd-volume/1', { holder: 'i-former' }), `launch-template/controlplane-1/${VERSION}`, {
        attaches: {
          volumeId: 'vol-etcd-volume-1',
          volumeExists: true,
          networkInterfaceId: 'eni-network-interface-1',
          networkInterfaceExists: true,
          machineOutdated: false,
          holder: { instanceId: 'i-former', state, holds: 'volume vol-etcd-volume-1' },
        },
      });

    test.each(['shutting-down', 'running'])(
      'is not replaced, however long that takes, and says what it waits for: %s',
      (state) => {
        expect(decideCluster(facts(heldBy(state), seen(90_000)))).toMatchObject({
          kind: 'settled',
          controlPlane: {
            replicas: [
              {
                heldBy: 'i-former',
                message: `replica 1 (i-auto-scaling-group-controlplane-1) waits for volume vol-etcd-volume-1, which instance i-former still has: that one is ${state}, and nothing is taken from a machine that may still write`,
              },
            ],
          },
          lookAgainSeconds: 60,
        });
      },
    );

    test('has its time anew once it has what it waited for', () => {
      const [waited] = seen(90_000).unhealthyReplicas ?? [];
      if (waited === undefined) throw new Error('nobody waited');
      const status = { unhealthyReplicas: [{ ...waited, heldBy: 'i-former' }] };
      expect(decideCluster(facts(hung, status))).toMatchObject({
        kind: 'settled',
        controlPlane: { replicas: [{ message: expect.stringContaining('is replaced at 2026-08-01T10:05:00Z') }] },
      });
      expect(decideCluster(facts(hung, { unhealthyReplicas: [waited] })).kind).toBe('operate');
    });
  });

  test('is left to its auto scaling group while it has no machine at all', () => {
    const none = changed(hung, 'auto-scaling-group/controlplane-1', { instances: [] });
    const assessment = decideCluster(facts(none, { unhealthyReplicas: [{ ...seenEntry, index: 1 }] }));
    expect(assessment).toMatchObject({
      kind: 'settled',
      controlPlane: { replicas: [{ message: expect.stringContaining('has not launched one yet') }] },
    });
  });
  const seenEntry = { since: new Date(NOW - 9_000_000).toISOString(), message: '' };

  /** Another interface than its machine was told of stands in the account. */
  const toldWrongly = (health: Parameters<typeof withHealth>[0]) =>
    changed(
      withHealth(
        health,
        built.map((one) =>
          one.key === 'network-interface/1' ? { ...one, outputs: { ...one.outputs, id: 'eni-restored' } } : one,
        ),
      ),
      `launch-template/controlplane-1/${VERSION}`,
      {
        attaches: {
          volumeId: 'vol-etcd-volume-1',
          volumeExists: true,
          networkInterfaceExists: true,
          machineOutdated: false,
          networkInterfaceId: 'eni-network-interface-1',
        },
      },
    );

  test('is told of its present interface by a repair, after a person made that again', () => {
    expect(idsOf(repairOf(decideCluster(facts(toldWrongly({ 1: 'unhealthy' })))))).toEqual([
      'ensure preflight',
      `ensure launch-template/controlplane-1/${VERSION}`,
      'ensure auto-scaling-group/controlplane-1',
      'remove instance/controlplane-1',
      'wait replica/1',
    ]);
  });

  test('leaves its clients before it is ended, where it serves and was only told wrongly', () => {
    const repair = repairOf(decideCluster(facts(toldWrongly({}))));
    const leave = stepOf(repair, 'ensure order/controlplane-1/leave');
    expect(leave).toMatchObject({
      resource: {
        kind: 'order',
        properties: {
          verb: 'leave',
          instanceId: 'i-auto-scaling-group-controlplane-1',
          volumeId: 'vol-etcd-volume-1',
          others: [addressOf(0), addressOf(2)],
        },
      },
      needs: ['ensure auto-scaling-group/controlplane-1'],
    });
    // Nobody may be asked to go on with it for ever: an agent that does not answer can be left out.
    expect(leave.neverSkipped).toBeUndefined();
    expect(stepOf(repair, 'remove instance/controlplane-1').needs).toEqual([leave.id]);
  });
});

describe('two of three replicas that do not serve', () => {
  const two = withHealth({ 0: 'unhealthy', 2: 'unhealthy' });

  test('are reported, whatever time passes, and nothing is repaired', () => {
    for (const status of [{}, seen(99_999)]) {
      expect(decideCluster(facts(two, status))).toMatchObject({
        kind: 'settled',
        controlPlane: {
          quorumLost: true,
          replicas: [
            { index: 0, message: expect.stringContaining('nothing is replaced while etcd has no quorum') },
            { index: 2 },
          ],
        },
        lookAgainSeconds: 60,
      });
    }
  });

  test('are no reason to replace the one that is the last to come back: it has its time anew', () => {
    const before = [0, 1].map((index) => ({
      index,
      instanceID: `i-auto-scaling-group-controlplane-${index}`,
      since: new Date(NOW - 9_000_000).toISOString(),
      message: '',
    }));
    const assessment = decideCluster(facts(withHealth({ 1: 'unhealthy' }), { unhealthyReplicas: before }));
    expect(assessment).toMatchObject({
      kind: 'settled',
      controlPlane: {
        quorumLost: false,
        replicas: [{ index: 1, message: expect.stringContaining('is replaced at 2026-08-01T10:05:00Z') }],
      },
    });
  });

  test('are no longer spoken of once they serve again', () => {
    expect(decideCluster(facts(withHealth({}), seen(60)))).toEqual({ kind: 'settled', generation: 1 });
  });
});

describe('the limits', () => {
  const healths = fc.constantFrom<TargetHealth['state']>('healthy', 'unhealthy', 'unknown');
  const disks = fc.constantFrom('present' as const, 'lost' as const, 'joining' as const);

  test('never let a replica be touched unless both others serve and have their disks', () => {
    fc.assert(
      fc.property(
        fc.tuple(healths, healths, healths),
        fc.tuple(disks, disks, disks),
        fc.integer({ min: 0, max: 1_000 }),
        (health, volumes, secondsAgo) => {
          const gone = volumes.flatMap((volume, index) => (volume === 'lost' ? [`etcd-volume/${index}`] : []));
          const joining = volumes.reduce<readonly Found[]>(
            (found, volume, index) =>
              volume === 'joining' ? changed(found, `etcd-volume/${index}`, { emptyDisk: 'join' }) : found,
            built,
          );
          const found = without(withHealth({ 0: health[0], 1: health[1], 2: health[2] }, joining), ...gone);
          const { due } = judgeControlPlane(found, seen(secondsAgo).unhealthyReplicas ?? [], AFTER, NOW);
          const choice = choose(due, undefined, NOW);
          if (choice.kind !== 'replacement') return;
          for (const index of [0, 1, 2].filter((one) => one !== choice.replacement.replica.index)) {
            expect([health[index], volumes[index]]).toEqual(['healthy', 'present']);
          }
        },
      ),
    );
  });

  test('hold whatever else is missing from the account, too', () => {
    fc.assert(
      fc.property(fc.subarray([...withoutDisk(withHealth({ 1: 'unhealthy' }))]), (found) => {
        const assessment = decideCluster(facts([...EMPTY, ...without(found, 'preflight')], lost()));
        const volumes =
          assessment.kind === 'operate'
            ? assessment.operation.plan.steps.flatMap(({ resource }) =>
                resource.kind === 'etcd-volume' ? [resource] : [],
              )
            : [];
        expect(volumes.map(({ key, properties }) => `${key} ${properties.emptyDisk}`)).toEqual(
          volumes.length === 0 ? [] : ['etcd-volume/1 join'],
        );
      }),
      { numRuns: 500 },
    );
  });

  test('do not count while a cluster is still being made', () => {
    const young = without(withHealth({ 0: 'unhealthy', 1: 'unhealthy', 2: 'unhealthy' }), 'established/etcd').map(
      (one) =>
        one.kind === 'etcd-volume' ? { ...one, state: { ...one.state, emptyDisk: 'bootstrap' as const } } : one,
    );
    const assessment = decideCluster(facts(young, {}, { object: seedCluster() }));
    expect(assessment).toMatchObject({ kind: 'operate', operation: { type: 'CreateCluster' } });
  });
});
