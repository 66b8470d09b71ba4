/** Load balancing of both generations: names, subnets, health checks, targets. */
import ipaddr from 'ipaddr.js';
import { type Fault, short } from '../finding.ts';
import { has, numberIn, type Parameters, structureIn, structuresIn, textIn, textsIn } from '../parameters.ts';
import { type Rule, when } from './rule.ts';

const PAGES = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_';

const NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$/;

const rule = (
  name: string,
  operations: readonly string[],
  faults: (parameters: Parameters) => readonly Fault[],
): Rule => ({
  ...{ name, page: `${PAGES}${operations[0]}.html`, service: 'elbv2', operations },
  faults: ({ parameters }) => faults(parameters),
});

const required = (parameters: Parameters, names: readonly string[], why: string): readonly Fault[] =>
  names.filter((name) => !has(parameters, name)).map((name) => ({ where: name, what: `${name} is required ${why}` }));

/** What a network load balancer's IP targets may be: addresses of its VPC, or private ones that are routed to it. */
const TARGETS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map((cidr) =>
  ipaddr.IPv4.parseCIDR(cidr),
);

const isPrivate = (address: string): boolean => TARGETS.some((network) => ipaddr.IPv4.parse(address).match(network));

const ATTRIBUTES = new RegExp(
  `^(${[
    'access_logs\\.s3\\.(enabled|bucket|prefix)',
    'deletion_protection\\.enabled',
    'dns_record\\.client_routing_policy',
    'ipv6\\..*',
    'load_balancing\\.cross_zone\\.enabled',
    'secondary_ips\\.auto_assigned\\.per_subnet',
    'zonal_shift\\.config\\.enabled',
  ].join('|')})$`,
);

const checkFaults = (parameters: Parameters): readonly Fault[] => {
  const interval = numberIn(parameters, 'HealthCheckIntervalSeconds') ?? Infinity;
  const timeout = numberIn(parameters, 'HealthCheckTimeoutSeconds') ?? 0;
  const port = textIn(parameters, 'HealthCheckPort') ?? 'traffic-port';
  const codes = textIn(structureIn(parameters, 'Matcher'), 'HttpCode');
  const bad = (codes?.split(/[,-]/) ?? []).some((code) => !/^[2-5]\d\d$/.test(code));
  return [
    ...when(timeout >= interval, 'HealthCheckTimeoutSeconds', `${timeout} is not less than the interval, ${interval}`),
    ...when(!/^(traffic-port|[1-9]\d{0,4})$/.test(port), 'HealthCheckPort', `${port}: traffic-port, or a port`, port),
    ...when(bad, 'Matcher.HttpCode', `${codes}: values from 200 to 599`, codes),
  ];
};

const protocolFaults = (parameters: Parameters): readonly Fault[] => {
  const network = ['TCP', 'TLS', 'UDP', 'TCP_UDP'].includes(textIn(parameters, 'Protocol') ?? '');
  const checks = textIn(parameters, 'HealthCheckProtocol');
  const pathless = checks === 'TCP' && (has(parameters, 'HealthCheckPath') || has(parameters, 'Matcher'));
  const wrong = network && checks !== undefined && !['TCP', 'HTTP', 'HTTPS'].includes(checks);
  return [
    ...when(wrong, 'HealthCheckProtocol', `${checks}: TCP, HTTP or HTTPS behind a network load balancer`, checks),
    ...when(pathless, 'HealthCheckPath', 'a TCP check has no path and no matcher'),
  ];
};

const CHOICES = ['Names', 'LoadBalancerArns', 'TargetGroupArns', 'LoadBalancerArn', 'ListenerArns'];

export const LOAD_BALANCING_RULES: readonly Rule[] = [
  rule('balancer.name', ['CreateLoadBalancer', 'CreateTargetGroup'], (parameters) => {
    const name = textIn(parameters, 'Name') ?? '';
    const broken = !NAME.test(name) || name.startsWith('internal-');
    return when(broken, 'Name', `1 to 32 letters, digits and inner hyphens, not internal-…: ${short(name)}`, name);
  }),
  {
    name: 'balancer.classic-name',
    page: 'https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_CreateLoadBalancer.html',
    service: 'elb',
    operations: ['CreateLoadBalancer'],
    faults: ({ parameters }) => {
      const name = textIn(parameters, 'LoadBalancerName') ?? '';
      return when(!NAME.test(name), 'LoadBalancerName', `1 to 32 letters, digits, inner hyphens: ${short(name)}`, name);
    },
  },
  rule('balancer.subnets', ['CreateLoadBalancer'], (parameters) => {
    const subnets = textsIn(parameters, 'Subnets');
    const both = has(parameters, 'Subnets') === has(parameters, 'SubnetMappings');
    return [
      ...when(both, 'Subnets', 'either Subnets or SubnetMappings'),
      ...when(new Set(subnets).size < subnets.length, 'Subnets', 'each subnet once', subnets.join(', ')),
    ];
  }),
  rule('balancer.attribute', ['ModifyLoadBalancerAttributes'], (parameters) => {
    if (!(textIn(parameters, 'LoadBalancerArn') ?? '').includes(':loadbalancer/net/')) return [];
    return structuresIn(parameters, 'Attributes')
      .map((attribute) => textIn(attribute, 'Key') ?? '')
      .filter((key) => !ATTRIBUTES.test(key))
      .map((key) => ({
        where: 'Attributes[].Key',
        what: `a network load balancer has no attribute ${key}`,
        value: key,
      }));
  }),
  rule('target-group.checks', ['CreateTargetGroup', 'ModifyTargetGroup'], checkFaults),
  rule('target-group.protocol', ['CreateTargetGroup', 'ModifyTargetGroup'], protocolFaults),
  rule('target-group.required', ['CreateTargetGroup'], (parameters) =>
    textIn(parameters, 'TargetType') === 'lambda'
      ? []
      : required(parameters, ['Protocol', 'Port', 'VpcId'], 'for targets that are no function'),
  ),
  rule('target.address', ['RegisterTargets'], (parameters) =>
    structuresIn(parameters, 'Targets')
      .map((target) => textIn(target, 'Id') ?? '')
      .filter((id) => ipaddr.IPv4.isValid(id) && !isPrivate(id))
      .map((id) => ({ where: 'Targets[].Id', what: `${id} is no private address`, value: id })),
  ),
  rule('listener.forward', ['CreateListener', 'ModifyListener'], (parameters) =>
    structuresIn(parameters, 'DefaultActions').flatMap((action) => {
      const named = has(action, 'TargetGroupArn') || has(action, 'ForwardConfig');
      return when(textIn(action, 'Type') === 'forward' && !named, 'DefaultActions[]', 'it forwards to no target group');
    }),
  ),
  rule('listener.required', ['CreateListener'], (parameters) =>
    required(parameters, ['Port', 'Protocol'], 'but behind a gateway load balancer'),
  ),
  rule(
    'balancer.choice',
    ['DescribeLoadBalancers', 'DescribeTargetGroups', 'DescribeTags', 'DescribeListeners'],
    (parameters) => {
      const chosen = CHOICES.filter((name) => has(parameters, name));
      const many = ['ResourceArns', 'Names', 'LoadBalancerArns'].filter(
        (name) => textsIn(parameters, name).length > 20,
      );
      return [
        ...when(chosen.length > 1, '', `only one of ${chosen.join(', ')}`),
        ...many.map((name) => ({ where: name, what: 'at most 20 at once' })),
      ];
    },
  ),
];
