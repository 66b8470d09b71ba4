/** What stands between clients and a cluster's API: that it is gone is told as loudly as can be, and mended unasked. */
import { describe, expect, test } from '@jest/globals';
import { clusterIdOf } from '../../api/names.ts';
import { releaseInFormat } from '../../api/releases.ts';
import type { Found } from '../../kinds/resource.ts';
import { findingOf } from '../../policy/drift.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { revisionOf } from '../../policy/revision.ts';
import { statusOf } from '../../policy/status.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { LISTENER, LOAD_BALANCER, TARGET_GROUP, TARGETS } from '../../words/keys.ts';
import { ACCOUNT, CLUSTER_UID, REGION, release, seedCluster, VERSION } from '../topology/objects.ts';
import { carryOut, EMPTY, inventoryOf, withState } from './account.ts';
import { decisionAbout } from './decisions.ts';
import { OBJECT, step, T0, view } from './operation-views.ts';

const topology = clusterTopology(seedCluster(), release());
const FRESH = { fresh: true, provisioned: false, live: false };
const built = carryOut(planEnsure(topology, EMPTY, FRESH).plan, EMPTY);
const cluster = seedCluster({
  status: {
    aws: { account: ACCOUNT, region: REGION },
    clusterID: clusterIdOf(CLUSTER_UID),
    established: true,
    state: 'Provisioned',
    revision: revisionOf(release()),
  },
});

const assess = (found: readonly Found[], object = cluster) => decisionAbout(object, inventoryOf(found));

const without = (...keys: readonly string[]): readonly Found[] => built.filter(({ key }) => !keys.includes(key));
/** AWS deletes a load balancer's listeners with it. */
const lostBalancer = without(LOAD_BALANCER, LISTENER);

describe('a cluster whose API nobody reaches', () => {
  test.each<[string, readonly Found[], string]>([
    ['its load balancer is gone', lostBalancer, `${LISTENER} is missing; ${LOAD_BALANCER} is missing`],
    ['its listener is gone', without(LISTENER), `${LISTENER} is missing`],
    ['its target group is gone', without(TARGET_GROUP, TARGETS), `${TARGET_GROUP} is missing; ${TARGETS} is missing`],
    ['no replica is a target', without(TARGETS), `${TARGETS} is missing`],
  ])('since %s, is looked at by a sweep, which mends it', (_, found, missing) => {
    const assessment = assess(found);
    const finding = findingOf(cluster, assessment, found);
    const reason = finding?.kind === 'look' ? finding.reason : JSON.stringify(finding);
    expect(reason).toMatch(/^The cluster's API cannot be reached: /);
    expect(
      reason
        .slice(reason.indexOf(': ') + 2)
        .split('; ')
        .sort(),
    ).toEqual(missing.split('; ').sort());
  });

  test('since its listener forwards elsewhere, too', () => {
    const found = withState(built, LISTENER, { targetGroupArn: 'arn:another' });
    expect(findingOf(cluster, assess(found), found)).toMatchObject({
      kind: 'look',
      reason: expect.stringContaining('it forwards to arn:another'),
    });
  });

  test('is one no more once another load balancer stands there: no machine, template or group is touched for it', () => {
    const assessment = assess(lostBalancer);
    const plan = assessment.kind === 'operate' ? assessment.operation.plan : undefined;
    expect(assessment).toMatchObject({ kind: 'operate', operation: { type: 'UpdateCluster', settles: true } });
    const keys = plan?.steps.map(({ resource }) => resource.key) ?? [];
    expect(keys).toEqual(expect.arrayContaining([LOAD_BALANCER, LISTENER, 'control-plane/ready']));
    expect(keys.filter((key) => /^(launch-template|auto-scaling-group|etcd-volume|instance)\//.test(key))).toEqual([]);
  });

  test('is not Ready until the operation that mends it has succeeded', () => {
    const assessment = assess(lostBalancer);
    const unreachable = assessment.kind === 'operate' ? assessment.operation.unreachable : undefined;
    const ready = (state: 'running' | 'succeeded', steps = [step(`ensure ${LOAD_BALANCER}`, { state: 'pending' })]) =>
      statusOf(
        {
          object: OBJECT,
          generation: 1,
          subject: {
            kind: 'operation',
            operation: view(steps, {
              type: 'UpdateCluster',
              state,
              ...(unreachable === undefined ? {} : { unreachable }),
            }),
          },
          events: [],
        },
        cluster,
        T0,
      ).conditions?.find(({ type }) => type === 'Ready');
    expect(ready('running')).toMatchObject({
      status: 'False',
      reason: 'Unreachable',
      message: expect.stringContaining(LOAD_BALANCER),
    });
    expect(ready('succeeded')).toMatchObject({ status: 'True' });
  });

  test.each([1, 2, 3])('says what its machines need where they know the load balancer by name: format %i', (format) => {
    const made = releaseInFormat({ version: VERSION, format });
    if (made === undefined) throw new Error(`The catalogue lost format ${format}.`);
    const plan = planEnsure(clusterTopology(seedCluster(), made), EMPTY, FRESH).plan;
    const there = carryOut(plan, EMPTY);
    const object = seedCluster({ status: { ...cluster.status, revision: revisionOf(made) } });
    const reasonWithout = (...keys: readonly string[]) => {
      const found = there.filter(({ key }) => !keys.includes(key));
      const finding = findingOf(object, assess(found, object), found);
      return finding?.kind === 'look' ? finding.reason : '';
    };
    const follows = 'end those of the replicas one after the other';
    expect(reasonWithout(LOAD_BALANCER, LISTENER)).toContain(`${LOAD_BALANCER} is missing`);
    expect(reasonWithout(LOAD_BALANCER, LISTENER).includes(follows)).toBe(format < 3);
    expect(reasonWithout(LISTENER)).toContain(`${LISTENER} is missing`);
    expect(reasonWithout(LISTENER)).not.toContain(follows);
  });

  test('is not called so while it is made, and what only differs is told and left', () => {
    const creating = assess(EMPTY, seedCluster());
    expect(creating.kind === 'operate' ? creating.operation.unreachable : creating).toBeUndefined();
    const differing = withState(built, LOAD_BALANCER, { crossZone: false });
    expect(findingOf(cluster, assess(differing), differing)).toMatchObject({ kind: 'report' });
  });
});
