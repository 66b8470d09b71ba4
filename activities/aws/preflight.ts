/**
 * Preflight: a look at everything that a spec names in the account, before anything is made.
 *
 * Owns: the judgement on facts: every wrong one is named, all in one message, so that a person cures them in one go.
 * Neighbours: `facts.ts` looks; admission reads only the API server; what the catalogue knows of a version is decided in
 * `policy/`. Capacity shows at launch only.
 */
import type { Outputs } from '../../topology/resource.ts';
import type { Made, ResourceDriver, Wanted } from '../driver.ts';
import { blockedError } from '../verdicts.ts';
import type { AwsFacts, Subnet } from './facts.ts';

type Properties = Wanted<'preflight'>['properties'];

/** Outputs for those that need a zone or an address range. */
export const preflightOutputs = (vpcCidr: string, subnets: readonly Subnet[]): Outputs =>
  Object.fromEntries([
    ['vpcCidr', vpcCidr],
    ...[...subnets]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((subnet): [string, string] => [`zone/${subnet.id}`, subnet.zone]),
  ]);

const missing = (wanted: readonly string[], there: readonly { readonly id: string }[], what: string): string[] =>
  wanted.filter((id) => !there.some((one) => one.id === id)).map((id) => `${what} ${id} does not exist`);

const elsewhere = (there: readonly { readonly id: string; readonly vpcId: string }[], vpcId: string, what: string) =>
  there.filter((one) => one.vpcId !== vpcId).map((one) => `${what} ${one.id} is in ${one.vpcId}, not in ${vpcId}`);

const keyTroubles = async (facts: AwsFacts, arns: readonly string[], region: string, signal: AbortSignal) => {
  const keys = await Promise.all(
    arns.map(async (arn) => {
      const itsRegion = arn.split(':')[3];
      if (itsRegion !== undefined && itsRegion !== region) return `KMS key ${arn} is not in region ${region}`;
      const key = await facts.kmsKey(arn, signal);
      if (key === undefined) return `KMS key ${arn} does not exist`;
      if (!key.enabled) return `KMS key ${arn} cannot be used: it is ${key.state}`;
      if (key.usage !== 'ENCRYPT_DECRYPT') return `KMS key ${arn} is not for encryption: its usage is ${key.usage}`;
      return undefined;
    }),
  );
  return keys.filter((trouble) => trouble !== undefined);
};

const offerTroubles = (type: string, zones: ReadonlySet<string>, subnets: readonly Subnet[]): string[] => {
  if (zones.size === 0) return [`instance type ${type} is not offered in this region`];
  const wanted = [...new Set(subnets.map((subnet) => subnet.zone))].sort();
  return wanted.filter((zone) => !zones.has(zone)).map((zone) => `instance type ${type} is not offered in ${zone}`);
};

/** What is wrong with the account as an object describes it, and what preflight answers. */
export const lookAtAccount = async (facts: AwsFacts, properties: Properties, region: string, signal: AbortSignal) => {
  const { vpcId, subnetIds, securityGroupIds, keyName, instanceProfiles, kmsKeyArns, instanceType } = properties;
  const [vpc, subnets, groups, keyPair, profiles, keys, zones] = await Promise.all([
    facts.vpc(vpcId, signal),
    facts.subnets(subnetIds, signal),
    facts.securityGroups(securityGroupIds, signal),
    facts.hasKeyPair(keyName, signal),
    Promise.all(instanceProfiles.map((name) => facts.hasInstanceProfile(name, signal))),
    keyTroubles(facts, kmsKeyArns, region, signal),
    facts.zonesOffering(instanceType, signal),
  ]);
  const troubles = [
    ...(vpc === undefined ? [`VPC ${vpcId} does not exist`] : []),
    ...missing(subnetIds, subnets, 'subnet'),
    ...elsewhere(subnets, vpcId, 'subnet'),
    ...missing(securityGroupIds, groups, 'security group'),
    ...elsewhere(groups, vpcId, 'security group'),
    ...(keyPair ? [] : [`key pair ${keyName} does not exist`]),
    ...instanceProfiles.filter((_, index) => !profiles[index]).map((name) => `instance profile ${name} does not exist`),
    ...keys,
    ...offerTroubles(instanceType, zones, subnets),
  ];
  return { troubles, outputs: preflightOutputs(vpc?.cidr ?? '', subnets) };
};

export const preflightDriver = (facts: AwsFacts): ResourceDriver<'preflight'> => {
  const lookOnce = async (wanted: Wanted<'preflight'>): Promise<Made> => {
    const { account, region } = wanted.owner;
    const { troubles, outputs } = await lookAtAccount(facts, wanted.properties, region, wanted.signal);
    if (troubles.length > 0) {
      throw blockedError(
        `Account ${account}, region ${region} is not as the object describes it: ${troubles.join('; ')}. ` +
          `Correct the object, or make these; nothing was changed.`,
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
