import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nodePoolIdOf } from '../../api/names.ts';
import type { Found } from '../../kinds/resource.ts';
import { observed, rowOf } from '../../kinds/resource.ts';
import { type EnsureContext, type Ensured, planEnsure } from '../../policy/ensure.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { CLUSTER_OUTPUTS_FOR_POOLS } from '../../words/keys.ts';
import { PLAN_VERSION } from '../../words/steps.ts';
import { POOL_UID, release, SUBNETS, seedCluster, seedPool, VERSION } from '../topology/objects.ts';
import { carryOut, EMPTY, withState } from './account.ts';

const FRESH: EnsureContext = { fresh: true, provisioned: false, live: false };
const DONE: EnsureContext = { fresh: false, provisioned: true, live: true };
const POOL_ID = nodePoolIdOf(POOL_UID);

const topology = clusterTopology(seedCluster(), release());
const create = planEnsure(topology, EMPTY, FRESH).plan;
const built = carryOut(create, EMPTY);
const without = (found: readonly Found[], ...keys: string[]) => found.filter((one) => !keys.includes(one.key));
const stepIds = (found: readonly Found[], context: EnsureContext = DONE, resources = topology): string[] =>
  planEnsure(resources, found, context).plan.steps.map((step) => step.id);
const changed = withState;

describe('a plan for a cluster that has nothing yet', () => {
  test('has a step for every resource, each after all that it refers to', () => {
    expect(create.steps).toHaveLength(topology.length);
    // Carrying it out throws as soon as a step lacks the output of another.
    expect(built.map((found) => found.key)).toContain('established/etcd');
  });

  test('waits for the control plane, and ensures everything else', () => {
    expect(create.steps.filter((step) => step.verb !== 'ensure').map((step) => step.id)).toEqual([
      'wait control-plane/ready',
    ]);
  });

  test('lists steps and needs sorted, so that the same plan is the same data', () => {
    expect(create.steps.every((step) => step.needs.join() === [...step.needs].sort().join())).toBe(true);
    fc.assert(
      fc.property(fc.shuffledSubarray(topology, { minLength: topology.length }), (shuffled) => {
        expect(JSON.stringify(planEnsure(shuffled, EMPTY, FRESH).plan)).toBe(JSON.stringify(create));
      }),
      { numRuns: 20 },
    );
  });

  test('carries no step and no reference out of order, over one to three subnets', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(...SUBNETS), { minLength: 1, maxLength: 3 }), (subnetIDs) => {
        const resources = clusterTopology(seedCluster({ controlPlane: { subnetIDs } }), release());
        const { plan } = planEnsure(resources, EMPTY, FRESH);
        const position = new Map(plan.steps.map((step, index) => [step.id, index]));
        for (const [index, step] of plan.steps.entries()) {
          for (const need of step.needs) expect(position.get(need)).toBeLessThan(index);
        }
        expect(stepIds(carryOut(plan, EMPTY), DONE, resources)).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  test('trusts no earlier look in place of preflight', () => {
    expect(create.steps.find((step) => step.id === 'ensure preflight')).not.toHaveProperty('found');
  });
});

describe('a plan for a cluster that is complete', () => {
  test('is empty', () => {
    expect(planEnsure(topology, built, DONE)).toEqual({
      plan: { version: PLAN_VERSION, steps: [], known: expect.anything() },
      postponed: [],
    });
  });

  test('is empty whatever else is in the account: rules and targets that others added stay', () => {
    const rules = built.flatMap((found) =>
      found.key === 'security-group-rules/nodepool' && found.kind === 'security-group-rules' ? found.state.ingress : [],
    );
    const more = changed(built, 'security-group-rules/nodepool', {
      ingress: [...rules, 'tcp 30000-30000 from sg-elb'],
    });
    expect(stepIds([...more, observed('secret', 'secret/unknown', { name: 'x', fingerprint: 'y' }, {})])).toEqual([]);
  });

  test('only looks and waits when status was lost: no step changes AWS', () => {
    const ids = stepIds(built, { ...FRESH, fresh: false, live: true });
    expect(ids).toEqual([
      'ensure network/ready',
      'wait control-plane/ready',
      'ensure addon/connect-agent',
      'ensure addon/coredns',
      'ensure addon/metrics-server',
      'ensure addon/node-access',
      'ensure addon/storage-classes',
      'ensure addons/applied',
      'ensure hub-agent/installed',
      'ensure cluster/provisioned',
    ]);
  });
});

describe('a plan for a cluster that lost something', () => {
  const replaceable = topology
    .filter((resource) => !['preflight', 'milestone', 'control-plane', 'addon', 'etcd-volume'].includes(resource.kind))
    .map((resource) => resource.key);

  test('makes exactly what is missing and what depends on it, and is then empty again', () => {
    fc.assert(
      fc.property(fc.subarray(replaceable, { minLength: 1 }), (lost) => {
        const left = without(built, ...lost);
        const { plan } = planEnsure(topology, left, DONE);
        const ids = plan.steps.map((step) => step.resource.key);
        expect(lost.filter((key) => !ids.includes(key))).toEqual([]);
        expect(stepIds(carryOut(plan, left))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test('mends a rule that was revoked, after preflight, and touches nothing else in AWS', () => {
    const revoked = changed(built, 'security-group-rules/controlplane', { ingress: [] });
    expect(stepIds(revoked)).toEqual([
      'ensure preflight',
      'ensure security-group-rules/controlplane',
      'wait control-plane/ready',
    ]);
  });

  test('tells the step what was seen, so that its event is not told again', () => {
    const revoked = changed(built, 'security-group-rules/controlplane', { ingress: [] });
    const step = planEnsure(topology, revoked, DONE).plan.steps.find(
      (one) => one.resource.kind === 'security-group-rules',
    );
    expect(step).toMatchObject({ found: { state: { ingress: [] } } });
  });

  test('gives the group the new version when a template had to be made again', () => {
    expect(stepIds(without(built, `launch-template/controlplane-1/${VERSION}`))).toEqual(
      expect.arrayContaining([
        `ensure launch-template/controlplane-1/${VERSION}`,
        'ensure auto-scaling-group/controlplane-1',
      ]),
    );
    expect(stepIds(without(built, `launch-template/controlplane-1/${VERSION}`))).not.toContain(
      'ensure auto-scaling-group/controlplane-0',
    );
  });

  test('counts a group that AWS is deleting as absent', () => {
    const going = changed(built, 'auto-scaling-group/controlplane-2', { deleting: true });
    const step = planEnsure(topology, going, DONE).plan.steps.find(
      (one) => one.resource.key === 'auto-scaling-group/controlplane-2',
    );
    expect(step).toMatchObject({ verb: 'ensure' });
    expect(step).not.toHaveProperty('found');
  });

  test('mends a disk that is smaller, slower or of another type than asked for, and never shrinks one', () => {
    const asked = (mainVolume: object) =>
      clusterTopology(seedCluster({ controlPlane: { etcd: { mainVolume } } }), release());
    const disks = ['ensure preflight', ...[0, 1, 2].map((index) => `ensure etcd-volume/${index}`)];
    for (const mainVolume of [
      { sizeGiB: 100 },
      { sizeGiB: 10, volumeType: 'io2', iops: 4_000 },
      { sizeGiB: 10, volumeType: 'gp3', iops: 5_000 },
      { sizeGiB: 10, volumeType: 'gp3', throughput: 500 },
    ]) {
      expect(stepIds(built, DONE, asked(mainVolume))).toEqual(disks);
    }
    expect(stepIds(changed(built, 'etcd-volume/1', { sizeGiB: 500 }))).toEqual([]);
  });

  test('takes the mark off a subnet that the spec no longer names', () => {
    const more = changed(built, 'subnet-tags/shared', { tagged: [...SUBNETS, 'subnet-left'] });
    expect(stepIds(more)).toEqual(['ensure preflight', 'ensure subnet-tags/shared']);
  });

  test('lets in every range of its VPC, and one more as soon as the VPC has it', () => {
    const RULES = 'security-group-rules/load-balancer';
    const dialledFrom = (found: readonly Found[]): readonly string[] =>
      found.flatMap((one) => (one.kind === 'security-group-rules' && one.key === RULES ? one.state.ingress : []));
    const ranges = ['10.0.0.0/16', '10.64.0.0/16'].map((range) => `tcp 443-443 from ${range}`);
    expect(dialledFrom(built)).toEqual(expect.arrayContaining(ranges));
    const wider = built.map((one) =>
      one.kind === 'preflight'
        ? { ...one, outputs: { ...one.outputs, vpcCidrs: '10.0.0.0/16 10.64.0.0/16 100.64.0.0/16' } }
        : one,
    );
    const { plan } = planEnsure(topology, wider, DONE);
    expect(plan.steps.map(({ id }) => id)).toEqual(['ensure preflight', `ensure ${RULES}`]);
    const [rules] = plan.steps.filter(({ resource }) => resource.key === RULES);
    expect(JSON.stringify(rules)).toContain('vpcCidrs');
  });

  test('marks every volume as established when only one was', () => {
    const half = changed(built, 'established/etcd', { volumeIds: ['vol-etcd-volume-0'] });
    expect(stepIds(half)).toEqual(['ensure established/etcd']);
  });
});

describe('a change of spec', () => {
  const newer = clusterTopology(seedCluster({ controlPlane: { keyName: 'another-key' } }), release());

  test('that machines would have to be replaced for is postponed on a living cluster, and says so', () => {
    const { plan, postponed } = planEnsure(newer, built, DONE);
    expect(plan.steps).toEqual([]);
    expect(postponed.map(({ key }) => key)).toEqual(
      [0, 1, 2].map((index) => `launch-template/controlplane-${index}/${VERSION}`),
    );
  });

  test('is simply planned while the cluster was never established', () => {
    expect(stepIds(built, { ...FRESH, fresh: false }, newer)).toEqual(
      expect.arrayContaining([
        `ensure launch-template/controlplane-0/${VERSION}`,
        'ensure auto-scaling-group/controlplane-0',
      ]),
    );
  });

  test('of version, while the cluster was never established, makes a template beside the former, and the group launches from it', () => {
    const other = clusterTopology(seedCluster(), release('1.36.3-gke.1'));
    const { plan } = planEnsure(other, built, { ...FRESH, fresh: false });
    const id = 'ensure launch-template/controlplane-0/1.36.3-gke.1';
    const template = plan.steps.find((step) => step.id === id)?.resource;
    expect(template?.properties).toMatchObject({
      name: expect.stringMatching(/-controlplane-0-1\.36\.3-gke\.1$/),
      imageId: release('1.36.3-gke.1').imageId,
    });
    expect(plan.steps.find((step) => step.id === 'ensure auto-scaling-group/controlplane-0')?.needs).toContain(id);
  });

  test('that tags one more subnet is planned on a living cluster', () => {
    const tagged = changed(built, 'subnet-tags/shared', { tagged: SUBNETS.slice(1) });
    expect(stepIds(tagged)).toEqual(['ensure preflight', 'ensure subnet-tags/shared']);
  });
});

describe('a change of tags', () => {
  const tagged = (tags: Readonly<Record<string, string>>, appliedTagKeys: readonly string[] = [], controlPlane = {}) =>
    clusterTopology(seedCluster({ controlPlane: { tags, ...controlPlane }, status: { appliedTagKeys } }), release());
  const carries = topology.filter(({ kind }) => rowOf(kind).tagged === true).map(({ key }) => key);

  test('is planned for all that carries them, on a living cluster, too, and for nothing else', () => {
    const { plan, postponed } = planEnsure(tagged({ team: 'a' }), built, DONE);
    expect(postponed).toEqual([]);
    expect(plan.steps.map(({ resource }) => resource.key)).toEqual(expect.arrayContaining(carries));
    const others = plan.steps.filter(({ resource }) => !carries.includes(resource.key));
    expect(others.map(({ id }) => id).sort()).toEqual([
      ...['ensure network/ready', 'ensure preflight', 'wait control-plane/ready'],
    ]);
    expect(stepIds(carryOut(plan, built), DONE, tagged({ team: 'a' }))).toEqual([]);
  });

  test('takes off what the spec names no more, if the status remembers it', () => {
    const marked = carryOut(planEnsure(tagged({ team: 'a' }), built, DONE).plan, built);
    expect(stepIds(marked)).toEqual([]);
    const { plan } = planEnsure(tagged({}, ['team']), marked, DONE);
    expect(plan.steps.map(({ resource }) => resource.key)).toEqual(expect.arrayContaining(carries));
    expect(stepIds(carryOut(plan, marked), DONE, tagged({}, ['team']))).toEqual([]);
  });

  test('reaches templates whose other content waits for a rollout, and that goes on waiting', () => {
    const both = tagged({ team: 'a' }, [], { keyName: 'another-key' });
    const { plan, postponed } = planEnsure(both, built, DONE);
    const template = plan.steps.find(({ id }) => id === `ensure launch-template/controlplane-0/${VERSION}`);
    expect(template).toMatchObject({ leaves: ['content'] });
    expect(postponed).toHaveLength(3);
    expect(planEnsure(both, carryOut(plan, built), DONE)).toMatchObject({ plan: { steps: [] }, postponed });
  });
});

describe('a plan for a node pool', () => {
  const pool = nodePoolTopology(seedPool(), seedCluster(), release());
  const external = Object.fromEntries(
    built.filter((found) => CLUSTER_OUTPUTS_FOR_POOLS.includes(found.key)).map((found) => [found.key, found.outputs]),
  );
  const { plan } = planEnsure(pool, EMPTY, { ...FRESH, external });
  const ready = carryOut(plan, EMPTY);

  test('knows the outputs of its cluster, and starts machines without waiting for its API', () => {
    expect(Object.keys(plan.known).sort()).toEqual([...CLUSTER_OUTPUTS_FOR_POOLS].sort());
    const group = plan.steps.find((step) => step.id === `ensure auto-scaling-group/nodepool-${POOL_ID}`);
    expect(group?.needs).toEqual([`ensure launch-template/nodepool-${POOL_ID}/${VERSION}`]);
    expect(plan.steps.find((step) => step.id === `wait nodes/${POOL_ID}`)?.needs).toEqual([
      `ensure auto-scaling-group/nodepool-${POOL_ID}`,
      `ensure join-token/${POOL_ID}`,
    ]);
  });

  test('is empty once the pool is complete', () => {
    expect(planEnsure(pool, ready, { ...DONE, external }).plan.steps).toEqual([]);
  });

  test('takes a new token everywhere that the lost one was: template, group and cluster', () => {
    const ids = planEnsure(pool, without(ready, `secret/nodepool-${POOL_ID}`), { ...DONE, external }).plan.steps;
    expect(ids.map((step) => step.id)).toEqual(
      expect.arrayContaining([
        `ensure secret/nodepool-${POOL_ID}`,
        `ensure launch-template/nodepool-${POOL_ID}/${VERSION}`,
        `ensure auto-scaling-group/nodepool-${POOL_ID}`,
        `ensure join-token/${POOL_ID}`,
        `wait nodes/${POOL_ID}`,
      ]),
    );
  });

  const groupIn = ({ plan }: Ensured): unknown =>
    plan.steps.find((step) => step.resource.kind === 'auto-scaling-group')?.resource.properties;

  test('grows by its group alone, and postpones a maximum below what it keeps, whatever becomes of the minimum', () => {
    const sized = (minNodeCount: number, maxNodeCount: number) =>
      nodePoolTopology(seedPool({ spec: { minNodeCount, maxNodeCount } }), seedCluster(), release());
    const larger = planEnsure(sized(4, 6), ready, { ...DONE, external });
    expect(larger.plan.steps.map((step) => step.id)).toEqual([
      'ensure preflight',
      `ensure auto-scaling-group/nodepool-${POOL_ID}`,
      `wait nodes/${POOL_ID}`,
    ]);
    const smaller = planEnsure(sized(1, 2), ready, { ...DONE, external });
    // What may be lowered is: nobody ends by that.
    expect(groupIn(smaller)).toMatchObject({ minSize: 1, maxSize: 5 });
    expect(smaller.postponed).toEqual([
      {
        key: `auto-scaling-group/nodepool-${POOL_ID}`,
        reason: expect.stringContaining('each node that goes is drained before'),
      },
    ]);
    const narrower = planEnsure(sized(4, 4), ready, { ...DONE, external });
    // Nobody is above it.
    expect(groupIn(narrower)).toMatchObject({ minSize: 4, maxSize: 4 });
    expect(narrower.postponed).toEqual([]);
  });

  test.each(['launch-template', 'secret'])('ends nobody by a lower maximum, though its %s is lost as well', (kind) => {
    const fewer = nodePoolTopology(seedPool({ spec: { minNodeCount: 1, maxNodeCount: 2 } }), seedCluster(), release());
    const planned = planEnsure(fewer, without(ready, `${kind}/nodepool-${POOL_ID}`), { ...DONE, external });
    expect(groupIn(planned)).toMatchObject({ minSize: 1, maxSize: 5 });
    expect(planned.postponed).toMatchObject([{ key: `auto-scaling-group/nodepool-${POOL_ID}` }]);
  });

  const counting = (nodeCount: number) =>
    nodePoolTopology(seedPool({ spec: { minNodeCount: 0, maxNodeCount: 9, nodeCount } }), seedCluster(), release());
  const GROUP = `auto-scaling-group/nodepool-${POOL_ID}`;
  const keeping = (desired: number) => changed(ready, GROUP, { minSize: 0, maxSize: 9, desired });

  test('grows its group to the node count, and waits for as many', () => {
    const { plan: grown, postponed } = planEnsure(counting(5), keeping(4), { ...DONE, external });
    expect(grown.steps.map(({ id }) => id)).toEqual(['ensure preflight', `ensure ${GROUP}`, `wait nodes/${POOL_ID}`]);
    expect(grown.steps.map(({ resource }) => resource.properties)).toMatchObject([{}, { desired: 5 }, { expected: 5 }]);
    expect(postponed).toEqual([]);
  });

  test('makes a group larger only, whatever its limits and the node count: fewer nodes are postponed, to be drained', () => {
    fc.assert(
      fc.property(fc.nat({ max: 9 }), fc.nat({ max: 9 }), fc.boolean(), (nodeCount, kept, live) => {
        const { plan: planned, postponed } = planEnsure(counting(nodeCount), keeping(kept), {
          ...DONE,
          live,
          external,
        });
        expect(planned.steps.some(({ resource }) => resource.key === GROUP)).toBe(nodeCount > kept);
        expect(postponed.map(({ key }) => key)).toEqual(live && nodeCount < kept ? [GROUP] : []);
        for (const { reason } of postponed) {
          expect(reason).toContain(`${nodeCount} instead of ${kept} nodes`);
          expect(reason).toContain('drained before');
        }
      }),
    );
  });

  test('says what waits for a drain although something else of the group is changed', () => {
    const { plan: planned, postponed } = planEnsure(counting(2), changed(keeping(4), GROUP, { minSize: 1 }), {
      ...DONE,
      external,
    });
    expect(planned.steps.map(({ id }) => id)).toContain(`ensure ${GROUP}`);
    expect(postponed).toEqual([{ key: GROUP, reason: expect.stringContaining('2 instead of 4 nodes') }]);
  });

  test('leaves a group whatever size somebody gave it, where no nodes are counted', () => {
    for (const desired of [3, 5]) {
      const sized = changed(ready, GROUP, { desired });
      expect(planEnsure(pool, sized, { ...DONE, external })).toMatchObject({ plan: { steps: [] }, postponed: [] });
    }
  });

  test('throws at plan time when its cluster’s outputs were not given', () => {
    expect(() => planEnsure(pool, EMPTY, FRESH)).toThrow('which is not part of it');
  });
});
