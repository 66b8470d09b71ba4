/** An object gets what another one made: by which proof, what is done about it, and who acts where two own the same. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AWSCluster } from '../../api/cluster.ts';
import { clusterIdOf, FINALIZER, nodePoolIdOf } from '../../api/names.ts';
import { adoptionAskedBy, clusterIdFor } from '../../api/ownership.ts';
import { type Found, observed } from '../../kinds/resource.ts';
import { adopting, judgeHeld, type LivingOwner, proveAdoption } from '../../policy/adoption.ts';
import type { Assessment } from '../../policy/assessment.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { statusOf } from '../../policy/status.ts';
import type { StoredObject } from '../../policy/views.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { CLUSTER_UID, DELETING, POOL_UID, release, seedCluster, seedPool } from '../topology/objects.ts';
import { carryOut, EMPTY, inventoryOf } from './account.ts';
import { decisionAbout } from './decisions.ts';
import { done, OBJECT, OWNER, step, T0, view } from './operation-views.ts';

const NEW_UID = '2c1e7a30-5d0f-4a55-9d0e-000000000002';
const ID = clusterIdOf(CLUSTER_UID);
const POOL_ID = nodePoolIdOf(POOL_UID);

const applied = (metadata: object = {}, more: object = {}): AWSCluster =>
  seedCluster({
    metadata: { uid: NEW_UID, annotations: { 'slipway.dev/adopt': ID }, ...metadata },
    ...more,
  });

type Carried = { readonly uid?: string; readonly madeFor?: string; readonly adopter?: string };
const isStanding = ({ kind }: Found): boolean => kind === 'security-group' || kind === 'launch-template';
const carrying = (found: readonly Found[], carried: Carried): readonly Found[] =>
  found.map((one) => (isStanding(one) ? { ...one, ...carried } : one));

const topology = clusterTopology(seedCluster(), release());
const made = carryOut(planEnsure(topology, EMPTY, { fresh: true, provisioned: false, live: false }).plan, EMPTY).filter(
  ({ key }) => key !== 'finalizer',
);
/** What was left of the cluster whose object is gone, its Secrets among it. */
const left = carrying(made, { uid: CLUSTER_UID, madeFor: 'default/cluster-0' });
const poolThings = [
  observed(
    'launch-template',
    `launch-template/nodepool-${POOL_ID}/1`,
    { id: 'lt-pool', version: '1' },
    { name: 'n', fingerprint: 'f' },
    { uid: POOL_UID, madeFor: 'default/cluster-0-pool-0' },
  ),
];

const proof = (
  object: StoredObject = applied(),
  found: readonly Found[] = left,
  { asked = adoptionAskedBy(object) ?? '', living = [] }: { asked?: string; living?: readonly LivingOwner[] } = {},
) => proveAdoption(object, { asked, inventory: inventoryOf(found), living });

/** What is decided about it once the proof is there, as a look does. */
const look = (object: AWSCluster, found: readonly Found[], adopts = true): Assessment =>
  decisionAbout(object, inventoryOf(found), {
    requested: { ...OBJECT, uid: NEW_UID },
    ...(adopts ? { adopts: true as const } : {}),
  });
const proven = (object = applied()) => adopting(object, CLUSTER_UID);
const stepsOf = (assessment: Assessment) => (assessment.kind === 'operate' ? assessment.operation.plan.steps : []);

describe('what an object asks to adopt', () => {
  test('is what its annotation names, until it has adopted it', () => {
    expect(adoptionAskedBy(applied())).toBe(ID);
    expect(adoptionAskedBy(seedCluster())).toBeUndefined();
    expect(adoptionAskedBy(proven())).toBeUndefined();
    expect(clusterIdFor(proven())).toBe(ID);
  });

  test('is nothing where it has made that itself: the same manifest is applied to where it came from', () => {
    expect(adoptionAskedBy(seedCluster({ metadata: { annotations: { 'slipway.dev/adopt': ID } } }))).toBeUndefined();
  });

  test('is its own by the tags of what is there', () => {
    expect(proof()).toEqual({ uid: CLUSTER_UID });
    const pool = seedPool({ metadata: { uid: 'u-9', annotations: { 'slipway.dev/adopt': POOL_ID } } });
    expect(proof(pool, [...left, ...poolThings])).toEqual({ uid: POOL_UID });
  });

  const OTHER_ID = clusterIdOf('u-other');
  const owner = { namespace: 'default', name: 'old', uid: CLUSTER_UID, ownerUid: CLUSTER_UID };
  test.each<[string, ReturnType<typeof proof>, string]>([
    ['the annotation names no id', proof(applied(), left, { asked: 'cluster-0' }), 'it takes the id of a cluster'],
    [
      'it is of another namespace',
      proof(applied({ namespace: 'prod' })),
      'made for default/cluster-0, and this is prod/',
    ],
    ['it has another name', proof(applied({ name: 'cluster-1' })), 'and this is default/cluster-1'],
    [
      'tags carry the uid of another cluster',
      proof(applied(), carrying(left, { uid: 'u-other' })),
      'somebody changed its tags',
    ],
    [
      'tags carry more than one uid',
      proof(
        applied(),
        [...left.slice(0, -1), ...carrying(poolThings, { uid: 'u-2' }), ...left.slice(-1)].map((one) =>
          one.key.startsWith('launch-template/nodepool') ? { ...one, key: 'launch-template/controlplane-9/1' } : one,
        ),
      ),
      'the id follows from one uid only',
    ],
    [
      'this account and region have nothing of it',
      proof(applied(), EMPTY),
      'account 0123456789012 has nothing in eu-west-1',
    ],
    ['the object of that uid is there', proof(applied(), left, { living: [owner] }), 'AWSCluster default/old'],
    [
      'another object has adopted it here',
      proof(applied(), left, { living: [{ ...owner, uid: 'u-3' }] }),
      'AWSCluster default/old (uid u-3) owns',
    ],
    [
      'it has a cluster of its own by now',
      proof(applied({}, { status: { clusterID: OTHER_ID, aws: { account: '1', region: 'eu-west-1' } } })),
      `it has ${OTHER_ID} of its own`,
    ],
    [
      'nothing says for which object it was made',
      proof(
        applied(),
        made.map((one) => (isStanding(one) ? { ...one, uid: CLUSTER_UID } : one)),
      ),
      'an earlier release made it',
    ],
    [
      'nothing is of that node pool',
      proof(seedPool({ metadata: { uid: 'u-9' } }), left, { asked: POOL_ID }),
      'of node pool',
    ],
  ])('is refused where %s, with what to do', (_, answer, says) => {
    expect(answer).toMatchObject({ refused: { kind: 'blocked', reason: expect.stringContaining(says) } });
    expect('refused' in answer && answer.refused.cure).not.toBe('');
  });
});

describe('a cluster that is adopted', () => {
  const [first, second, ...others] = stepsOf(look(proven(), left));

  test('begins by its finalizer and the tag of ownership, before everything else', () => {
    expect([first?.id, second?.id]).toEqual(['ensure finalizer', 'ensure adoption']);
    expect(second).toMatchObject({ needs: ['ensure finalizer'], resource: { properties: { adopter: NEW_UID } } });
    expect(others.filter(({ needs }) => !needs.includes('ensure adoption'))).toEqual([]);
  });

  test('owns things by the uid of their tags, and finds all of them in place', () => {
    expect(look(proven(), left)).toMatchObject({ operation: { owner: { uid: CLUSTER_UID, clusterId: ID } } });
    const madeAnew = others.filter(
      (one) =>
        one.verb === 'ensure' &&
        one.found === undefined &&
        ['security-group', 'etcd-volume'].includes(one.resource.kind),
    );
    expect(madeAnew).toEqual([]);
  });

  test('is looked at once more, whatever else is to be done', () => {
    expect(look(proven(), left)).not.toHaveProperty('operation.settles');
  });

  test('is at rest once it says so, and its status is told whose things it has', () => {
    const claimed = carrying([...left, observed('finalizer', 'finalizer', {}, {})], { adopter: NEW_UID });
    const provisioned = adopting(applied({}, { status: { state: 'Provisioned', observedGeneration: 1 } }), CLUSTER_UID);
    expect(look(provisioned, claimed)).toMatchObject({
      kind: 'settled',
      recalled: { adopted: { uid: CLUSTER_UID }, established: true },
    });
  });

  test('is not touched before all of its Secrets are there, and they are named', () => {
    const without = left.filter(({ key }) => key !== 'secret/root-ca' && key !== 'secret/ssh-key');
    const assessment = look(proven(), without);
    expect(assessment).toMatchObject({
      kind: 'blocked',
      reason: expect.stringContaining(`${ID}-root-ca, ${ID}-ssh-key`),
    });
  });

  test('is deleted by what carries that uid, after it has said that it is its own', () => {
    const [adoption, ...removal] = stepsOf(look(proven(applied({ ...DELETING })), left));
    expect(adoption?.id).toBe('ensure adoption');
    expect(removal.map(({ id }) => id)).toContain('remove etcd-volume/0');
    expect(removal.filter(({ needs }) => !needs.includes('ensure adoption'))).toEqual([]);
  });

  test('has its status say so only once the tag is there', () => {
    const written = (state: Parameters<typeof step>[1]) =>
      statusOf(
        {
          object: { ...OBJECT, uid: NEW_UID },
          owner: OWNER,
          generation: 1,
          events: [],
          subject: { kind: 'operation', operation: view([step('ensure adoption', state)]) },
        },
        applied(),
        T0,
      );
    expect(written({ state: 'pending' })).not.toHaveProperty('adopted');
    expect(written({ state: 'pending' })).toMatchObject({ clusterID: ID });
    expect(written(done)).toMatchObject({ adopted: { uid: CLUSTER_UID } });
  });

  test('has no id in its status while that is not proven', () => {
    const subject = { kind: 'blocked', reason: 'r', cure: 'c' } as const;
    const status = statusOf({ object: OBJECT, generation: 1, events: [], subject }, applied(), T0);
    expect(status).not.toHaveProperty('clusterID');
  });
});

describe('of two objects that own the same', () => {
  const claimed = carrying(left, { adopter: NEW_UID });

  test.each<[string, object]>([
    ['lives', { finalizers: [FINALIZER] }],
    ['is deleted', DELETING],
  ])('the one whose things another has adopted only looks, and says why, where it %s', (_, metadata) => {
    const status = { state: 'Provisioned', established: true };
    expect(decisionAbout(seedCluster({ metadata, status }), inventoryOf(claimed))).toMatchObject({
      kind: 'blocked',
      reason: expect.stringContaining(`uid ${NEW_UID} has adopted`),
      cure: expect.stringContaining('removes nothing in AWS'),
    });
  });

  test('one acts at most, whoever adopts in whatever order, and none takes them twice', () => {
    type Owner = { readonly uid: string; readonly adopted: boolean };
    const object = ({ uid, adopted }: Owner) => {
      const its = applied({ uid });
      return uid === CLUSTER_UID ? its : adopted ? adopting(its, CLUSTER_UID) : its;
    };
    fc.assert(
      fc.property(fc.array(fc.constantFrom('b', 'c'), { maxLength: 8 }), (order) => {
        let tag: string | undefined;
        const owners = new Map(['b', 'c'].map((uid) => [uid, { uid, adopted: false }]));
        for (const uid of order) {
          const owner = owners.get(uid) ?? { uid, adopted: false };
          const found = carrying(left, tag === undefined ? {} : { adopter: tag });
          const held = judgeHeld(adopting(object(owner), CLUSTER_UID), found, !owner.adopted);
          if (held !== undefined) continue;
          tag = uid;
          owners.set(uid, { uid, adopted: true });
        }
        const now = carrying(left, tag === undefined ? {} : { adopter: tag });
        const all = [{ uid: CLUSTER_UID, adopted: true }, ...owners.values()].filter(({ adopted }) => adopted);
        const acting = all.filter((owner) => judgeHeld(object(owner), now, false) === undefined);
        expect(acting).toHaveLength(1);
        expect(acting[0]?.uid).toBe(order.length === 0 ? CLUSTER_UID : [...new Set(order)].at(-1));
      }),
    );
  });

  test('what was adopted counts no longer where its tags name another object', () => {
    const found = carrying(left, { adopter: NEW_UID, madeFor: 'default/other' });
    expect(judgeHeld(proven(), found, false)).toMatchObject({
      reason: expect.stringContaining('made for default/other'),
    });
  });
});
