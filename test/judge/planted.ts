/**
 * Planted faults: for each rule a call that breaks it, and calls that AWS takes, as an SDK is handed them.
 *
 * Neighbours: `rules.test.ts` shows them to the rules, `models.integration.test.ts` has SDKs write them and shows them to the
 * whole judge.
 */
import type { Parameters } from './parameters.ts';

export type Planted = {
  /** That it breaks; absent: none. */
  readonly rule?: string;
  readonly service: string;
  readonly operation: string;
  readonly parameters: Parameters;
};

const TAG = [{ Key: 'slipway.dev/cluster', Value: 'gke-1' }];

const volume = (more: Parameters): Parameters => ({
  ...{ AvailabilityZone: 'eu-west-1a', Size: 10, VolumeType: 'gp3', ClientToken: 'a'.repeat(64) },
  ...more,
});
const template = (data: Parameters, more: Parameters = {}): Parameters => ({
  ...{ LaunchTemplateName: 'gke-1-a.b', ClientToken: 'x' },
  LaunchTemplateData: { ImageId: 'ami-0123456789abcdef0', ...data },
  ...more,
});
const permission = (more: Parameters, ...others: readonly Parameters[]): Parameters => {
  const range = { CidrIp: '10.0.0.0/16', Description: 'a: b' };
  const one = { IpProtocol: 'tcp', FromPort: 1, ToPort: 2, IpRanges: [range], ...more };
  return { GroupId: 'sg-0372ceaae4fc17084', IpPermissions: [one, ...others] };
};
const group = (more: Parameters): Parameters => ({
  ...{ AutoScalingGroupName: 'gke-1', MinSize: 1, MaxSize: 1, DesiredCapacity: 1 },
  VPCZoneIdentifier: 'subnet-08fdd9360320f5f27',
  LaunchTemplate: { LaunchTemplateId: 'lt-0123456789abcdef0', Version: '1' },
  ...more,
});
const targetGroup = (more: Parameters): Parameters => ({
  ...{ Name: 'gke-1', Protocol: 'TCP', Port: 6443, VpcId: 'vpc-027d53db543f33b56', TargetType: 'ip' },
  ...{ HealthCheckProtocol: 'HTTPS', HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 4 },
  ...more,
});
const securityGroup = (more: Parameters): Parameters => ({
  ...{ GroupName: 'gke-1', Description: 'Of a/b, by (us)', VpcId: 'vpc-12345678' },
  ...more,
});
const tagged = (...tags: readonly Parameters[]): Parameters => ({ Resources: ['vol-12345678'], Tags: tags });
const balancer = (more: Parameters): Parameters => ({
  Name: 'a',
  Subnets: ['subnet-12345678'],
  Type: 'network',
  ...more,
});

type Row = readonly [rule: string, operation: string, parameters: Parameters];

const broken = (service: string, rows: readonly Row[]): readonly Planted[] =>
  rows.map(([rule, operation, parameters]) => ({ rule, service, operation, parameters }));

const arn = (region: string, account: string): Parameters => ({ KeyId: `arn:aws:kms:${region}:${account}:key/1` });
const filter = (Name: string, ...Values: readonly string[]): Parameters => ({ Filters: [{ Name, Values }] });
const numbers = (many: number): readonly string[] => Array.from({ length: many }, (_, index) => String(index));

export const BROKEN: readonly Planted[] = [
  ...broken('ec2', [
    ['tags.count', 'CreateTags', tagged(...numbers(51).map((Key) => ({ Key, Value: '' })))],
    ['tags.twice', 'CreateTags', tagged(...TAG, ...TAG)],
    ['tags.key', 'CreateTags', tagged({ Key: 'k'.repeat(129), Value: '' })],
    ['tags.value', 'CreateTags', tagged({ Key: 'k', Value: 'v'.repeat(257) })],
    ['tags.reserved', 'CreateTags', tagged({ Key: 'aws:a', Value: '' })],
    ['tags.characters', 'CreateTags', tagged({ Key: 'a', Value: 'b;c' })],
    ['tags.resource-type', 'CreateVolume', volume({ TagSpecifications: [{ ResourceType: 'instance', Tags: TAG }] })],
    ['tags.resources', 'CreateTags', { Resources: numbers(1_001).map(() => 'vol-12345678'), Tags: TAG }],
    ['names.id', 'AttachVolume', { Device: '/dev/sdf', InstanceId: 'i-1', VolumeId: 'vol-12345678' }],
    ['names.id', 'CreateLaunchTemplate', template({ ImageId: 'ami-debian' })],
    ['names.id', 'DescribeVolumes', filter('volume-id', 'etcd-0')],
    ['names.tagged', 'CreateTags', { Resources: ['vol-xyz'], Tags: TAG }],
    ['filters.values', 'DescribeVolumes', filter('tag:a')],
    ['filters.count', 'DescribeVolumes', filter('tag:a', ...numbers(201))],
    ['pages.ec2', 'DescribeLaunchTemplates', { MaxResults: 201 }],
    ['pages.ids', 'DescribeInstances', { MaxResults: 10, InstanceIds: ['i-12345678'] }],
    ['ec2.dry-run', 'DescribeInstances', { DryRun: true, InstanceIds: ['i-12345678'] }],
    ['ec2.volume', 'CreateVolume', volume({ VolumeType: 'gp2', Iops: 3_000 })],
    ['ec2.volume', 'CreateVolume', volume({ VolumeType: 'io1', Iops: 501 })],
    ['ec2.volume', 'CreateVolume', volume({ VolumeType: 'st1' })],
    ['ec2.volume', 'CreateVolume', volume({ Throughput: 1_000 })],
    ['ec2.volume', 'CreateVolume', volume({ KmsKeyId: 'alias/a' })],
    ['ec2.volume-size', 'CreateVolume', volume({ Size: undefined })],
    ['ec2.zone', 'CreateVolume', volume({ AvailabilityZone: 'us-east-1a' })],
    ['ec2.device', 'AttachVolume', { Device: '/dev/sda1', InstanceId: 'i-12345678', VolumeId: 'vol-12345678' }],
    ['security-group.text', 'CreateSecurityGroup', securityGroup({ Description: "d'oh" })],
    ['security-group.name', 'CreateSecurityGroup', securityGroup({ GroupName: 'sg-a' })],
    ['security-group.vpc', 'CreateSecurityGroup', securityGroup({ VpcId: undefined })],
    ['security-group.rules', 'RevokeSecurityGroupIngress', { GroupId: 'sg-0372ceaae4fc17084' }],
    ['security-group.protocol', 'AuthorizeSecurityGroupIngress', permission({ IpProtocol: 'http' })],
    ['security-group.ports', 'AuthorizeSecurityGroupIngress', permission({ FromPort: 3 })],
    ['security-group.source', 'AuthorizeSecurityGroupIngress', permission({ IpRanges: [] })],
    ['security-group.network', 'AuthorizeSecurityGroupIngress', permission({ IpRanges: [{ CidrIp: '10.0.0.1/16' }] })],
    [
      'security-group.description',
      'AuthorizeSecurityGroupIngress',
      permission({ IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'a?' }] }),
    ],
    [
      'security-group.twice',
      'AuthorizeSecurityGroupIngress',
      permission({ IpRanges: [{ CidrIp: '10.0.0.0/16' }, { CidrIp: '10.0.0.0/16' }] }),
    ],
    ['ec2.client-token', 'CreateVolume', volume({ ClientToken: 'a'.repeat(65) })],
    ['template.name', 'CreateLaunchTemplate', template({}, { LaunchTemplateName: 'a b' })],
    ['template.description', 'CreateLaunchTemplate', template({}, { VersionDescription: 'd'.repeat(256) })],
    [
      'template.groups',
      'CreateLaunchTemplate',
      template({ SecurityGroupIds: ['sg-00000001'], NetworkInterfaces: [{ DeviceIndex: 0 }] }),
    ],
    [
      'template.group-count',
      'CreateLaunchTemplate',
      template({ SecurityGroupIds: numbers(6).map((one) => `sg-0000000${one}`) }),
    ],
    ['template.hop-limit', 'CreateLaunchTemplate', template({ MetadataOptions: { HttpPutResponseHopLimit: 65 } })],
    ['template.profile', 'CreateLaunchTemplate', template({ IamInstanceProfile: { Arn: 'a', Name: 'b' } })],
    [
      'template.devices',
      'CreateLaunchTemplate',
      template({ BlockDeviceMappings: [{ DeviceName: '/dev/xvda' }, { DeviceName: '/dev/xvda' }] }),
    ],
    [
      'template.user-data',
      'CreateLaunchTemplate',
      template({ UserData: Buffer.from('x'.repeat(16_385)).toString('base64') }),
    ],
    ['template.user-data', 'CreateLaunchTemplate', template({ UserData: '{}' })],
    [
      'interface.index',
      'AttachNetworkInterface',
      { DeviceIndex: 0, InstanceId: 'i-12345678', NetworkInterfaceId: 'eni-12345678' },
    ],
    [
      'interface.groups',
      'CreateNetworkInterface',
      { SubnetId: 'subnet-12345678', ClientToken: 'x', Groups: numbers(6).map((one) => `sg-0000000${one}`) },
    ],
    [
      'interface.description',
      'CreateNetworkInterface',
      { SubnetId: 'subnet-12345678', ClientToken: 'x', Description: 'd'.repeat(256) },
    ],
  ]),
  ...broken('autoscaling', [
    ['pages.auto-scaling', 'DescribeAutoScalingGroups', { MaxRecords: 101 }],
    ['filters.name', 'DescribeAutoScalingGroups', filter('name', 'a')],
    ['auto-scaling.name', 'CreateAutoScalingGroup', group({ AutoScalingGroupName: 'a:b' })],
    ['auto-scaling.sizes', 'CreateAutoScalingGroup', group({ MinSize: 2 })],
    ['auto-scaling.origin', 'CreateAutoScalingGroup', group({ LaunchConfigurationName: 'a' })],
    [
      'auto-scaling.template',
      'CreateAutoScalingGroup',
      group({ LaunchTemplate: { LaunchTemplateId: 'lt-12345678', Version: 'v1' } }),
    ],
    ['auto-scaling.subnets', 'CreateAutoScalingGroup', group({ VPCZoneIdentifier: undefined })],
    ['auto-scaling.health', 'CreateAutoScalingGroup', group({ HealthCheckType: 'PING' })],
    ['auto-scaling.tags', 'CreateAutoScalingGroup', group({ Tags: [{ Key: 'a', ResourceId: 'b' }] })],
    ['auto-scaling.names', 'DescribeAutoScalingGroups', { AutoScalingGroupNames: numbers(51) }],
  ]),
  ...broken('elbv2', [
    ['pages.load-balancing', 'DescribeLoadBalancers', { PageSize: 401 }],
    ['balancer.name', 'CreateTargetGroup', targetGroup({ Name: 'a'.repeat(33) })],
    ['balancer.name', 'CreateLoadBalancer', balancer({ Name: 'internal-a' })],
    ['balancer.subnets', 'CreateLoadBalancer', balancer({ Subnets: undefined })],
    [
      'balancer.attribute',
      'ModifyLoadBalancerAttributes',
      { LoadBalancerArn: 'x:loadbalancer/net/a', Attributes: [{ Key: 'idle_timeout.timeout_seconds', Value: '1' }] },
    ],
    ['balancer.choice', 'DescribeTags', { ResourceArns: numbers(21) }],
    ['target-group.checks', 'CreateTargetGroup', targetGroup({ HealthCheckTimeoutSeconds: 5 })],
    ['target-group.checks', 'CreateTargetGroup', targetGroup({ Matcher: { HttpCode: '600' } })],
    ['target-group.protocol', 'CreateTargetGroup', targetGroup({ HealthCheckProtocol: 'UDP' })],
    ['target-group.required', 'CreateTargetGroup', targetGroup({ Port: undefined })],
    ['target.address', 'RegisterTargets', { TargetGroupArn: 'a', Targets: [{ Id: '8.8.8.8' }] }],
    ['listener.forward', 'ModifyListener', { ListenerArn: 'a', DefaultActions: [{ Type: 'forward' }] }],
    [
      'listener.required',
      'CreateListener',
      { LoadBalancerArn: 'a', Port: 443, DefaultActions: [{ Type: 'forward', TargetGroupArn: 'b' }] },
    ],
  ]),
  ...broken('elb', [
    [
      'balancer.classic-name',
      'CreateLoadBalancer',
      {
        LoadBalancerName: 'a_b',
        Listeners: [{ Protocol: 'TCP', LoadBalancerPort: 80, InstancePort: 30_000 }],
      },
    ],
  ]),
  ...broken('kms', [
    ['names.account', 'DescribeKey', arn('eu-west-1', '01234567890123')],
    ['names.region', 'DescribeKey', arn('eu-west-2', '012345678901')],
    ['kms.size', 'GenerateDataKey', { KeyId: 'a' }],
    ['kms.context', 'Decrypt', { CiphertextBlob: Buffer.from('abc'), EncryptionContext: { a: 'b'.repeat(8_192) } }],
  ]),
];

const taken = (service: string, operation: string, parameters: Parameters): Planted => ({
  ...{ service, operation, parameters },
});

export const RIGHT: readonly Planted[] = [
  taken('ec2', 'CreateTags', tagged(...TAG)),
  taken('ec2', 'CreateVolume', volume({ TagSpecifications: [{ ResourceType: 'volume', Tags: TAG }], Encrypted: true })),
  taken('ec2', 'CreateVolume', volume({ Iops: 4_000, Throughput: 500 })),
  taken('ec2', 'CreateLaunchTemplate', template({ ImageId: 'resolve:ssm:/aws/service/ami', UserData: 'IyEvYmluL3No' })),
  taken('ec2', 'CreateSecurityGroup', securityGroup({})),
  taken('ec2', 'AuthorizeSecurityGroupIngress', permission({})),
  taken(
    'ec2',
    'AuthorizeSecurityGroupIngress',
    permission({}, { IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }] }),
  ),
  taken('ec2', 'DescribeVolumes', { ...filter('tag:slipway.dev/key', 'etcd-volume/*'), MaxResults: 1_000 }),
  taken(
    'autoscaling',
    'CreateAutoScalingGroup',
    group({
      Tags: [{ Key: 'a', ResourceId: 'gke-1', ResourceType: 'auto-scaling-group', PropagateAtLaunch: true }],
    }),
  ),
  taken('autoscaling', 'DescribeAutoScalingGroups', filter('tag:slipway.dev/cluster', 'gke-1')),
  taken('elbv2', 'CreateTargetGroup', targetGroup({ Matcher: { HttpCode: '200' }, Tags: TAG })),
  taken('elbv2', 'CreateLoadBalancer', balancer({})),
  taken('elbv2', 'RegisterTargets', { TargetGroupArn: 'a', Targets: [{ Id: '10.0.0.1', Port: 6_443 }] }),
  taken('elb', 'CreateLoadBalancer', {
    LoadBalancerName: 'a1',
    Listeners: [{ Protocol: 'TCP', LoadBalancerPort: 80, InstancePort: 30_000 }],
    Tags: TAG,
  }),
  taken('kms', 'Decrypt', { CiphertextBlob: Buffer.from('abc'), EncryptionContext: { a: 'b' } }),
  taken('iam', 'GetInstanceProfile', { InstanceProfileName: 'gke-1' }),
  taken('servicequotas', 'GetServiceQuota', { ServiceCode: 'ec2', QuotaCode: 'L-1216C47A' }),
];

/** What models refuse by themselves. */
export const REFUSED_BY_MODELS: readonly Planted[] = [
  ...broken('autoscaling', [['model.min', 'CreateAutoScalingGroup', group({ MinSize: 0, AutoScalingGroupName: '' })]]),
  ...broken('elbv2', [
    ['model.min', 'CreateTargetGroup', targetGroup({ HealthCheckIntervalSeconds: 4, HealthCheckTimeoutSeconds: 3 })],
    ['model.max', 'DescribeTargetGroups', { PageSize: 401 }],
    ['model.enum', 'CreateTargetGroup', targetGroup({ TargetType: 'node' })],
    ['model.required', 'RegisterTargets', { Targets: [{ Id: '10.0.0.1' }] }],
  ]),
  ...broken('iam', [['model.pattern', 'GetInstanceProfile', { InstanceProfileName: 'a/b' }]]),
  ...broken('servicequotas', [['model.pattern', 'GetServiceQuota', { ServiceCode: 'ec 2', QuotaCode: 'L-1216C47A' }]]),
];
