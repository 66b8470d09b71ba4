/** When what belongs to no object may be removed, and by which plan. */
import { describe, expect, test } from '@jest/globals';
import { clusterIdOf } from '../../api/names.ts';
import type { Found } from '../../kinds/resource.ts';
import { observed } from '../../kinds/resource.ts';
import type { LivingOwner } from '../../policy/adoption.ts';
import { planEnsure } from '../../policy/ensure.ts';
import type { OrphanedCluster } from '../../policy/orphans.ts';
import { judgeRemoval, planRemoval } from '../../policy/remove-orphans.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { CLUSTER_UID, release, seedCluster } from '../topology/objects.ts';
import { carryOut, EMPTY, inventoryOf } from './account.ts';

const ID = clusterIdOf(CLUSTER_UID);
const OBJECT = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID } as const;
const LOST = { object: OBJECT, clusterId: ID };

const group = {
  kind: 'security-group',
  id: 'sg-1',
  clusterId: ID,
  billed: 'no',
  uid: CLUSTER_UID,
  key: 'security-group/controlplane',
  madeFor: 'default/cluster-0',
} as const;
const orphaned = (changes: Partial<OrphanedCluster> = {}): readonly OrphanedCluster[] => [
  { clusterId: ID, madeFor: ['default/cluster-0'], adopters: [], things: [group], ...changes },
];
const owner = (uid: string, ownerUid = uid): LivingOwner => ({
  namespace: 'default',
  name: 'cluster-0',
  uid,
  ownerUid,
});

const made = carryOut(
  planEnsure(clusterTopology(seedCluster(), release()), EMPTY, { fresh: true, provisioned: false, live: false }).plan,
  EMPTY,
).filter(({ key }) => key !== 'finalizer');
const planned = (found: readonly Found[] = made, id?: string) =>
  planRemoval({ clusterId: ID, ...(id === undefined ? {} : { id }) }, LOST, inventoryOf(found), 120);
const stepsOf = (plan: ReturnType<typeof planned>) => ('refused' in plan ? [] : plan.steps);

describe('a removal of what belongs to no object', () => {
  test('is of the object that it was made for, by the uid from which its id follows', () => {
    expect(judgeRemoval({ clusterId: ID }, orphaned(), [])).toEqual(LOST);
  });

  test.each<[string, ReturnType<typeof judgeRemoval>, string]>([
    ['no id is named', judgeRemoval({ clusterId: 'gke-*' }, orphaned(), []), 'is no cluster’s id'],
    [
      'an object of that uid lives',
      judgeRemoval({ clusterId: ID }, orphaned(), [owner(CLUSTER_UID)]),
      'is there and owns',
    ],
    [
      'an object lives that adopted it',
      judgeRemoval({ clusterId: ID }, orphaned(), [owner('u-new', CLUSTER_UID)]),
      'is there and owns',
    ],
    ['nothing is left of it', judgeRemoval({ clusterId: ID }, [], []), 'belongs to no object'],
    [
      'another object has adopted it',
      judgeRemoval({ clusterId: ID }, orphaned({ adopters: ['u-9'] }), []),
      'uid u-9 has adopted it',
    ],
    [
      'its id follows from no uid that it carries',
      judgeRemoval({ clusterId: ID }, orphaned({ things: [{ ...group, uid: 'u-other' }] }), []),
      'somebody changed its tags',
    ],
    [
      'nothing says for which object it was made',
      judgeRemoval({ clusterId: ID }, orphaned({ things: [{ ...group, madeFor: '' }] }), []),
      'slipway.dev/object',
    ],
  ])('is refused where %s', (_, judged, says) => {
    expect(judged).toEqual({ refused: expect.stringContaining(says.replace('’', "'")) });
  });

  test('goes in reverse as a deletion does, proves that nothing is left, and is about no object', () => {
    const steps = stepsOf(planned());
    const ids = steps.map(({ id }) => id);
    expect(ids.filter((id) => /finalizer|node-pools/.test(id))).toEqual([]);
    expect(ids.indexOf('remove security-group/controlplane')).toBeGreaterThan(
      ids.indexOf('remove auto-scaling-group/controlplane-0'),
    );
    expect(ids.slice(-2)).toEqual(['wait account/empty', 'wait account/settled']);
    expect(steps.flatMap(({ needs }) => needs).filter((need) => !ids.includes(need))).toEqual([]);
  });

  test('of one thing takes that one, and nothing else', () => {
    expect(stepsOf(planned(made, 'vol-etcd-volume-1'))).toMatchObject([{ id: 'remove etcd-volume/1', needs: [] }]);
  });

  test('is refused for what goes with something else, and while node pools are there', () => {
    expect(planned(made, 'i-1')).toEqual({ refused: expect.stringContaining('it goes with what it belongs to') });
    const pools = observed('node-pools', 'node-pools/all', {}, { names: ['pool-0'], poolIds: ['0a1b2c3d'] });
    expect(planned([...made, pools])).toEqual({ refused: expect.stringContaining('delete them first') });
  });
});
