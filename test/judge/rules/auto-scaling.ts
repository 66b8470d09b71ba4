/** Auto scaling groups. */
import { short } from '../finding.ts';
import { has, numberIn, type Parameters, structureIn, structuresIn, textIn, textsIn } from '../parameters.ts';
import { type Rule, when } from './rule.ts';

const CREATE = 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html';
const TEMPLATE = 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateSpecification.html';
const GROUP = ['CreateAutoScalingGroup', 'UpdateAutoScalingGroup'];

const nameIn = (parameters: Parameters): string => textIn(parameters, 'AutoScalingGroupName') ?? '';

const ofGroups = (name: string, page: string, faults: Rule['faults'], operations: readonly string[] = GROUP): Rule => ({
  ...{ name, page, service: 'autoscaling', operations, faults },
});

export const AUTO_SCALING_RULES: readonly Rule[] = [
  ofGroups('auto-scaling.name', CREATE, ({ parameters }) => {
    const name = nameIn(parameters);
    const broken = !/^[\x21-\x39\x3b-\x7e]{1,255}$/.test(name);
    return when(broken, 'AutoScalingGroupName', `1 to 255 of ASCII, no blank, no colon: ${short(name)}`, name);
  }),
  ofGroups('auto-scaling.sizes', CREATE, ({ parameters }) => {
    const sizes = ['MinSize', 'DesiredCapacity', 'MaxSize'].flatMap((name) => numberIn(parameters, name) ?? []);
    const falling = sizes.some((size, index) => size < (sizes[index - 1] ?? 0));
    return when(falling, 'DesiredCapacity', `MinSize, DesiredCapacity, MaxSize must not fall: ${sizes.join(', ')}`);
  }),
  ofGroups('auto-scaling.origin', CREATE, ({ operation, parameters }) => {
    const all = ['LaunchConfigurationName', 'LaunchTemplate', 'MixedInstancesPolicy', 'InstanceId'];
    const given = all.filter((name) => has(parameters, name));
    const broken = given.length > 1 || (given.length === 0 && operation.startsWith('Create'));
    return when(broken, '', `exactly one of ${all.join(', ')}, not ${given.join(' and ') || 'none'}`);
  }),
  ofGroups('auto-scaling.template', TEMPLATE, ({ parameters }) => {
    const template = structureIn(parameters, 'LaunchTemplate');
    const version = textIn(template, 'Version') ?? '$Default';
    const named = has(template, 'LaunchTemplateId') === has(template, 'LaunchTemplateName');
    return [
      ...when(has(parameters, 'LaunchTemplate') && named, 'LaunchTemplate', 'either its id or its name'),
      ...when(
        !/^(\d+|\$Latest|\$Default)$/.test(version),
        'LaunchTemplate.Version',
        `${version} is no number, $Latest or $Default`,
        version,
      ),
    ];
  }),
  ofGroups(
    'auto-scaling.subnets',
    CREATE,
    ({ parameters }) => {
      const zones = textsIn(parameters, 'AvailabilityZones').length;
      return when((textIn(parameters, 'VPCZoneIdentifier') ?? '') === '' && zones === 0, '', 'subnets or zones');
    },
    ['CreateAutoScalingGroup'],
  ),
  ofGroups('auto-scaling.health', CREATE, ({ parameters }) => {
    const kinds = (textIn(parameters, 'HealthCheckType') ?? 'EC2').split(',');
    const bad = kinds.find((kind) => !['EC2', 'ELB', 'VPC_LATTICE', 'EBS'].includes(kind));
    return when(bad !== undefined, 'HealthCheckType', `there is no health check ${bad}`, bad);
  }),
  ofGroups(
    'auto-scaling.tags',
    'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Tag.html',
    ({ parameters }) =>
      structuresIn(parameters, 'Tags').flatMap((tag) => {
        const type = textIn(tag, 'ResourceType') ?? 'auto-scaling-group';
        const of = textIn(tag, 'ResourceId');
        const other = of !== undefined && has(parameters, 'AutoScalingGroupName') && of !== nameIn(parameters);
        return [
          ...when(type !== 'auto-scaling-group', 'Tags[].ResourceType', `${type} is not auto-scaling-group`, type),
          ...when(other, 'Tags[].ResourceId', `${of} is not this group`, of),
        ];
      }),
    ['CreateAutoScalingGroup', 'CreateOrUpdateTags', 'DeleteTags'],
  ),
  ofGroups(
    'auto-scaling.names',
    'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html',
    ({ parameters }) => {
      const { length } = textsIn(parameters, 'AutoScalingGroupNames');
      const most = numberIn(parameters, 'MaxRecords') ?? 50;
      return when(length > most, 'AutoScalingGroupNames', `${length} names: at most ${most}, as MaxRecords says`);
    },
    ['DescribeAutoScalingGroups'],
  ),
];
