/** What people reported elsewhere of objects that were told wrongly of, or stuck with each other, tried on what is decided here. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AWSNodePool } from '../../api/nodepool.ts';
import type { ObjectRef } from '../../api/object.ts';
import { ingressRuleId, securityGroupRules } from '../../kinds/security-group-rules.ts';
import { decideNodePool, decideNodePoolEarly } from '../../policy/decide-nodepool.ts';
import type { NodePoolFacts } from '../../policy/facts.ts';
import { next } from '../../workflows/entity-life.ts';
import { begin, type EntityEvent } from '../../workflows/entity-states.ts';
import { EMPTY, inventoryOf } from '../policy/account.ts';
import { blockedBy, done, ID, T0 } from '../policy/operation-views.ts';
import { after, created, KINDS, operating, over, provisioned, typeFor } from '../policy/states.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { ACCOUNT, DELETING, POOL_UID, REGION, seedCluster, seedPool } from '../topology/objects.ts';
import { operationOf, planOf, securityGroup, stepOf } from '../workflows/builders.ts';

const POOL: ObjectRef = { kind: 'AWSNodePool', namespace: 'default', name: 'cluster-0-pool-0', uid: POOL_UID };

const factsOf = (object: AWSNodePool, cluster: NodePoolFacts['cluster']): NodePoolFacts => ({
  requested: POOL,
  worker: { account: ACCOUNT, regions: [REGION] },
  entityId: 'entity',
  settleSeconds: 120,
  now: 0,
  object,
  cluster,
  inventory: inventoryOf(EMPTY),
});

describe('a cluster and its node pools that are deleted at the same moment', () => {
  const status = { clusterID: ID, aws: { account: ACCOUNT, region: REGION } };

  // https://github.com/kubernetes-sigs/cluster-api-provider-aws/issues/5107: the cluster was gone first, and machines needed it
  test.each([
    ['is gone', null],
    ['is going', seedCluster({ metadata: DELETING })],
    ['is another one by now', seedCluster({ metadata: { uid: '2c1e7a30-5d0f-4a55-9d0e-0000000000ff' } })],
    ['stays', seedCluster()],
  ])('leave no pool behind, even where the cluster %s', (_what, cluster) => {
    const pool = seedPool({ metadata: DELETING, status });
    expect(decideNodePoolEarly(factsOf(pool, cluster))).toBeUndefined();
    expect(decideNodePool(factsOf(pool, cluster))).toMatchObject({
      kind: 'operate',
      operation: { type: 'DeleteNodePool', owner: { clusterId: ID } },
    });
  });

  test('let a pool go that never had a cluster', () => {
    expect(decideNodePool(factsOf(seedPool({ metadata: DELETING }), null))).toMatchObject({
      kind: 'operate',
      operation: { type: 'DeleteNodePool' },
    });
  });
});

describe.each(KINDS)('an %s that is well again', (kind) => {
  // https://github.com/aws-controllers-k8s/community/issues/2992: the error of before stayed in the conditions
  test('says nothing any more of what was wrong', () => {
    const create = typeFor(kind, 'Create');
    const stuck = after(created(kind), operating(create, {}, blockedBy('blocked')));
    expect(stuck.status?.lastErrors).toHaveLength(1);
    const well = after(stuck, operating(create, over, done));
    expect(well.status?.lastErrors).toEqual([]);
    expect(kstatusOf(well)).toBe('Current');
    const wrong = JSON.stringify(well.status?.conditions);
    for (const { message } of stuck.status?.lastErrors ?? []) expect(wrong).not.toContain(message);
  });

  // https://github.com/argoproj/argo-cd/issues/4669: a tool looked before the controller did, and took the old state for the new one
  test('is not taken for well in its next generation before anybody looked', () => {
    const { metadata, ...rest } = provisioned(kind);
    expect(kstatusOf({ ...rest, metadata: { ...metadata, generation: metadata.generation + 1 } })).toBe('InProgress');
  });

  // https://github.com/crossplane-contrib/provider-aws/issues/69: each try was news of the object, and so the next try
  test('that fails in the same way again has the same conditions as before', () => {
    const failing = { kind: 'failing', reason: 'timeout', retryAt: T0 } as const;
    const first = after(provisioned(kind), { ...failing, attempt: 1 });
    const second = after(first, { ...failing, attempt: 2 });
    expect(second.status?.conditions).toEqual(first.status?.conditions);
  });
});

// https://github.com/hashicorp/terraform-provider-aws/issues/1487, https://github.com/hashicorp/terraform-provider-aws/issues/19082
test('rules of a security group are the same in whichever order AWS answers, and once where two ranges are one', () => {
  const rule = (cidr: string) => ({
    protocol: 'tcp',
    fromPort: 443,
    toPort: 443,
    source: { cidr },
    description: 'the API',
  });
  const ranges = fc.uniqueArray(
    fc.nat({ max: 250 }).map((byte) => `10.${byte}.0.0/16`),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(
      ranges.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([asked, answered]) => {
        const wanted = { groupId: 'sg-1', ingress: [...asked, ...asked].map(rule) };
        const ids = answered.map((cidr) => ingressRuleId(rule(cidr)));
        expect(securityGroupRules.differences?.(wanted, { ingress: ids, ours: ids })).toEqual([]);
      },
    ),
  );
});

describe('an object that a person paused', () => {
  const seen = { changes: 1, progress: 0 };
  const assessed = (operation: ReturnType<typeof operationOf>): EntityEvent => ({
    kind: 'assessed',
    at: 0,
    seen,
    assessment: { kind: 'operate', operation },
  });
  const asked = (...verbs: readonly ('pause' | 'abort')[]): EntityEvent => ({
    kind: 'asked',
    verbs: verbs.map((verb) => ({ verb, ask: {} })),
  });
  const create = operationOf(planOf(stepOf(securityGroup('controlplane'))));
  const remove = operationOf(planOf(), { type: 'DeleteCluster', generation: 2 });
  const after = (...events: readonly EntityEvent[]) => events.reduce(next, begin({}));

  // https://github.com/crossplane/crossplane/issues/4839, https://github.com/kubernetes-sigs/cluster-api-provider-aws/issues/4584
  test('goes when it is deleted: the pause was for what it was made for', () => {
    const superseded: EntityEvent = { kind: 'ended', at: 0, result: { state: 'superseded', paused: true }, news: seen };
    const started: EntityEvent = { kind: 'started', operationId: 'entity/operation' };
    const woken: EntityEvent = { kind: 'woken', at: 0, news: seen, leaving: false };
    const paused = [assessed(create), asked('pause'), started, superseded, woken] as const;
    expect(after(...paused, assessed(create), asked())).toMatchObject({ operation: { paused: true } });
    const deleted = after(...paused, assessed(remove), asked());
    expect(deleted).toMatchObject({ state: 'operating', operation: { type: 'DeleteCluster' } });
    expect(deleted).not.toMatchObject({ operation: { paused: true } });
  });
});
