/**
 * Original: how each field was in GKE on AWS, the previous generation of Anthos clusters on AWS, where it was known.
 *
 * Owns: those notes, by path. Neighbours: `fields.ts` puts them beside the fields; a test keeps the paths true. The sources
 * are the product's published reference pages and samples, which name fields, types and what could be changed; its
 * defaults were not published.
 */

const VOLUME = {
  '': 'the same fields; default sizes were not published, and its successor used gp2',
  sizeGiB: 'the same',
  volumeType: 'the same, gp3 since 2021',
  iops: 'the same',
  throughput: 'did not exist',
  kmsKeyARN: 'the same, since 2021',
} as const;

const volume = (path: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(VOLUME).map(([field, note]) => [field === '' ? path : `${path}.${field}`, note]));

const WINDOWS = "there was none; the successor's maintenance windows are of whole clusters";
const POLICY = Object.fromEntries(
  ['mode', 'windows', 'windows[].days', 'windows[].start', 'windows[].minutes'].map((field) => [
    `updatePolicy.${field}`,
    WINDOWS,
  ]),
);

const TAINTS = 'the same; effects were written in upper case, which is taken, too';

export const ORIGINAL: Readonly<Record<'AWSCluster' | 'AWSNodePool', Readonly<Record<string, string>>>> = {
  AWSCluster: {
    region: 'the same: that of the management service',
    'networking.vpcID': 'the same',
    'networking.podAddressCIDRBlocks': 'the same',
    'networking.serviceAddressCIDRBlocks': 'the same',
    'networking.serviceLoadBalancerSubnetIDs': 'the same, with the same tag',
    'controlPlane.version': 'the same; changing it upgraded the cluster',
    'controlPlane.instanceType': 'the same; could not be changed',
    'controlPlane.keyName': 'the same',
    'controlPlane.subnetIDs': 'the same: each in another zone',
    'controlPlane.securityGroupIDs': 'the same; could be changed since version 1.8',
    'controlPlane.iamInstanceProfile': 'the same',
    'controlPlane.databaseEncryption.kmsKeyARN': 'the same',
    'controlPlane.hub.membershipName': 'the same',
    'controlPlane.cloudOperations': 'sent logs and metrics to Google Cloud',
    'controlPlane.cloudOperations.projectID': 'the same field',
    'controlPlane.cloudOperations.location': 'the same field',
    'controlPlane.cloudOperations.enableLogging': 'the same field',
    'controlPlane.cloudOperations.enableMonitoring': 'the same field',
    'controlPlane.authorizedCIDRs': 'there was none: the load balancer had no security group',
    'controlPlane.tags': 'the same',
    'controlPlane.proxySecretName': 'configured a proxy; could be changed since version 1.8',
    'controlPlane.workloadIdentity': 'gave workloads identities of AWS',
    'controlPlane.workloadIdentity.oidcDiscoveryGCSBucket': 'the same field',
    'controlPlane.upgrade.soakSeconds': 'there was none: an upgrade could not be taken back',
    'controlPlane.upgrade.snapshot': 'there was none: backups were up to people',
    ...volume('controlPlane.rootVolume'),
    ...volume('controlPlane.etcd.mainVolume'),
    'controlPlane.backup': 'there was none: etcd was backed up by hand',
    'controlPlane.backup.everyHours': 'there was none',
    'controlPlane.backup.keep': 'there was none',
    'authentication.awsIAM.adminIdentityARNs': 'the identities that could administer the cluster',
    'authentication.oidc': 'OpenID Connect through GKE Identity Service',
    ...Object.fromEntries(
      [
        ...['certificateAuthorityData', 'clientID', 'clientSecret', 'extraParams', 'groupsClaim', 'groupPrefix'],
        ...['issuerURI', 'kubectlRedirectURI', 'scopes', 'userClaim', 'userPrefix'],
      ].map((field) => [`authentication.oidc[].${field}`, 'the same field']),
    ),
    ...POLICY,
    driftPolicy: 'there was none',
    nodePoolUpdates: 'there was none: each node pool was upgraded by itself',
    deletionProtection: 'there was none',
  },
  AWSNodePool: {
    clusterName: 'the same',
    region: 'the same',
    version: 'the same; changing it upgraded the pool; never newer than the cluster, at most two minors older',
    subnetID: 'the same: one subnet a pool',
    minNodeCount: 'the same',
    maxNodeCount: 'the same; equal to `minNodeCount`, the autoscaler was off',
    nodeCount: 'there was none: the autoscaler chose, and the limits were moved by hand',
    'updateSettings.drainSeconds': 'there was none: nodes were ended by the autoscaler, which drained them',
    maxPodsPerNode: 'the same',
    instanceType: 'the same',
    keyName: 'the same',
    securityGroupIDs: 'the same; could be changed since version 1.8',
    iamInstanceProfile: 'the same',
    proxySecretName: 'configured a proxy',
    ...volume('rootVolume'),
    'updateSettings.surgeSettings.maxSurge': "there was none; the successor's `updateSettings.surgeSettings.maxSurge`",
    'updateSettings.surgeSettings.maxUnavailable':
      "there was none; the successor's `updateSettings.surgeSettings.maxUnavailable`",
    ...POLICY,
    labels: 'the same',
    taints: TAINTS,
    'taints[].key': 'the same',
    'taints[].value': 'the same',
    'taints[].effect': TAINTS,
    tags: 'the same',
    'management.autoRepair': 'there was none; its successor called it the same',
    driftPolicy: 'there was none',
    deletionProtection: 'there was none',
  },
};
