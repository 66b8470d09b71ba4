import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clusterIdOf, nodePoolIdOf } from '../../api/names.ts';
import type { Found } from '../../kinds/resource.ts';
import { observed } from '../../kinds/resource.ts';
import { planEnsure } from '../../policy/ensure.ts';
import type { Plan } from '../../policy/plan.ts';
import { planRemove, type RemoveRequest } from '../../policy/remove.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { CLUSTER_UID, POOL_UID, release, seedCluster, seedPool, VERSION } from '../topology/objects.ts';
import { carryOut, EMPTY } from './account.ts';

const POOL_ID = nodePoolIdOf(POOL_UID);
const ID = clusterIdOf(CLUSTER_UID);
const FRESH = { fresh: true, provisioned: false, live: false };

const topology = clusterTopology(seedCluster(), release());
const cluster = carryOut(planEnsure(topology, EMPTY, FRESH).plan, EMPTY);
const pool = nodePoolTopology(seedPool(), seedCluster(), release());
const external = Object.fromEntries(cluster.map((found) => [found.key, found.outputs]));
const poolPlan = planEnsure(pool, EMPTY, {
  ...FRESH,
  external: Object.fromEntries(
    ['security-group/nodepool', 'load-balancer/controlplane', 'secret/root-ca'].map((key) => [
      key,
      external[key] ?? {},
    ]),
  ),
}).plan;
const poolFound = carryOut(poolPlan, EMPTY).filter((found) => found.key.includes(POOL_ID));
const everything = [...cluster, ...poolFound];
const poolObjects = observed('node-pools', 'node-pools/all', {}, { names: ['cluster-0-pool-0'], poolIds: [POOL_ID] });

const clusterRequest = (inventory: readonly Found[], changes: Partial<RemoveRequest> = {}): RemoveRequest => ({
  inventory,
  settleSeconds: 120,
  subject: { kind: 'AWSCluster', clusterName: 'cluster-0' },
  ...changes,
});
const poolRequest = (inventory: readonly Found[], living?: { readonly endpoint?: string }): RemoveRequest => ({
  inventory,
  settleSeconds: 120,
  subject: { kind: 'AWSNodePool', poolId: POOL_ID, ...(living === undefined ? {} : { living }) },
});

const ids = (plan: Plan): string[] => plan.steps.map((step) => step.id);
const needs = (plan: Plan, id: string): readonly string[] | undefined =>
  plan.steps.find((step) => step.id === id)?.needs;

/** What AWS would refuse to remove, or what would still be read, while the other is there. */
const usersOf = (key: string): readonly RegExp[] => {
  const [kind, name] = key.split('/');
  switch (kind) {
    case 'launch-template':
      return [new RegExp(`^auto-scaling-group/${name}$`)];
    case 'etcd-volume':
    case 'network-interface':
      return [new RegExp(`^auto-scaling-group/controlplane-${name}$`)];
    case 'secret':
      return name?.startsWith('nodepool-')
        ? [new RegExp(`^(launch-template|auto-scaling-group)/${name}$`)]
        : [/^launch-template\//, /^auto-scaling-group\//];
    case 'target-group':
      return [/^listener\//, /^targets\//];
    case 'load-balancer':
      return [/^listener\//];
    case 'security-group':
      return [
        ...[/^security-group-rules\//, /^network-interface\//, /^auto-scaling-group\//],
        ...[/^load-balancer\//, /^cloud-load-balancers\//],
      ];
    case 'cloud-load-balancers':
      return [/^auto-scaling-group\/controlplane/];
    default:
      return [];
  }
};

/** What is an aspect of another thing, or a look. */
const ASPECTS = ['established/etcd', 'preflight', 'target-group-attributes/controlplane'];
const goesWithAnother = (key: string): boolean => ASPECTS.includes(key);

const expectOrderly = (plan: Plan, found: readonly Found[]): readonly Found[] =>
  carryOut(plan, found, (step, before) => {
    if (step.verb !== 'remove') return;
    const users = usersOf(step.resource.key);
    const using = before.map((one) => one.key).filter((key) => users.some((user) => user.test(key)));
    expect([step.id, using]).toEqual([step.id, []]);
  });

describe('a plan that removes a cluster', () => {
  const plan = planRemove(clusterRequest(everything));

  test('takes away all that is the cluster’s, and of pools that have no object any more', () => {
    const left = expectOrderly(plan, everything).map((found) => found.key);
    expect(left.filter((key) => !goesWithAnother(key))).toEqual([]);
  });

  test('ends with two looks that find nothing, the second when AWS has settled, and then the finalizer', () => {
    const proof = ['wait account/empty', 'wait account/settled', 'remove finalizer'];
    const rest = ids(plan).filter((id) => !proof.includes(id));
    expect([...(needs(plan, 'wait account/empty') ?? [])].sort()).toEqual([...rest].sort());
    expect(needs(plan, 'wait account/settled')).toEqual(['wait account/empty']);
    expect(needs(plan, 'remove finalizer')).toEqual(['wait account/settled']);
    expect(ids(plan).slice(-3)).toEqual(proof);
    const seconds = plan.steps.flatMap(({ resource }) =>
      resource.kind === 'account' ? [resource.properties.settleSeconds] : [],
    );
    expect(seconds).toEqual([0, 120]);
  });

  test('asks for the pools to go at once, and begins with everything that needn’t wait for them', () => {
    const first = plan.steps.filter((step) => step.needs.length === 0).map((step) => step.id);
    expect(first).toEqual(
      expect.arrayContaining([
        'remove node-pools/all',
        'remove auto-scaling-group/controlplane-0',
        'remove listener/controlplane',
        'remove hub-membership/cluster-0',
        'remove subnet-tags/shared',
      ]),
    );
  });

  test('never removes a thing before what uses it, whatever of it is there', () => {
    fc.assert(
      fc.property(fc.subarray([...everything]), (found) => {
        const left = expectOrderly(planRemove(clusterRequest(found)), found).map((one) => one.key);
        expect(left.filter((key) => !goesWithAnother(key))).toEqual([]);
      }),
    );
  });

  test('leaves to a pool’s own entity what is that pool’s, and waits for it', () => {
    const withObject = planRemove(clusterRequest([...everything, poolObjects]));
    expect(ids(withObject).filter((id) => id.includes(POOL_ID))).toEqual([]);
    expect(needs(withObject, 'remove security-group/nodepool')).toContain('wait node-pools/all');
    expect(needs(withObject, 'remove secret/root-ca')).toContain('wait node-pools/all');
  });

  test('removes what a lost pool left behind, under the uid that it carries', () => {
    const lost = poolFound.map((found) => ({ ...found, uid: POOL_UID }));
    const step = planRemove(clusterRequest([...cluster, ...lost])).steps.find(
      (one) => one.id === `remove auto-scaling-group/nodepool-${POOL_ID}`,
    );
    expect(step).toMatchObject({ found: { uid: POOL_UID } });
    expect(step?.resource.properties).toMatchObject({ name: `${ID}-nodepool-${POOL_ID}` });
  });

  test('looks for load balancers that controllers made after those controllers are gone', () => {
    expect(needs(plan, 'remove cloud-load-balancers/all')).toEqual(
      [0, 1, 2].map((index) => `remove auto-scaling-group/controlplane-${index}`),
    );
  });

  test('says by what the interfaces of those load balancers are known once these are gone', () => {
    const interfaces = ['ELB a0123', 'ELB net/a4567/89ab'];
    const found = observed(
      'cloud-load-balancers',
      'cloud-load-balancers/all',
      {},
      { names: ['load balancer a4567'], interfaces },
    );
    const { steps } = planRemove(clusterRequest([...everything, found]));
    const step = steps.find(({ id }) => id === 'remove cloud-load-balancers/all');
    expect(step?.resource.properties).toEqual({ interfaces });
  });

  test('removes each of two things that share a key', () => {
    const twin = everything.find((found) => found.key === 'etcd-volume/1');
    const twice = twin === undefined ? [] : [...everything, { ...twin, outputs: { id: 'vol-twin' } }];
    const both = planRemove(clusterRequest(twice));
    expect(ids(both).filter((id) => id.includes('etcd-volume/1'))).toEqual([
      'remove etcd-volume/1 vol-etcd-volume-1',
      'remove etcd-volume/1 vol-twin',
    ]);
    expect(needs(both, 'wait account/empty')).toContain('remove etcd-volume/1 vol-twin');
  });

  test('carries of each thing only by what it is found, which was found', () => {
    for (const step of plan.steps) {
      if (step.verb !== 'remove' || step.found === undefined) continue;
      const seen = JSON.stringify([step.found.outputs, step.found.state, step.found.key.split('/')]);
      for (const value of Object.values(step.resource.properties)) expect(seen).toContain(JSON.stringify(value));
    }
  });

  test('is the same data whatever order things were found in', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...everything], { minLength: everything.length }), (shuffled) => {
        expect(JSON.stringify(planRemove(clusterRequest(shuffled)))).toBe(JSON.stringify(plan));
      }),
      { numRuns: 20 },
    );
  });

  test('is only proof and finalizer when nothing was ever made', () => {
    expect(ids(planRemove(clusterRequest(EMPTY)))).toEqual([
      'remove node-pools/all',
      'wait node-pools/all',
      'wait account/empty',
      'wait account/settled',
      'remove finalizer',
    ]);
  });
});

describe('a plan that removes a node pool', () => {
  test('takes the group, then its template, then its token, and asks a living cluster to forget it', () => {
    const plan = planRemove(poolRequest(everything, { endpoint: 'nlb' }));
    expect(ids(plan)).toEqual([
      `remove auto-scaling-group/nodepool-${POOL_ID}`,
      `remove join-token/${POOL_ID}`,
      `remove launch-template/nodepool-${POOL_ID}/${VERSION}`,
      `remove secret/nodepool-${POOL_ID}`,
      'wait account/empty',
      'wait account/settled',
      'remove finalizer',
    ]);
    expectOrderly(plan, everything);
  });

  test('drains its nodes before its machines end, where the cluster lives and its API is known', () => {
    const drain = { seconds: 300, clusterName: 'cluster-0' };
    const subject = { kind: 'AWSNodePool', poolId: POOL_ID, living: { endpoint: 'nlb' }, drain } as const;
    const plan = planRemove({ ...poolRequest(everything), subject });
    expect(needs(plan, `wait drain/${POOL_ID}`)).toEqual([]);
    expect(needs(plan, `remove auto-scaling-group/nodepool-${POOL_ID}`)).toEqual([`wait drain/${POOL_ID}`]);
    for (const living of [undefined, {}]) {
      const { living: _, ...others } = subject;
      const asked = { ...poolRequest(everything), subject: { ...others, ...(living === undefined ? {} : { living }) } };
      expect(ids(planRemove(asked)).some((id) => id.includes('drain'))).toBe(false);
    }
  });

  test('asks nothing of a cluster that is going or gone', () => {
    expect(ids(planRemove(poolRequest(everything))).some((id) => id.includes('join-token'))).toBe(false);
    expect(ids(planRemove(poolRequest(poolFound)))).toEqual([
      `remove auto-scaling-group/nodepool-${POOL_ID}`,
      `remove launch-template/nodepool-${POOL_ID}/${VERSION}`,
      `remove secret/nodepool-${POOL_ID}`,
      'wait account/empty',
      'wait account/settled',
      'remove finalizer',
    ]);
  });

  test('touches nothing of its cluster or of another pool', () => {
    const other = poolFound.map((found) => ({ ...found, key: found.key.replace(POOL_ID, '00000000') }));
    const plan = planRemove(poolRequest([...everything, ...other], { endpoint: 'nlb' }));
    const foreign = plan.steps.filter(
      (step) => step.verb === 'remove' && step.found !== undefined && !step.resource.key.includes(POOL_ID),
    );
    expect(foreign).toEqual([]);
  });
});
