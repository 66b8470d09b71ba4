/**
 * Preflight's look at the network around an object's machines: whether names are answered there, and whether there is a way out.
 *
 * Owns: what of it is wrong, and what is only told. A VPC whose machines can't resolve a name is refused: no machine finds its load
 * balancer or AWS. A subnet without a way out may be meant, with VPC endpoints for all that a machine calls: it is told, and the
 * object is made. Which zones take no network load balancer AWS tells nobody but who makes one there: that step is blocked then, with
 * AWS's own words. Neighbours: `network-facts.ts` looks; `preflight-subnets.ts` judges subnets by themselves.
 */
import { NO_WAY_OUT } from '../../kinds/preflight.ts';
import type { Outputs } from '../../kinds/row.ts';
import { warningOutput } from '../../words/warnings.ts';
import type { Wanted } from '../driver.ts';
import type { AwsFacts, Subnet } from './facts.ts';
import type { RouteTable } from './network-facts.ts';
import type { Tell } from './preflight-room.ts';

type Properties = Wanted<'preflight'>['properties'];

/** A VPC that answers no names. */
export const nameTroubles = async (
  { facts, tell, region }: { readonly facts: AwsFacts; readonly tell: Tell; readonly region: string },
  { vpcId }: Properties,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  if ((await facts.answersNames(vpcId, signal)) !== false) return [];
  const what = `VPC ${vpcId} has its DNS support off (enableDnsSupport) and names no other DNS server in its DHCP options, so that no machine in it would find its load balancer or AWS`;
  const cure = `turn it on: aws ec2 modify-vpc-attribute --region ${region} --vpc-id ${vpcId} --enable-dns-support Value=true`;
  return [tell('vpc', vpcId, what, cure)];
};

/** Why machines in a subnet reach nothing beyond its VPC; undefined where they do, or nobody can tell. */
const confinement = ({ id, publicAddresses }: Subnet, tables: readonly RouteTable[]): string | undefined => {
  const table = tables.find(({ subnetIds }) => subnetIds.includes(id)) ?? tables.find(({ main }) => main);
  if (table === undefined) return undefined;
  switch (table.wayOut) {
    case 'none':
      return `${id}: route table ${table.id} has no route to 0.0.0.0/0`;
    case 'broken':
      return `${id}: the target of the route to 0.0.0.0/0 in route table ${table.id} is gone`;
    case 'internet gateway':
      return publicAddresses === false
        ? `${id}: route table ${table.id} leads to an internet gateway, which serves public addresses only, and the subnet gives none`
        : undefined;
    case 'elsewhere':
      return undefined;
  }
};

/** The warning of subnets from which machines reach nothing beyond the VPC, as an output; none where all do. */
export const wayOutWarning = async (
  facts: AwsFacts,
  { vpcId, demand }: Properties,
  subnets: readonly Subnet[],
  signal: AbortSignal,
): Promise<Outputs> => {
  const machines = new Set(demand.filter((one) => one.machines > 0).map(({ subnetId }) => subnetId));
  const used = subnets.filter(({ id, vpcId: its }) => machines.has(id) && its === vpcId);
  const confined = (tables: readonly RouteTable[]): readonly string[] =>
    used.flatMap((subnet) => confinement(subnet, tables) ?? []).sort();
  const tables = await facts.routeTables(vpcId, signal, (all) => confined(all).length === 0);
  const found = confined(tables ?? []);
  if (found.length === 0) return {};
  return {
    [warningOutput(NO_WAY_OUT)]:
      `Machines would reach nothing beyond the VPC from ${found.join('; ')}. They call EC2, Elastic Load Balancing and KMS, and pull images: give the subnet a route, such as one to a NAT gateway, unless VPC endpoints lead to all of these`,
  };
};
