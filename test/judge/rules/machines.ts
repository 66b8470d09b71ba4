/** Machines: launch templates, network interfaces, and the tokens by which EC2 knows a call again. */
import { type Fault, short } from '../finding.ts';
import { has, numberIn, type Parameters, structureIn, structuresIn, textIn, textsIn } from '../parameters.ts';
import { type Rule, when } from './rule.ts';

const TEMPLATE = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RequestLaunchTemplateData.html';
const INTERFACE = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html';
const GROUPS = 'https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups';
const TEMPLATES = ['CreateLaunchTemplate', 'CreateLaunchTemplateVersion'];
/** In bytes, before base64. */
const USER_DATA_LIMIT = 16 * 1_024;

const tokenLimit = (operation: string): number => (operation.startsWith('CreateLaunchTemplate') ? 128 : 64);

const dataOf = (parameters: Parameters): Parameters => structureIn(parameters, 'LaunchTemplateData');

const ofTemplates = (name: string, page: string, faults: (data: Parameters) => readonly Fault[]): Rule => ({
  ...{ name, page, service: 'ec2', operations: TEMPLATES },
  faults: ({ parameters }) =>
    faults(dataOf(parameters)).map((fault) => ({ ...fault, where: `LaunchTemplateData.${fault.where}` })),
});

const isBase64 = (text: string): boolean => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0;

export const MACHINE_RULES: readonly Rule[] = [
  {
    name: 'ec2.client-token',
    page: 'https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html',
    service: 'ec2',
    faults: ({ operation, parameters }) => {
      const token = textIn(parameters, 'ClientToken');
      if (token === undefined) return [];
      const limit = tokenLimit(operation);
      const broken = !new RegExp(`^[\\x21-\\x7e]{1,${limit}}$`).test(token);
      return when(broken, 'ClientToken', `${token.length} characters: 1 to ${limit} of ASCII`, token);
    },
  },
  {
    name: 'template.name',
    page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html',
    service: 'ec2',
    operations: TEMPLATES,
    faults: ({ parameters }) => {
      const name = textIn(parameters, 'LaunchTemplateName');
      const broken = name !== undefined && !/^[a-zA-Z0-9().\-/_]{3,128}$/.test(name);
      return when(broken, 'LaunchTemplateName', `3 to 128 of a-zA-Z0-9().-/_: ${short(name)}`, name);
    },
  },
  {
    name: 'template.description',
    page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html',
    service: 'ec2',
    operations: TEMPLATES,
    faults: ({ parameters }) => {
      const { length } = textIn(parameters, 'VersionDescription') ?? '';
      return when(length > 255, 'VersionDescription', `${length} characters: at most 255`);
    },
  },
  ofTemplates('template.groups', TEMPLATE, (data) => {
    const own = [...textsIn(data, 'SecurityGroupIds'), ...textsIn(data, 'SecurityGroups')].length > 0;
    const both = own && structuresIn(data, 'NetworkInterfaces').length > 0;
    return when(both, 'SecurityGroupIds', 'groups stand in the template or in its interfaces, not in both');
  }),
  ofTemplates('template.group-count', GROUPS, (data) => {
    const { length } = textsIn(data, 'SecurityGroupIds');
    return when(length > 5, 'SecurityGroupIds', `${length} groups: an interface has five (quota L-2AFB9258)`);
  }),
  ofTemplates('template.hop-limit', TEMPLATE, (data) => {
    const hops = numberIn(structureIn(data, 'MetadataOptions'), 'HttpPutResponseHopLimit') ?? 1;
    return when(hops < 1 || hops > 64, 'MetadataOptions.HttpPutResponseHopLimit', `${hops}: 1 to 64`, hops);
  }),
  ofTemplates('template.profile', TEMPLATE, (data) => {
    const profile = structureIn(data, 'IamInstanceProfile');
    const broken = has(data, 'IamInstanceProfile') && has(profile, 'Arn') === has(profile, 'Name');
    return when(broken, 'IamInstanceProfile', 'either its Arn or its Name');
  }),
  ofTemplates('template.devices', TEMPLATE, (data) => {
    const names = structuresIn(data, 'BlockDeviceMappings').map((one) => textIn(one, 'DeviceName') ?? '');
    return when(new Set(names).size < names.length, 'BlockDeviceMappings', 'each device once', names.join(', '));
  }),
  ofTemplates('template.user-data', 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html', (data) => {
    const encoded = textIn(data, 'UserData');
    if (encoded === undefined) return [];
    if (!isBase64(encoded)) return [{ where: 'UserData', what: 'it is not base64 (InvalidUserData.Malformed)' }];
    const { length } = Buffer.from(encoded, 'base64');
    return when(length > USER_DATA_LIMIT, 'UserData', `${length} bytes: at most ${USER_DATA_LIMIT} before base64`);
  }),
  {
    name: 'interface.index',
    page: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AvailableIpPerENI.html',
    service: 'ec2',
    operations: ['AttachNetworkInterface'],
    faults: ({ parameters }) => {
      const index = numberIn(parameters, 'DeviceIndex') ?? 0;
      const what = `${index}: 0 is the primary interface's, and no type has more than 15`;
      return when(index < 1 || index > 15, 'DeviceIndex', what, index);
    },
  },
  {
    name: 'interface.groups',
    page: GROUPS,
    service: 'ec2',
    operations: ['CreateNetworkInterface', 'ModifyNetworkInterfaceAttribute'],
    faults: ({ parameters }) => {
      const { length } = textsIn(parameters, 'Groups');
      return when(length > 5, 'Groups', `${length} groups: an interface has five (quota L-2AFB9258)`);
    },
  },
  {
    name: 'interface.description',
    page: INTERFACE,
    service: 'ec2',
    operations: ['CreateNetworkInterface'],
    faults: ({ parameters }) => {
      const { length } = textIn(parameters, 'Description') ?? '';
      return when(length > 255, 'Description', `${length} characters: at most 255`);
    },
  },
];
