/**
 * Clusters and node pools as people might write them: what the schemas have room for, most of it usual, some of it odd.
 *
 * Owns: the generators. They share no code with the rules, so that a rule that is too wide meets a value that it lets through.
 * Neighbours: `machines.ts` and `aws.ts` say what is refused later on.
 */
import fc from 'fast-check';
import { REGION, SUBNETS, VERSION } from '../topology/objects.ts';
import { KEYS, NOWHERE, PLACES, type Place } from './account.ts';

/** Nine times out of ten something usual. */
const seldom = <T, U>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd });

/** An object refers to much of its account: if each were seldom there, few objects would find all of it. */
const rarely = <T, U>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ weight: 29, arbitrary: usual }, { weight: 1, arbitrary: odd });

/** What the account holds of a place, or nothing that it does. */
const held = (place: Place, ...odd: readonly string[]): fc.Arbitrary<string> =>
  rarely(fc.constantFrom(...PLACES[place]), fc.constantFrom(NOWHERE[place], ...odd));

const ODD_TEXTS = [
  '',
  ' ',
  'my team',
  '_staging-2',
  'baz/qux',
  '-',
  'a.',
  'é',
  'R&D #7',
  '(HEAD',
  'a\nb',
  '*',
  'a'.repeat(64),
];
const text = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
const prefix = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z0-9]{1,10}){0,4}$/);
const qualified = fc.oneof(
  text,
  fc.tuple(prefix, text).map(([first, last]) => `${first}/${last}`),
);
const labelKey = seldom(
  qualified,
  fc.constantFrom(
    ...ODD_TEXTS,
    'Example.com/a',
    'example.com/a/b',
    '/a',
    'a/',
    `${'a'.repeat(254)}/b`,
    'kubernetes.io/role',
    'slipway.dev/x',
  ),
);
const labelValue = seldom(fc.oneof(text, fc.constant('')), fc.constantFrom(...ODD_TEXTS));
const labels = fc.oneof(
  { weight: 3, arbitrary: fc.dictionary(qualified, fc.oneof(text, fc.constant('')), { maxKeys: 4 }) },
  { weight: 1, arbitrary: fc.dictionary(labelKey, labelValue, { maxKeys: 4 }) },
  { weight: 1, arbitrary: fc.dictionary(qualified, text, { minKeys: 20, maxKeys: 50 }) },
);
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute', 'NOSCHEDULE', 'PREFERNOSCHEDULE', 'NOEXECUTE'];
const taintsOf = (key: fc.Arbitrary<string>, value: fc.Arbitrary<string>) =>
  fc.array(fc.record({ key, value, effect: fc.constantFrom(...EFFECTS) }, { requiredKeys: ['key', 'effect'] }), {
    maxLength: 4,
  });
const taints = seldom(taintsOf(qualified, text), taintsOf(labelKey, labelValue));

/** Of many scripts, as long as Unicode has them: AWS does not say which of its versions it goes by. */
const LETTERS =
  'A-Za-z0-9\\u00c0-\\u00d6\\u0391-\\u03a1\\u0410-\\u044f\\u05d0-\\u05ea\\u0627-\\u063a\\u0905-\\u0939\\u3042-\\u3090\\u4e00-\\u9fa5\\uac00-\\ud7a3';
const tagText = (longest: number) =>
  fc
    .stringMatching(new RegExp(`^[${LETTERS}]([${LETTERS} _.:/=+@-]{0,40}[${LETTERS}_.:/=+@-])?$`))
    .map((one) => one.slice(0, longest).trimEnd());
const ODD_TAGS = [
  '',
  'AWS:x',
  'aws:x',
  'Aws:a',
  'slipway.dev/uid',
  'kubernetes.io/cluster/x',
  'Name',
  'a\tb',
  'a,b',
  '🚀',
  'end ',
  '\u00a0start',
  'k'.repeat(129),
  'v'.repeat(257),
];
const tags = seldom(
  fc.dictionary(tagText(128), fc.oneof(tagText(256), fc.constant('')), { maxKeys: 45 }),
  fc.dictionary(
    fc.oneof(tagText(128), fc.constantFrom(...ODD_TEXTS, ...ODD_TAGS)),
    fc.oneof(tagText(256), fc.constantFrom(...ODD_TEXTS, ...ODD_TAGS)),
    { maxKeys: 3 },
  ),
);

const keyArn = held('keys', 'alias/x', '', ':::', ...KEYS.odd);

const size = fc.constantFrom(1, 3, 4, 8, 10, 32, 64, 100, 160, 1_000, 16_384, 16_385, 65_536);
const volume = seldom(
  fc.record({ sizeGiB: fc.constantFrom(8, 10, 100, 65_536), kmsKeyARN: keyArn }, { requiredKeys: ['sizeGiB'] }),
  fc.record(
    {
      sizeGiB: size,
      volumeType: fc.constantFrom('gp2', 'gp3', 'io1', 'io2'),
      iops: fc.constantFrom(100, 200, 3_000, 3_001, 4_000, 16_000, 64_000, 64_001, 80_000, 256_000),
      throughput: fc.constantFrom(125, 750, 751, 1_000, 2_000),
    },
    { requiredKeys: ['sizeGiB'] },
  ),
);

const range = (least: number, most: number) =>
  fc
    .tuple(
      fc.constantFrom('10.64.0.0', '172.16.0.0', '100.64.0.0', '192.168.0.0'),
      fc.integer({ min: least, max: most }),
    )
    .map(([address, length]) => `${address}/${length}`);
const ODD_RANGES = [
  '169.254.0.0/16',
  '0.0.0.0/8',
  '127.0.0.0/8',
  '224.0.0.0/8',
  '10.64.0.1/16',
  '10.64.0.0',
  'x/8',
  '240.0.0.0/8',
];
const pods = seldom(range(12, 24), fc.constantFrom(...ODD_RANGES));
const services = seldom(
  fc.integer({ min: 16, max: 28 }).map((length) => `10.200.0.0/${length}`),
  fc.constantFrom(...ODD_RANGES, '10.64.0.0/12'),
);

/** Names of objects; a dot in one is as good as a dash. */
const name = seldom(
  fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/),
  fc.constantFrom('a'.repeat(63), 'a'.repeat(64), 'a'.repeat(253), 'A', 'a..b', 'a.b.c', '0'),
);
const ODD_NAMES = [...ODD_TEXTS, 'My Cluster', 'a,b', 'a=b', 'a_b', 'a'.repeat(63), 'a'.repeat(64)];

const ODD_KEY_PAIRS = [
  '',
  ' gone',
  'gone ',
  'é',
  '*',
  'gke-*',
  'a\nb',
  '\u0001',
  '🚀',
  'k'.repeat(255),
  'k'.repeat(256),
];
const keyPair = held('keyPairs', ...ODD_KEY_PAIRS);
const profile = held('profiles', '', 'a/b', 'é', 'arn:aws:iam::1:instance-profile/x', 'p'.repeat(128), 'p'.repeat(129));
const groups = fc.array(held('groups', 'sg-1', 'x'), { maxLength: 1 });
const machineType = held('types', 't4g.medium', 'z9.nano', 'large', 'T3.medium', '');

/** In as many zones as there are subnets, but for the odd. */
const placesOfReplicas = rarely(
  fc.shuffledSubarray(SUBNETS.slice(0, 3), { minLength: 1, maxLength: 3 }),
  fc.constantFrom<string[]>([SUBNETS[0], SUBNETS[3]], [SUBNETS[0], NOWHERE.subnets], [], ['x']),
);

const CIDR = fc.integer({ min: 0, max: 255 }).map((second) => `10.${second}.0.0/16`);
const callers = fc.option(
  seldom(
    fc.uniqueArray(CIDR, { minLength: 1, maxLength: 40 }),
    fc.constantFrom([], ['0.0.0.0/0'], ['10.0.0.1/8'], ['10.0.0.0/8', '10.0.0.0/8'], ['x']),
  ),
  { nil: undefined },
);

const clusterSpec = fc.record({
  region: fc.constant(REGION),
  networking: fc.record({
    vpcID: held('vpcs'),
    podAddressCIDRBlocks: pods.map((one) => [one]),
    serviceAddressCIDRBlocks: services.map((one) => [one]),
    serviceLoadBalancerSubnetIDs: rarely(fc.subarray([...SUBNETS]), fc.constant([NOWHERE.subnets])),
  }),
  controlPlane: fc.record({
    version: fc.constant(VERSION),
    instanceType: machineType,
    keyName: keyPair,
    iamInstanceProfile: profile,
    subnetIDs: placesOfReplicas,
    securityGroupIDs: groups,
    tags,
    rootVolume: volume,
    etcd: fc.record({ mainVolume: volume }),
    databaseEncryption: fc.record({ kmsKeyARN: keyArn }),
    authorizedCIDRs: callers,
  }),
});

const poolSpec = fc
  .tuple(
    fc.record({
      minNodeCount: fc.integer({ min: 0, max: 4 }),
      maxPodsPerNode: seldom(fc.integer({ min: 8, max: 120 }), fc.constantFrom(0, 1, 250, 251)),
      subnetID: held('subnets', 'x'),
      instanceType: machineType,
      keyName: keyPair,
      iamInstanceProfile: profile,
      securityGroupIDs: groups,
    }),
    fc.record({ labels, taints, tags, rootVolume: volume }, { requiredKeys: [] }),
    fc.record({ more: fc.integer({ min: 0, max: 8 }), beyond: fc.option(fc.integer({ min: 0, max: 2 })) }),
  )
  .map(([required, optional, { more, beyond }]) => ({
    ...{ ...required, ...optional },
    maxNodeCount: required.minNodeCount + more,
    ...(beyond === null ? {} : { nodeCount: required.minNodeCount + beyond }),
    region: REGION,
    version: VERSION,
  }));

export type Written = {
  readonly apiVersion: string;
  readonly kind: 'AWSCluster' | 'AWSNodePool';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
};

const written = (kind: Written['kind'], named: string, spec: Written['spec']): Written => ({
  apiVersion: 'multicloud.cluster.gke.io/v1',
  kind,
  metadata: { name: named, namespace: 'default' },
  spec,
});

/** A cluster and a pool of it, but for one that names another cluster. */
export const pairs: fc.Arbitrary<{ readonly cluster: Written; readonly pool: Written }> = fc
  .record({
    clusterName: name,
    poolName: name,
    cluster: clusterSpec,
    pool: poolSpec,
    another: rarely(fc.constant(undefined), fc.constantFrom(...ODD_NAMES)),
  })
  .map(({ clusterName, poolName, cluster, pool, another }) => ({
    cluster: written('AWSCluster', clusterName, cluster),
    pool: written('AWSNodePool', poolName, { ...pool, clusterName: another ?? clusterName }),
  }));
