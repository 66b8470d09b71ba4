/**
 * AWSCluster: a highly available control plane in one VPC of one AWS account.
 *
 * Owns: the fields of an AWSCluster, their defaults, limits and descriptions, as one schema from which the types, the
 * CRD and what `kubectl explain` prints are made. What one object suffices to judge is judged here, by the API server.
 * Neighbours: `preflight` looks at what the ids stand for in AWS; `effects.ts` says which fields do nothing yet.
 */
import { z } from 'zod';
import {
  ATOMIC_LIST,
  admittedOf,
  authorizedCidrs,
  cidrBlocks,
  driftPolicy,
  format,
  iamIdentityArn,
  iamInstanceProfile,
  immutable,
  immutableWhetherSetOrNot,
  instanceType,
  kept,
  keyName,
  kmsKeyArn,
  region,
  rules,
  secretName,
  securityGroupIds,
  subnetIds,
  tags,
  version,
  vpcId,
} from './fields.ts';
import type { Form } from './kubernetes-names.ts';
import { manifestMetadata, storedMetadata } from './metadata.ts';
import { API_VERSION } from './names.ts';
import { BEFORE_THE_FIRST_LOOK, statusFields } from './status.ts';
import { updatePolicyField } from './update-policy.ts';
import { volume } from './volumes.ts';

/**
 * A project by its id, that of a domain or its number: https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects. The
 * rest: https://docs.cloud.google.com/kubernetes-engine/fleet-management/docs/reference/rest/v1/projects.locations.memberships.
 */
const MEMBERSHIP_NAME: Form = {
  pattern:
    /^projects\/([a-z0-9.-]+:)?[a-z0-9]([a-z0-9-]*[a-z0-9])?\/locations\/[a-z]([a-z0-9-]*[a-z0-9])?\/memberships\/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  longest: 256,
};

const oidcProvider = z.object({
  issuerURI: format(/^https:\/\//, 1024, 'must begin with https://').describe('URL of the OpenID provider.'),
  clientID: z.string().min(1).max(256).describe('Client id that tokens must be issued for.'),
  clientSecret: z.string().max(1024).exactOptional().describe('Secret shared with the OpenID provider.'),
  certificateAuthorityData: z
    .string()
    .max(65_536)
    .exactOptional()
    .describe('Base64 of the PEM certificates that the provider is trusted by.'),
  extraParams: z.string().max(1024).exactOptional().describe('Comma-separated parameters to send to the provider.'),
  groupsClaim: z.string().max(256).exactOptional().describe('Claim that holds the groups of a user.'),
  groupPrefix: z.string().max(256).exactOptional().describe('Prefix that is put before each group.'),
  kubectlRedirectURI: z.string().max(1024).exactOptional().describe('Where kubectl is sent after logging in.'),
  scopes: z.string().max(1024).exactOptional().describe('Comma-separated scopes to ask the provider for.'),
  userClaim: z.string().max(256).exactOptional().describe('Claim that holds the name of a user.'),
  userPrefix: z.string().max(256).exactOptional().describe('Prefix that is put before each user name.'),
});

const networking = z
  .object({
    vpcID: vpcId.describe('VPC in which the control plane and all node pools run.'),
    podAddressCIDRBlocks: cidrBlocks(8, 24).describe(
      'The one IPv4 range that Pods take addresses from. Each node has a /24 of it; in a range narrower than /20 a part of it, down to a /27.',
    ),
    serviceAddressCIDRBlocks: cidrBlocks(12, 28).describe('The one IPv4 range that Services take addresses from.'),
    serviceLoadBalancerSubnetIDs: subnetIds(0, 32)
      .default([])
      .describe(
        "Subnets in which Services of type LoadBalancer may have load balancers; tagged with the cluster's id as shared.",
      ),
  })
  .meta(
    rules(
      immutable('vpcID', 'a cluster stays in its VPC; create another AWSCluster in the other VPC'),
      immutable(
        'podAddressCIDRBlocks',
        'nodes hold parts of the range; create another AWSCluster with the other range',
      ),
      immutable(
        'serviceAddressCIDRBlocks',
        'Services hold addresses of the range; create another AWSCluster with the other range',
      ),
      {
        rule: '!self.podAddressCIDRBlocks.all(x, isCIDR(x)) || !self.serviceAddressCIDRBlocks.all(x, isCIDR(x)) || self.podAddressCIDRBlocks.all(pod, self.serviceAddressCIDRBlocks.all(service, !cidr(pod).containsCIDR(service) && !cidr(service).containsCIDR(pod)))',
        message: 'podAddressCIDRBlocks and serviceAddressCIDRBlocks must not overlap',
      },
    ),
  );

const upgrade = z.object({
  soakSeconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(86_400)
    .describe(
      'For how long the new programs serve as the minor before, once all three replicas have them. Until then an abort, or the version before, takes the upgrade back; afterwards it is committed. 0: each replica serves as the new minor at once, and nothing is taken back.',
    ),
  snapshot: z
    .enum(['Required', 'None'])
    .default('Required')
    .describe('Whether a snapshot of etcd is kept in the bucket before the first replica is replaced.'),
});

const controlPlane = z
  .object({
    version: version.describe(
      'Version of the control plane, such as 1.36.3-gke.1. Another one replaces the machines of the three replicas in turns; a newer minor of Kubernetes serves as the older one first, as `upgrade` says.',
    ),
    instanceType: instanceType.describe('EC2 instance type of the three replicas.'),
    keyName: keyName.describe('Name of the EC2 key pair with which one can log in to the replicas.'),
    subnetIDs: subnetIds(1, 3).describe(
      'One to three private subnets, each in another availability zone; the three replicas are spread over them in this order.',
    ),
    securityGroupIDs: securityGroupIds
      .default([])
      .describe('Security groups that replicas have beside the one that Slipway makes.'),
    authorizedCIDRs: authorizedCidrs
      .exactOptional()
      .describe(
        "Address ranges from which the cluster's API may be dialled, beside its nodes'; all ranges of the VPC when absent. Slipway's worker has to be in one of them.",
      ),
    iamInstanceProfile: iamInstanceProfile.describe('Name of the IAM instance profile of the replicas.'),
    databaseEncryption: z
      .object({
        kmsKeyARN: kmsKeyArn.describe(
          'KMS key, in the same region, under which Secrets in etcd and the secret part of user data are encrypted.',
        ),
      })
      .meta(
        rules(
          immutable(
            'kmsKeyARN',
            'what is encrypted under it must stay readable; rotate the key behind it in KMS instead',
          ),
        ),
      )
      .describe('Encryption of Secrets at rest and of what machines must keep secret.'),
    hub: z
      .object({
        membershipName: admittedOf(
          MEMBERSHIP_NAME,
          'must be projects/<project>/locations/global/memberships/<name>',
        ).describe('Full name of the membership: projects/<project>/locations/global/memberships/<name>.'),
      })
      .meta(rules(immutable('membershipName', 'create another AWSCluster that is registered under the other name')))
      .exactOptional()
      .describe('Registration with GKE Hub; the cluster is not registered when absent.'),
    cloudOperations: z
      .object({
        projectID: z.string().min(1).max(64).describe('Google Cloud project that logs and metrics go to.'),
        location: z.string().min(1).max(64).describe('Google Cloud region where they are kept.'),
        enableLogging: z.boolean().default(false).describe('Send logs to Cloud Logging.'),
        enableMonitoring: z.boolean().default(false).describe('Send metrics to Cloud Monitoring.'),
      })
      .exactOptional()
      .describe("Google Cloud's operations suite. Has no effect yet."),
    tags: tags.default({}).describe('Tags on everything that Slipway makes in AWS for the control plane.'),
    proxySecretName: secretName
      .exactOptional()
      .describe('Secret with the settings of the HTTP proxy that replicas reach the internet by. Has no effect yet.'),
    workloadIdentity: z
      .object({
        oidcDiscoveryGCSBucket: z
          .string()
          .min(3)
          .max(222)
          .describe('Cloud Storage bucket that serves the OpenID discovery documents of the cluster.'),
      })
      .exactOptional()
      .describe('Identities of AWS for workloads. Has no effect yet.'),
    rootVolume: volume({ minimum: 8, default: 32 }).describe('Root volume of each replica.'),
    upgrade: upgrade.prefault({}).describe('How the control plane comes to a newer minor version of Kubernetes.'),
    etcd: z
      .object({
        mainVolume: volume({
          minimum: 1,
          default: 8,
          rules: [
            immutableWhetherSetOrNot(
              'kmsKeyARN',
              "EBS cannot re-encrypt a volume; create another AWSCluster and restore etcd's snapshot into it",
            ),
          ],
        }).describe("Volume of each replica that holds etcd's data. It outlives the instance."),
      })
      .prefault({})
      .describe('The etcd of each replica.'),
    backup: z
      .object({
        everyHours: z
          .int()
          .min(1)
          .max(168)
          .default(6)
          .describe('How many hours after the newest snapshot the next one is taken, by the replica that leads etcd.'),
        keep: z
          .int()
          .min(1)
          .max(500)
          .default(14)
          .describe(
            'How many snapshots of the schedule stay, the newest; those that somebody asked for stay beside them.',
          ),
      })
      .exactOptional()
      .describe(
        'Snapshots of etcd on a schedule, in the bucket that SLIPWAY_BUCKET of the worker names; without it they are taken only when somebody asks.',
      ),
  })
  .meta(
    rules(
      immutable(
        'subnetIDs',
        "each replica's etcd volume and address live in its subnet; create another AWSCluster in the other subnets",
      ),
      kept('hub', 'a cluster stays registered as long as it exists; create another AWSCluster without it'),
    ),
  );

export const clusterSpec = z
  .object({
    region: region.describe('AWS region of the cluster; the one that Slipway serves.'),
    networking: networking.describe('The network that the cluster lives in.'),
    controlPlane: controlPlane.describe('The three replicas that run etcd and the Kubernetes control plane.'),
    authentication: z
      .object({
        awsIAM: z
          .object({
            adminIdentityARNs: z
              .array(iamIdentityArn)
              .min(1)
              .max(32)
              .meta(ATOMIC_LIST)
              .describe('ARNs of the IAM users and roles that administer the cluster. Has no effect yet.'),
          })
          .exactOptional()
          .describe('Administration by identities of AWS IAM.'),
        oidc: z
          .array(oidcProvider)
          .max(8)
          .exactOptional()
          .meta(ATOMIC_LIST)
          .describe('OpenID Connect providers whose users may log in. Has no effect yet.'),
      })
      .exactOptional()
      .describe('Who may use the cluster.'),
    updatePolicy: updatePolicyField(
      'It counts for the control plane, and for node pools that have none of their own; without it, they change at once.',
    ),
    driftPolicy: driftPolicy
      .default('Report')
      .describe(
        'What is done about what others change of the things that Slipway made: Report tells it in the condition Drifted, Mend has the next sweep put it right. Holds for node pools, too, that have none of their own.',
      ),
    nodePoolUpdates: z
      .enum(['Parallel', 'Sequential'])
      .default('Parallel')
      .describe(
        'Whether machines of several node pools may be replaced at the same time, or of one pool after the other; then one that stops holds up those after it.',
      ),
    deletionProtection: z
      .boolean()
      .default(false)
      .describe('While true, deleting this object is refused; set it to false first.'),
  })
  .meta(
    rules(immutable('region', 'a cluster stays in its region; create another AWSCluster in the other region'), {
      // What is no ARN at all is refused by its own rule.
      rule: "self.controlPlane.databaseEncryption.kmsKeyARN.split(':').size() < 4 || self.controlPlane.databaseEncryption.kmsKeyARN.split(':')[3] == self.region",
      message: 'the key that encrypts the database must be in the region of the cluster',
      fieldPath: '.controlPlane.databaseEncryption.kmsKeyARN',
    }),
  )
  .describe('What the cluster should be.');

const time = z.string().meta({ format: 'date-time' });

const lastSnapshot = z.object({
  key: z.string().describe('Its key in the bucket that SLIPWAY_BUCKET of the worker names.'),
  time: time.describe('When it was taken.'),
  size: z.int().min(0).describe('Bytes.'),
  revision: z.string().describe("etcd's revision when it was asked for."),
});

const UPGRADE_PHASES = ['Replacing', 'Soaking', 'Committing', 'Returning'] as const;

const upgradeStatus = z.object({
  from: z.string().describe('The version that it came from.'),
  to: z.string().describe('The version that is asked for.'),
  phase: z
    .enum(UPGRADE_PHASES)
    .describe(
      'Replacing: machines give way to others in turns. Soaking: all of them are there, and serve as the minor before. Committing: they begin to serve as their own. Returning: machines of the version before come back.',
    ),
  replicas: z
    .array(
      z.object({
        index: z.int().min(0).describe('The replica: 0, 1 or 2.'),
        version: z.string().exactOptional().describe('Of which version its machine is, where it has one.'),
        emulation: z.string().exactOptional().describe('The minor of Kubernetes that it serves as, such as 1.36.'),
      }),
    )
    .meta(ATOMIC_LIST)
    .describe('How far each replica is.'),
  soakingSince: time.exactOptional().describe('When all machines of the new version served for the first time.'),
  soakUntil: time.exactOptional().describe('When it is committed by itself.'),
  committed: z.boolean().describe('Whether there is no way back any more.'),
});

const restoredStatus = z.object({
  id: z
    .string()
    .describe('Of the restore, which follows from what the annotation asked for: the same never acts again.'),
  from: z.string().describe('The key of the snapshot in its bucket.'),
  at: time.describe('When it was done.'),
});

export const clusterStatus = z
  .object({
    ...statusFields,
    backup: z
      .object({ lastSuccess: lastSnapshot.describe('The newest that is whole.') })
      .exactOptional()
      .describe("Snapshots of the cluster's etcd, as the last sweep that could look found them."),
    upgrade: upgradeStatus
      .exactOptional()
      .describe('Another version of the control plane that is on its way, until all of it has come or gone back.'),
    restored: restoredStatus.exactOptional().describe('The last restore of etcd from a snapshot.'),
  })
  .meta(BEFORE_THE_FIRST_LOOK)
  .describe('What the cluster is, as Slipway last saw it.');

/** What people write. */
export const clusterManifest = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('AWSCluster'),
  metadata: manifestMetadata,
  spec: clusterSpec,
});

/** What the API server returns: defaults filled in, metadata complete. */
export const awsCluster = clusterManifest.extend({
  metadata: storedMetadata,
  status: clusterStatus.exactOptional(),
});

export type AWSCluster = z.output<typeof awsCluster>;
export type AWSClusterSpec = z.output<typeof clusterSpec>;
export type AWSClusterStatus = z.output<typeof clusterStatus>;
export type UpgradeStatus = z.output<typeof upgradeStatus>;
