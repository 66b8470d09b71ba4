/** A control plane that comes to another version, one replica in each turn, and goes back or is committed. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { releaseOf } from '../../api/releases.ts';
import type { OperationInput } from '../../policy/assessment.ts';
import { conditionOf } from '../../policy/conditions.ts';
import { returnedCluster } from '../../policy/given-up.ts';
import { revisionOf } from '../../policy/revision.ts';
import { NOW } from './repairing.ts';
import {
  assessed,
  carriedOut,
  changedTo,
  liveCluster,
  type Ran,
  ranToEnd,
  servesAs,
  settled,
  told,
  versionOf,
  type World,
  worldOf,
} from './replica-world.ts';

const [OLD, NEW, ETCD] = ['1.36.3-gke.1', '1.37.2-gke.1', '1.37.2-gke.2'] as const;
const release = (version: string) => {
  const found = releaseOf(version);
  if (found === undefined) throw new Error(`The catalogue lacks ${version}.`);
  return found;
};

const living = (version: string, controlPlane: object = {}) => {
  const cluster = liveCluster({ version, ...controlPlane });
  return {
    ...cluster,
    status: {
      ...cluster.status,
      version,
      revision: revisionOf(release(version)),
      kubernetesVersion: release(version).kubernetes,
    },
  };
};

const before = living(OLD);
const world = worldOf(before, release(OLD));
const asked = changedTo(before, { version: NEW });
const DAY = 86_400_000;

const idsOf = ({ plan }: OperationInput): readonly string[] => plan.steps.map(({ id }) => id);
const turns = ({ operations }: Ran) => operations.map(({ type, turn }) => `${type} ${turn?.number}/${turn?.of}`);
const versions = (here: World) => [0, 1, 2].map((index) => versionOf(here, index));
const minors = (here: World) => [0, 1, 2].map((index) => servesAs(here, index));
const three = <T>(value: T): readonly T[] => [value, value, value];

describe('a newer minor of Kubernetes', () => {
  const soaking = ranToEnd(asked, world);

  test('comes in three turns, and serves as the older one afterwards', () => {
    expect(turns(soaking)).toEqual(['UpgradeCluster 1/3', 'UpgradeCluster 2/3', 'UpgradeCluster 3/3']);
    expect(soaking.world.ended).toEqual([0, 1, 2]);
    expect(soaking.world.least).toBe(2);
    expect(versions(soaking.world)).toEqual(three('1.37.2'));
    expect(minors(soaking.world)).toEqual(three('1.36'));
    expect(soaking.end).toMatchObject({ kind: 'settled', rollout: 'UpgradeCluster', heldBack: { until: 'Soak' } });
  });

  test('first sees what stands in the way, keeps a snapshot, and has all volumes say what is served', () => {
    expect(soaking.operations.map(idsOf)).toEqual([
      [
        'wait upgrade/insights',
        'ensure snapshot/upgrade',
        'ensure upgrade-mark/emulates',
        'ensure preflight',
        `ensure launch-template/controlplane-0/${NEW}`,
        'ensure auto-scaling-group/controlplane-0',
        'ensure order/controlplane-0/leave',
        'remove instance/controlplane-0',
        'wait replica/0',
      ],
      ...[1, 2].map((index) => [
        'ensure preflight',
        `ensure launch-template/controlplane-${index}/${NEW}`,
        `ensure auto-scaling-group/controlplane-${index}`,
        `ensure order/controlplane-${index}/leave`,
        `remove instance/controlplane-${index}`,
        `wait replica/${index}`,
      ]),
    ]);
  });

  test('is told while it soaks: what runs is still the older one, until when, and both ways on', () => {
    const { status } = soaking.cluster;
    expect(soaking.states).toEqual(['Provisioned', 'Upgrading']);
    expect(status?.revision?.version).toBe(OLD);
    expect(status?.kubernetesVersion).toBe('1.36.3');
    expect(status?.upgrade).toMatchObject({
      ...{ from: OLD, to: NEW, phase: 'Soaking', committed: false },
      soakingSince: '2026-08-01T10:00:00Z',
      soakUntil: '2026-08-02T10:00:00Z',
      replicas: [0, 1, 2].map((index) => ({ index, version: NEW, emulation: '1.36' })),
    });
    expect(conditionOf(soaking.cluster, 'Reconciling')?.message).toMatch(
      /1\.37\.2-gke\.1 serves as Kubernetes 1\.36 until \S+, and is committed then; to commit it now: .*resume.*; to go back to 1\.36\.3-gke\.1: .*abort/,
    );
  });

  test('soaks on at every look until its time is over', () => {
    const later = assessed(soaking.cluster, soaking.world, { now: NOW + DAY - 1_000 });
    expect(later).toMatchObject({ kind: 'settled', heldBack: { until: 'Soak' }, lookAgainSeconds: 1 });
  });

  test.each([
    [
      'Window',
      [{ days: ['Mon'], start: '22:00', minutes: 60 }],
      'once the next window of the update policy begins at 2026-08-03T22:00:00Z',
    ],
    ['Manual', [], 'once somebody lets it'],
  ])('waits for the update policy then, in mode %s, and is Upgrading meanwhile', (mode, windows, says) => {
    const { cluster } = soaking;
    const policy = { mode, ...(windows.length === 0 ? {} : { windows }) };
    const held = { ...cluster, spec: { ...cluster.spec, updatePolicy: policy } } as typeof cluster;
    const look = assessed(held, soaking.world, { now: NOW + DAY });
    expect(look).toMatchObject({ kind: 'settled', rollout: 'UpgradeCluster', heldBack: { until: mode } });
    expect(settled(held, look).status).toMatchObject({ state: 'Upgrading', upgrade: { phase: 'Soaking' } });
    expect(look).toHaveProperty('note', expect.stringContaining(says));
  });

  const committed = ranToEnd(soaking.cluster, soaking.world, { now: NOW + DAY });

  test('is committed then: first on all volumes, then one replica after the other serves as its own minor', () => {
    expect(committed.operations[0]).toMatchObject({
      type: 'CommitUpgrade',
      upgrading: { phase: 'Committing', committed: true },
    });
    expect(committed.operations.map(idsOf)[0]).toEqual([
      'ensure upgrade-mark/committed',
      ...[0, 1, 2].flatMap((index) => [`ensure order/controlplane-${index}/restart`, `wait replica/${index}`]),
    ]);
    expect(minors(committed.world)).toEqual(three('1.37'));
    expect(committed.world.ended).toEqual(soaking.world.ended);
    expect(committed.world.least).toBe(2);
  });

  test('brings its add-ons after the commit, and takes away the templates of the version before', () => {
    const rest = committed.operations.slice(1);
    expect(rest.map(({ type }) => type)).toEqual(['UpdateCluster']);
    // What is inside was compared with the version before: only the next look sees what the new one brings.
    expect(rest.map(({ settles }) => settles)).toEqual([undefined]);
    expect(rest.flatMap(idsOf)).toEqual(
      expect.arrayContaining([0, 1, 2].map((index) => `remove launch-template/controlplane-${index}/${OLD}`)),
    );
    const { status } = committed.cluster;
    expect(status?.revision).toMatchObject({ version: NEW, kubernetes: '1.37.2', format: 3 });
    expect(status?.kubernetesVersion).toBe('1.37.2');
    expect(status).not.toHaveProperty('upgrade');
    expect(committed.end).toMatchObject({ kind: 'settled' });
    expect(committed.states.at(-1)).toBe('Provisioned');
  });

  test('is committed at once by a person’s word, and by no other word of theirs', () => {
    const { end } = soaking;
    const target = end.kind === 'settled' ? end.heldBack?.target : undefined;
    expect(assessed(soaking.cluster, soaking.world, { released: target ?? '' })).toMatchObject({
      kind: 'operate',
      operation: { type: 'CommitUpgrade' },
    });
    expect(assessed(soaking.cluster, soaking.world, { released: 'another' })).toMatchObject({ kind: 'settled' });
  });

  test('that is aborted while it soaks goes back, and all is as it was', () => {
    const { generation } = soaking.cluster.metadata;
    const ran = ranToEnd(returnedCluster(soaking.cluster, generation), soaking.world);
    expect(turns(ran)).toEqual([
      'UpgradeCluster 1/3',
      'UpgradeCluster 2/3',
      'UpgradeCluster 3/3',
      'UpdateCluster undefined/undefined',
    ]);
    expect(versions(ran.world)).toEqual(three('1.36.3'));
    expect(minors(ran.world)).toEqual(three('1.36'));
    expect(ran.cluster.status?.revision?.version).toBe(OLD);
  });

  test('goes back as well where the older version is asked for again', () => {
    const ran = ranToEnd(changedTo(soaking.cluster, { version: OLD }), soaking.world);
    expect(versions(ran.world)).toEqual(three('1.36.3'));
    expect(ran.cluster.status).not.toHaveProperty('upgrade');
  });

  test('has no way back once it is committed, whatever asks for it', () => {
    const done = carriedOut(soaking.world, committed.operations[0] as OperationInput, 1).world;
    for (const cluster of [
      returnedCluster(soaking.cluster, soaking.cluster.metadata.generation),
      changedTo(soaking.cluster, { version: OLD }),
      before,
    ]) {
      expect(assessed(cluster, done)).toMatchObject({
        kind: 'blocked',
        reason: expect.stringContaining('committed to Kubernetes 1.37'),
        cure: 'set spec.controlPlane.version to a version of 1.37',
      });
    }
  });

  const lost = (cluster: typeof asked): typeof asked => {
    const { revision: _revision, upgrade: _upgrade, rollout: _rollout, ...status } = cluster.status ?? {};
    return { ...cluster, status };
  };

  test('goes on to soak where status was lost', () => {
    const again = ranToEnd(lost(soaking.cluster), soaking.world);
    expect(again.end).toMatchObject({ kind: 'settled', heldBack: { until: 'Soak' } });
    expect(again.cluster.status?.revision?.version).toBe(OLD);
    expect(again.world.ended).toEqual(soaking.world.ended);
  });

  test.each([1, 2])('goes on where status was lost after %s of its turns, and goes back then as well', (done) => {
    const stuck = Array.from({ length: done }).reduce<{ cluster: typeof asked; world: World }>(
      ({ cluster, world: here }) => {
        const next = assessed(cluster, here);
        if (next.kind !== 'operate') throw new Error(JSON.stringify(next));
        return { cluster: told(cluster, next.operation, 'succeeded'), world: carriedOut(here, next.operation).world };
      },
      { cluster: asked, world },
    );
    const on = ranToEnd(lost(stuck.cluster), stuck.world);
    expect(minors(on.world)).toEqual(three('1.36'));
    expect(versions(on.world)).toEqual(three('1.37.2'));
    expect(on.end).toMatchObject({ kind: 'settled', heldBack: { until: 'Soak' } });
    const back = ranToEnd(changedTo(lost(stuck.cluster), { version: OLD }), stuck.world);
    expect(versions(back.world)).toEqual(three('1.36.3'));
    expect(back.world.least).toBe(2);
  });
});

describe('without a soak', () => {
  const straight = ranToEnd(changedTo(before, { version: NEW, upgrade: { soakSeconds: 0, snapshot: 'None' } }), world);

  test('each replica serves as the new minor at once, and nothing is restarted', () => {
    expect(turns(straight).slice(0, 3)).toEqual(['UpgradeCluster 1/3', 'UpgradeCluster 2/3', 'UpgradeCluster 3/3']);
    expect(straight.operations.map(({ type }) => type)).not.toContain('CommitUpgrade');
    expect(minors(straight.world)).toEqual(three('1.37'));
    expect(straight.cluster.status?.revision?.version).toBe(NEW);
    expect(straight.operations.flatMap(idsOf).filter((id) => id === 'ensure upgrade-mark/committed')).toHaveLength(3);
    expect(straight.operations.flatMap(idsOf)).not.toContain('ensure snapshot/upgrade');
  });
});

describe('another version of the same programs', () => {
  const ran = ranToEnd(
    changedTo(living('1.16.9-gke.12'), { version: OLD }),
    worldOf(living('1.16.9-gke.12'), release('1.16.9-gke.12')),
  );

  test('comes in turns, without marks or a soak', () => {
    expect(turns(ran).slice(0, 3)).toEqual(['UpgradeCluster 1/3', 'UpgradeCluster 2/3', 'UpgradeCluster 3/3']);
    expect(ran.operations.flatMap(idsOf).filter((id) => id.includes('upgrade-mark'))).toEqual([]);
    expect(ran.cluster.status?.revision?.version).toBe(OLD);
    expect(ran.end.kind).toBe('settled');
  });
});

describe('a newer minor of etcd', () => {
  const cluster = living(NEW);
  const here = worldOf(cluster, release(NEW));
  const wanted = changedTo(cluster, { version: ETCD });

  test('comes by the same turns', () => {
    const ran = ranToEnd(wanted, here);
    expect(turns(ran).slice(0, 3)).toEqual(['UpgradeEtcd 1/3', 'UpgradeEtcd 2/3', 'UpgradeEtcd 3/3']);
    expect(ran.cluster.status?.revision).toMatchObject({ version: ETCD, etcd: '3.7.3' });
  });

  test('goes back as long as one of its members is of the old one, and not after', () => {
    const after = (done: number) => {
      let now = { cluster: wanted, world: here };
      for (let turn = 0; turn < done; turn += 1) {
        const next = assessed(now.cluster, now.world);
        if (next.kind !== 'operate') throw new Error(JSON.stringify(next));
        now = {
          cluster: told(now.cluster, next.operation, 'succeeded'),
          world: carriedOut(now.world, next.operation).world,
        };
      }
      return { ...now, cluster: changedTo(now.cluster, { version: NEW }) };
    };
    const { cluster: back, world: half } = after(2);
    expect(ranToEnd(back, half).cluster.status).toMatchObject({ revision: { etcd: '3.6.16' }, state: 'Provisioned' });
    const { cluster: late, world: all } = after(3);
    expect(assessed(late, all)).toMatchObject({
      kind: 'blocked',
      reason: expect.stringContaining('all replicas have the etcd 3.7.3'),
      cure: `set spec.controlPlane.version to ${ETCD}`,
    });
  });
});

describe('taken back at any boundary before the commit', () => {
  /** So many operations, of which the last breaks off before one of its steps. */
  const after = (operations: number, breaksAt: number): { readonly cluster: typeof asked; readonly world: World } => {
    let now = { cluster: asked, world };
    for (let number = 0; number < operations; number += 1) {
      const next = assessed(now.cluster, now.world);
      if (next.kind !== 'operate') return { ...now, cluster: settled(now.cluster, next) };
      const isLast = number === operations - 1;
      const done = carriedOut(now.world, next.operation, isLast ? breaksAt : undefined);
      now = { cluster: told(now.cluster, next.operation, isLast ? 'aborted' : 'succeeded'), world: done.world };
    }
    return now;
  };

  test.each(['the version before', 'an abort'] as const)(
    'all machines are of the version before, by %s, and nothing of the other is left',
    (how) => {
      for (let operations = 1; operations <= 4; operations += 1) {
        for (let breaksAt = 0; breaksAt <= 9; breaksAt += 1) {
          const { cluster, world: half } = after(operations, breaksAt);
          const back =
            how === 'an abort'
              ? returnedCluster(cluster, cluster.metadata.generation)
              : changedTo(cluster, { version: OLD });
          const ran = ranToEnd(back, half);
          expect(versions(ran.world)).toEqual(three('1.36.3'));
          expect(ran.world.serves).toEqual(three(true));
          expect(ran.world.least).toBeGreaterThanOrEqual(2);
          expect(ran.world.found.filter(({ key }) => key.includes(NEW))).toEqual([]);
          expect(ran.cluster.status).toMatchObject({ state: 'Provisioned', revision: { version: OLD } });
          expect(ran.cluster.status).not.toHaveProperty('upgrade');
        }
      }
    },
  );

  test('a machine that has left and was not ended gives way to one of the version before, and to no other', () => {
    // Template, group and order of its second turn: the machine of replica 1 serves nobody, and was to end next.
    const { cluster, world: half } = after(2, 4);
    expect(half.serves).toEqual([true, false, true]);
    const ran = ranToEnd(changedTo(cluster, { version: OLD }), half);
    expect(ran.world.ended).toEqual([0, 1, 0]);
    expect(ran.operations.map(({ type }) => type)).toEqual(['RepairCluster', 'UpgradeCluster', 'UpdateCluster']);
  });

  test('a turn that broke off so goes on as a turn', () => {
    const { cluster, world: half } = after(2, 4);
    const ran = ranToEnd(cluster, half);
    expect(ran.operations.map(({ type }) => type)).toEqual(['UpgradeCluster', 'UpgradeCluster']);
    expect(ran.world.ended).toEqual([0, 1, 2]);
  });
});

describe('broken off anywhere and looked at anew', () => {
  /** As the turn of this number broke off before its step of this number, and those before it came to their ends. */
  const brokenOff = (turn: number, step: number) => {
    let now = { cluster: asked, world };
    for (let number = 1; number <= turn; number += 1) {
      const next = assessed(now.cluster, now.world);
      if (next.kind !== 'operate') throw new Error(JSON.stringify(next));
      const breaksAt = number === turn ? step : undefined;
      const { world: after } = carriedOut(now.world, next.operation, breaksAt);
      now = {
        cluster: told(now.cluster, next.operation, breaksAt === undefined ? 'succeeded' : 'aborted'),
        world: after,
      };
    }
    return now;
  };

  test('it goes back from wherever it was, at once, by an abort as by the version before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(8), fc.boolean(), (turn, step, byAbort) => {
        const { cluster, world: half } = brokenOff(turn, step);
        const back = byAbort
          ? returnedCluster(cluster, cluster.metadata.generation)
          : changedTo(cluster, { version: OLD });
        const ran = ranToEnd(back, half);
        expect(versions(ran.world)).toEqual(three('1.36.3'));
        expect(ran.world.serves).toEqual(three(true));
        expect(ran.end).toMatchObject({ kind: 'settled' });
        expect(ran.end).not.toHaveProperty('rollout');
        expect(ran.world.least).toBeGreaterThanOrEqual(2);
      }),
      { numRuns: 60 },
    );
  });

  test('a machine that has left and was not ended gives way to one of the version before, and to no other', () => {
    // Template, group and order of its second turn: the machine of replica 1 serves nobody, and was to end next.
    const { cluster, world: half } = brokenOff(2, 4);
    expect(half.serves).toEqual([true, false, true]);
    const ran = ranToEnd(changedTo(cluster, { version: OLD }), half);
    expect(ran.world.ended).toEqual([0, 1, 0]);
    expect(ran.operations.map(({ type }) => type)).toEqual(['RepairCluster', 'UpgradeCluster', 'UpdateCluster']);
  });

  test('a turn that broke off so goes on as a turn', () => {
    const { cluster, world: half } = brokenOff(2, 4);
    const ran = ranToEnd(cluster, half);
    expect(ran.operations.map(({ type }) => type)).toEqual(['UpgradeCluster', 'UpgradeCluster']);
    expect(ran.world.ended).toEqual([0, 1, 2]);
  });

  test('it comes to the same end, and never are two replicas away at once', () => {
    const breaks = fc.array(fc.option(fc.nat(8), { nil: undefined }), { maxLength: 8 });
    fc.assert(
      fc.property(breaks, (where) => {
        const troubles = where.map((breaksAt) => (breaksAt === undefined ? {} : { breaksAt }));
        const soaked = ranToEnd(asked, world, {}, troubles);
        const ended = ranToEnd(soaked.cluster, soaked.world, { now: NOW + DAY }, troubles);
        expect(minors(ended.world)).toEqual(three('1.37'));
        expect(ended.world.least).toBe(2);
        expect(ended.cluster.status?.revision?.version).toBe(NEW);
      }),
      { numRuns: 40 },
    );
  });
});
