/** What admission refuses, and with which words: one test a refusal; what it lets pass, and what it warns of. */
import { describe, expect, test } from '@jest/globals';
import { type Asked, createJudge, type Others } from '../../../client/admission/judge.ts';
import { wordsOf } from '../../../client/admission/judgement.ts';
import { DELETING } from '../../topology/objects.ts';
import {
  CATALOGUE,
  createCluster,
  createPool,
  deleteCluster,
  holding,
  otherCluster,
  otherPool,
  updateCluster,
  updatePool,
} from './asked.ts';

const SLIPWAY = 'system:serviceaccount:slipway-system:slipway-worker';
const version = (minor: number): string => `1.${minor}.0-gke.1`;
const clusterOf = (minor: number) => ({ controlPlane: { version: version(minor) } });
const poolOf = (minor: number) => ({ spec: { version: version(minor) } });

/** A cluster whose control plane runs a minor. */
const runs = (minor: number, established = true) => ({
  status: {
    ...(established ? { established: true as const } : {}),
    revision: {
      version: version(minor),
      kubernetes: `1.${minor}.0`,
      etcd: '3.6.16',
      cloudController: '1',
      imageID: 'a',
    },
  },
});

/** Fails the test if anything is read: what needs no other object must not wait for one. */
const nobody: Others = {
  cluster: () => Promise.reject(new Error('a cluster was read')),
  poolsOf: () => Promise.reject(new Error('node pools were read')),
};

const judge = (asked: Asked, others: Others = holding()) =>
  createJudge({ others, exempt: new Set([SLIPWAY]), catalogue: CATALOGUE })(asked);
const refusals = async (asked: Asked, others?: Others): Promise<string[]> =>
  (await judge(asked, others)).refusals.map((refusal) => `${refusal.field}: ${wordsOf(refusal)}`);
const warnings = async (asked: Asked, others?: Others): Promise<readonly string[]> =>
  (await judge(asked, others)).warnings;

describe('a cluster is refused', () => {
  test('with a version that the catalogue does not hold', async () => {
    const cure =
      'set the version to one of 1.38.0-gke.1, 1.37.0-gke.1, 1.36.0-gke.1, 1.35.0-gke.1, 1.34.0-gke.1, 1.16.9-gke.12, or install a release of Slipway that knows 1.99.0-gke.1';
    const [refusal, ...more] = await refusals(createCluster(clusterOf(99)));
    expect(more).toEqual([]);
    expect(refusal).toContain(`spec.controlPlane.version: version 1.99.0-gke.1 is not in this release's catalogue`);
    expect(refusal).toContain(cure);
  });

  test('with a version that leaves a node pool more than two minors behind', async () => {
    const pools = [otherPool('a', poolOf(34)), otherPool('b', poolOf(36))];
    expect(await refusals(updateCluster(clusterOf(36), clusterOf(37)), holding(undefined, pools))).toEqual([
      "spec.controlPlane.version: 1.37.0-gke.1 does not go with AWSNodePool a of version 1.34.0-gke.1: its Kubernetes 1.34.0 is more than two minor versions older than its cluster's 1.37.0: change the version of AWSNodePool a first, or choose another one here",
    ]);
  });

  test('with a version older than that of a node pool', async () => {
    const pools = [otherPool('a', poolOf(36))];
    const [refusal] = await refusals(updateCluster(clusterOf(36), clusterOf(35)), holding(undefined, pools));
    expect(refusal).toContain("its Kubernetes 1.36.0 is newer than its cluster's 1.35.0");
  });

  test('with a version that what it runs can not go to, and is told the way', async () => {
    expect(await refusals(updateCluster(clusterOf(35), { ...clusterOf(37), ...runs(35) }))).toEqual([
      "spec.controlPlane.version: 1.37.0-gke.1 can't follow 1.35.0-gke.1: Kubernetes goes one minor version at a time, and 1.37 is not the one after 1.35: ask for 1.36.0-gke.1 first, then for 1.37.0-gke.1",
    ]);
    const [older] = await refusals(updateCluster(clusterOf(36), { ...clusterOf(35), ...runs(36) }));
    expect(older).toContain('its Kubernetes 1.35 is older than 1.36');
  });

  test('in another region than a node pool that names it already', async () => {
    const far = otherPool('a', { spec: { ...poolOf(36).spec, region: 'eu-west-2' } });
    expect(await refusals(createCluster(clusterOf(36)), holding(undefined, [far]))).toEqual([
      'spec.region: eu-west-1 is not the region of AWSNodePool a, eu-west-2: set it to eu-west-2, or delete that node pool',
    ]);
  });

  test('with Pod and Service ranges that overlap', async () => {
    const networking = {
      vpcID: 'vpc-027d53db543f33b56',
      podAddressCIDRBlocks: ['10.2.0.0/16'],
      serviceAddressCIDRBlocks: ['10.2.64.0/20'],
      serviceLoadBalancerSubnetIDs: [],
    };
    expect(await refusals(createCluster({ ...clusterOf(36), spec: { networking } }))).toEqual([
      'spec.networking.podAddressCIDRBlocks: 10.2.0.0/16 overlaps 10.2.64.0/20 in spec.networking.serviceAddressCIDRBlocks: choose ranges that have no address in common',
    ]);
  });

  test.each([
    ['rootVolume', { rootVolume: { sizeGiB: 10, kmsKeyARN: 'arn:aws:kms:us-east-1:012345678901:key/a' } }],
    [
      'etcd.mainVolume',
      { etcd: { mainVolume: { sizeGiB: 10, kmsKeyARN: 'arn:aws:kms:us-east-1:012345678901:key/a' } } },
    ],
  ])('with a key of another region for its %s', async (field, changes) => {
    expect(await refusals(createCluster({ controlPlane: { version: version(36), ...changes } }))).toEqual([
      `spec.controlPlane.${field}.kmsKeyARN: arn:aws:kms:us-east-1:012345678901:key/a is in region us-east-1, not in eu-west-1: name a key of region eu-west-1`,
    ]);
  });

  const far = { kmsKeyARN: 'arn:aws-cn:kms:eu-west-1:012345678901:key/a' };
  test.each([
    ['rootVolume', { rootVolume: { sizeGiB: 10, ...far } }],
    ['etcd.mainVolume', { etcd: { mainVolume: { sizeGiB: 10, ...far } } }],
    ['databaseEncryption', { databaseEncryption: far }],
  ])('with a key of another partition for its %s', async (field, changes) => {
    expect(await refusals(createCluster({ controlPlane: { version: version(36), ...changes } }))).toEqual([
      `spec.controlPlane.${field}.kmsKeyARN: ${far.kmsKeyARN} is in partition aws-cn, and region eu-west-1 is in partition aws: name a key of region eu-west-1`,
    ]);
  });

  test('its deletion, while one of its node pools is protected', async () => {
    const pools = [otherPool('b', { spec: { deletionProtection: true } }), otherPool('a')];
    expect(await refusals(deleteCluster(), holding(undefined, pools))).toEqual([
      'spec.deletionProtection: deleting the cluster would delete its node pools, and these are protected against that: b: set spec.deletionProtection of those node pools to false first',
    ]);
  });

  test('that does not fit the schema, because the CRDs are of another release', async () => {
    const asked = createCluster();
    const [refusal] = await refusals({ ...asked, object: { metadata: { name: 'a' }, spec: { region: 7 } } });
    expect(refusal).toContain('spec.region: ');
    expect(refusal).toContain('apply the CRDs of this release (deploy/crds)');
  });
});

describe('a node pool is refused', () => {
  test('with a version that the catalogue does not hold', async () => {
    const [refusal] = await refusals(createPool(poolOf(99)), holding(otherCluster(clusterOf(36))));
    expect(refusal).toContain("spec.version: version 1.99.0-gke.1 is not in this release's catalogue");
  });

  test.each([
    ['newer than its cluster’s', 37, 36, "its Kubernetes 1.37.0 is newer than its cluster's 1.36.0"],
    ['more than two minors older', 35, 38, "is more than two minor versions older than its cluster's 1.38.0"],
  ])('with a version %s', async (_what, minor, clusters, problem) => {
    const [refusal] = await refusals(createPool(poolOf(minor)), holding(otherCluster(clusterOf(clusters))));
    expect(refusal).toContain(problem);
  });

  test('with the cluster’s own version as the cure', async () => {
    expect(await refusals(updatePool(poolOf(36), poolOf(37)), holding(otherCluster(clusterOf(36))))).toEqual([
      "spec.version: 1.37.0-gke.1 does not go with AWSCluster cluster-0 of version 1.36.0-gke.1: its Kubernetes 1.37.0 is newer than its cluster's 1.36.0: set it to 1.36.0-gke.1, or change the version of the cluster first",
    ]);
  });

  test('in another region than its cluster', async () => {
    const pool = createPool({ spec: { ...poolOf(36).spec, region: 'eu-west-2' } });
    expect(await refusals(pool, holding(otherCluster(clusterOf(36))))).toEqual([
      'spec.region: eu-west-2 is not the region of AWSCluster cluster-0, eu-west-1: set it to eu-west-1',
    ]);
  });

  test('that finds no room in its cluster’s pod range, beside the other pools and with the numbers', async () => {
    const narrow = otherCluster({
      ...clusterOf(36),
      spec: {
        networking: {
          vpcID: 'vpc-027d53db543f33b56',
          podAddressCIDRBlocks: ['10.2.0.0/22'],
          serviceAddressCIDRBlocks: ['10.1.0.0/16'],
          serviceLoadBalancerSubnetIDs: [],
        },
      },
    });
    const small = { spec: { ...poolOf(36).spec, maxNodeCount: 9, maxPodsPerNode: 60 } };
    expect(await refusals(createPool(small), holding(narrow, [otherPool('cluster-0-pool-0')]))).toEqual([]);
    expect(await refusals(createPool(small), holding(narrow, [otherPool('other', small)]))).toEqual([
      "spec.maxNodeCount: the cluster's pod range 10.2.0.0/22 has a /26 for each of 16 nodes, and this node pool and other may have 18: lower maxNodeCount by 2, or create the cluster with a wider range",
    ]);
    const [many] = await refusals(createPool({ spec: { ...small.spec, maxPodsPerNode: 110 } }), holding(narrow));
    expect(many).toContain('gives each node a /26, which is 61 Pods, and 110 are asked for');
    const fewer = { spec: { ...small.spec, maxNodeCount: 8 } };
    expect(await refusals(updatePool(small, fewer), holding(narrow, [otherPool('other', small)]))).toEqual([]);
    const [late] = await refusals(
      createCluster({ spec: narrow.spec as never, ...clusterOf(36) }),
      holding(undefined, [otherPool('a', small), otherPool('b', small)]),
    );
    expect(late).toContain('spec.networking.podAddressCIDRBlocks: AWSNodePool a finds no room');
  });

  test('with the same taint twice', async () => {
    const taints = [
      { key: 'a', value: 'x', effect: 'NoSchedule' as const },
      { key: 'a', effect: 'NoExecute' as const },
      { key: 'a', value: 'y', effect: 'NoSchedule' as const },
    ];
    expect(await refusals(createPool({ spec: { ...poolOf(36).spec, taints } }))).toEqual([
      'spec.taints[2]: a with effect NoSchedule is in spec.taints[0] already, and no node may have both: remove one of them',
    ]);
  });

  test('with a key of another partition', async () => {
    const rootVolume = {
      sizeGiB: 10,
      volumeType: 'gp3' as const,
      kmsKeyARN: 'arn:aws-cn:kms:eu-west-1:012345678901:key/a',
    };
    expect(await refusals(createPool({ spec: { ...poolOf(36).spec, rootVolume } }))).toEqual([
      'spec.rootVolume.kmsKeyARN: arn:aws-cn:kms:eu-west-1:012345678901:key/a is in partition aws-cn, and region eu-west-1 is in partition aws: name a key of region eu-west-1',
    ]);
  });

  test('with a key of another region', async () => {
    const rootVolume = {
      sizeGiB: 10,
      volumeType: 'gp3' as const,
      kmsKeyARN: 'arn:aws:kms:us-east-1:012345678901:key/a',
    };
    expect(await refusals(createPool({ spec: { ...poolOf(36).spec, rootVolume } }))).toEqual([
      'spec.rootVolume.kmsKeyARN: arn:aws:kms:us-east-1:012345678901:key/a is in region us-east-1, not in eu-west-1: name a key of region eu-west-1',
    ]);
  });
});

describe('passes', () => {
  test.each([
    ['a cluster', createCluster(clusterOf(36))],
    ['a pool of the same version', createPool(poolOf(36))],
    ['a pool two minors older', createPool(poolOf(34))],
    ['a new version of a cluster whose pools are near enough', updateCluster(clusterOf(35), clusterOf(36))],
  ])('%s', async (_what, asked) => {
    const pools = [otherPool('a', poolOf(34)), otherPool('going', { ...poolOf(38), metadata: DELETING })];
    expect(await refusals(asked, holding(otherCluster(clusterOf(36)), pools))).toEqual([]);
  });

  test('the version that a cluster runs, whatever was asked for in between', async () => {
    expect(await refusals(updateCluster(clusterOf(37), { ...clusterOf(36), ...runs(36) }))).toEqual([]);
  });

  test('any version of a cluster, however far, before anything runs that would have to go there', async () => {
    expect(await refusals(updateCluster(clusterOf(37), { ...clusterOf(35), ...runs(37, false) }))).toEqual([]);
    expect(await refusals(updateCluster(clusterOf(35), clusterOf(38)))).toEqual([]);
  });

  test('a pool that is applied before its cluster', async () => {
    expect(await refusals(createPool(poolOf(36)))).toEqual([]);
  });

  test('whatever changes anything but the spec, however wrong the spec has become, without a look at other objects', async () => {
    for (const change of [clusterOf(99), { controlPlane: { version: version(36), hub: undefined } }]) {
      const asked = updateCluster(change, { ...change, metadata: { finalizers: [], labels: { a: 'b' } } });
      expect(await refusals(asked, nobody)).toEqual([]);
    }
    expect(await refusals(updatePool(poolOf(99), { ...poolOf(99), status: { state: 'Provisioned' } }), nobody)).toEqual(
      [],
    );
  });

  test('a change of something else, where an older release admitted a version that this one does not know', async () => {
    const after = { controlPlane: { version: version(99), securityGroupIDs: [] } };
    expect(await refusals(updateCluster(clusterOf(99), after), nobody)).toEqual([]);
    const resized = { spec: { ...poolOf(99).spec, minNodeCount: 4 } };
    expect(await refusals(updatePool(poolOf(99), resized), nobody)).toEqual([]);
  });

  test('what is done to an object that is being deleted', async () => {
    const asked = updateCluster({ ...clusterOf(36), metadata: DELETING }, clusterOf(99));
    expect(await refusals(asked, nobody)).toEqual([]);
    expect(await refusals(deleteCluster({ metadata: DELETING }), nobody)).toEqual([]);
  });

  test('what Slipway itself does', async () => {
    expect(await refusals({ ...createCluster(clusterOf(99)), username: SLIPWAY }, nobody)).toEqual([]);
  });

  test('the deletion of a node pool, and of a cluster whose protected pools are going already', async () => {
    expect(await refusals({ ...deleteCluster(), kind: 'AWSNodePool' }, nobody)).toEqual([]);
    const going = otherPool('a', { spec: { deletionProtection: true }, metadata: DELETING });
    expect(await refusals(deleteCluster(), holding(undefined, [going]))).toEqual([]);
  });
});

describe('warns', () => {
  test('that a release stands for another Kubernetes, when it is asked for', async () => {
    const asked = { controlPlane: { version: '1.16.9-gke.12' } };
    const said = 'spec.controlPlane.version: 1.16.9-gke.12 stands for Kubernetes 1.36.0 in this release';
    expect(await warnings(createCluster(asked))).toContain(said);
    const later = updateCluster(asked, { controlPlane: { version: '1.16.9-gke.12', securityGroupIDs: [] } });
    expect(await warnings(later)).not.toContain(said);
    expect(await warnings(createPool({ spec: { version: '1.16.9-gke.12' } }))).toContain(
      'spec.version: 1.16.9-gke.12 stands for Kubernetes 1.36.0 in this release',
    );
  });

  test('of fewer than three zones', async () => {
    const subnetIDs = ['subnet-08fdd9360320f5f27', 'subnet-03babff7f9b5d4a7b'];
    expect(await warnings(createCluster({ controlPlane: { version: version(36), subnetIDs } }))).toContain(
      'spec.controlPlane.subnetIDs: fewer than three zones do not survive the loss of one, and none is added later',
    );
  });

  test('of what an upgrade comes to, and until when it may be taken back', async () => {
    const components = { kubernetes: '1.36.0', etcd: '3.6.0', cloudController: '1.36.0', imageID: 'ami-1' };
    const status = {
      state: 'Provisioned' as const,
      established: true,
      revision: { version: version(36), ...components },
    };
    expect(await warnings(updateCluster({ ...clusterOf(36), status }, { ...clusterOf(37), status }))).toEqual([
      `spec.controlPlane.version: replaces the 3 machines of the control plane in turns, 1 at a time while the others serve; serves as Kubernetes 1.36 for 86400 s more, and goes back to ${version(36)} until then; afterwards as 1.37, with no way back`,
    ]);
  });

  test('of fields without effect, once', async () => {
    const proxied = { controlPlane: { version: version(36), proxySecretName: 'proxy' } };
    const said = 'spec.controlPlane.proxySecretName has no effect yet: replicas reach the internet directly';
    expect(await warnings(updateCluster(clusterOf(36), proxied))).toEqual([said]);
    const tagged = { controlPlane: { ...proxied.controlPlane, tags: { a: 'b' } } };
    expect(await warnings(updateCluster(proxied, tagged))).toEqual([]);
  });

  test('of a cluster that is not there, or going', async () => {
    const [absent] = await warnings(createPool(poolOf(36)));
    expect(absent).toBe(
      'spec.clusterName: AWSCluster default/cluster-0 does not exist, so nothing is built until it is there',
    );
    const going = otherCluster({ ...clusterOf(36), metadata: DELETING });
    const [leaving] = await warnings(createPool(poolOf(36)), holding(going));
    expect(leaving).toContain('AWSCluster default/cluster-0 is being deleted');
  });
});

describe('says what a change of a provisioned pool would do', () => {
  const surge = (maxSurge: number, maxUnavailable: number) => ({
    updateSettings: { drainSeconds: 600, surgeSettings: { maxSurge, maxUnavailable } },
  });
  const pool = (spec: object = {}, status: object = { state: 'Provisioned', desiredNodes: 5 }) => ({
    spec: { ...poolOf(36).spec, ...spec },
    status: { ...status, conditions: [] } as never,
  });
  const asking = (before: object, after: object, status?: object): Asked => ({
    ...updatePool(pool(before, status), pool(after, status)),
    dryRun: true,
  });
  const TURNS = 'replaces 5 machines in turns, 1 at a time, new ones first';

  test.each<[string, object, object, readonly string[]]>([
    ['machines are replaced', {}, { instanceType: 't3.large' }, [`spec.instanceType: ${TURNS}`]],
    [
      'more go at a time where more may',
      surge(2, 1),
      { ...surge(2, 1), maxPodsPerNode: 50 },
      ['spec.maxPodsPerNode: replaces 5 machines in turns, the first alone, then 3 at a time, new ones first'],
    ],
    [
      'no new one comes first where none may',
      surge(0, 1),
      { ...surge(0, 1), maxPodsPerNode: 50 },
      ['spec.maxPodsPerNode: replaces 5 machines in turns, 1 at a time'],
    ],
    [
      'only as its policy lets turns begin',
      { updatePolicy: { mode: 'Manual' } },
      { updatePolicy: { mode: 'Manual' }, keyName: 'other' },
      [`spec.keyName: ${TURNS}, once somebody says resume`],
    ],
    ['things are changed in place', {}, { tags: { a: 'b' } }, ['spec.tags: in place']],
    [
      'nodes are drained, and those that stay are replaced',
      { nodeCount: 5 },
      { nodeCount: 4, keyName: 'other' },
      [
        'spec.nodeCount: drains 1 machine, which then ends',
        'spec.keyName: replaces 4 machines in turns, 1 at a time, new ones first',
      ],
    ],
    [
      'it counts later',
      {},
      { management: { autoRepair: false } },
      ['spec.management: nothing now: it counts when a node fails'],
    ],
  ])('%s', async (_, before, after, expected) => {
    expect(await warnings(asking(before, after))).toEqual(expected);
  });

  test('though nobody counted its machines', async () => {
    const asked = asking({}, { keyName: 'other' }, { state: 'Provisioned' });
    expect(await warnings(asked)).toEqual([
      'spec.keyName: replaces its machines in turns, 1 at a time, new ones first',
    ]);
  });

  test('but not before it is provisioned, when it is made as it is asked for', async () => {
    expect(await warnings(asking({}, { keyName: 'other' }, { state: 'Provisioning' }))).toEqual([]);
    expect(await warnings(asking({}, { keyName: 'other' }, {}))).toEqual([]);
  });

  test('to who applies it as to who only asks, but for what is done in place', async () => {
    const change = { keyName: 'other', tags: { a: 'b' } };
    expect(await warnings({ ...asking({}, change), dryRun: false })).toEqual([`spec.keyName: ${TURNS}`]);
  });

  test('whatever its status holds, and without reading another object', async () => {
    const asked = asking({}, { keyName: 'other' });
    const odd = { ...(asked.oldObject as object), status: { state: 7, desiredNodes: 'many' } };
    expect(await warnings({ ...asked, oldObject: odd }, nobody)).toEqual([]);
    expect(await warnings(asked, nobody)).toEqual([`spec.keyName: ${TURNS}`]);
    const refusing = asking({}, { taints: [1, 2].map(() => ({ key: 'a', effect: 'NoSchedule' })) });
    expect(await warnings(refusing, nobody)).toEqual([]);
  });

  test('and of a cluster', async () => {
    const status = { state: 'Provisioned' as const };
    const asked = updateCluster(
      { ...clusterOf(36), status },
      { controlPlane: { version: version(36), keyName: 'other', tags: { a: 'b' } }, status },
    );
    expect(await warnings({ ...asked, dryRun: true })).toEqual([
      'spec.controlPlane.keyName: replaces the 3 machines of the control plane in turns, 1 at a time while the others serve',
      'spec.controlPlane.tags: in place',
    ]);
  });
});
