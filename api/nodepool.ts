/**
 * AWSNodePool: machines of one kind in one subnet that run a cluster's workloads.
 *
 * Owns: the fields of an AWSNodePool, their defaults, limits and descriptions, as one schema from which the types, the
 * CRD and what `kubectl explain` prints are made.
 * Neighbours: the cluster is another object: whether it exists, and how the versions relate, is judged when assessing.
 */
import { z } from 'zod';
import {
  ATOMIC_LIST,
  format,
  iamInstanceProfile,
  immutable,
  instanceType,
  keyName,
  region,
  rules,
  secretName,
  securityGroupIds,
  subnetId,
  tags,
  version,
  volume,
} from './fields.ts';
import { manifestMetadata, storedMetadata } from './metadata.ts';
import { API_VERSION } from './names.ts';
import { BEFORE_THE_FIRST_LOOK, statusFields } from './status.ts';

/** Kubernetes' own spellings, and the upper-case ones of the original product. */
const EFFECTS = {
  NoSchedule: 'NoSchedule',
  PreferNoSchedule: 'PreferNoSchedule',
  NoExecute: 'NoExecute',
  NOSCHEDULE: 'NoSchedule',
  PREFERNOSCHEDULE: 'PreferNoSchedule',
  NOEXECUTE: 'NoExecute',
} as const;

const taint = z.object({
  key: format(
    /^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
    316,
    'must be a qualified name, such as example.com/gpu',
  ).describe('Key of the taint.'),
  value: z.string().max(63).exactOptional().describe('Value of the taint; may be absent.'),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute', 'NOSCHEDULE', 'PREFERNOSCHEDULE', 'NOEXECUTE'])
    .transform((effect) => EFFECTS[effect])
    .describe('What happens to Pods that do not tolerate the taint.'),
});

/** Labels that nodes give themselves: the API server lets a node set none that Kubernetes reserves. */
const labels = z.record(z.string().min(1).max(316), z.string().max(63)).meta({
  maxProperties: 50,
  ...rules(
    { rule: 'self.all(key, size(key) >= 1 && size(key) <= 316)', message: 'a label key has 1 to 316 characters' },
    {
      rule: "self.all(key, !(key.contains('kubernetes.io/') || key.contains('k8s.io/')) || key.startsWith('node.kubernetes.io/') || key.startsWith('kubelet.kubernetes.io/'))",
      message:
        'labels under kubernetes.io/ and k8s.io/ are reserved, but for node.kubernetes.io/ and kubelet.kubernetes.io/',
    },
    { rule: "self.all(key, !key.startsWith('slipway.dev/'))", message: 'labels under slipway.dev/ are reserved' },
  ),
});

export const nodePoolSpec = z
  .object({
    clusterName: z
      .string()
      .min(1)
      .max(63)
      .describe('Name of the AWSCluster, in the same namespace, that the nodes join.'),
    region: region.describe('AWS region; that of the cluster.'),
    version: version.describe(
      "Version of the nodes: the cluster's, or at most two minors older. Another one is reported in a condition: upgrades are not carried out yet.",
    ),
    subnetID: subnetId.describe('Subnet, hence availability zone, in which the nodes run.'),
    minNodeCount: z
      .int()
      .min(0)
      .max(1000)
      .describe('Fewest nodes; how many the pool begins with where nodeCount does not say.'),
    maxNodeCount: z.int().min(1).max(1000).describe('Most nodes. Equal to minNodeCount, the size stays fixed.'),
    nodeCount: z
      .int()
      .min(0)
      .max(1000)
      .exactOptional()
      .describe(
        'How many nodes there should be; what kubectl scale sets. Without it Slipway holds no size: whoever scales the auto scaling group does. Fewer than there are is reported in a condition: nodes are not drained yet.',
      ),
    maxPodsPerNode: z.int().min(1).max(250).describe('Most Pods on a node.'),
    instanceType: instanceType.describe('EC2 instance type of the nodes.'),
    keyName: keyName.describe('Name of the EC2 key pair with which one can log in to the nodes.'),
    securityGroupIDs: securityGroupIds
      .default([])
      .describe('Security groups that nodes have beside the one that Slipway makes.'),
    iamInstanceProfile: iamInstanceProfile.describe('Name of the IAM instance profile of the nodes.'),
    proxySecretName: secretName
      .exactOptional()
      .describe('Secret with the settings of the HTTP proxy that nodes reach the internet by. Has no effect yet.'),
    rootVolume: volume({ minimum: 8, default: 32 }).describe('Root volume of each node.'),
    labels: labels.default({}).describe('Labels on each node.'),
    taints: z.array(taint).max(50).default([]).meta(ATOMIC_LIST).describe('Taints on each node.'),
    tags: tags.default({}).describe('Tags on everything that Slipway makes in AWS for the pool.'),
    deletionProtection: z
      .boolean()
      .default(false)
      .describe('While true, deleting this object is refused; set it to false first.'),
  })
  .meta(
    rules(
      {
        rule: 'self.minNodeCount <= self.maxNodeCount',
        message: 'minNodeCount must not be greater than maxNodeCount',
        fieldPath: '.minNodeCount',
      },
      {
        rule: '!has(self.nodeCount) || (self.nodeCount >= self.minNodeCount && self.nodeCount <= self.maxNodeCount)',
        message:
          'nodeCount must be neither less than minNodeCount nor greater than maxNodeCount: change it, too, or remove it',
        fieldPath: '.nodeCount',
      },
      immutable('clusterName', 'create another AWSNodePool for the other cluster, then delete this one'),
      immutable('region', 'create another AWSNodePool in the other region, then delete this one'),
      immutable('subnetID', 'create another AWSNodePool in the other subnet, then delete this one'),
      immutable('instanceType', 'create another AWSNodePool with the other instance type, then delete this one'),
      immutable('maxPodsPerNode', 'create another AWSNodePool with the other number, then delete this one'),
    ),
  )
  .describe('What the node pool should be.');

export const nodePoolStatus = z
  .object({
    ...statusFields,
    nodePoolID: z
      .string()
      .exactOptional()
      .describe("The pool's id within its cluster: eight hex digits, part of its names in AWS."),
    readyNodes: z
      .int()
      .min(0)
      .exactOptional()
      .describe('Nodes of the pool that are Ready; absent while that is not known.'),
    desiredNodes: z.int().min(0).exactOptional().describe('Nodes that the auto scaling group keeps at this moment.'),
  })
  .meta(BEFORE_THE_FIRST_LOOK)
  .describe('What the node pool is, as Slipway last saw it.');

/** What people write. */
export const nodePoolManifest = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('AWSNodePool'),
  metadata: manifestMetadata,
  spec: nodePoolSpec,
});

/** What the API server returns: defaults filled in, metadata complete, taint effects as Kubernetes spells them. */
export const awsNodePool = nodePoolManifest.extend({
  metadata: storedMetadata,
  status: nodePoolStatus.exactOptional(),
});

export type AWSNodePool = z.output<typeof awsNodePool>;
export type AWSNodePoolSpec = z.output<typeof nodePoolSpec>;
export type AWSNodePoolStatus = z.output<typeof nodePoolStatus>;
