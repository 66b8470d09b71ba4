/** What the API server must refuse, and what it must say: one case a rule at least. */

export type Refusal = {
  readonly kind: 'AWSCluster' | 'AWSNodePool';
  /** Path in the seed's object, and what is put there; `undefined` removes it. */
  readonly path: string;
  readonly value: unknown;
  readonly message: string;
};

const cluster = (path: string, value: unknown, message: string): Refusal => ({
  kind: 'AWSCluster',
  path,
  value,
  message,
});
const pool = (path: string, value: unknown, message: string): Refusal => ({
  kind: 'AWSNodePool',
  path,
  value,
  message,
});

const KEY = 'arn:aws:kms:eu-west-1:012345678901:key/12560928';
const tooMany = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));

const within = (changes: object) => ({
  mode: 'Window',
  windows: [{ days: ['Sat', 'Sun'], start: '22:00', minutes: 240, ...changes }],
});

/** Refused when an object is created. */
export const ON_CREATE: readonly Refusal[] = [
  cluster('metadata.name', 'a'.repeat(64), 'metadata.name must have at most 63 characters'),
  cluster('spec', undefined, 'spec: Required value'),
  cluster('spec.region', 'Ireland', 'must be the name of an AWS region, such as eu-west-1'),
  cluster('spec.region', 'eu-west-2', 'the key that encrypts the database must be in the region of the cluster'),
  cluster('spec.networking.vpcID', 'vpc-xyz', 'must be a VPC id: vpc- and 8 to 17 hex digits'),
  cluster('spec.networking.podAddressCIDRBlocks', ['10.2.0.0/33'], 'must be an IPv4 range, such as 10.1.0.0/16'),
  cluster('spec.networking.podAddressCIDRBlocks', ['fd00::/8'], 'must be an IPv4 range, such as 10.1.0.0/16'),
  cluster('spec.networking.podAddressCIDRBlocks', ['10.2.0.1/16'], 'must begin at the first address of the range'),
  cluster('spec.networking.podAddressCIDRBlocks', ['10.2.0.0/25'], 'must have a prefix between /8 and /24'),
  cluster('spec.networking.serviceAddressCIDRBlocks', ['10.0.0.0/8'], 'must have a prefix between /12 and /28'),
  cluster('spec.networking.serviceAddressCIDRBlocks', ['10.2.4.0/24'], 'must not overlap'),
  cluster('spec.networking.podAddressCIDRBlocks', ['10.2.0.0/16', '10.3.0.0/16'], 'must have at most 1 item'),
  cluster('spec.networking.podAddressCIDRBlocks', [], 'should have at least 1 items'),
  cluster('spec.networking.serviceLoadBalancerSubnetIDs', ['sub-1'], 'must be a subnet id'),
  ...['169.254.0.0/16', '169.0.0.0/8', '0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/8'].map((range) =>
    cluster('spec.networking.podAddressCIDRBlocks', [range], 'must have no address of 0.0.0.0/8, 127.0.0.0/8'),
  ),
  cluster('spec.networking.serviceAddressCIDRBlocks', ['169.254.0.0/16'], 'which nothing in a network can have'),
  cluster('spec.controlPlane.version', 'latest', 'must be a version such as 1.36.3-gke.1'),
  cluster('spec.controlPlane.instanceType', 'large', 'must be an EC2 instance type, such as m5.large'),
  cluster('spec.controlPlane.subnetIDs', [], 'should have at least 1 items'),
  cluster('spec.controlPlane.subnetIDs', ['subnet-08fdd936', 'subnet-08fdd936'], 'entries must be distinct'),
  cluster(
    'spec.controlPlane.subnetIDs',
    ['subnet-00000001', 'subnet-00000002', 'subnet-00000003', 'subnet-00000004'],
    'must have at most 3 items',
  ),
  cluster('spec.controlPlane.securityGroupIDs', ['default'], 'must be a security group id'),
  cluster('spec.controlPlane.securityGroupIDs', ['sg-0372ceaa', 'sg-0372ceaa'], 'entries must be distinct'),
  cluster(
    'spec.controlPlane.iamInstanceProfile',
    'arn:aws:iam::1:instance-profile/x',
    'must be the name of an IAM instance profile, not its ARN',
  ),
  cluster('spec.controlPlane.databaseEncryption.kmsKeyARN', '1234', 'must be the ARN of a KMS key or alias'),
  cluster(
    'spec.controlPlane.databaseEncryption.kmsKeyARN',
    'arn:aws:kms:eu-west-1:01234567890:key/1',
    'must be the ARN of a KMS key or alias',
  ),
  cluster('spec.controlPlane.hub.membershipName', 'cluster-0', 'must be projects/<project>/locations/global'),
  ...['projects/-/locations/global/memberships/a', 'projects/p/locations/-/memberships/a'].map((name) =>
    cluster('spec.controlPlane.hub.membershipName', name, 'must be projects/<project>/locations/global'),
  ),
  cluster('spec.controlPlane.proxySecretName', 'My Proxy', 'must be the name of a Secret'),
  pool('spec.proxySecretName', 'a..b', 'must be the name of a Secret'),
  cluster('spec.controlPlane.tags', { 'aws:x': 'y' }, 'tag keys that begin with aws:, slipway.dev/ or'),
  cluster('spec.controlPlane.tags', { 'slipway.dev/uid': 'y' }, 'tag keys that begin with aws:, slipway.dev/ or'),
  cluster('spec.controlPlane.tags', { ['k'.repeat(129)]: 'y' }, 'a tag key has 1 to 128 characters'),
  cluster('spec.controlPlane.tags', tooMany(41), 'must have at most 40 items'),
  cluster('spec.controlPlane.tags', { AWS: 'y', 'AWS:x': 'y' }, 'tag keys that begin with aws:, slipway.dev/ or'),
  cluster(
    'spec.controlPlane.tags',
    { branch: '(HEAD' },
    'a tag value may have letters, digits, spaces and _ . : / = + - @ only',
  ),
  cluster(
    'spec.controlPlane.tags',
    { 'R&D #7': 'y' },
    'a tag key may have letters, digits, spaces and _ . : / = + - @ only',
  ),
  ...[' team', 'team ', '\u00a0team', ' '].flatMap((text) => [
    cluster('spec.controlPlane.tags', { team: text }, 'and no space at either end'),
    pool('spec.tags', { [text]: 'a' }, 'and no space at either end'),
  ]),
  ...['', ' a', 'a ', 'a\nb', 'Schlüssel', 'k'.repeat(256)].flatMap((name) => {
    const refusal = name.length > 255 ? 'may not be more than 255' : 'must be the name of an EC2 key pair';
    return [cluster('spec.controlPlane.keyName', name, refusal), pool('spec.keyName', name, refusal)];
  }),
  cluster('spec.controlPlane.rootVolume', { sizeGiB: 4 }, 'greater than or equal to 8'),
  cluster('spec.controlPlane.rootVolume', { volumeType: 'standard' }, 'supported values: "gp2", "gp3", "io1", "io2"'),
  cluster('spec.controlPlane.rootVolume', { volumeType: 'gp2', iops: 3000 }, 'iops has no meaning with gp2'),
  cluster('spec.controlPlane.etcd.mainVolume', { volumeType: 'io1' }, 'io1 and io2 need iops'),
  cluster('spec.controlPlane.etcd.mainVolume', { volumeType: 'gp3', iops: 100 }, 'gp3 takes 3000 to 80000 iops'),
  cluster(
    'spec.controlPlane.rootVolume',
    { volumeType: 'io2', iops: 100, throughput: 125 },
    'only gp3 has a throughput of its own',
  ),
  cluster(
    'spec.controlPlane.etcd.mainVolume',
    { volumeType: 'gp3', iops: 3000, throughput: 751 },
    'gp3 takes a throughput of at most a quarter of its iops',
  ),
  cluster(
    'spec.controlPlane.etcd.mainVolume',
    { volumeType: 'io1', sizeGiB: 4, iops: 3000 },
    'io1 takes at most 50 iops for each GiB: make it larger, or ask for fewer',
  ),
  cluster(
    'spec.controlPlane.etcd.mainVolume',
    { volumeType: 'gp3', sizeGiB: 8, iops: 16000 },
    'gp3 takes at most 500 iops for each GiB, or 3000: make it larger, or ask for fewer',
  ),
  cluster(
    'spec.controlPlane.etcd.mainVolume',
    { volumeType: 'io2', sizeGiB: 4, iops: 4001 },
    'io2 takes at most 1000 iops for each GiB',
  ),
  cluster(
    'spec.controlPlane.etcd.mainVolume',
    { volumeType: 'io1', sizeGiB: 16384, iops: 64001 },
    'io1 takes 100 to 64000 iops',
  ),
  cluster(
    'spec.controlPlane.etcd.mainVolume',
    { volumeType: 'io2', sizeGiB: 65536, iops: 256001 },
    'less than or equal to 256000',
  ),
  cluster('spec.controlPlane.rootVolume', { volumeType: 'gp2', sizeGiB: 16385 }, 'gp2 volumes have 1 to 16384 GiB'),
  cluster(
    'spec.controlPlane.etcd.mainVolume',
    { volumeType: 'io1', sizeGiB: 3, iops: 100 },
    'io1 volumes have 4 to 16384 GiB',
  ),
  cluster(
    'spec.controlPlane.etcd.mainVolume',
    { volumeType: 'io2', sizeGiB: 3, iops: 100 },
    'io2 volumes have 4 to 65536 GiB',
  ),
  cluster(
    'spec.authentication.awsIAM.adminIdentityARNs',
    ['arn:aws:iam::0123456789012:group/admins'],
    'must be the ARN of an IAM user or role',
  ),
  cluster('spec.authentication.oidc', [{ issuerURI: 'http://x', clientID: 'y' }], 'must begin with https://'),
  pool('spec.clusterName', undefined, 'spec.clusterName: Required value'),
  ...['', 'My Cluster', 'a_b', 'a/b', 'a,b', 'a..b', '-a', 'a\n', 'é', 'a'.repeat(64)].map((name) =>
    pool(
      'spec.clusterName',
      name,
      name.length > 63 ? 'may not be more than 63' : 'must be a name that an AWSCluster can have',
    ),
  ),
  pool('spec.minNodeCount', 6, 'minNodeCount must not be greater than maxNodeCount'),
  pool('spec.maxNodeCount', 1001, 'less than or equal to 1000'),
  pool('spec.nodeCount', 2, 'nodeCount must be neither less than minNodeCount nor greater than maxNodeCount'),
  pool('spec.nodeCount', 6, 'change it, too, or remove it'),
  pool('spec.maxPodsPerNode', 251, 'less than or equal to 250'),
  pool(
    'spec.updateSettings',
    { surgeSettings: { maxSurge: 0 } },
    'maxSurge and maxUnavailable must not both be 0: no node could be replaced',
  ),
  pool('spec.updateSettings', { surgeSettings: { maxSurge: 21 } }, 'less than or equal to 20'),
  ...[cluster, pool].flatMap((of) => [
    of('spec.updatePolicy', { mode: 'Window' }, 'mode Window needs at least one of windows'),
    of('spec.updatePolicy', { mode: 'Window', windows: [] }, 'mode Window needs at least one of windows'),
    of('spec.updatePolicy', within({ days: ['Sat', 'Sat'] }), 'days must be distinct'),
    of('spec.updatePolicy', within({ days: ['Saturday'] }), 'supported values: "Mon"'),
    ...['24:00', '9:00', '22:60', '22h00'].map((start) =>
      of('spec.updatePolicy', within({ start }), 'must be a time of day in UTC with two digits each'),
    ),
    of('spec.updatePolicy', within({ minutes: 0 }), 'greater than or equal to 1'),
    of('spec.updatePolicy', within({ minutes: 1_441 }), 'less than or equal to 1440'),
    of('spec.updatePolicy', { mode: 'Never' }, 'supported values: "Immediate"'),
  ]),
  pool('spec.taints', [{ key: 'a', effect: 'noschedule' }], 'supported values: "NoSchedule"'),
  pool('spec.taints', [{ key: 'a b', effect: 'NoSchedule' }], 'must be a name of at most 63 letters, digits'),
  pool('spec.labels', { 'kubernetes.io/role': 'x' }, 'labels under kubernetes.io/ and k8s.io/ are reserved'),
  pool('spec.labels', { 'slipway.dev/node-pool': 'x' }, 'labels under slipway.dev/ are reserved'),
  pool('spec.labels', { ['k'.repeat(64)]: 'x' }, 'a label key must be a name of at most 63'),
  ...['', 'a b', '_a', 'Example.com/a', 'example.com/a/b', `${'a'.repeat(254)}/b`].map((key) =>
    pool('spec.labels', { [key]: 'x' }, 'a label key must be a name of at most 63'),
  ),
  ...['my team', '_staging-2', 'baz/qux', 'a'.repeat(64)].map((value) =>
    pool('spec.labels', { team: value }, value.length > 63 ? 'may not be more than 63' : 'must be at most 63 letters'),
  ),
  pool('spec.taints', [{ key: 'a', value: 'my team', effect: 'NoSchedule' }], 'must be at most 63 letters'),
  pool('spec.taints', [{ key: `${'a'.repeat(254)}/b`, effect: 'NoSchedule' }], 'must be a name of at most 63'),
  pool(
    'spec.taints',
    [
      { key: 'a', value: 'x', effect: 'NoSchedule' },
      { key: 'a', effect: 'NOSCHEDULE' },
    ],
    'no node may have two taints of the same key and effect',
  ),
  pool(
    'spec.labels',
    Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${'a'.repeat(180)}/k${index}`, 'v'.repeat(60)])),
    'labels and taints are too many or too long',
  ),
];

/** Refused when the seed's object is changed. */
export const ON_UPDATE: readonly Refusal[] = [
  cluster('spec.region', 'eu-west-2', 'region cannot be changed: a cluster stays in its region'),
  cluster('spec.networking.vpcID', 'vpc-00000000', 'vpcID cannot be changed: a cluster stays in its VPC'),
  cluster(
    'spec.networking.podAddressCIDRBlocks',
    ['10.3.0.0/16'],
    'podAddressCIDRBlocks cannot be changed: nodes hold',
  ),
  cluster(
    'spec.networking.serviceAddressCIDRBlocks',
    ['10.3.0.0/16'],
    'serviceAddressCIDRBlocks cannot be changed: Services hold',
  ),
  cluster('spec.controlPlane.subnetIDs', ['subnet-08fdd9360320f5f27'], "subnetIDs cannot be changed: each replica's"),
  cluster('spec.controlPlane.databaseEncryption.kmsKeyARN', KEY, 'kmsKeyARN cannot be changed: what is encrypted'),
  cluster(
    'spec.controlPlane.hub.membershipName',
    'projects/p/locations/global/memberships/other',
    'membershipName cannot be changed: create another',
  ),
  cluster('spec.controlPlane.hub', undefined, 'hub cannot be taken away: a cluster stays registered'),
  cluster('spec.controlPlane.rootVolume.sizeGiB', 9, 'volumes do not shrink: keep the size or make it larger'),
  cluster('spec.controlPlane.etcd.mainVolume.sizeGiB', 9, 'volumes do not shrink'),
  cluster('spec.controlPlane.etcd.mainVolume.kmsKeyARN', KEY, 'kmsKeyARN cannot be changed: EBS cannot re-encrypt'),
  pool('spec.clusterName', 'cluster-1', 'clusterName cannot be changed: create another AWSNodePool'),
  pool('spec.region', 'eu-west-2', 'region cannot be changed: create another AWSNodePool'),
  pool('spec.subnetID', 'subnet-00000001', 'subnetID cannot be changed: create another AWSNodePool'),
  pool('spec.rootVolume.sizeGiB', 9, 'volumes do not shrink'),
];

/** Accepted when the seed's object is changed. */
export const ACCEPTED: readonly Omit<Refusal, 'message'>[] = [
  { kind: 'AWSCluster', path: 'spec.controlPlane.version', value: '1.36.3-gke.1' },
  { kind: 'AWSCluster', path: 'spec.controlPlane.securityGroupIDs', value: [] },
  { kind: 'AWSCluster', path: 'spec.controlPlane.etcd.mainVolume.sizeGiB', value: 20 },
  { kind: 'AWSCluster', path: 'spec.controlPlane.tags', value: { team: 'platform' } },
  { kind: 'AWSCluster', path: 'spec.deletionProtection', value: true },
  {
    kind: 'AWSCluster',
    path: 'spec.authentication.awsIAM.adminIdentityARNs',
    value: ['arn:aws:iam::012345678901:role/admins', 'arn:aws:iam::0123456789012:root'],
  },
  { kind: 'AWSCluster', path: 'spec.updatePolicy', value: within({}) },
  { kind: 'AWSNodePool', path: 'spec.updatePolicy', value: within({ start: '00:00', minutes: 1_440 }) },
  // Who goes to and fro keeps the windows.
  { kind: 'AWSNodePool', path: 'spec.updatePolicy', value: { ...within({}), mode: 'Manual' } },
  { kind: 'AWSNodePool', path: 'spec.minNodeCount', value: 4 },
  { kind: 'AWSNodePool', path: 'spec.maxNodeCount', value: 3 },
  { kind: 'AWSNodePool', path: 'spec.nodeCount', value: 3 },
  { kind: 'AWSNodePool', path: 'spec.nodeCount', value: 5 },
  { kind: 'AWSNodePool', path: 'spec.instanceType', value: 'm5.large' },
  { kind: 'AWSNodePool', path: 'spec.maxPodsPerNode', value: 50 },
  { kind: 'AWSNodePool', path: 'spec.updateSettings', value: { surgeSettings: { maxSurge: 0, maxUnavailable: 1 } } },
  { kind: 'AWSNodePool', path: 'spec.labels', value: { 'node.kubernetes.io/pool': 'a', 'example.com/team': 'b' } },
  {
    kind: 'AWSNodePool',
    path: 'spec.taints',
    value: [
      { key: 'dedicated', value: 'gpu', effect: 'NOSCHEDULE' },
      { key: 'spot', effect: 'PreferNoSchedule' },
    ],
  },
];
