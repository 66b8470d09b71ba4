/**
 * Roles: who calls AWS, with which policies, for which operations.
 *
 * Owns: the operations of each role as far as source tells them, those of the cloud controller, which is not ours, and
 * those that the create journey does not show, each with the code path that needs it.
 * Neighbours: `operations.ts` reads sources; `iam.test.ts` and the journey's chapter `privilege` compare.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionsFor, type Operation, operationsOf } from './operations.ts';

const FOLDER = join(import.meta.dirname, '../../deploy/iam');

export type Statement = {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

export const readPolicy = (name: string): { readonly text: string; readonly statements: readonly Statement[] } => {
  const text = readFileSync(join(FOLDER, `${name}.json`), 'utf8');
  return { text, statements: (JSON.parse(text) as { readonly Statement: readonly Statement[] }).Statement };
};

export const listOf = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value;

/**
 * What the cloud controller calls for Nodes and for Services of type LoadBalancer, read from its source at the pinned
 * version (pkg/providers/v1): routes, volumes and tags of instances are switched off or belong to others.
 */
const CLOUD_CONTROLLER: readonly Operation[] = [
  // Nodes: whether an instance lives, and where it is.
  'ec2 DescribeAvailabilityZones',
  'ec2 DescribeInstanceTopology',
  'ec2 DescribeInstances',
  // Subnets, public or not, and groups for a load balancer.
  'ec2 DescribeRouteTables',
  'ec2 DescribeSecurityGroups',
  'ec2 DescribeSubnets',
  'ec2 AuthorizeSecurityGroupIngress',
  'ec2 CreateSecurityGroup',
  'ec2 DeleteSecurityGroup',
  'ec2 RevokeSecurityGroupIngress',
  ...[
    ...['ApplySecurityGroupsToLoadBalancer', 'AttachLoadBalancerToSubnets', 'ConfigureHealthCheck'],
    ...['CreateLoadBalancer', 'CreateLoadBalancerListeners', 'CreateLoadBalancerPolicy'],
    ...['DeleteLoadBalancer', 'DeleteLoadBalancerListeners', 'DeregisterInstancesFromLoadBalancer'],
    ...['DescribeLoadBalancerAttributes', 'DescribeLoadBalancerPolicies', 'DescribeLoadBalancers'],
    ...['DetachLoadBalancerFromSubnets', 'ModifyLoadBalancerAttributes', 'RegisterInstancesWithLoadBalancer'],
    ...['SetLoadBalancerPoliciesForBackendServer', 'SetLoadBalancerPoliciesOfListener'],
  ].map((name): Operation => `elb ${name}`),
  ...[
    ...['CreateListener', 'CreateLoadBalancer', 'CreateTargetGroup'],
    ...['DeleteListener', 'DeleteLoadBalancer', 'DeleteTargetGroup', 'DeregisterTargets'],
    ...['DescribeListeners', 'DescribeLoadBalancerAttributes', 'DescribeLoadBalancers'],
    ...['DescribeTargetGroupAttributes', 'DescribeTargetGroups', 'DescribeTargetHealth'],
    ...['ModifyListener', 'ModifyLoadBalancerAttributes', 'ModifyTargetGroup', 'ModifyTargetGroupAttributes'],
    ...['RegisterTargets'],
  ].map((name): Operation => `elbv2 ${name}`),
];

/** Of the agent's calls, those that it makes on a node: to open its user data, and to find its cluster's API. */
const NODE: readonly Operation[] = ['kms Decrypt', 'elbv2 DescribeLoadBalancers'];

export type Role = {
  readonly policies: readonly string[];
  readonly operations: readonly Operation[];
  /** Operations that no run of the create journey needs, and which path does. */
  readonly rare: Readonly<Record<Operation, string>>;
};

export const ROLES: Readonly<Record<'worker' | 'controlplane' | 'node', Role>> = {
  worker: {
    policies: ['worker-look', 'worker-machines', 'worker-launches', 'worker-load-balancers', 'worker-snapshots'],
    operations: operationsOf('activities', 'worker'),
    rare: {
      'servicequotas GetAWSDefaultServiceQuota': 'an account in which no value of a quota was ever applied',
      'autoscaling DescribeScalingActivities': 'the repair of a replica',
      'autoscaling CreateOrUpdateTags': 'other tags in the spec',
      'autoscaling DeleteTags': 'other tags in the spec',
      'autoscaling ResumeProcesses':
        'a group whose processes somebody suspended, or AWS after a day of failed launches',
      'autoscaling TerminateInstanceInAutoScalingGroup': 'the repair of a replica',
      'autoscaling UpdateAutoScalingGroup': 'a pool with other sizes, or a template of another version',
      'ec2 CreateLaunchTemplateVersion': 'a template with other content: another instance type, a new secret',
      'ec2 DescribeDhcpOptions': 'a VPC with its DNS support off',
      'ec2 DescribeLaunchTemplateVersions': 'a worker died between a new version and the mark on its template',
      'ec2 ModifyNetworkInterfaceAttribute': 'a replica whose security groups changed',
      'ec2 ModifyVolume': 'an etcd volume that is to be larger',
      'elbv2 AddTags': 'other tags in the spec',
      'elbv2 SetSecurityGroups': 'a balancer whose groups somebody changed',
      'elbv2 RemoveTags': 'a tag less in the spec',
      'elbv2 DeregisterTargets': 'a replica’s address that is none any more',
      'elbv2 ModifyListener': 'a listener that somebody pointed elsewhere',
      'elbv2 ModifyTargetGroup': 'a target group with health checks of an earlier release',
      's3 DeleteObject': 'a schedule that has made more snapshots than it keeps',
      's3 GetObject': 'a snapshot that somebody asks for, or about',
      's3 ListObjectsV2': 'a snapshot that somebody asks for, or about',
    },
  },
  controlplane: {
    policies: ['controlplane', 'controlplane-snapshots'],
    operations: [...new Set([...operationsOf('agent'), ...CLOUD_CONTROLLER])].sort(),
    rare: {
      'ec2 CreateTags': 'a replica that is told something, and reports on it',
      'ec2 DetachNetworkInterface': 'a replica whose predecessor is stopped, not terminated',
      'ec2 DetachVolume': 'a replica whose predecessor is stopped, not terminated',
      'elb ApplySecurityGroupsToLoadBalancer': 'a Service with other security groups',
      'elb AttachLoadBalancerToSubnets': 'a Service in other subnets',
      'elb CreateLoadBalancerListeners': 'a Service with another port',
      'elb CreateLoadBalancerPolicy': 'a Service with the proxy protocol or a TLS policy',
      'elb DeleteLoadBalancerListeners': 'a Service with a port less',
      'elb DeregisterInstancesFromLoadBalancer': 'a node that goes while a Service has a load balancer',
      'elb DescribeLoadBalancerPolicies': 'a Service with a TLS policy',
      'elb DetachLoadBalancerFromSubnets': 'a Service in other subnets',
      'elb SetLoadBalancerPoliciesForBackendServer': 'a Service with the proxy protocol',
      'elb SetLoadBalancerPoliciesOfListener': 'a Service with a TLS policy',
      'elbv2 DeleteListener': 'a Service of a network load balancer with a port less',
      'elbv2 DeregisterTargets': 'a node that goes while a Service has a network load balancer',
      'elbv2 DescribeListeners': 'a Service of a network load balancer that changed',
      'elbv2 DescribeTargetGroupAttributes': 'a Service with attributes of its target group',
      'elbv2 DescribeTargetHealth': 'a Service of a network load balancer that changed',
      'elbv2 ModifyListener': 'a Service of a network load balancer with another target group',
      'elbv2 ModifyTargetGroup': 'a Service with another health check',
      'elbv2 ModifyTargetGroupAttributes': 'a Service with attributes of its target group',
      's3 AbortMultipartUpload': 'a snapshot that could not be sent to its end',
      's3 CompleteMultipartUpload': 'a snapshot of more than one part',
      's3 CreateMultipartUpload': 'a snapshot of more than one part',
      's3 GetObject': 'a cluster that somebody restores from a snapshot',
      's3 ListObjectsV2': 'a cluster with a schedule of snapshots',
      's3 PutObject': 'a snapshot that somebody asks for',
      's3 UploadPart': 'a snapshot of more than one part',
    },
  },
  node: { policies: ['node'], operations: NODE, rare: {} },
};

/** Every IAM action that a role's policies allow, sorted. */
export const allowed = ({ policies }: Role): readonly string[] =>
  [...new Set(policies.flatMap((name) => readPolicy(name).statements.flatMap(({ Action }) => listOf(Action))))].sort();

export const needed = ({ operations }: Role): readonly string[] => actionsFor(operations);
