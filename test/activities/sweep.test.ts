import { describe, expect, test } from '@jest/globals';
import type { Survey } from '../../activities/aws/survey.ts';
import type { SweepNodes } from '../../activities/kubernetes/node-sweep.ts';
import type { ManagementSurvey } from '../../activities/kubernetes/survey.ts';
import type { UserCluster } from '../../activities/kubernetes/user-cluster.ts';
import { createSweep, type SweepSources } from '../../activities/sweep.ts';
import { clusterIdOf, entityWorkflowId, nodePoolIdOf } from '../../api/names.ts';
import type { AWSNodePool } from '../../api/nodepool.ts';
import type { Found } from '../../kinds/resource.ts';
import { planEnsure } from '../../policy/ensure.ts';
import type { NodePoolReport } from '../../policy/node-repair.ts';
import { revisionOf } from '../../policy/revision.ts';
import { statusOf } from '../../policy/status.ts';
import type { NodeCounts } from '../../policy/views.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { CLUSTER_OUTPUTS_FOR_POOLS, CONTROL_PLANE_RULES, SUBNET_TAGS } from '../../words/keys.ts';
import { present } from '../../words/present.ts';
import { carryOut, EMPTY, ENDPOINT, inventoryOf } from '../policy/account.ts';
import { ACCOUNT, CLUSTER_UID, DELETING, REGION, release, seedCluster, seedPool } from '../topology/objects.ts';

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
      endpoint: ENDPOINT,
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
const drifted = () => survey(CONTROL_PLANE_RULES, SUBNET_TAGS);

const sweepWith = (changes: Partial<SweepSources> = {}) => {
  const looked = { aws: 0, hub: 0, unread: [] as string[], asked: [] as UserCluster[] };
  const sweep = createSweep({
    served: async () => ({ account: ACCOUNT, regions: [REGION] }),
    settleSeconds: 120,
    everySeconds: 600,
    repair: { afterSeconds: 300 },
    management: async () => management(),
    aws: async () => {
      looked.aws += 1;
      return survey();
    },
    nodes: async (clusters) => {
      looked.asked.push(...clusters);
      return new Map();
    },
    inside: async () => new Map(),
    insights: async () => new Map(),
    certificates: () => ({ endings: [] }),
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
      uncounted: 0,
      lookedAt: 7,
      findings: [],
    });
    expect(looked).toEqual({ aws: 1, hub: 2, unread: [], asked: [] });
  });

  test('says of each cluster what snapshots it has, and asks about no pool', async () => {
    const asked: unknown[] = [];
    const scheduled = clusterNamed('b');
    const controlPlane = { ...scheduled.spec.controlPlane, backup: { everyHours: 6, keep: 14 } };
    const { sweep } = sweepWith({
      management: async () =>
        management({ clusters: [clusterNamed('a'), { ...scheduled, spec: { ...scheduled.spec, controlPlane } }] }),
      backup: async (swept) => {
        asked.push(swept);
        return { kind: 'nowhere' };
      },
    });
    const { findings } = await sweep();
    expect(asked).toEqual([
      { clusterId: clusterIdOf(CLUSTER_UID) },
      { clusterId: clusterIdOf(CLUSTER_UID), backup: { everyHours: 6, keep: 14 } },
    ]);
    const difference = 'its agent is told of snapshots "nothing", not "backups 6"';
    expect(findings.map(({ finding }) => finding)).toEqual(
      [[], [0, 1, 2].map((index) => ({ key: `etcd-volume/${index}`, difference }))].map((differences) => ({
        ...{ kind: 'report', differences, backup: { kind: 'nowhere' }, certificates: { endings: [] } },
      })),
    );
  });

  test('says of a cluster which certificates are near their end, by the Secrets that it lists, and asks nobody for it', async () => {
    const asked: string[][] = [];
    const endings = [
      { reason: 'NotRenewed', object: 'one', atOnce: false, message: 'ends', cure: 'end its machine' } as const,
    ];
    const { sweep } = sweepWith({
      certificates: ({ namespace, clusterId, found }) => {
        asked.push([namespace, clusterId, String(found.some(({ key }) => key === 'secret/root-ca'))]);
        return { endings };
      },
    });
    const { findings } = await sweep();
    expect(asked).toEqual([1, 2].map(() => ['default', clusterIdOf(CLUSTER_UID), 'true']));
    expect(findings.map(({ finding }) => finding)).toEqual(
      [1, 2].map(() => ({ kind: 'report', differences: [], certificates: { endings } })),
    );
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
      kind: 'report',
      differences: expect.arrayContaining([{ key: CONTROL_PLANE_RULES, difference: 'is missing' }]),
    });
  });

  test('has mended what differs where the spec says so, and only told elsewhere', async () => {
    const mending = clusterNamed('a');
    const clusters = [{ ...mending, spec: { ...mending.spec, driftPolicy: 'Mend' as const } }, clusterNamed('b')];
    const { sweep } = sweepWith({ management: async () => management({ clusters }), aws: async () => drifted() });
    const { findings } = await sweep();
    expect(findings.map(({ finding }) => finding.kind === 'report' && finding.mends === true)).toEqual([true, false]);
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

describe('a sweep of node pools', () => {
  const CLUSTER_ID = clusterIdOf(CLUSTER_UID);
  const ENDPOINT = 'gke-1.elb.eu-west-1.amazonaws.com';
  const inCluster = (uid: string) => ({ nodePoolID: nodePoolIdOf(uid), clusterID: CLUSTER_ID });

  const clusterWithApi = (changes: object = {}) => {
    const cluster = clusterNamed('cluster-0');
    return seedCluster({ ...changes, status: { ...cluster.status, endpoint: ENDPOINT } });
  };

  const withoutEndpoint = () => {
    const { endpoint: _, ...status } = clusterWithApi().status ?? {};
    return seedCluster({ status });
  };

  /** A pool that rests, whose status says this of its nodes. */
  const poolWith = (nodes?: NodeCounts, number = 1, nodePool?: NodePoolReport): AWSNodePool => {
    const uid = `2c1e7a30-5d0f-4a55-9d0e-00000000001${number}`;
    const metadata = { name: `pool-${number}`, uid };
    const status = { ...inCluster(uid), aws: { account: ACCOUNT, region: REGION }, revision: revisionOf(release()) };
    const subject = { kind: 'settled', ...present({ nodes, nodePool }) } as const;
    const object = { kind: 'AWSNodePool', namespace: 'default', ...metadata } as const;
    const settled = statusOf(
      { object, generation: 1, subject, events: [] },
      seedPool({ metadata, status }),
      Date.now(),
    );
    return seedPool({ metadata, status: settled });
  };

  const cluster = builtFor('cluster-0');
  const shared = cluster.filter(({ key }) => CLUSTER_OUTPUTS_FOR_POOLS.includes(key) || key === 'preflight');
  const external = Object.fromEntries(shared.map(({ key, outputs }) => [key, outputs]));
  const builtPool = (pool: AWSNodePool): readonly Found[] => {
    const topology = nodePoolTopology(pool, clusterWithApi(), release());
    const { plan } = planEnsure(topology, EMPTY, { fresh: true, provisioned: false, live: false, external });
    return carryOut(plan, EMPTY);
  };

  /** `made`: the pools as AWS has them. */
  const sweepOf = (
    pools: readonly AWSNodePool[],
    nodes: SweepNodes,
    clusters = [clusterWithApi()],
    made: readonly AWSNodePool[] = pools,
  ) => {
    const partOf = (name: string): readonly Found[] => {
      const pool = made.find(({ metadata }) => metadata.name === name);
      return pool === undefined ? cluster : [...shared, ...builtPool(pool).filter(({ key }) => key !== 'preflight')];
    };
    const inAws = ({ key }: Found): boolean => !elsewhere.test(key) || CLUSTER_OUTPUTS_FOR_POOLS.includes(key);
    return sweepWith({
      management: async () => ({
        clusters,
        nodePools: pools,
        invalid: 0,
        foundOf: async ({ metadata }) =>
          partOf(metadata.name).filter((one) => !inAws(one) && !one.key.startsWith('hub-membership')),
      }),
      aws: async () => ({
        began: 7,
        inventoryOf: async ({ object }) => inventoryOf(partOf(object.name).filter(inAws)),
      }),
      hub: async () => inHub(cluster),
      nodes,
    }).sweep();
  };
  const answering =
    (ready: Readonly<Record<string, number>>, notReady: Readonly<Record<string, readonly string[]>> = {}): SweepNodes =>
    async (clusters) =>
      new Map(clusters.map(({ clusterId }) => [clusterId, { ready, notReady }]));
  /** So many of the pool's nodes are Ready; these are not. */
  const readyIn = (pool: AWSNodePool, ready: number, ...notReady: readonly string[]) => {
    const poolId = nodePoolIdOf(pool.metadata.uid);
    return answering({ [poolId]: ready }, notReady.length === 0 ? {} : { [poolId]: notReady });
  };
  const entityOf = ({ kind, metadata: { namespace, name, uid } }: AWSNodePool) =>
    entityWorkflowId({ kind, namespace, name, uid });

  test('tells a pool how many of its nodes are Ready and how many its group keeps, once', async () => {
    const pool = poolWith();
    const { findings, uncounted } = await sweepOf([pool], readyIn(pool, 2));
    const nodes = { desired: 3, ready: 2 };
    expect(findings).toEqual([{ entityId: entityOf(pool), finding: { kind: 'report', differences: [], nodes } }]);
    expect(uncounted).toBe(0);
    expect((await sweepOf([poolWith({ desired: 3, ready: 3 })], readyIn(pool, 3))).findings).toEqual([]);
  });

  test('has a pool look at its machines once too few of its nodes are Ready for the second time in a row', async () => {
    const short = poolWith({ desired: 3, ready: 2 });
    const reasonWith = async (nodes: SweepNodes) => (await sweepOf([short], nodes)).findings;
    const look = (reason: string) => [{ entityId: entityOf(short), finding: { kind: 'look', reason } }];
    expect(await reasonWith(readyIn(short, 2))).toEqual(look('2 of 3 nodes are Ready, after too few before'));
    expect(await reasonWith(readyIn(short, 1, 'a', 'b'))).toEqual(
      look('1 of 3 nodes are Ready, after too few before; not Ready: a, b'),
    );
    expect((await sweepOf([short], readyIn(short, 3))).findings).toMatchObject([{ finding: { kind: 'report' } }]);
  });

  test('leaves a pool that knows which of its nodes are unhealthy to look by itself', async () => {
    const nodes = [{ instanceId: 'i-1', since: '2026-08-01T10:00:00Z', message: 'node a is not Ready' }];
    const knowing = poolWith({ desired: 3, ready: 2 }, 1, { nodes });
    expect((await sweepOf([knowing], readyIn(knowing, 2))).findings).toEqual([]);
  });

  test('tells a pool what differs from its spec before it looks at single machines', async () => {
    const short = poolWith({ desired: 3, ready: 2 });
    const larger = { ...short, spec: { ...short.spec, tags: { team: 'new' } } };
    expect((await sweepOf([larger], readyIn(short, 2), [clusterWithApi()], [short])).findings).toMatchObject([
      { finding: { kind: 'report', differences: expect.arrayContaining([expect.anything()]) } },
    ]);
  });

  test('tells a pool whose cluster could not be asked that nobody knows, once, and counts such clusters', async () => {
    const unread: SweepNodes = async () => new Map([[CLUSTER_ID, { unread: 'no answer' }]]);
    const { findings, uncounted } = await sweepOf([poolWith({ desired: 3, ready: 3 })], unread);
    expect(findings).toMatchObject([{ finding: { kind: 'report', nodes: { desired: 3, unread: 'no answer' } } }]);
    expect(uncounted).toBe(1);
    expect((await sweepOf([poolWith({ desired: 3, unread: 'no answer' })], unread)).findings).toEqual([]);
  });

  test('asks each cluster once for all of its pools', async () => {
    const asked: UserCluster[] = [];
    await sweepOf([poolWith(undefined, 1), poolWith(undefined, 2)], async (clusters) => {
      asked.push(...clusters);
      return new Map();
    });
    expect(asked).toEqual([{ namespace: 'default', clusterId: CLUSTER_ID, endpoint: ENDPOINT }]);
  });

  test('asks those clusters last that did not answer the last time', async () => {
    const others = ['a', 'b', 'c'].map((name, index) => {
      const uid = `2c1e7a30-5d0f-4a55-9d0e-00000000010${index}`;
      const api = seedCluster({ metadata: { name, uid }, status: { endpoint: `${name}.elb` } });
      const pool = poolWith(index === 0 ? { unread: 'no answer' } : { ready: 3, desired: 3 }, index);
      const status = { ...pool.status, clusterID: clusterIdOf(uid) };
      return { api, pool: { ...pool, spec: { ...pool.spec, clusterName: name }, status } };
    });
    const asked: string[] = [];
    await sweepOf(
      others.map(({ pool }) => pool),
      async (clusters) => {
        asked.push(...clusters.map(({ endpoint }) => endpoint));
        return new Map();
      },
      others.map(({ api }) => api),
    );
    expect(asked).toEqual(['b.elb', 'c.elb', 'a.elb']);
  });

  test.each([
    ['is being deleted', clusterWithApi({ metadata: { ...DELETING } })],
    ['has no endpoint yet', withoutEndpoint()],
    ['is another one by now', clusterWithApi({ metadata: { uid: '2c1e7a30-5d0f-4a55-9d0e-000000000099' } })],
  ])('does not ask a cluster that %s, and says nothing of its nodes', async (_, one) => {
    const asked: UserCluster[] = [];
    const { findings } = await sweepOf(
      [poolWith({ ready: 3, desired: 3 })],
      async (clusters) => {
        asked.push(...clusters);
        return new Map();
      },
      [one],
    );
    expect(asked).toEqual([]);
    expect(findings.map(({ finding }) => 'nodes' in finding)).not.toContain(true);
  });
});
