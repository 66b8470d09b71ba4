/** The seed's objects as the API server returns them, with room for one's own changes. */
import { type AWSCluster, awsCluster } from '../../api/cluster.ts';
import { API_VERSION, FINALIZER } from '../../api/names.ts';
import { type AWSNodePool, awsNodePool } from '../../api/nodepool.ts';
import { type Release, releaseInFormat, releaseOf } from '../../api/releases.ts';

export const SUBNETS = [
  'subnet-08fdd9360320f5f27',
  'subnet-03babff7f9b5d4a7b',
  'subnet-072949cee3d082184',
  'subnet-06efa94e317c13730',
  'subnet-03808c78800c82a9d',
  'subnet-07b471ccadb908e9b',
] as const;

export const VERSION = '1.16.9-gke.12';
export const ACCOUNT = '0123456789012';
export const REGION = 'eu-west-1';
const KMS_KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/12560928-59cf-4157-a29f-eecb4ec93fd2`;

export const release = (version: string = VERSION): Release => {
  const found = releaseOf(version);
  if (found === undefined) throw new Error(`The catalogue lost version ${version}.`);
  return found;
};

/** The first revision of it, whose load balancer has no security group. */
export const earliest = (version: string = VERSION): Release => {
  const found = releaseInFormat({ version, format: 1 });
  if (found === undefined) throw new Error(`The catalogue lost the first revision of ${version}.`);
  return found;
};

const metadata = (name: string, uid: string) => ({
  name,
  namespace: 'default',
  uid,
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: '2026-01-01T00:00:00Z',
});

type Changes<T extends { metadata: object; spec: object }> = {
  readonly metadata?: Partial<T['metadata']>;
  readonly spec?: Partial<T['spec']>;
  readonly status?: object;
};

export const CLUSTER_UID = '2c1e7a30-5d0f-4a55-9d0e-000000000001';
export const POOL_UID = '2c1e7a30-5d0f-4a55-9d0e-000000000010';

const controlPlane = {
  version: VERSION,
  keyName: 'gke-404767c1-keypair',
  instanceType: 't3.medium',
  iamInstanceProfile: 'gke-404767c1-controlplane',
  securityGroupIDs: ['sg-0372ceaae4fc17084'],
  subnetIDs: SUBNETS.slice(0, 3),
  rootVolume: { sizeGiB: 10 },
  etcd: { mainVolume: { sizeGiB: 10 } },
  databaseEncryption: { kmsKeyARN: KMS_KEY },
  hub: { membershipName: 'projects/jetstack-anthos/locations/global/memberships/cluster-0' },
};

export const seedCluster = (
  /** `controlPlane` fields replace the seed's; undefined removes one. The schema judges the result. */
  changes: Changes<AWSCluster> & { readonly controlPlane?: Readonly<Record<string, unknown>> } = {},
): AWSCluster =>
  awsCluster.parse(
    JSON.parse(
      JSON.stringify({
        apiVersion: API_VERSION,
        kind: 'AWSCluster',
        metadata: { ...metadata('cluster-0', CLUSTER_UID), ...changes.metadata },
        spec: {
          region: REGION,
          authentication: { awsIAM: { adminIdentityARNs: [`arn:aws:iam::${ACCOUNT}:user/gke-aws-admin`] } },
          networking: {
            vpcID: 'vpc-027d53db543f33b56',
            serviceAddressCIDRBlocks: ['10.1.0.0/16'],
            podAddressCIDRBlocks: ['10.2.0.0/16'],
            serviceLoadBalancerSubnetIDs: SUBNETS,
          },
          controlPlane: { ...controlPlane, ...changes.controlPlane },
          ...changes.spec,
        },
        ...(changes.status === undefined ? {} : { status: changes.status }),
      }),
    ),
  );

export const seedPool = (changes: Changes<AWSNodePool> = {}): AWSNodePool =>
  awsNodePool.parse({
    apiVersion: API_VERSION,
    kind: 'AWSNodePool',
    metadata: { ...metadata('cluster-0-pool-0', POOL_UID), ...changes.metadata },
    spec: {
      clusterName: 'cluster-0',
      version: VERSION,
      region: REGION,
      subnetID: SUBNETS[0],
      minNodeCount: 3,
      maxNodeCount: 5,
      instanceType: 't3.medium',
      keyName: 'gke-404767c1-keypair',
      iamInstanceProfile: 'gke-404767c1-nodepool',
      maxPodsPerNode: 100,
      securityGroupIDs: ['sg-0372ceaae4fc17084'],
      rootVolume: { sizeGiB: 10 },
      ...changes.spec,
    },
    ...(changes.status === undefined ? {} : { status: changes.status }),
  });

/** Metadata of an object that somebody asked to delete while it had our finalizer. */
export const DELETING = { deletionTimestamp: '2026-01-02T00:00:00Z', finalizers: [FINALIZER] };
