import { describe, expect, test } from '@jest/globals';
import { clusterIdOf } from '../../api/names.ts';
import type { AutoScalingGroupState } from '../../kinds/auto-scaling-group.ts';
import type { Found } from '../../kinds/resource.ts';
import { findingOf, isSaidToDiffer, isSwept } from '../../policy/drift.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { revisionOf } from '../../policy/revision.ts';
import { statusOf } from '../../policy/status.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { CONTROL_PLANE_GROUP, CONTROL_PLANE_RULES } from '../../words/keys.ts';
import { ACCOUNT, CLUSTER_UID, DELETING, REGION, release, seedCluster, VERSION } from '../topology/objects.ts';
import { carryOut, EMPTY, ENDPOINT, inventoryOf, withState } from './account.ts';
import { decisionAbout } from './decisions.ts';

const OBJECT = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID } as const;
const NOW = Date.parse('2026-01-01T00:00:00Z');
const PLACE = {
  aws: { account: ACCOUNT, region: REGION },
  established: true,
  clusterID: clusterIdOf(CLUSTER_UID),
  endpoint: ENDPOINT,
};

const topology = clusterTopology(seedCluster(), release());
const built = carryOut(planEnsure(topology, EMPTY, { fresh: true, provisioned: false, live: false }).plan, EMPTY);

/** A cluster that rests, with what the entity wrote once it was settled. */
const settledCluster = (before: object = {}, subject = {}) => {
  const cluster = seedCluster({ status: { ...PLACE, revision: revisionOf(release()), ...before } });
  const status = statusOf(
    { object: OBJECT, generation: 1, subject: { kind: 'settled', ...subject }, events: [] },
    cluster,
    NOW,
  );
  return seedCluster({ status });
};
const cluster = settledCluster();
const assess = (found: readonly Found[], object = cluster) => decisionAbout(object, inventoryOf(found));
const find = (found: readonly Found[], object = cluster) => findingOf(object, assess(found, object), found);

const changed = (key: string, state: object): readonly Found[] => withState(built, key, state);

describe('what a sweep finds', () => {
  test('is nothing where everything is as the spec asks for', () => {
    expect(find(built)).toBeUndefined();
  });

  test('is the rule that somebody took away, by name', () => {
    const rules = built.flatMap((one) =>
      one.key === CONTROL_PLANE_RULES && one.kind === 'security-group-rules' ? one.state.ingress : [],
    );
    expect(find(changed(CONTROL_PLANE_RULES, { ingress: rules.filter((rule) => rule !== rules[0]) }))).toEqual({
      kind: 'report',
      differences: [{ key: CONTROL_PLANE_RULES, difference: `${rules[0]} is not allowed` }],
    });
  });

  test('is a group that is gone, and not all that refers to it', () => {
    const gone = built.filter(({ key }) => key !== CONTROL_PLANE_GROUP);
    const finding = find(gone);
    expect(finding).toMatchObject({ kind: 'report' });
    const differences = finding?.kind === 'report' ? finding.differences : [];
    expect(differences).toContainEqual({ key: CONTROL_PLANE_GROUP, difference: 'is missing' });
    expect(differences.filter(({ difference }) => difference.includes('does not exist yet'))).toEqual([]);
  });

  test('is a replica whose machine was made of something else, of which nothing else differs', () => {
    const [machine] = built.flatMap(({ key, state }) =>
      key === 'auto-scaling-group/controlplane-1' ? ((state as AutoScalingGroupState).instances ?? []) : [],
    );
    const instances = [{ ...machine, templateVersion: '0', madeOf: { fingerprint: 'another' } }];
    expect(find(changed('auto-scaling-group/controlplane-1', { instances }))).toEqual({
      kind: 'report',
      differences: [{ key: 'replica/1', difference: 'its machine was made of something else than the spec asks for' }],
    });
  });

  test('is told once: nothing more where the status says it, and that it is cured where it says so wrongly', () => {
    const differing = changed(CONTROL_PLANE_RULES, { ingress: ['tcp 1-1 from 10.0.0.0/8'] });
    const finding = find(differing);
    const told = settledCluster({}, { drift: finding?.kind === 'report' ? finding.differences : [] });
    expect(isSaidToDiffer(told)).toBe(true);
    expect(find(differing, told)).toBeUndefined();
    expect(find(built, told)).toEqual({ kind: 'report', differences: [] });
  });

  test('is for an assessment to decide where a volume of an established cluster is lost', () => {
    const attaches = {
      volumeId: 'vol-1',
      volumeExists: false,
      networkInterfaceId: 'eni-1',
      networkInterfaceExists: true,
      machineOutdated: false,
    };
    const lost = changed(`launch-template/controlplane-1/${VERSION}`, { attaches });
    const finding = find(lost.filter(({ key }) => key !== 'etcd-volume/1'));
    expect(finding).toMatchObject({ kind: 'look', reason: expect.stringContaining('has lost its etcd volume vol-1') });
  });

  test('is a newer revision that the status does not tell of', () => {
    const older = settledCluster();
    const { addons, ...components } = revisionOf(release());
    const revision = { ...components, addons: { ...addons, coredns: { version: '1.0.0', images: {} } } };
    const behind = seedCluster({ status: { ...older.status, revision } });
    expect(find(built, behind)).toEqual({ kind: 'report', differences: [] });
    const told = settledCluster({ revision });
    expect(find(built, told)).toBeUndefined();
  });
});

describe('a sweep looks', () => {
  test('at what rests', () => {
    expect(isSwept(cluster)).toBe(true);
  });

  test.each<[string, object]>([
    ['is being deleted', { metadata: DELETING }],
    ['was changed since its status was written', { metadata: { generation: 2 } }],
    ['is still being made', { status: { ...cluster.status, state: 'Provisioning' } }],
    ['never had a status', { status: undefined }],
    [
      'is blocked',
      {
        status: {
          ...cluster.status,
          conditions: cluster.status?.conditions?.map((one) =>
            one.type === 'Stalled' ? { ...one, status: 'True' } : one,
          ),
        },
      },
    ],
  ])('not at what %s', (_, changes) => {
    expect(isSwept(seedCluster({ status: cluster.status ?? {}, ...changes }))).toBe(false);
  });
});
