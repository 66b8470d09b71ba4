/** A control plane whose machines are to be others: one replica in each turn, whatever comes between. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AWSCluster } from '../../api/cluster.ts';
import { releaseInFormat } from '../../api/releases.ts';
import type { OperationInput } from '../../policy/assessment.ts';
import { conditionOf } from '../../policy/conditions.ts';
import { release } from '../topology/objects.ts';
import {
  assessed,
  carriedOut,
  changedTo,
  liveCluster,
  machineOf,
  madeOf,
  type Ran,
  ranToEnd,
  relaunched,
  serving,
  settled,
  type Trouble,
  told,
  type World,
  worldOf,
} from './replica-world.ts';

const before = liveCluster();
const world = worldOf(before);
const LARGER = { instanceType: 'm5.large' };
const larger = changedTo(before, LARGER);
const WANTED = [0, 1, 2].map((index) => madeOf(worldOf(larger), index));

const idsOf = ({ plan }: OperationInput): readonly string[] => plan.steps.map(({ id }) => id);
const turns = ({ operations }: Ran) => operations.map(({ type, turn }) => `${type} ${turn?.number}/${turn?.of}`);
const kindsIn = (here: World): readonly string[] => [0, 1, 2].map((index) => madeOf(here, index));
const template = (index: number): string => `ensure launch-template/controlplane-${index}/1.16.9-gke.12`;

describe('another instance type', () => {
  const ran = ranToEnd(larger, world);

  test('replaces each machine once, one in a turn, while the others serve', () => {
    expect(turns(ran)).toEqual(['UpdateCluster 1/3', 'UpdateCluster 2/3', 'UpdateCluster 3/3']);
    expect(ran.world.ended).toEqual([0, 1, 2]);
    expect(ran.world.least).toBe(2);
    expect(kindsIn(ran.world)).toEqual(WANTED);
    expect(ran.end.kind).toBe('settled');
  });

  test('takes this in a turn: its own template and group, then its machine leaves and ends, and the other serves', () => {
    expect(ran.operations.map(idsOf)[1]).toEqual([
      'ensure preflight',
      template(1),
      'ensure auto-scaling-group/controlplane-1',
      'ensure order/controlplane-1/leave',
      'remove instance/controlplane-1',
      'wait replica/1',
    ]);
    const [wait] = ran.operations.flatMap(({ plan }) => plan.steps.filter(({ id }) => id === 'wait replica/1'));
    expect(wait?.resource.properties).toMatchObject({ looks: 3, former: machineOf(world, 1).id });
  });

  test('has a machine that was told to leave serve again where somebody aborts the turn before it ends', () => {
    const undo = ran.operations.map(({ plan }) => plan.undo?.map(({ id, resource }) => [id, resource.properties]));
    expect(undo[1]).toEqual([
      [
        'ensure order/controlplane-1/restart',
        expect.objectContaining({ verb: 'restart', instanceId: machineOf(world, 1).id, afterLeave: true }),
      ],
    ]);
  });

  test('is one change for who watches: Updating once, Ready all the time, one entry among the operations', () => {
    expect(ran.states).toEqual(['Provisioned', 'Updating', 'Provisioned']);
    expect(ran.cluster.status?.operations).toMatchObject([{ type: 'UpdateCluster', state: 'succeeded' }]);
    expect(ran.cluster.status).not.toHaveProperty('rollout');
    expect(ran.cluster.status?.observedGeneration).toBe(larger.metadata.generation);
    expect(conditionOf(ran.cluster, 'ChangesPending')).toBeUndefined();
  });

  test('asked for again changes nothing', () => {
    expect(assessed(ran.cluster, ran.world)).toMatchObject({ kind: 'settled' });
  });

  test('leaves those alone that came to be of that type by themselves', () => {
    const first = assessed(larger, world);
    if (first.kind !== 'operate') throw new Error(JSON.stringify(first));
    const half = carriedOut(world, first.operation).world;
    const died = relaunched(half, 0);
    const rest = ranToEnd(told(larger, first.operation, 'succeeded'), died);
    expect(rest.world.ended).toEqual([0, 1, 2]);
    expect(turns(rest)).toEqual(['UpdateCluster 2/3', 'UpdateCluster 3/3']);
  });
});

describe('what is changed beside it in place', () => {
  test('comes first, and counts as a turn of the same change', () => {
    const ran = ranToEnd(changedTo(before, { ...LARGER, securityGroupIDs: [] }), world);
    expect(turns(ran)).toEqual([1, 2, 3, 4].map((turn) => `UpdateCluster ${turn}/4`));
    expect(idsOf(ran.operations[0] as OperationInput)).toEqual([
      'ensure preflight',
      'ensure network-interface/0',
      'ensure network-interface/1',
      'ensure network-interface/2',
    ]);
    expect(ran.states).toEqual(['Provisioned', 'Updating', 'Provisioned']);
  });

  test('takes no turn where it is all', () => {
    const ran = ranToEnd(changedTo(before, { tags: { team: 'platform' } }), world);
    expect(ran.operations.map(({ turn }) => turn)).toEqual([undefined]);
    expect(ran.world.ended).toEqual([]);
  });
});

describe('which replica is next', () => {
  test('is the one that does not serve, which need not leave', () => {
    const ran = ranToEnd(larger, serving(world, 1, false));
    expect(ran.world.ended).toEqual([1, 0, 2]);
    expect(idsOf(ran.operations[0] as OperationInput)).not.toContain('ensure order/controlplane-1/leave');
    expect(
      ran.operations[0]?.plan.steps.find(({ id }) => id === 'remove instance/controlplane-1')?.resource.properties,
    ).toMatchObject({ onlyUnhealthy: true });
  });

  test('is none while another one that is as it should be does not serve, and who waits for it is told', () => {
    const first = assessed(larger, world);
    if (first.kind !== 'operate') throw new Error(JSON.stringify(first));
    const half = serving(carriedOut(world, first.operation).world, 0, false);
    const between = assessed(told(larger, first.operation, 'succeeded'), half);
    expect(between).toMatchObject({ kind: 'settled', rollout: 'UpdateCluster' });
    expect(between).toHaveProperty('lookAgainSeconds');
    const shown = settled(told(larger, first.operation, 'succeeded'), between);
    expect(shown.status).toMatchObject({ state: 'Updating', rollout: { turn: 1, of: 3 } });
    expect(conditionOf(shown, 'Reconciling')?.message).toMatch(
      /replica 0 \(i-1\) must serve before replica 1 \(\S+\) may be replaced, or etcd would lose its quorum/,
    );
  });

  test('is none while nobody knows which revision runs', () => {
    const { revision: _, ...status } = larger.status ?? {};
    expect(assessed({ ...larger, status } as AWSCluster, world)).toMatchObject({ kind: 'settled' });
  });
});

describe('a status that lost which revision runs', () => {
  const earlier = releaseInFormat({ version: release().version, format: 2 });
  if (earlier === undefined) throw new Error('The catalogue lost a revision.');
  const { revision: _, ...status } = before.status ?? {};
  const old = worldOf(before, earlier);

  test('is told by what the machines were made from, and none of them is replaced for it', () => {
    const lost = { ...before, status } as AWSCluster;
    const looked = assessed(lost, old);
    expect(looked).toMatchObject({
      kind: 'settled',
      recalled: { revision: { version: before.spec.controlPlane.version, format: 2 } },
    });
    const told = ranToEnd(settled(lost, looked), old);
    expect(told.operations).toEqual([]);
  });
});

describe('a machine of the new kind that never serves', () => {
  const stuck = ranToEnd(larger, { ...world, broken: true });

  test('is waited for, and no other machine is touched', () => {
    expect(stuck.end).toEqual({ kind: 'stuck', step: 'wait replica/0' });
    expect(stuck.world.ended).toEqual([0]);
    expect(stuck.world.least).toBe(2);
    expect([1, 2].map((index) => madeOf(stuck.world, index))).toEqual([1, 2].map((index) => madeOf(world, index)));
  });

  const taken = changedTo(stuck.cluster, { instanceType: before.spec.controlPlane.instanceType });
  const { broken: _, ...mended } = stuck.world;

  test('gives way to one of the old kind where the change is taken back, and the others stay', () => {
    const back = ranToEnd(taken, mended);
    expect(back.world.ended).toEqual([0, 0]);
    expect(kindsIn(back.world)).toEqual(kindsIn(world));
    expect(back.end.kind).toBe('settled');
    expect(back.cluster.status?.state).toBe('Provisioned');
  });

  test('is repaired with what the spec asks for by then, and not with what never served', () => {
    const since = new Date(Date.parse('2026-08-01T09:00:00Z')).toISOString();
    const instanceID = machineOf(stuck.world, 0).id;
    const waited = {
      ...taken,
      status: { ...taken.status, unhealthyReplicas: [{ index: 0, instanceID, since, message: 'it does not serve' }] },
    } as AWSCluster;
    const repair = assessed(waited, mended);
    expect(repair).toMatchObject({ kind: 'operate', operation: { type: 'RepairCluster' } });
    expect(repair.kind === 'operate' ? idsOf(repair.operation) : []).toContain(template(0));
  });
});

describe('a change that is taken back before its machine has ended', () => {
  test('has the template say what the machine is, and replaces none', () => {
    const first = assessed(larger, world);
    if (first.kind !== 'operate') throw new Error(JSON.stringify(first));
    const begun = carriedOut(world, first.operation, 3).world;
    const back = ranToEnd(
      changedTo(told(larger, first.operation, 'superseded'), { instanceType: before.spec.controlPlane.instanceType }),
      begun,
    );
    expect(back.world.ended).toEqual([]);
    expect(kindsIn(relaunched(back.world, 0))).toEqual(kindsIn(world));
    expect(back.end.kind).toBe('settled');
    expect(conditionOf(back.cluster, 'ChangesPending')).toBeUndefined();
  });
});

describe('an update policy', () => {
  const manual = liveCluster({}, { updatePolicy: { mode: 'Manual' } });
  const asked = changedTo(manual, LARGER);
  const held = assessed(asked, world);

  test('holds turns back, and says for how many machines and how to let them begin', () => {
    expect(held).toMatchObject({ kind: 'settled', heldBack: { type: 'UpdateCluster', until: 'Manual' } });
    const shown = settled(asked, held);
    expect(shown.status?.state).toBe('Provisioned');
    expect(conditionOf(shown, 'ChangesPending')).toMatchObject({
      reason: 'WaitsForWord',
      message: expect.stringMatching(/^3 machines wait to be replaced until .* operations resume cluster cluster-0/),
    });
  });

  test('is done with by a word, which holds until the last turn', () => {
    const target = held.kind === 'settled' ? held.heldBack?.target : undefined;
    const first = assessed(asked, world, { released: target ?? '' });
    if (first.kind !== 'operate') throw new Error(JSON.stringify(first));
    expect(first.operation.turn).toMatchObject({ number: 1, of: 3, released: target });
    // The entity's memory is lost with Temporal's data.
    const rest = ranToEnd(told(asked, first.operation, 'succeeded'), carriedOut(world, first.operation).world);
    expect(kindsIn(rest.world)).toEqual(WANTED);
  });

  test('does not hold back what is changed in place, nor a turn that has begun', () => {
    const both = changedTo(manual, { ...LARGER, securityGroupIDs: [] });
    const ran = ranToEnd(both, world);
    expect(ran.operations.map(({ type, turn }) => [type, turn])).toEqual([['UpdateCluster', undefined]]);
    expect(ran.end).toMatchObject({ kind: 'settled', heldBack: {} });
    const first = assessed(larger, world);
    if (first.kind !== 'operate') throw new Error(JSON.stringify(first));
    const begun = carriedOut(world, first.operation, 3).world;
    const ended = ranToEnd(told(asked, first.operation, 'superseded'), begun);
    expect(ended.world.ended).toEqual([0]);
    expect(ended.end).toMatchObject({ kind: 'settled', heldBack: { type: 'UpdateCluster' } });
  });
});

/** What may come before an operation: a machine dies and AWS replaces it, one hangs, one gets well; or it breaks off at some step. */
const troubles: fc.Arbitrary<readonly Trouble[]> = fc.array(
  fc.record(
    {
      breaksAt: fc.integer({ min: 0, max: 6 }),
      happens: fc.tuple(fc.constantFrom('dies', 'nothing'), fc.integer({ min: 0, max: 2 })).map(
        ([what, index]) =>
          (here: World): World =>
            what === 'dies' && here.serves.every((one) => one) ? relaunched(here, index) : here,
      ),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 12 },
);

test('whatever comes between, quorum is kept, no machine of the wanted kind is ended, and all are of it in the end', () => {
  fc.assert(
    fc.property(
      troubles,
      fc.constantFrom(LARGER, { ...LARGER, securityGroupIDs: [] }, { keyName: 'other' }),
      (all, change) => {
        const asked = changedTo(before, change);
        const ran = ranToEnd(asked, world, {}, all);
        expect(ran.world.least).toBeGreaterThanOrEqual(2);
        expect(new Set(ran.world.ended).size).toBe(ran.world.ended.length);
        expect(kindsIn(ran.world)).toEqual([0, 1, 2].map((index) => madeOf(worldOf(asked), index)));
        expect(ran.world.serves).toEqual([true, true, true]);
        expect(ran.cluster.status?.state).toBe('Provisioned');
        expect(ran.cluster.status).not.toHaveProperty('rollout');
        expect(ran.states.filter((state) => state === 'Updating')).toHaveLength(1);
      },
    ),
    { numRuns: 25 },
  );
});
