/** The network around an object's machines: names that nobody answers are refused, a way out that is missing is told. */
import type { RouteTable as AwsRouteTable, Route } from '@aws-sdk/client-ec2';
import { describe, expect, test } from '@jest/globals';
import { createFacts } from '../../../activities/aws/facts.ts';
import { createMemory } from '../../../activities/aws/memory.ts';
import { nameTroubles, wayOutWarning } from '../../../activities/aws/preflight-network.ts';
import type { Wanted } from '../../../activities/driver.ts';
import { type Answers, answering, refusal } from './answering.ts';

const never = new AbortController().signal;
const VPC = 'vpc-1';
const factsWith = (answers: Answers) => {
  const unread: string[] = [];
  const { clients, asked } = answering(answers);
  const remember = createMemory(() => 0);
  const facts = createFacts(clients, remember, (what, reason) => unread.push(`${what}: ${reason}`));
  return { facts, unread, operations: () => asked.map(({ operation }) => operation) };
};
const denied = () => refusal('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403);

describe('names in a VPC', () => {
  const dns = (Value: boolean, servers: readonly string[] = ['AmazonProvidedDNS']): Answers => ({
    DescribeVpcAttribute: () => ({ EnableDnsSupport: { Value } }),
    DescribeVpcs: () => ({ Vpcs: [{ VpcId: VPC, CidrBlock: '10.0.0.0/16', DhcpOptionsId: 'dopt-1' }] }),
    DescribeDhcpOptions: () => ({
      DhcpOptions: [
        {
          DhcpConfigurations: [
            { Key: 'domain-name', Values: [{ Value: 'corp.example.com' }] },
            { Key: 'domain-name-servers', Values: servers.map((Value) => ({ Value })) },
          ],
        },
      ],
    }),
  });
  const look = async (answers: Answers) => {
    const { facts, unread, operations } = factsWith(answers);
    const tell = (_about: string, value: string, what: string, cure: string) => `${value}: ${what}; ${cure}`;
    const properties = { vpcId: VPC } as Wanted<'preflight'>['properties'];
    return {
      troubles: await nameTroubles({ facts, tell, region: 'eu-west-1' }, properties, never),
      unread,
      operations,
    };
  };

  test('are answered by the VPC itself, which one call shows', async () => {
    const { troubles, operations } = await look(dns(true));
    expect([troubles, operations()]).toEqual([[], ['DescribeVpcAttribute']]);
  });

  test('that nobody answers are refused, with the command that turns DNS support on', async () => {
    const { troubles } = await look(dns(false));
    expect(troubles).toEqual([
      expect.stringMatching(
        /^vpc-1: VPC vpc-1 has its DNS support off .*turn it on: aws ec2 modify-vpc-attribute --region eu-west-1 --vpc-id vpc-1 --enable-dns-support Value=true$/,
      ),
    ]);
  });

  test('may be answered by a server of one’s own, which the DHCP options name', async () => {
    expect((await look(dns(false, ['10.0.0.2', '10.0.1.2']))).troubles).toEqual([]);
  });

  test('are taken for answered, and that is told, where the worker may not look', async () => {
    const { troubles, unread } = await look({ DescribeVpcAttribute: denied });
    expect(troubles).toEqual([]);
    expect(unread).toEqual([expect.stringContaining('DNS support of vpc-1: AWS: UnauthorizedOperation')]);
  });

  test('are no matter where there is no such VPC, which is said by itself', async () => {
    const gone = () => refusal('InvalidVpcID.NotFound', "The vpc ID 'vpc-1' does not exist");
    const { troubles, unread } = await look({ DescribeVpcAttribute: gone });
    expect([troubles, unread]).toEqual([[], []]);
  });
});

describe('a subnet of machines', () => {
  const LOCAL: Route = { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local', State: 'active' };
  const route = (target: Partial<Route>, DestinationCidrBlock = '0.0.0.0/0'): Route => ({
    DestinationCidrBlock,
    State: 'active',
    ...target,
  });
  const table = (RouteTableId: string, routes: readonly Route[], SubnetId?: string): AwsRouteTable => ({
    RouteTableId,
    Routes: [LOCAL, ...routes],
    Associations: [SubnetId === undefined ? { Main: true } : { Main: false, SubnetId }],
  });
  const NAT = route({ NatGatewayId: 'nat-1' });
  const GATEWAY = route({ GatewayId: 'igw-1' });

  const warning = async (tables: readonly AwsRouteTable[], publicAddresses = false, answers: Answers = {}) => {
    const { facts, unread } = factsWith({ DescribeRouteTables: () => ({ RouteTables: tables }), ...answers });
    const properties = {
      vpcId: VPC,
      demand: [
        { subnetId: 'subnet-1', machines: 1, addresses: 3 },
        { subnetId: 'subnet-balancers', machines: 0, addresses: 1 },
      ],
    } as unknown as Wanted<'preflight'>['properties'];
    const subnets = ['subnet-1', 'subnet-balancers'].map((id) => ({
      ...{ id, vpcId: VPC, zone: 'a', freeAddresses: 9, publicAddresses },
    }));
    const outputs = await wayOutWarning(facts, properties, subnets, never);
    return { said: outputs['warning/NoWayOut'], unread };
  };

  test.each([
    ['a NAT gateway', NAT],
    ['a transit gateway', route({ TransitGatewayId: 'tgw-1' })],
    ['a firewall that is an instance', route({ NetworkInterfaceId: 'eni-1' })],
    ['one half of everywhere, and the other', route({ NatGatewayId: 'nat-1' }, '0.0.0.0/1')],
  ])('has a way out by %s', async (_what, way) => {
    expect((await warning([table('rtb-main', []), table('rtb-1', [way], 'subnet-1')])).said).toBeUndefined();
  });

  test('without a default route is told, with its route table and what its machines need', async () => {
    const { said } = await warning([table('rtb-main', [NAT]), table('rtb-1', [], 'subnet-1')]);
    expect(said).toContain('from subnet-1: route table rtb-1 has no route to 0.0.0.0/0.');
    expect(said).toContain('unless VPC endpoints lead to all of these');
    expect(said).not.toContain('subnet-balancers');
  });

  test('that no route table names goes by the VPC’s main one', async () => {
    expect((await warning([table('rtb-main', [])])).said).toContain('route table rtb-main has no route');
    expect((await warning([table('rtb-main', [NAT])])).said).toBeUndefined();
  });

  test('whose NAT gateway was deleted is told', async () => {
    const gone = route({ NatGatewayId: 'nat-1', State: 'blackhole' });
    expect((await warning([table('rtb-1', [gone], 'subnet-1')])).said).toContain(
      'the target of the route to 0.0.0.0/0 in route table rtb-1 is gone',
    );
  });

  test('behind an internet gateway is told where it gives machines no public addresses', async () => {
    expect((await warning([table('rtb-1', [GATEWAY], 'subnet-1')])).said).toContain('serves public addresses only');
    expect((await warning([table('rtb-1', [GATEWAY], 'subnet-1')], true)).said).toBeUndefined();
  });

  test('whose route table the worker may not see is left alone', async () => {
    expect((await warning([])).said).toBeUndefined();
    const { said, unread } = await warning([], false, { DescribeRouteTables: denied });
    expect(said).toBeUndefined();
    expect(unread).toEqual([expect.stringContaining('route tables of vpc-1: AWS: UnauthorizedOperation')]);
  });
});
