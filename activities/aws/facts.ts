/**
 * Facts: what the account holds that isn't Slipway's: VPC, subnets, groups, key pairs, profiles, keys, instance types.
 *
 * Owns: looking each one up, once for all who ask within a minute: a cluster and its pools ask the same questions in the
 * same second. Only what is there is remembered; what is missing is looked at anew each time, so that
 * a person's cure counts at once. Neighbours: `preflight.ts` judges facts; `inventory.ts` needs zones and address range.
 */
import {
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2';
import { GetInstanceProfileCommand } from '@aws-sdk/client-iam';
import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import { isAbsent } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { filter } from './tags.ts';

export type Vpc = {
  readonly id: string;
  readonly cidr: string;
  /** All its IPv4 ranges, the first included. */
  readonly cidrs: readonly string[];
};
export type Subnet = {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly freeAddresses: number;
};
type Group = { readonly id: string; readonly vpcId: string };
type InstanceProfile = { readonly name: string; readonly hasRole: boolean };
/** An instance type, and its number of virtual CPUs. */
type InstanceType = { readonly id: string; readonly cpus: number };
type KmsKey = {
  readonly arn: string;
  readonly enabled: boolean;
  readonly state: string;
  readonly usage: string;
};

export type AwsFacts = {
  vpc(id: string, signal: AbortSignal): Promise<Vpc | undefined>;
  /** One that isn't `enough` for who asks is looked at anew. */
  subnets(
    ids: readonly string[],
    signal: AbortSignal,
    enough?: (subnet: Subnet) => boolean,
  ): Promise<readonly Subnet[]>;
  securityGroups(ids: readonly string[], signal: AbortSignal): Promise<readonly Group[]>;
  hasKeyPair(name: string, signal: AbortSignal): Promise<boolean>;
  instanceProfile(name: string, signal: AbortSignal): Promise<InstanceProfile | undefined>;
  kmsKey(arn: string, signal: AbortSignal): Promise<KmsKey | undefined>;
  /** Those of the types that this region knows. */
  instanceTypes(types: readonly string[], signal: AbortSignal): Promise<readonly InstanceType[]>;
  /** Zones of the region in which the instance type is offered. */
  zonesOffering(instanceType: string, signal: AbortSignal): Promise<ReadonlySet<string>>;
};

const REMEMBERED_MS = 60_000;

type Answer = { readonly answer: Promise<unknown>; readonly until: number; settled: boolean };

export type Remember = <T>(question: string, ask: () => Promise<T>, isEnough: (answer: T) => boolean) => Promise<T>;

/**
 * Answers by question. A question that is being asked is not asked again, and a failure is forgotten. An answer that isn't
 * enough for who asks is never taken from memory: what a person has mended since counts at once.
 */
export const createMemory = (now: () => number, rememberedMs = REMEMBERED_MS): Remember => {
  const answers = new Map<string, Answer>();
  return async <T>(question: string, ask: () => Promise<T>, isEnough: (answer: T) => boolean): Promise<T> => {
    for (const [key, { until }] of answers) if (until <= now()) answers.delete(key);
    for (let kept = answers.get(question); kept !== undefined; kept = answers.get(question)) {
      const wasSettled = kept.settled;
      const answer = (await kept.answer) as T;
      if (!wasSettled || isEnough(answer)) return answer;
      if (answers.get(question) === kept) answers.delete(question);
    }
    const entry: Answer = { answer: ask(), until: now() + rememberedMs, settled: false };
    answers.set(question, entry);
    try {
      const answer = (await entry.answer) as T;
      entry.settled = true;
      return answer;
    } catch (error) {
      if (answers.get(question) === entry) answers.delete(question);
      throw error;
    }
  };
};

const orUndefined = async <T>(ask: Promise<T>): Promise<T | undefined> => {
  try {
    return await ask;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
};

export const createFacts = (clients: AwsClients, remember: Remember = createMemory(Date.now)): AwsFacts => {
  const { ec2, iam, kms } = clients;

  /** One listing for the ids that nobody asked for yet; each of them is remembered by itself. */
  const batched = <T extends { readonly id: string }>(
    what: string,
    list: (ids: string[], signal: AbortSignal) => Promise<T[]>,
  ) => {
    let batch: { readonly ids: string[]; readonly listing: Promise<T[]> } | undefined;
    const ask = async (id: string, signal: AbortSignal): Promise<T | undefined> => {
      if (batch === undefined) {
        const ids: string[] = [];
        // Questions are asked in one turn: the listing starts after the last of them.
        const listing = Promise.resolve().then(() => {
          batch = undefined;
          return list(ids, signal);
        });
        batch = { ids, listing };
      }
      batch.ids.push(id);
      return (await batch.listing).find((one) => one.id === id);
    };
    return async (
      ids: readonly string[],
      signal: AbortSignal,
      enough: (one: T) => boolean = () => true,
    ): Promise<readonly T[]> => {
      const all = ids.map((id) =>
        remember(
          `${what} ${id}`,
          () => ask(id, signal),
          (answer) => answer !== undefined && enough(answer),
        ),
      );
      return (await Promise.all(all)).filter((one) => one !== undefined);
    };
  };

  return {
    vpc: (id, abortSignal) =>
      remember(
        `vpc ${id}`,
        async () => {
          const answer = await ec2.send(new DescribeVpcsCommand({ Filters: [filter('vpc-id', id)] }), { abortSignal });
          const [vpc] = answer.Vpcs ?? [];
          if (vpc === undefined) return undefined;
          const cidr = vpc.CidrBlock ?? '';
          const associated = (vpc.CidrBlockAssociationSet ?? []).flatMap(({ CidrBlock }) => CidrBlock ?? []);
          return { id, cidr, cidrs: [...new Set([cidr, ...associated])] };
        },
        (vpc) => vpc !== undefined,
      ),

    subnets: batched('subnet', async (ids, abortSignal) => {
      const answer = await ec2.send(new DescribeSubnetsCommand({ Filters: [filter('subnet-id', ...ids)] }), {
        abortSignal,
      });
      return (answer.Subnets ?? []).map((subnet) => ({
        id: subnet.SubnetId ?? '',
        vpcId: subnet.VpcId ?? '',
        zone: subnet.AvailabilityZone ?? '',
        freeAddresses: subnet.AvailableIpAddressCount ?? 0,
      }));
    }),

    securityGroups: batched('security group', async (ids, abortSignal) => {
      const answer = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [filter('group-id', ...ids)] }), {
        abortSignal,
      });
      return (answer.SecurityGroups ?? []).map(({ GroupId = '', VpcId = '' }) => ({ id: GroupId, vpcId: VpcId }));
    }),

    hasKeyPair: (name, abortSignal) =>
      remember(
        `key pair ${name}`,
        async () => {
          const answer = await ec2.send(new DescribeKeyPairsCommand({ Filters: [filter('key-name', name)] }), {
            abortSignal,
          });
          return (answer.KeyPairs ?? []).length > 0;
        },
        (there) => there,
      ),

    instanceProfile: (name, abortSignal) =>
      remember(
        `instance profile ${name}`,
        async () => {
          const answer = await orUndefined(
            iam.send(new GetInstanceProfileCommand({ InstanceProfileName: name }), { abortSignal }),
          );
          const profile = answer?.InstanceProfile;
          return profile === undefined ? undefined : { name, hasRole: (profile.Roles ?? []).length > 0 };
        },
        (profile) => profile?.hasRole ?? false,
      ),

    kmsKey: (arn, abortSignal) =>
      remember(
        `key ${arn}`,
        async () => {
          const answer = await orUndefined(kms.send(new DescribeKeyCommand({ KeyId: arn }), { abortSignal }));
          const key = answer?.KeyMetadata;
          return key === undefined
            ? undefined
            : {
                arn,
                enabled: key.Enabled ?? false,
                state: key.KeyState ?? 'unknown',
                usage: key.KeyUsage ?? 'unknown',
              };
        },
        (key) => key?.enabled ?? false,
      ),

    instanceTypes: batched('instance type', async (types, abortSignal) => {
      // A filter, because one unknown type among those that are named makes the whole answer an error.
      const answer = await ec2.send(
        new DescribeInstanceTypesCommand({ Filters: [filter('instance-type', ...types)] }),
        { abortSignal },
      );
      return (answer.InstanceTypes ?? []).map(({ InstanceType: id = '', VCpuInfo }) => ({
        id,
        cpus: VCpuInfo?.DefaultVCpus ?? 0,
      }));
    }),

    zonesOffering: (instanceType, abortSignal) =>
      remember(
        `type ${instanceType}`,
        async () => {
          const answer = await ec2.send(
            new DescribeInstanceTypeOfferingsCommand({
              LocationType: 'availability-zone',
              Filters: [filter('instance-type', instanceType)],
            }),
            { abortSignal },
          );
          return new Set((answer.InstanceTypeOfferings ?? []).flatMap(({ Location }) => Location ?? []));
        },
        (zones) => zones.size > 0,
      ),
  };
};
