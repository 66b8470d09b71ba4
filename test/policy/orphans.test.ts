/** What belongs to no object: by uid, whoever has which name; and how each is paid for. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clusterIdOf } from '../../api/names.ts';
import type { LivingOwner } from '../../policy/adoption.ts';
import { BILLED, OWNED_KINDS, type OwnedThing, orphansAmong } from '../../policy/orphans.ts';

const owner = (uid: string, ownerUid = uid): LivingOwner => ({
  namespace: 'default',
  name: `of-${uid}`,
  uid,
  ownerUid,
});
const thing = (id: string, uid: string | undefined, of: string, more: Partial<OwnedThing> = {}): OwnedThing => ({
  ...{ kind: 'volume', id, clusterId: clusterIdOf(of) },
  ...(uid === undefined ? {} : { uid }),
  ...more,
});
const idsOf = (...asked: Parameters<typeof orphansAmong>) =>
  orphansAmong(...asked).map(({ clusterId, things }) => [clusterId, ...things.map(({ id }) => id)]);

describe('an orphan', () => {
  const cluster = owner('u-cluster');
  const pool = owner('u-pool');

  test('carries the uid of no object that is there', () => {
    const things = [thing('vol-1', 'u-cluster', 'u-cluster'), thing('vol-2', 'u-gone', 'u-gone')];
    expect(idsOf(things, [cluster, pool], [cluster])).toEqual([[clusterIdOf('u-gone'), 'vol-2']]);
  });

  test('may be a node pool’s whose cluster is there', () => {
    const things = [thing('vol-1', 'u-pool', 'u-cluster'), thing('vol-2', 'u-gone-pool', 'u-cluster')];
    expect(idsOf(things, [cluster, pool], [cluster])).toEqual([[clusterIdOf('u-cluster'), 'vol-2']]);
  });

  test('is nothing that an object has adopted', () => {
    const adopted = owner('u-new', 'u-cluster');
    expect(idsOf([thing('vol-1', 'u-cluster', 'u-cluster')], [adopted], [adopted])).toEqual([]);
  });

  test('without a uid is one only where its cluster is gone', () => {
    const things = [thing('vol-1', undefined, 'u-cluster'), thing('vol-2', undefined, 'u-gone')];
    expect(idsOf(things, [cluster], [cluster])).toEqual([[clusterIdOf('u-gone'), 'vol-2']]);
  });

  test('says for whom it was made, who adopted it elsewhere, and how it is billed', () => {
    const [one] = orphansAmong(
      [
        thing('vol-1', 'u-1', 'u-1'),
        thing('sg-1', 'u-1', 'u-1', { kind: 'security-group', madeFor: 'default/a', adopter: 'u-9' }),
      ],
      [],
      [],
    );
    expect(one).toMatchObject({
      madeFor: ['default/a'],
      adopters: ['u-9'],
      things: [
        { id: 'sg-1', billed: 'no' },
        { id: 'vol-1', billed: 'by its size' },
      ],
    });
  });

  test('is named once, and in the same order, however AWS lists', () => {
    const any = fc.uniqueArray(
      fc.record({
        kind: fc.constantFrom(...OWNED_KINDS),
        id: fc.constantFrom('a', 'b', 'c'),
        clusterId: fc.constantFrom('gke-00000001', 'gke-00000002'),
        uid: fc.constantFrom('u-1', 'u-2', 'u-cluster'),
      }),
      { selector: ({ kind, id }) => `${kind} ${id}` },
    );
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom('u-1', 'u-2', 'u-cluster')), any, (uids, things) => {
        const living = uids.map((uid) => owner(uid));
        const found = orphansAmong(things, living, []);
        expect(orphansAmong([...things].reverse(), living, [])).toEqual(found);
        expect(found.flatMap((one) => one.things)).toHaveLength(things.filter(({ uid }) => !uids.includes(uid)).length);
      }),
    );
  });

  test('has a class of price, whatever it is', () => {
    expect(Object.keys(BILLED).sort()).toEqual([...OWNED_KINDS]);
  });
});
