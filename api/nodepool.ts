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
  admittedOf,
  type CelRule,
  driftPolicy,
  iamInstanceProfile,
  immutable,
  instanceType,
  keyName,
  matching,
  region,
  rules,
  secretName,
  securityGroupIds,
  subnetId,
  tags,
  version,
} from './fields.ts';
import { LABEL_KEY, LABEL_VALUE, OBJECT_NAME } from './kubernetes-names.ts';
import { manifestMetadata, storedMetadata } from './metadata.ts';
import { API_VERSION } from './names.ts';
import { BEFORE_THE_FIRST_LOOK, statusFields } from './status.ts';
import { updatePolicyField } from './update-policy.ts';
import { volume } from './volumes.ts';

/** Kubernetes' own spellings, and the upper-case ones of the original product. */
const EFFECTS = {
  NoSchedule: 'NoSchedule',
  PreferNoSchedule: 'PreferNoSchedule',
  NoExecute: 'NoExecute',
  NOSCHEDULE: 'NoSchedule',
  PREFERNOSCHEDULE: 'PreferNoSchedule',
  NOEXECUTE: 'NoExecute',
} as const;

const VALUE_MESSAGE =
  'must be at most 63 letters, digits, dots, dashes and underscores, beginning and ending with a letter or digit';
const labelValue = admittedOf(LABEL_VALUE, VALUE_MESSAGE);
const KEY_MESSAGE =
  'must be a name of at most 63 letters, digits, dots, dashes and underscores, after a DNS name and a slash where it has a prefix, such as example.com/gpu';
const PREFIX_RULE = "indexOf('/') <= 253";

const taint = z.object({
  key: admittedOf(LABEL_KEY, KEY_MESSAGE, { rule: `self.${PREFIX_RULE}`, message: KEY_MESSAGE }).describe(
    'Key of the taint.',
  ),
  value: labelValue.exactOptional().describe('Value of the taint; may be absent.'),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute', 'NOSCHEDULE', 'PREFERNOSCHEDULE', 'NOEXECUTE'])
    .transform((effect) => EFFECTS[effect])
    .describe('What happens to Pods that do not tolerate the taint.'),
});

const taints = z
  .array(taint)
  .max(50)
  .meta({
    ...ATOMIC_LIST,
    ...rules({
      rule: 'self.all(x, self.exists_one(y, y.key == x.key && y.effect.lowerAscii() == x.effect.lowerAscii()))',
      message: 'no node may have two taints of the same key and effect',
    }),
  });

/**
 * Nodes are told of both in user data, which holds 16 KiB: what else is in it takes less than a third. Each has punctuation, and a
 * taint its effect.
 */
const TOLD_OF_NODES: CelRule = {
  rule: '(has(self.labels) ? self.labels.map(key, size(key) + size(self.labels[key]) + 6).sum() : 0) + (has(self.taints) ? self.taints.map(x, size(x.key) + (has(x.value) ? size(x.value) : 0) + 52).sum() : 0) <= 10000',
  message:
    'labels and taints are too many or too long: in all they may have 10000 characters, 6 more for each label and 52 for each taint, since nodes are told of them in user data',
  fieldPath: '.labels',
};

/** Labels that nodes give themselves: the API server lets a node set none that Kubernetes reserves. */
const labels = z.record(z.string().min(1).max(LABEL_KEY.longest), labelValue).meta({
  maxProperties: 50,
  ...rules(
    {
      rule: `self.all(key, size(key) <= ${LABEL_KEY.longest} && ${matching('key', LABEL_KEY)} && key.${PREFIX_RULE})`,
      message: `a label key ${KEY_MESSAGE}`,
    },
    {
      rule: "self.all(key, !(key.contains('kubernetes.io/') || key.contains('k8s.io/')) || key.startsWith('node.kubernetes.io/') || key.startsWith('kubelet.kubernetes.io/'))",
      message:
        'labels under kubernetes.io/ and k8s.io/ are reserved, but for node.kubernetes.io/ and kubelet.kubernetes.io/',
    },
    { rule: "self.all(key, !key.startsWith('slipway.dev/'))", message: 'labels under slipway.dev/ are reserved' },
  ),
});

const DRAIN_SECONDS = 600;
const SURGE_SETTINGS = { maxSurge: 1, maxUnavailable: 0 } as const;

const surgeSettings = z
  .object({
    maxSurge: z
      .int()
      .min(0)
      .max(20)
      .default(SURGE_SETTINGS.maxSurge)
      .describe('How many more nodes there may be meanwhile than the pool keeps.'),
    maxUnavailable: z
      .int()
      .min(0)
      .max(20)
      .default(SURGE_SETTINGS.maxUnavailable)
      .describe('How many fewer nodes there may be meanwhile than the pool keeps.'),
  })
  .meta(
    rules({
      rule: 'self.maxSurge + self.maxUnavailable > 0',
      message: 'maxSurge and maxUnavailable must not both be 0: no node could be replaced',
      fieldPath: '.maxSurge',
    }),
  );

const updateSettings = z.object({
  drainSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(DRAIN_SECONDS)
    .describe(
      'How long the Pods of a node may take to leave it, in seconds; whatever stands in the way then is named, and waits for a person.',
    ),
  surgeSettings: surgeSettings
    .default(SURGE_SETTINGS)
    .describe(
      'How many nodes are replaced at a time where a change takes other machines: the first alone, then as many as these allow together.',
    ),
});

const management = z.object({
  autoRepair: z
    .boolean()
    .default(true)
    .describe(
      'Whether the machine of a node that is not Ready, or that has none, is replaced by itself; false: it is only reported.',
    ),
});

export const nodePoolSpec = z
  .object({
    // One that no object can have would be waited for for ever.
    clusterName: admittedOf(
      OBJECT_NAME,
      'must be a name that an AWSCluster can have: lowercase letters, digits, dots and dashes, beginning and ending with a letter or digit',
    ).describe('Name of the AWSCluster, in the same namespace, that the nodes join.'),
    region: region.describe('AWS region; that of the cluster.'),
    version: version.describe(
      "Version of the nodes: the cluster's, or at most two minors older. Another one replaces the nodes in turns, as updateSettings says.",
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
        'How many nodes there should be; what kubectl scale sets. Without it Slipway holds no size: whoever scales the auto scaling group does. Fewer than there are: nodes are drained and end, one after the other.',
      ),
    maxPodsPerNode: z
      .int()
      .min(1)
      .max(250)
      .describe('Most Pods on a node. Another number replaces the nodes in turns.'),
    instanceType: instanceType.describe(
      'EC2 instance type of the nodes. Another one, of the same processor architecture, replaces them in turns.',
    ),
    keyName: keyName.describe('Name of the EC2 key pair with which one can log in to the nodes.'),
    securityGroupIDs: securityGroupIds
      .default([])
      .describe('Security groups that nodes have beside the one that Slipway makes.'),
    iamInstanceProfile: iamInstanceProfile.describe('Name of the IAM instance profile of the nodes.'),
    proxySecretName: secretName
      .exactOptional()
      .describe('Secret with the settings of the HTTP proxy that nodes reach the internet by. Has no effect yet.'),
    rootVolume: volume({ minimum: 8, default: 32 }).describe('Root volume of each node.'),
    updateSettings: updateSettings
      .default({ drainSeconds: DRAIN_SECONDS, surgeSettings: SURGE_SETTINGS })
      .describe('How nodes go where others take their place, or where there are to be fewer.'),
    updatePolicy: updatePolicyField("Without it, the cluster's counts."),
    management: management.default({ autoRepair: true }).describe('What Slipway does with nodes by itself.'),
    labels: labels
      .default({})
      .describe('Labels on each node; nodes that are there get and lose them as the spec does.'),
    taints: taints
      .default([])
      .describe('Taints on each node; nodes that are there get and lose them as the spec does.'),
    tags: tags.default({}).describe('Tags on everything that Slipway makes in AWS for the pool.'),
    driftPolicy: driftPolicy
      .exactOptional()
      .describe("What is done about what others change of the things that Slipway made; its cluster's unless set."),
    deletionProtection: z
      .boolean()
      .default(false)
      .describe('While true, deleting this object is refused; set it to false first.'),
  })
  .meta(
    rules(
      TOLD_OF_NODES,
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
    ),
  )
  .describe('What the node pool should be.');

/** Beyond so many nobody reads a list, and a pool of which more fail is not repaired anyway. */
export const UNHEALTHY_NODES_KEPT = 100;

const unhealthyNode = z.object({
  name: z.string().exactOptional().describe('The node in its cluster, if there is one.'),
  instanceID: z.string().describe('Its machine in EC2.'),
  since: z
    .string()
    .meta({ format: 'date-time' })
    .describe('Since when it is not Ready; of a machine without a node, since when that is seen.'),
  message: z.string().describe('What is wrong, and what is going to happen.'),
});

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
    appliedLabelKeys: z
      .array(z.string())
      .exactOptional()
      .meta(ATOMIC_LIST)
      .describe(
        'Keys of labels that nodes may carry from this spec or an earlier one. One that the spec names no more is taken off, and then leaves this list.',
      ),
    appliedTaints: z
      .array(z.string())
      .exactOptional()
      .meta(ATOMIC_LIST)
      .describe('The same for taints: key and effect of each, such as team:NoSchedule.'),
    unhealthyNodes: z
      .array(unhealthyNode)
      .max(UNHEALTHY_NODES_KEPT)
      .exactOptional()
      .meta(ATOMIC_LIST)
      .describe('Machines whose nodes are not Ready, or that have none; absent when there is none of them.'),
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
export type UnhealthyNode = z.output<typeof unhealthyNode>;
