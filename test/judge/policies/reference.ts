/**
 * Reference: which types of resource AWS checks for an action, and which condition keys it fills for each.
 *
 * Owns: the part of AWS's Service Authorization Reference that `deploy/iam` is about, written down by hand from
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html. A
 * condition with a key that isn't filled is never true: the statement allows nothing. Whoever adds a right that changes something
 * adds its row. Reading needs no row: what lists knows no resource (`*`).
 */

/** Keys by their beginnings: `aws:ResourceTag/` is all of these. */
type Keys = readonly string[];

/** By type of resource; `''` holds for each of them. */
type Row = Readonly<Record<string, Keys>>;

const OLD = ['aws:ResourceTag/'];
const NEW = ['aws:RequestTag/', 'aws:TagKeys'];
const TAGGED = [...OLD, ...NEW];
const FROM_TEMPLATE = ['ec2:LaunchTemplate'];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html */
const EC2: Readonly<Record<string, Row>> = {
  AttachNetworkInterface: { instance: OLD, 'network-interface': [...OLD, 'ec2:Vpc'] },
  AttachVolume: { instance: OLD, volume: OLD },
  AuthorizeSecurityGroupIngress: { 'security-group': [...OLD, 'ec2:Vpc'] },
  CreateLaunchTemplate: { 'launch-template': NEW },
  CreateLaunchTemplateVersion: { 'launch-template': OLD },
  CreateNetworkInterface: {
    ...{ 'network-interface': NEW, subnet: [...OLD, 'ec2:Vpc'], 'security-group': [...OLD, 'ec2:Vpc'] },
  },
  // A group that is not there yet is in no VPC, and a VPC has an id for itself.
  CreateSecurityGroup: { 'security-group': NEW, vpc: [...OLD, 'ec2:VpcID'] },
  CreateTags: {
    ...{ '': ['ec2:CreateAction'], instance: TAGGED, 'launch-template': TAGGED, volume: TAGGED },
    ...{ 'network-interface': [...TAGGED, 'ec2:Vpc'], 'security-group': [...TAGGED, 'ec2:Vpc'] },
    subnet: [...TAGGED, 'ec2:Vpc'],
  },
  CreateVolume: { volume: NEW },
  DeleteLaunchTemplate: { 'launch-template': OLD },
  DeleteNetworkInterface: { 'network-interface': [...OLD, 'ec2:Vpc'] },
  DeleteSecurityGroup: { 'security-group': [...OLD, 'ec2:Vpc'] },
  // Unlike CreateTags it knows no VPC.
  DeleteTags: {
    ...{ instance: TAGGED, 'launch-template': TAGGED, volume: TAGGED, 'network-interface': TAGGED },
    ...{ 'security-group': TAGGED, subnet: TAGGED },
  },
  DeleteVolume: { volume: OLD },
  DescribeVpcAttribute: { vpc: [...OLD, 'ec2:VpcID'] },
  DetachNetworkInterface: { instance: OLD, 'network-interface': [...OLD, 'ec2:Vpc'] },
  DetachVolume: { instance: OLD, volume: OLD },
  ModifyNetworkInterfaceAttribute: { 'network-interface': [...OLD, 'ec2:Vpc'], 'security-group': [...OLD, 'ec2:Vpc'] },
  ModifyVolume: { volume: OLD },
  RevokeSecurityGroupIngress: { 'security-group': [...OLD, 'ec2:Vpc'] },
  RunInstances: {
    ...{ image: [...OLD, ...FROM_TEMPLATE], 'key-pair': [...OLD, ...FROM_TEMPLATE] },
    ...{ instance: [...NEW, ...FROM_TEMPLATE], volume: [...NEW, ...FROM_TEMPLATE] },
    'network-interface': [...NEW, ...FROM_TEMPLATE, 'ec2:Vpc'],
    'security-group': [...OLD, ...FROM_TEMPLATE, 'ec2:Vpc'],
    subnet: [...OLD, ...FROM_TEMPLATE, 'ec2:Vpc'],
    'launch-template': [...OLD, ...FROM_TEMPLATE],
  },
};

const GROUP = { autoScalingGroup: OLD };

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html */
const AUTO_SCALING: Readonly<Record<string, Row>> = {
  CreateAutoScalingGroup: { autoScalingGroup: TAGGED },
  CreateOrUpdateTags: { autoScalingGroup: TAGGED },
  DeleteAutoScalingGroup: GROUP,
  DeleteTags: { autoScalingGroup: TAGGED },
  ResumeProcesses: GROUP,
  TerminateInstanceInAutoScalingGroup: GROUP,
  UpdateAutoScalingGroup: GROUP,
};

const CLASSIC = { loadbalancer: OLD };
const BALANCER = { 'loadbalancer/net': OLD };
const TARGETS = { targetgroup: OLD };
const LISTENER = { 'listener/net': OLD };
const ANY_OF_THEM = { loadbalancer: TAGGED, 'loadbalancer/net': TAGGED, targetgroup: TAGGED, 'listener/net': TAGGED };

/**
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancing.html and
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html: one service to IAM.
 */
const LOAD_BALANCING: Readonly<Record<string, Row>> = {
  AddTags: { ...ANY_OF_THEM, '': ['elasticloadbalancing:CreateAction'] },
  ApplySecurityGroupsToLoadBalancer: CLASSIC,
  AttachLoadBalancerToSubnets: CLASSIC,
  ConfigureHealthCheck: CLASSIC,
  CreateListener: { 'loadbalancer/net': TAGGED },
  CreateLoadBalancer: { loadbalancer: NEW, 'loadbalancer/net': NEW },
  CreateLoadBalancerListeners: CLASSIC,
  CreateLoadBalancerPolicy: CLASSIC,
  CreateTargetGroup: { targetgroup: NEW },
  DeleteListener: LISTENER,
  DeleteLoadBalancer: { ...CLASSIC, ...BALANCER },
  DeleteLoadBalancerListeners: CLASSIC,
  DeleteTargetGroup: TARGETS,
  DeregisterInstancesFromLoadBalancer: CLASSIC,
  DeregisterTargets: TARGETS,
  DetachLoadBalancerFromSubnets: CLASSIC,
  ModifyListener: LISTENER,
  ModifyLoadBalancerAttributes: { ...CLASSIC, ...BALANCER },
  ModifyTargetGroup: TARGETS,
  ModifyTargetGroupAttributes: TARGETS,
  RegisterInstancesWithLoadBalancer: CLASSIC,
  RegisterTargets: TARGETS,
  RemoveTags: ANY_OF_THEM,
  SetLoadBalancerPoliciesForBackendServer: CLASSIC,
  SetLoadBalancerPoliciesOfListener: CLASSIC,
  SetSecurityGroups: BALANCER,
};

const USED = ['kms:EncryptionContext:', 'kms:ViaService'];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html */
const KMS: Readonly<Record<string, Row>> = {
  CreateGrant: { key: [...USED, 'kms:GrantIsForAWSResource'] },
  Decrypt: { key: USED },
  DescribeKey: { key: ['kms:ViaService'] },
  GenerateDataKey: { key: USED },
  GenerateDataKeyWithoutPlaintext: { key: USED },
  ReEncryptFrom: { key: USED },
  ReEncryptTo: { key: USED },
};

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html */
const IAM: Readonly<Record<string, Row>> = {
  CreateServiceLinkedRole: { role: ['iam:AWSServiceName'] },
  GetInstanceProfile: { 'instance-profile': [] },
  PassRole: { role: ['iam:PassedToService'] },
};

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html */
const S3: Readonly<Record<string, Row>> = {
  AbortMultipartUpload: { object: [] },
  DeleteObject: { object: [] },
  GetObject: { object: [] },
  ListBucket: { bucket: ['s3:prefix'] },
  PutObject: { object: [] },
};

const SERVICES: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  ...{ autoscaling: AUTO_SCALING, ec2: EC2, elasticloadbalancing: LOAD_BALANCING, iam: IAM, kms: KMS, s3: S3 },
  servicequotas: {},
};

/** Filled for every action: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
const ALWAYS = ['aws:RequestedRegion'];

const rowOf = (action: string): Row | undefined => {
  const [service = '', name = ''] = action.split(':');
  const row = SERVICES[service]?.[name];
  return row ?? (/^(Describe|Get|List)/.test(name) ? {} : undefined);
};

/** The types of resource that AWS checks for an action; none where it lists. Undefined for one that no row speaks of. */
export const typesOf = (action: string): readonly string[] | undefined => {
  const row = rowOf(action);
  return row === undefined ? undefined : Object.keys(row).filter((type) => type !== '');
};

/** Whether AWS fills a condition key for an action on a type of resource. */
export const isFilled = (action: string, type: string, key: string): boolean => {
  const row = rowOf(action) ?? {};
  const keys = [...ALWAYS, ...(row[''] ?? []), ...(row[type] ?? [])];
  return keys.some((one) => (one.endsWith('/') || one.endsWith(':') ? key.startsWith(one) : key === one));
};
