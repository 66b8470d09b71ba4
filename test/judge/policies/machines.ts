/** Machines: what EC2 asks IAM for, in its own name and for what a group of machines will launch. */
import { type Parameters, textIn, textsIn } from '../parameters.ts';
import type { Asking } from './asked.ts';
import {
  arn,
  arnInVpc,
  type Context,
  givenTags,
  globalArn,
  OWNED,
  ownTags,
  type Question,
  question,
  type RoleName,
  type Tags,
} from './question.ts';
import { specified, tagsIn } from './tags.ts';

const TYPES: Readonly<Record<string, string>> = {
  ...{ eni: 'network-interface', i: 'instance', lt: 'launch-template', sg: 'security-group', subnet: 'subnet' },
  ...{ vol: 'volume', vpc: 'vpc' },
};

const VPC = arnInVpc('vpc/VPC_ID');
const IN_VPC: Context = { 'ec2:Vpc': VPC, 'ec2:VpcID': 'VPC_ID' };

const typeOf = (id: string): string => {
  const type = TYPES[id.slice(0, id.lastIndexOf('-'))];
  if (type === undefined) throw new Error(`Of what type is ${id}? Say so in test/judge/policies/machines.ts.`);
  return type;
};

/** All things of a type are the same to the policies. */
const resourceOf = (type: string): readonly [string, string] => {
  if (type === 'vpc') return [type, VPC];
  return [type, type === 'subnet' ? arnInVpc('subnet/any') : arn('ec2', `${type}/any`)];
};

/** About something that is there. */
const existing = ({ role, tagsOf }: Asking, action: string, id: string, more: Context = {}): Question =>
  question(role, action, resourceOf(typeOf(id)), { ...IN_VPC, ...ownTags(tagsOf(id)), ...more });

/** About something that is made with tags. */
const made = ({ request, role }: Asking, type: string): readonly Question[] => {
  const { operation, parameters } = request;
  const given = givenTags(specified(parameters, type));
  const tagging = { ...IN_VPC, ...given, 'ec2:CreateAction': operation };
  return [
    question(role, `ec2:${operation}`, resourceOf(type), { ...IN_VPC, ...given }),
    ...(Object.keys(given).length > 0 ? [question(role, 'ec2:CreateTags', resourceOf(type), tagging)] : []),
  ];
};

/**
 * Of an encrypted volume EC2 uses the key in the caller's name, which need not be one of AWS's own
 * (https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html).
 */
const encrypting = (role: RoleName, ...operations: readonly string[]): readonly Question[] =>
  operations.map((operation) =>
    question(role, `kms:${operation}`, ['key', 'arn:PARTITION:kms:REGION:ACCOUNT_ID:key/of-volumes'], {
      'kms:ViaService': 'ec2.REGION.amazonaws.com',
      'kms:GrantIsForAWSResource': 'true',
    }),
  );

const CREATING = [
  'CreateGrant',
  'Decrypt',
  'DescribeKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
];

/** What Auto Scaling checks of whoever names a template, before it takes it; the machine's role goes by the group's name. */
export const launching = (role: RoleName, group: string, template: Tags): readonly Question[] => {
  const also: Context = { ...IN_VPC, 'ec2:LaunchTemplate': arn('ec2', 'launch-template/any') };
  const made = { ...also, ...givenTags(OWNED) };
  const profile = group.includes('-controlplane') ? 'slipway-controlplane' : 'slipway-node';
  return [
    ...['instance', 'volume', 'network-interface'].flatMap((type) => [
      question(role, 'ec2:RunInstances', resourceOf(type), made),
      question(role, 'ec2:CreateTags', resourceOf(type), { ...made, 'ec2:CreateAction': 'RunInstances' }),
    ]),
    ...['key-pair', 'security-group', 'subnet'].map((type) =>
      question(role, 'ec2:RunInstances', resourceOf(type), also),
    ),
    question(role, 'ec2:RunInstances', ['image', 'arn:PARTITION:ec2:REGION::image/any'], also),
    question(role, 'ec2:RunInstances', resourceOf('launch-template'), { ...also, ...ownTags(template) }),
    question(role, 'iam:PassRole', ['role', globalArn(`role/${profile}`)], {
      'iam:PassedToService': 'ec2.amazonaws.com',
    }),
  ];
};

const NAMING = ['VolumeId', 'NetworkInterfaceId', 'GroupId', 'LaunchTemplateId', 'InstanceId', 'VpcId'];

const named = (parameters: Parameters): readonly string[] => [
  ...NAMING.flatMap((name) => textIn(parameters, name) ?? []),
  ...textsIn(parameters, 'Groups'),
];

export const ec2Questions = (asking: Asking): readonly Question[] => {
  const { request, role } = asking;
  const { operation, parameters } = request;
  const action = `ec2:${operation}`;
  switch (operation) {
    case 'CreateLaunchTemplate':
      return made(asking, 'launch-template');
    case 'CreateNetworkInterface':
      return [
        ...made(asking, 'network-interface'),
        ...[textIn(parameters, 'SubnetId') ?? '', ...textsIn(parameters, 'Groups')].map((id) =>
          existing(asking, action, id),
        ),
      ];
    case 'CreateSecurityGroup':
      return [...made(asking, 'security-group'), question(role, action, resourceOf('vpc'), IN_VPC)];
    case 'CreateTags':
    case 'DeleteTags':
      return textsIn(parameters, 'Resources').map((id) => existing(asking, action, id, givenTags(tagsIn(parameters))));
    case 'CreateVolume':
      return [...made(asking, 'volume'), ...(parameters['Encrypted'] === true ? encrypting(role, ...CREATING) : [])];
    case 'AttachVolume':
      return [...named(parameters).map((id) => existing(asking, action, id)), ...encrypting(role, 'CreateGrant')];
    case 'DetachNetworkInterface':
      // It names an attachment, and AWS looks at both ends of it.
      return ['network-interface', 'instance'].map((type) =>
        question(role, action, resourceOf(type), { ...IN_VPC, ...ownTags(OWNED) }),
      );
    default: {
      const ids = named(parameters);
      if (ids.length > 0) return ids.map((id) => existing(asking, action, id));
      throw new Error(`What does AWS check for ${action}? Say so in test/judge/policies/machines.ts.`);
    }
  }
};
