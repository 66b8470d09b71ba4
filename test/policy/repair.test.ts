import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Found } from '../../kinds/resource.ts';
import type { TargetHealth } from '../../kinds/targets.ts';
import { decideCluster } from '../../policy/decide-cluster.ts';
import { judgeControlPlane } from '../../policy/repair.ts';
import { choose } from '../../policy/rollout.ts';
import { seedCluster, VERSION } from '../topology/objects.ts';
import { EMPTY } from './account.ts';
import {
  AFTER,
  addressOf,
  built,
  changed,
  facts,
  idsOf,
  lost,
  NOW,
  repairOf,
  seen,
  stepOf,
  withHealth,
  without,
  withoutDisk,
} from './repairing.ts';

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
            since: '2026-08-01T10:00:00Z',
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

  test.each<[string, string, number, boolean]>([
    [
      'is replaced at once where it was told to leave, and whoever meant to end it is gone',
      'i-auto-scaling-group-controlplane-1',
      60,
      true,
    ],
    ['is replaced at once even where the order ran out meanwhile', 'i-auto-scaling-group-controlplane-1', -299, true],
    ['has its time where it left long ago, and came back since', 'i-auto-scaling-group-controlplane-1', -301, false],
    ['has its time where the one before it was told to leave', 'i-former', 60, false],
  ])('%s', (_what, instanceId, untilIn, isAtOnce) => {
    const left = { instanceId, until: NOW / 1_000 + untilIn };
    const decided = decideCluster(facts(changed(hung, 'etcd-volume/1', { left })));
    expect(decided.kind).toBe(isAtOnce ? 'operate' : 'settled');
    if (isAtOnce) expect(idsOf(repairOf(decided))).toEqual(['remove instance/controlplane-1', 'wait replica/1']);
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

    test.each([
      ['shutting-down', '. If it stays so for more than some minutes, end it by force'],
      ['running', ''],
    ])('is not replaced, however long that takes, and says what it waits for: %s', (state, cure) => {
      expect(decideCluster(facts(heldBy(state), seen(90_000)))).toMatchObject({
        kind: 'settled',
        controlPlane: {
          replicas: [
            {
              heldBy: 'i-former',
              holderState: state,
              message: `replica 1 (i-auto-scaling-group-controlplane-1) waits for volume vol-etcd-volume-1, which instance i-former still has: that one is ${state}, and nothing is taken from a machine that may still write${cure}`,
            },
          ],
        },
        lookAgainSeconds: 60,
      });
    });

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
