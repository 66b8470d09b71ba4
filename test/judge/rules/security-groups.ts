/** Security groups: their names, and their rules. */
import ipaddr from 'ipaddr.js';
import { type Fault, short } from '../finding.ts';
import { numberIn, type Parameters, structuresIn, textIn, textsIn } from '../parameters.ts';
import { type Rule, when } from './rule.ts';

const CREATE = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html';
const PERMISSION = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html';
const RANGE = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html';

const TEXT = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/;
const CHARACTERS = 'up to 255 of a-zA-Z0-9 ._-:/()#,@[]+=&;{}!$*';

const CHANGES = [
  ...['AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress'],
  ...['RevokeSecurityGroupIngress', 'RevokeSecurityGroupEgress'],
];

/** Each kind of source, and what names one. */
const SOURCES = {
  UserIdGroupPairs: 'GroupId',
  IpRanges: 'CidrIp',
  Ipv6Ranges: 'CidrIpv6',
  PrefixListIds: 'PrefixListId',
};

type Source = { readonly kind: string; readonly name: string; readonly description: string };

const sourcesOf = (permission: Parameters): readonly Source[] =>
  Object.entries(SOURCES).flatMap(([list, member]) =>
    structuresIn(permission, list).map((one) => ({
      kind: member,
      name: textIn(one, member) ?? '',
      description: textIn(one, 'Description') ?? '',
    })),
  );

const permissionsIn = (parameters: Parameters): readonly Parameters[] => structuresIn(parameters, 'IpPermissions');

const protocolOf = (permission: Parameters): string => textIn(permission, 'IpProtocol') ?? '';

const portFaults = (permission: Parameters): readonly Fault[] => {
  const protocol = protocolOf(permission);
  if (!['tcp', 'udp', '6', '17'].includes(protocol)) return [];
  const [low = -1, high = -1] = [numberIn(permission, 'FromPort'), numberIn(permission, 'ToPort')];
  const what = `ports ${low} to ${high} of ${protocol}: 0 to 65535, the lower first`;
  return when(low < 0 || low > high || high > 65_535, 'IpPermissions[]', what, `${low}-${high}`);
};

/** AWS takes a network by its first address only for what it is: others it changes, and then shows another rule. */
const isNetwork = (cidr: string): boolean => {
  if (!ipaddr.isValidCIDR(cidr)) return false;
  const [address] = ipaddr.parseCIDR(cidr);
  const family = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  return family.networkAddressFromCIDR(cidr).toString() === address.toString();
};

const identities = (permission: Parameters): readonly string[] =>
  sourcesOf(permission).map(({ name }) =>
    [protocolOf(permission), numberIn(permission, 'FromPort'), numberIn(permission, 'ToPort'), name].join(' '),
  );

const ofRules = (name: string, page: string, faults: (permission: Parameters) => readonly Fault[]): Rule => ({
  ...{ name, page, service: 'ec2', operations: CHANGES },
  faults: ({ parameters }) => permissionsIn(parameters).flatMap(faults),
});

export const SECURITY_GROUP_RULES: readonly Rule[] = [
  {
    name: 'security-group.text',
    page: CREATE,
    service: 'ec2',
    operations: ['CreateSecurityGroup'],
    faults: ({ parameters }) =>
      ['GroupName', 'Description'].flatMap((name) => {
        const text = textIn(parameters, name) ?? '';
        return when(text === '' || !TEXT.test(text), name, `1 and ${CHARACTERS}: ${short(text)}`, text);
      }),
  },
  {
    name: 'security-group.name',
    page: CREATE,
    service: 'ec2',
    operations: ['CreateSecurityGroup'],
    faults: ({ parameters }) => {
      const name = textIn(parameters, 'GroupName') ?? '';
      return when(/^sg-/i.test(name), 'GroupName', `a name can't begin with sg-: ${name}`, name);
    },
  },
  {
    name: 'security-group.vpc',
    page: CREATE,
    service: 'ec2',
    operations: ['CreateSecurityGroup'],
    faults: ({ parameters }) =>
      when(textIn(parameters, 'VpcId') === undefined, 'VpcId', 'a group without one goes into the default VPC'),
  },
  {
    name: 'security-group.rules',
    page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html',
    service: 'ec2',
    operations: CHANGES,
    faults: ({ parameters }) => {
      const named = permissionsIn(parameters).length + textsIn(parameters, 'SecurityGroupRuleIds').length;
      return when(named === 0, 'IpPermissions', 'no rule is named');
    },
  },
  ofRules('security-group.protocol', PERMISSION, (permission) => {
    const protocol = protocolOf(permission);
    const known = /^(tcp|udp|icmp|icmpv6|-1|\d{1,3})$/.test(protocol);
    return when(!known, 'IpPermissions[].IpProtocol', `${protocol} is no protocol`, protocol);
  }),
  ofRules('security-group.ports', PERMISSION, portFaults),
  ofRules('security-group.source', PERMISSION, (permission) =>
    when(sourcesOf(permission).length === 0, 'IpPermissions[]', 'a rule without a source'),
  ),
  ofRules('security-group.network', RANGE, (permission) =>
    sourcesOf(permission)
      .filter(({ kind, name }) => kind.startsWith('Cidr') && !isNetwork(name))
      .map(({ kind, name }) => ({ where: `IpPermissions[].${kind}`, what: `${name} is no network`, value: name })),
  ),
  ofRules('security-group.description', RANGE, (permission) =>
    sourcesOf(permission)
      .filter(({ description }) => !TEXT.test(description))
      .map(({ description }) => ({
        where: 'IpPermissions[].Description',
        what: `${CHARACTERS}: ${short(description)}`,
        value: description,
      })),
  ),
  {
    name: 'security-group.twice',
    page: PERMISSION,
    service: 'ec2',
    operations: CHANGES,
    faults: ({ parameters }) => {
      const all = permissionsIn(parameters).flatMap(identities);
      const twice = all.filter((one, index) => all.indexOf(one) !== index);
      return twice.map((one) => ({ where: 'IpPermissions[]', what: `the same rule twice: ${one}`, value: one }));
    },
  },
];
