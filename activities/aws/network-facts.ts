/**
 * Network facts: what a VPC gives the machines in it: an answer to names, and a way out.
 *
 * Owns: looking them up, as courtesies: DescribeVpcs and DescribeSubnets say nothing of either. The account that a VPC is shared with
 * may see only a part of its route tables. Neighbours: `facts.ts` remembers them for all who ask; `preflight-network.ts` judges.
 */
import {
  type RouteTable as AwsRouteTable,
  DescribeDhcpOptionsCommand,
  DescribeVpcAttributeCommand,
  type EC2Client,
  paginateDescribeRouteTables,
  type Route,
} from '@aws-sdk/client-ec2';
import { unlessAbsent } from '../verdicts.ts';
import { filter, readAll } from './tags.ts';

/**
 * Where a table's route to everywhere leads: `elsewhere` is a NAT gateway, a transit gateway, a peer, an instance; `broken` one
 * whose target is gone (AWS: `blackhole`).
 */
export type WayOut = 'none' | 'broken' | 'internet gateway' | 'elsewhere';

export type RouteTable = {
  readonly id: string;
  /** It counts for each subnet that no other names. */
  readonly main: boolean;
  readonly subnetIds: readonly string[];
  readonly wayOut: WayOut;
};

/** Some say everywhere in two halves, so that theirs win over a route that others set. */
const EVERYWHERE = /^(0\.0\.0\.0\/[01]|128\.0\.0\.0\/1)$/;

const wayOutOf = (routes: readonly Route[]): WayOut => {
  const all = routes.filter(({ DestinationCidrBlock = '' }) => EVERYWHERE.test(DestinationCidrBlock));
  const [first] = all.filter(({ State }) => State !== 'blackhole');
  if (first === undefined) return all.length === 0 ? 'none' : 'broken';
  return first.GatewayId?.startsWith('igw-') === true ? 'internet gateway' : 'elsewhere';
};

const routeTable = ({ RouteTableId: id = '', Associations = [], Routes = [] }: AwsRouteTable): RouteTable => ({
  id,
  main: Associations.some(({ Main }) => Main === true),
  subnetIds: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
  wayOut: wayOutOf(Routes),
});

/** Those of a VPC that this account may see. */
export const routeTablesOf = async (
  ec2: EC2Client,
  vpcId: string,
  abortSignal: AbortSignal,
): Promise<readonly RouteTable[]> => {
  const pages = paginateDescribeRouteTables({ client: ec2 }, { Filters: [filter('vpc-id', vpcId)] }, { abortSignal });
  return (await readAll(pages, (page) => page.RouteTables)).map(routeTable);
};

/** As DHCP options spell the resolver of the VPC itself. */
const AMAZON = 'AmazonProvidedDNS';

const ownServers = async (ec2: EC2Client, id: string, abortSignal: AbortSignal): Promise<boolean> => {
  const command = new DescribeDhcpOptionsCommand({ DhcpOptionsIds: [id] });
  const answer = await unlessAbsent(() => ec2.send(command, { abortSignal }), undefined);
  const servers = (answer?.DhcpOptions ?? [])
    .flatMap(({ DhcpConfigurations = [] }) => DhcpConfigurations)
    .filter(({ Key }) => Key === 'domain-name-servers')
    .flatMap(({ Values = [] }) => Values.map(({ Value }) => Value));
  return servers.some((server) => server !== undefined && server !== AMAZON);
};

/**
 * Whether machines of a VPC are given a server that answers names: the VPC's own, which `enableDnsSupport` switches, or another that
 * its DHCP options name. `enableDnsHostnames` gives names to machines with public addresses, which nothing here asks for.
 * https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
 */
export const answersNames = async (
  ec2: EC2Client,
  vpc: { readonly id: string; readonly dhcpOptionsId: () => Promise<string | undefined> },
  abortSignal: AbortSignal,
): Promise<boolean> => {
  const command = new DescribeVpcAttributeCommand({ VpcId: vpc.id, Attribute: 'enableDnsSupport' });
  // One that does not exist is said to by who looks for it.
  const answer = await unlessAbsent(() => ec2.send(command, { abortSignal }), undefined);
  if (answer?.EnableDnsSupport?.Value !== false) return true;
  const options = await vpc.dhcpOptionsId();
  return options !== undefined && (await ownServers(ec2, options, abortSignal));
};
