import { describe, expect, test } from '@jest/globals';
import type { Survey } from '../../activities/aws/survey.ts';
import type { ManagementSurvey } from '../../activities/kubernetes/survey.ts';
import { createSweep, type SweepSources } from '../../activities/sweep.ts';
import { clusterIdOf } from '../../api/names.ts';
import type { Found } from '../../kinds/resource.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { revisionOf } from '../../policy/revision.ts';
import { statusOf } from '../../policy/status.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { CONTROL_PLANE_RULES, TARGETS } from '../../words/keys.ts';
import { carryOut, EMPTY, inventoryOf } from '../policy/account.ts';
import { ACCOUNT, CLUSTER_UID, REGION, release, seedCluster, seedPool } from '../topology/objects.ts';

const builtFor = (name: string): readonly Found[] => {
  const topology = clusterTopology(seedCluster({ metadata: { name } }), release());
  return carryOut(planEnsure(topology, EMPTY, { fresh: true, provisioned: false, live: false }).plan, EMPTY);
};
const BUILT: Readonly<Record<string, readonly Found[]>> = { a: builtFor('a'), b: builtFor('b') };
const elsewhere = /^(secret|finalizer|hub-membership)/;
const inHub = (found: readonly Found[]) => found.filter(({ key }) => key.startsWith('hub-membership'));

const clusterNamed = (name: string, account = ACCOUNT) => {
  const fresh = seedCluster({
    metadata: { name, uid: CLUSTER_UID },
    status: {
      aws: { account, region: REGION },
      established: true,
      clusterID: clusterIdOf(CLUSTER_UID),
      revision: revisionOf(release()),
    },
  });
  const object = { kind: 'AWSCluster', namespace: 'default', name, uid: CLUSTER_UID } as const;
  const status = statusOf({ object, generation: 1, subject: { kind: 'settled' }, events: [] }, fresh, Date.now());
  return seedCluster({ metadata: { name, uid: CLUSTER_UID }, status });
};

const management = (changes: Partial<ManagementSurvey> = {}): ManagementSurvey => ({
  clusters: [clusterNamed('a'), clusterNamed('b')],
  nodePools: [seedPool()],
  invalid: 0,
  foundOf: async ({ metadata }) => (BUILT[metadata.name] ?? []).filter(({ key }) => /^(secret|finalizer)/.test(key)),
  ...changes,
});
const survey = (...without: readonly string[]): Survey => ({
  began: 7,
  inventoryOf: async ({ object }) =>
    inventoryOf((BUILT[object.name] ?? []).filter(({ key }) => !elsewhere.test(key) && !without.includes(key))),
});
const drifted = () => survey(CONTROL_PLANE_RULES, TARGETS);

const sweepWith = (changes: Partial<SweepSources> = {}) => {
  const looked = { aws: 0, hub: 0, unread: [] as string[] };
  const sweep = createSweep({
    served: async () => ({ account: ACCOUNT, regions: [REGION] }),
    settleSeconds: 120,
    repair: { afterSeconds: 300 },
    management: async () => management(),
    aws: async () => {
      looked.aws += 1;
      return survey();
    },
    hub: async () => {
      looked.hub += 1;
      return inHub(BUILT['a'] ?? []);
    },
    onUnread: ({ name }) => void looked.unread.push(name),
    ...changes,
  });
  return { looked, sweep: () => sweep(new AbortController().signal) };
};

describe('a sweep', () => {
  test('of what is as it should be tells nobody, with one survey of AWS for all', async () => {
    const { sweep, looked } = sweepWith();
    expect(await sweep()).toEqual({
      clusters: 2,
      nodePools: 1,
      looked: 2,
      invalid: 0,
      unread: 0,
      lookedAt: 7,
      findings: [],
    });
    expect(looked).toEqual({ aws: 1, hub: 2, unread: [] });
  });

  test('tells those that differ, in a sorted list', async () => {
    const { sweep } = sweepWith({
      management: async () => management({ clusters: [clusterNamed('b'), clusterNamed('a')] }),
      aws: async () => drifted(),
    });
    const { findings } = await sweep();
    expect(findings.map(({ entityId }) => entityId)).toEqual([
      `awscluster/default/a/${CLUSTER_UID}`,
      `awscluster/default/b/${CLUSTER_UID}`,
    ]);
    expect(findings[0]?.finding).toMatchObject({
      kind: 'tell',
      differences: expect.arrayContaining([{ key: TARGETS, difference: 'is missing' }]),
    });
  });

  test.each<[string, Partial<SweepSources>]>([
    ['AWS', { aws: async () => Promise.reject(new Error('page 2 was not read')) }],
    ['the management API', { management: async () => Promise.reject(new Error('page 2 was not read')) }],
  ])('whose listing of %s fails, fails and concludes nothing about anyone', async (_, changes) => {
    await expect(sweepWith(changes).sweep()).rejects.toThrow('page 2 was not read');
  });

  test('concludes nothing about a cluster whose hub does not answer, and something about the others', async () => {
    let asked = 0;
    const { sweep, looked } = sweepWith({
      aws: async () => drifted(),
      hub: async () => {
        asked += 1;
        if (asked === 1) throw new Error('the hub is down');
        return inHub(BUILT['a'] ?? []);
      },
    });
    const answer = await sweep();
    expect(answer.unread).toBe(1);
    expect(answer.findings).toHaveLength(1);
    expect(looked.unread).toEqual(['a']);
  });

  test('leaves objects of other accounts alone, and makes no call to AWS for nothing', async () => {
    const { sweep, looked } = sweepWith({
      management: async () => management({ clusters: [clusterNamed('a', '999999999999')] }),
    });
    expect(await sweep()).toMatchObject({ looked: 0, findings: [] });
    expect(looked.aws).toBe(0);
  });
});
