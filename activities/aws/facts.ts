/**
 * Facts: what the account holds that isn't Slipway's: VPC, subnets, groups, key pairs, profiles, keys, instance types.
 *
 * Owns: looking each one up, once for all who ask within a minute: a cluster and its pools ask the same questions in the
 * same second (§12: few calls). Only what is there is remembered; what is missing is looked at anew each time, so that
 * a person's cure counts at once. Neighbours: `preflight.ts` judges facts; `inventory.ts` needs zones and address range.
 */
import {
  DescribeInstanceTypeOfferingsCommand,
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

export type Vpc = { readonly id: string; readonly cidr: string };
export type Subnet = { readonly id: string; readonly vpcId: string; readonly zone: string };
export type Group = { readonly id: string; readonly vpcId: string };
export type KmsKey = {
  readonly arn: string;
  readonly enabled: boolean;
  readonly state: string;
  readonly usage: string;
};

export type AwsFacts = {
  vpc(id: string, signal: AbortSignal): Promise<Vpc | undefined>;
  subnets(ids: readonly string[], signal: AbortSignal): Promise<readonly Subnet[]>;
  securityGroups(ids: readonly string[], signal: AbortSignal): Promise<readonly Group[]>;
  hasKeyPair(name: string, signal: AbortSignal): Promise<boolean>;
  hasInstanceProfile(name: string, signal: AbortSignal): Promise<boolean>;
  kmsKey(arn: string, signal: AbortSignal): Promise<KmsKey | undefined>;
  /** Zones of the region in which the instance type is offered. */
  zonesOffering(instanceType: string, signal: AbortSignal): Promise<ReadonlySet<string>>;
};

const REMEMBERED_MS = 60_000;

/** Answers by question; a question that is being asked is not asked again, and a failure is forgotten. */
export const createMemory = (now: () => number) => {
  const answers = new Map<string, { readonly answer: Promise<unknown>; readonly until: number }>();
  return async <T>(question: string, ask: () => Promise<T>, isKept: (answer: T) => boolean): Promise<T> => {
    for (const [key, { until }] of answers) if (until <= now()) answers.delete(key);
    const kept = answers.get(question);
    if (kept !== undefined) return kept.answer as Promise<T>;
    const entry = { answer: ask(), until: now() + REMEMBERED_MS };
    answers.set(question, entry);
    try {
      const answer = await entry.answer;
      if (!isKept(answer) && answers.get(question) === entry) answers.delete(question);
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

export const createFacts = (clients: AwsClients, now: () => number = Date.now): AwsFacts => {
  const { ec2, iam, kms } = clients;
  const remember = createMemory(now);

  /** One listing for the ids that nobody asked for yet; each of them is remembered by itself. */
  const batched =
    <T extends { readonly id: string }>(what: string, list: (ids: string[], signal: AbortSignal) => Promise<T[]>) =>
    async (ids: readonly string[], signal: AbortSignal): Promise<readonly T[]> => {
      const asked: string[] = [];
      let listing: Promise<T[]> | undefined;
      const all = ids.map((id) =>
        remember(
          `${what} ${id}`,
          async () => {
            asked.push(id);
            // Questions are asked in one turn: the listing starts after the last of them.
            listing ??= Promise.resolve().then(() => list(asked, signal));
            return (await listing).find((one) => one.id === id);
          },
          (answer) => answer !== undefined,
        ),
      );
      return (await Promise.all(all)).filter((one) => one !== undefined);
    };

  return {
    vpc: (id, abortSignal) =>
      remember(
        `vpc ${id}`,
        async () => {
          const answer = await ec2.send(new DescribeVpcsCommand({ Filters: [filter('vpc-id', id)] }), { abortSignal });
          const [vpc] = answer.Vpcs ?? [];
          return vpc === undefined ? undefined : { id, cidr: vpc.CidrBlock ?? '' };
        },
        (vpc) => vpc !== undefined,
      ),

    subnets: batched('subnet', async (ids, abortSignal) => {
      const answer = await ec2.send(new DescribeSubnetsCommand({ Filters: [filter('subnet-id', ...ids)] }), {
        abortSignal,
      });
      return (answer.Subnets ?? []).map(({ SubnetId = '', VpcId = '', AvailabilityZone = '' }) => ({
        id: SubnetId,
        vpcId: VpcId,
        zone: AvailabilityZone,
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

    hasInstanceProfile: (name, abortSignal) =>
      remember(
        `instance profile ${name}`,
        async () => {
          const answer = await orUndefined(
            iam.send(new GetInstanceProfileCommand({ InstanceProfileName: name }), { abortSignal }),
          );
          return answer !== undefined;
        },
        (there) => there,
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
