/**
 * Preflight: a look at everything that a spec names in the account, before anything is made. For a cluster that is new it also
 * proves that nothing was.
 *
 * Owns: the judgement on facts. Every wrong one is named with its field, its value and its cure, all in one message, so
 * that a person cures them in one go. Neighbours: `topology/preflight.ts` says what is looked at; `facts.ts` and `room.ts`
 * look; admission reads only the API server; what the catalogue knows of a version is decided in `policy/`. Two objects
 * that are made in the same second may both find room that only one of them gets: that one blocks at launch.
 */
import { rangesOverlap } from '../../api/ranges.ts';
import { type NamedValue, SNAPSHOT_BUCKET, VPC_CIDR, VPC_CIDRS, zoneOutput } from '../../kinds/preflight.ts';
import type { Outputs } from '../../kinds/row.ts';
import { ended } from '../../words/text.ts';
import type { Made, ResourceDriver, Wanted } from '../driver.ts';
import { blockedError, supersededError } from '../verdicts.ts';
import type { AwsFacts, Subnet, Vpc } from './facts.ts';
import { type HubLook, membershipTroubles } from './preflight-membership.ts';
import { nameTroubles, wayOutWarning } from './preflight-network.ts';
import { roomTroubles, type Tell } from './preflight-room.ts';
import { subnetTroubles } from './preflight-subnets.ts';
import type { AwsRoom } from './room.ts';

type Properties = Wanted<'preflight'>['properties'];

/** Outputs for those that need a zone, an address range, or the worker's bucket. */
export const preflightOutputs = (
  vpc: Pick<Vpc, 'cidr' | 'cidrs'>,
  subnets: readonly Pick<Subnet, 'id' | 'zone'>[],
  bucket: string | undefined,
): Outputs =>
  Object.fromEntries([
    [SNAPSHOT_BUCKET, bucket ?? ''],
    [VPC_CIDR, vpc.cidr],
    [VPC_CIDRS, [...vpc.cidrs].sort().join(' ')],
    ...[...subnets]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((subnet): [string, string] => [zoneOutput(subnet.id), subnet.zone]),
  ]);

/** A field that the API server keeps as it is can only be corrected in a new object. */
const teller =
  (fields: readonly NamedValue[]): Tell =>
  (about, value, what, cure) => {
    const naming = fields.filter((one) => one.about === about && one.value === value);
    const where = naming.map((one) => one.field).join(' and ');
    const other = naming.some((one) => one.fixed === true)
      ? 'delete the object and apply it with another, since this field is fixed'
      : 'set another';
    return `${where === '' ? '' : `${where}: `}${what}; ${cure === '' ? '' : `${cure}, or `}${other}`;
  };

const vpcTroubles = (tell: Tell, { vpcId, fields }: Properties, vpc: Vpc | undefined, region: string) => {
  if (vpc === undefined) return [tell('vpc', vpcId, `VPC ${vpcId} does not exist in ${region}`, '')];
  return fields
    .filter((field) => field.about === 'range')
    .flatMap(({ value }) => {
      const cidr = vpc.cidrs.find((one) => rangesOverlap(one, value));
      if (cidr === undefined) return [];
      return [tell('range', value, `${value} overlaps ${cidr}, which is a range of VPC ${vpcId}`, '')];
    });
};

type Placed = { readonly id: string; readonly vpcId: string };

type Places = {
  readonly about: 'subnet' | 'group';
  readonly wanted: readonly string[];
  readonly found: readonly Placed[];
  readonly vpcId: string;
};

const placeTroubles = (tell: Tell, { about, wanted, found, vpcId }: Places): string[] => {
  const what = about === 'subnet' ? 'subnet' : 'security group';
  return wanted.flatMap((id) => {
    const one = found.find((placed) => placed.id === id);
    if (one === undefined) return [tell(about, id, `${what} ${id} does not exist`, '')];
    if (one.vpcId !== vpcId) return [tell(about, id, `${what} ${id} is in ${one.vpcId}, not in ${vpcId}`, '')];
    return [];
  });
};

const zoneTroubles = (tell: Tell, zonal: readonly string[], subnets: readonly Subnet[]): string[] => {
  const placed = zonal.flatMap((id) => subnets.find((subnet) => subnet.id === id) ?? []);
  return placed.flatMap((subnet, index) => {
    const first = placed.slice(0, index).find(({ zone }) => zone === subnet.zone);
    if (first === undefined) return [];
    const what = `subnet ${subnet.id} is in ${subnet.zone}, as is ${first.id}, and replicas need a zone each`;
    return [tell('subnet', subnet.id, what, '')];
  });
};

type Keys = { readonly arns: readonly string[]; readonly region: string };

const keyTroubles = async (tell: Tell, facts: AwsFacts, { arns, region }: Keys, signal: AbortSignal) => {
  const keys = await Promise.all(
    arns.map(async (arn) => {
      const itsRegion = arn.split(':')[3];
      if (itsRegion !== undefined && itsRegion !== region)
        return tell('key', arn, `KMS key ${arn} is not in region ${region}`, '');
      const key = await facts.kmsKey(arn, signal);
      if (key === undefined) return tell('key', arn, `KMS key ${arn} does not exist`, '');
      if ('denied' in key) {
        const cure = "let its policy and the worker's role allow kms:DescribeKey";
        return tell('key', arn, `KMS key ${arn} cannot be looked at: ${key.denied}`, cure);
      }
      if (!key.enabled) {
        const cure = key.state === 'PendingDeletion' ? 'cancel its deletion and enable it' : 'enable it';
        return tell('key', arn, `KMS key ${arn} cannot be used: it is ${key.state}`, cure);
      }
      if (key.usage !== 'ENCRYPT_DECRYPT')
        return tell('key', arn, `KMS key ${arn} is not for encryption: its usage is ${key.usage}`, '');
      return undefined;
    }),
  );
  return keys.filter((trouble) => trouble !== undefined);
};

const profileTroubles = async (tell: Tell, facts: AwsFacts, names: readonly string[], signal: AbortSignal) => {
  const profiles = await Promise.all(
    names.map(async (name) => {
      const profile = await facts.instanceProfile(name, signal);
      if (profile === undefined) return tell('profile', name, `instance profile ${name} does not exist`, 'create it');
      if (!profile.hasRole) return tell('profile', name, `instance profile ${name} has no role`, 'add one to it');
      return undefined;
    }),
  );
  return profiles.filter((trouble) => trouble !== undefined);
};

const offerTroubles = (
  tell: Tell,
  { instanceType: type, demand }: Properties,
  zones: ReadonlySet<string>,
  subnets: readonly Subnet[],
): string[] => {
  if (zones.size === 0) return [tell('instanceType', type, `instance type ${type} is not offered in this region`, '')];
  // Subnets of load balancers only may be where the type isn't.
  const machines = new Set(demand.filter((one) => one.machines > 0).map((one) => one.subnetId));
  const used = demand.length === 0 ? subnets : subnets.filter(({ id }) => machines.has(id));
  const without = [...new Set(used.map(({ zone }) => zone))].filter((zone) => !zones.has(zone)).sort();
  const offered = `it is in ${[...zones].sort().join(', ')}`;
  return without.map((zone) =>
    tell('instanceType', type, `instance type ${type} is not offered in ${zone}; ${offered}`, 'use a subnet there'),
  );
};

const SHOWN = 3;

/** Types of which nothing is known pass: whether they are there at all is asked elsewhere. */
const architectureTroubles = async (
  tell: Tell,
  facts: AwsFacts,
  { instanceType: type, architecture, version }: Properties,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  if (architecture === undefined) return [];
  const [known] = await facts.instanceTypes([type], signal);
  if (known === undefined || known.architectures.length === 0 || known.architectures.includes(architecture)) return [];
  const what = `instance type ${type} has processors of ${known.architectures.join(' and ')}, and the machine image of version ${version} is for ${architecture}`;
  return [tell('instanceType', type, what, '')];
};

/** Its object tells of nothing, and yet something was made for it: the plan that was made from that is no plan. */
const refuseBegun = (clusterId: string, things: readonly string[]): void => {
  if (things.length === 0) return;
  const more = things.length > SHOWN ? ` and ${things.length - SHOWN} more` : '';
  throw supersededError(
    `The object says that nothing was made for it, and ${things.slice(0, SHOWN).join(', ')}${more} carry cluster id ${clusterId}: ` +
      'its finalizer and its status were taken from it. All of it is looked at now; nothing is made twice.',
  );
};

/** What is wrong with the account as an object describes it, and what preflight answers. */
export const lookAtAccount = async (facts: AwsFacts, properties: Properties, region: string, signal: AbortSignal) => {
  const { vpcId, subnetIds, securityGroupIds, keyName, instanceProfiles, kmsKeyArns, instanceType } = properties;
  const tell = teller(properties.fields ?? []);
  const { nothingOf } = properties;
  const [vpc, subnets, groups, keyPair, profiles, keys, zones, processors, names, begun] = await Promise.all([
    facts.vpc(vpcId, signal),
    facts.subnets(subnetIds, signal),
    facts.securityGroups(securityGroupIds, signal),
    facts.hasKeyPair(keyName, signal),
    profileTroubles(tell, facts, instanceProfiles, signal),
    keyTroubles(tell, facts, { arns: kmsKeyArns, region }, signal),
    facts.zonesOffering(instanceType, signal),
    architectureTroubles(tell, facts, properties, signal),
    nameTroubles({ facts, tell, region }, properties, signal),
    nothingOf === undefined ? [] : facts.carrying(nothingOf, signal),
  ]);
  if (nothingOf !== undefined) refuseBegun(nothingOf, begun);
  const warnings = await wayOutWarning(facts, properties, subnets, signal);
  const troubles = [
    ...vpcTroubles(tell, properties, vpc, region),
    ...placeTroubles(tell, { about: 'subnet', wanted: subnetIds, found: subnets, vpcId: vpcId }),
    ...placeTroubles(tell, { about: 'group', wanted: securityGroupIds, found: groups, vpcId: vpcId }),
    ...zoneTroubles(tell, properties.zonalSubnetIds ?? [], subnets),
    ...(keyPair ? [] : [tell('keyPair', keyName, `key pair ${keyName} does not exist`, 'create it')]),
    ...profiles,
    ...keys,
    ...offerTroubles(tell, properties, zones, subnets),
    ...processors,
    ...(vpc === undefined ? [] : names),
  ];
  const outputs = preflightOutputs(vpc ?? { cidr: '', cidrs: [] }, subnets, facts.bucket);
  return { troubles, outputs: { ...outputs, ...warnings } };
};

export const preflightDriver = (facts: AwsFacts, room: AwsRoom, hub: HubLook): ResourceDriver<'preflight'> => {
  const lookOnce = async (wanted: Wanted<'preflight'>): Promise<Made> => {
    const { account, region } = wanted.owner;
    const tell = teller(wanted.properties.fields ?? []);
    const [{ troubles: wrong, outputs }, lacking, taken] = await Promise.all([
      lookAtAccount(facts, wanted.properties, region, wanted.signal),
      roomTroubles({ facts, room, tell }, wanted),
      membershipTroubles({ ...hub, tell }, wanted),
    ]);
    const troubles = [...wrong, ...(await subnetTroubles({ facts, tell }, wanted)), ...lacking, ...taken];
    if (troubles.length > 0) {
      throw blockedError(
        `Account ${account}, region ${region} is not as the object describes it, so nothing was made: ` +
          troubles.map(ended).join(' '),
      );
    }
    return { outputs, change: 'unchanged' };
  };

  return {
    kind: 'preflight',
    /** Nothing stands for it in AWS: each execution looks. */
    candidates: () => Promise.resolve([]),
    create: lookOnce,
    update: lookOnce,
    remove: () => Promise.resolve(),
  };
};
