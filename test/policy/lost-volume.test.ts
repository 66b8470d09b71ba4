import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { observedState } from '../../kinds/resource.ts';
import { decideCluster } from '../../policy/decide-cluster.ts';
import { DELETING, seedCluster, VERSION } from '../topology/objects.ts';
import { carryOut, withoutVolume } from './account.ts';
import {
  addressOf,
  blockedOf,
  changed,
  entry,
  facts,
  idsOf,
  LIVE,
  lost,
  repairOf,
  seen,
  stepOf,
  withHealth,
  without,
  withoutDisk,
} from './repairing.ts';

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

  test('of which two are gone for good is brought back with all of etcd, by one command; of one of them that is never proposed', () => {
    const command = 'npx slipway clusters restore cluster-0 -n default --from newest';
    const two = withoutVolume(withoutDisk(withHealth({ 1: 'unhealthy', 2: 'unhealthy' })), 2);
    expect(blockedOf(decideCluster(facts(two))).cure).toMatch(new RegExp(`${command}; or volume by volume; restore`));
    const one = withoutDisk(withHealth({ 1: 'unhealthy', 2: 'unhealthy' }));
    const tagless = withoutVolume(withoutDisk(withHealth({ 1: 'unhealthy', 2: 'unhealthy' })), 2, true);
    const more = without(two, 'secret/etcd-ca');
    for (const found of [one, tagless, more]) {
      expect(blockedOf(decideCluster(facts(found))).cure).not.toContain('clusters restore');
    }
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
