/** Names: the forms of ids and ARNs, wherever a call names something. */
import type { Fault } from '../finding.ts';
import { membersOf, structuresIn, textIn, textsIn, textsOf } from '../parameters.ts';
import type { Request } from '../wire.ts';
import type { Rule } from './rule.ts';

/** A kind, then 8 or 17 hexadecimal digits. */
const isId = (kind: string, text: string): boolean => new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(text);

const MEMBERS: Readonly<Record<string, string>> = {
  ...{ VpcId: 'vpc', VpcIds: 'vpc', SubnetId: 'subnet', SubnetIds: 'subnet', Subnets: 'subnet' },
  ...{ GroupId: 'sg', GroupIds: 'sg', SecurityGroupIds: 'sg', SecurityGroups: 'sg', Groups: 'sg' },
  ...{ VolumeId: 'vol', VolumeIds: 'vol', NetworkInterfaceId: 'eni', NetworkInterfaceIds: 'eni' },
  ...{ InstanceId: 'i', InstanceIds: 'i', LaunchTemplateId: 'lt', LaunchTemplateIds: 'lt' },
  ...{ ImageId: 'ami', ImageIds: 'ami', AttachmentId: 'eni-attach' },
};

const FILTERS: Readonly<Record<string, string>> = {
  ...{ 'vpc-id': 'vpc', 'subnet-id': 'subnet', 'group-id': 'sg', 'ip-permission.group-id': 'sg' },
  ...{ 'volume-id': 'vol', 'network-interface-id': 'eni', 'instance-id': 'i', 'launch-template-id': 'lt' },
};

/** Members of the same name that hold names. */
const NAMES_INSTEAD = ['ec2 SecurityGroups'];

type Named = { readonly where: string; readonly kind: string; readonly id: string };

/** An image may be named by the parameter that holds its id, too. */
const BY_PARAMETER = /^resolve:ssm:[\w./:-]+$/;

const named = ({ service, parameters }: Request): readonly Named[] => [
  ...membersOf(parameters).flatMap((member) => {
    const kind = MEMBERS[member.name];
    if (kind === undefined || NAMES_INSTEAD.some((one) => one === `${service} ${member.name}`)) return [];
    return textsOf(member)
      .filter((id) => kind !== 'ami' || !BY_PARAMETER.test(id))
      .map((id) => ({ where: member.where, kind, id }));
  }),
  ...structuresIn(parameters, 'Filters').flatMap((filter) => {
    const name = textIn(filter, 'Name') ?? '';
    const kind = FILTERS[name];
    if (kind === undefined) return [];
    const exact = textsIn(filter, 'Values').filter((value) => !/[*?]/.test(value));
    return exact.map((id) => ({ where: `Filters[${name}]`, kind, id }));
  }),
  ...(textIn(parameters, 'VPCZoneIdentifier') ?? '')
    .split(',')
    .filter((id) => id !== '')
    .map((id) => ({ where: 'VPCZoneIdentifier', kind: 'subnet', id })),
];

const ARN = /^arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]*):(\d+):/;

type Arn = { readonly where: string; readonly arn: string; readonly region: string; readonly account: string };

const arns = ({ parameters }: Request): readonly Arn[] =>
  membersOf(parameters).flatMap((member) =>
    textsOf(member).flatMap((arn) => {
      const [, region = '', account] = ARN.exec(arn) ?? [];
      return account === undefined ? [] : [{ where: member.where, arn, region, account }];
    }),
  );

const IDS = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html';
const ARNS = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html';

export const NAME_RULES: readonly Rule[] = [
  {
    name: 'names.id',
    page: IDS,
    faults: (request) =>
      ['ec2', 'autoscaling', 'elb', 'elbv2'].includes(request.service)
        ? named(request)
            .filter(({ kind, id }) => !isId(kind, id))
            .map(({ where, kind, id }): Fault => ({ where, what: `${id} is no ${kind} id`, value: id }))
        : [],
  },
  {
    name: 'names.tagged',
    page: IDS,
    service: 'ec2',
    operations: ['CreateTags', 'DeleteTags'],
    faults: ({ parameters }) =>
      textsIn(parameters, 'Resources')
        .filter((id) => !/^[a-z]+(-[a-z]+)*-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id))
        .map((id) => ({ where: 'Resources[]', what: `${id} is no id of a resource`, value: id })),
  },
  {
    name: 'names.account',
    page: ARNS,
    faults: (request) =>
      arns(request)
        .filter(({ account }) => account.length !== 12)
        .map(({ where, account }) => ({
          where,
          what: `the account ${account} has ${account.length} digits, and AWS's have 12`,
          value: account,
        })),
  },
  {
    name: 'names.region',
    page: ARNS,
    faults: (request) =>
      arns(request)
        .filter(({ region }) => region !== '' && region !== request.region)
        .map(({ where, arn }) => ({ where, what: `${arn} is not in ${request.region}`, value: arn })),
  },
];
