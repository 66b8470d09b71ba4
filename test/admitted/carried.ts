/**
 * Admitted objects carried out in an account: planned, made, looked at again, and taken away, with the real drivers.
 *
 * Owns: the order of it for one object, and what must hold after each. Neighbours: `test/activities/aws/account.ts` is the account
 * and carries plans out; the management API, user clusters and the hub are played by nothing: their steps count as done.
 */
import {
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2';
import { DecryptCommand } from '@aws-sdk/client-kms';
import { expect } from '@jest/globals';
import type { AwsInventoryRequest } from '../../activities/aws/inventory.ts';
import type { Aws } from '../../activities/aws/resources.ts';
import { verdictOf } from '../../activities/verdicts.ts';
import type { Resource } from '../../kinds/resource.ts';
import type { Outputs } from '../../kinds/row.ts';
import { encryptionContextOf } from '../../machine/configuration.ts';
import { open } from '../../machine/envelope.ts';
import { planEnsure } from '../../policy/ensure.ts';
import type { Known } from '../../policy/known.ts';
import type { Plan } from '../../policy/plan.ts';
import { planRemove, type RemoveRequest } from '../../policy/remove.ts';
import { PREFLIGHT, type ResourceKey } from '../../words/keys.ts';
import {
  carryOut,
  foundInManagement,
  type OfCluster,
  perform,
  requestFor,
  type TestAccount,
} from '../activities/aws/account.ts';
import { FRESH } from '../activities/aws/seed.ts';
import { waitFor } from '../support/wait.ts';
import { bootWith } from './machines.ts';

/** One object on its way. */
export type Subject = {
  readonly account: TestAccount;
  readonly aws: Aws;
  readonly object: OfCluster & { readonly clusterId: string };
  /** What an assessment of it looks at. */
  readonly request: AwsInventoryRequest;
  readonly resources: readonly Resource[];
  /** What its cluster has, of which it may know. */
  readonly ofCluster?: readonly Resource[];
  readonly external?: Known;
};

const observe = async ({ aws, request }: Subject, standing: { readonly clusterGoes?: true } = {}) =>
  (await aws.observe({ ...request, ...standing }, new AbortController().signal)).found;

const planOf = ({ resources, external = {} }: Subject): Plan => planEnsure(resources, [], { ...FRESH, external }).plan;

/** What preflight says is wrong; undefined where nothing is. It must change nothing. */
export const refusedByPreflight = async (subject: Subject): Promise<string | undefined> => {
  const { account, aws, object, resources } = subject;
  const resource = resources.find(({ key }) => key === PREFLIGHT);
  if (resource === undefined) throw new Error(`${object.name} has no preflight.`);
  let refusal: string | undefined;
  const changes = await account.mutations(async () => {
    try {
      await perform(aws, requestFor({ verb: 'ensure', resource }, { object }));
    } catch (error) {
      const { verdict, message } = verdictOf(error);
      expect({ verdict, message }).toMatchObject({ verdict: 'blocked' });
      refusal = message;
    }
  });
  expect(changes).toEqual([]);
  return refusal;
};

/** What isn't there yet is asked for by name, which is no refusal of anything. */
const ABSENT = ['LoadBalancerNotFoundException', 'TargetGroupNotFoundException'];

/** Makes it all, and answers what is known then. */
export const make = async (subject: Subject): Promise<Record<ResourceKey, Outputs>> => {
  const { account, aws, object } = subject;
  const before = account.calls.length;
  const known = await carryOut(account, aws, planOf(subject), object);
  const refused = account.calls.slice(before).filter(({ code }) => code !== 'OK' && !ABSENT.includes(code));
  expect(refused.map(({ operation, code }) => `${operation} ${code}`)).toEqual([]);
  return known;
};

/** Waits until each group has the machines that it is to have, none of which AWS may refuse; how many there are in all. */
export const launched = async ({ account, resources, object }: Subject): Promise<number> => {
  const { autoScaling } = account.clients;
  const names = resources.flatMap((one) => (one.kind === 'auto-scaling-group' ? one.properties.name : []));
  const machines = await waitFor(`the machines of ${object.name}`, async () => {
    for (const AutoScalingGroupName of names) {
      const { Activities } = await autoScaling.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName }));
      const failed = Activities?.find(({ StatusCode }) => StatusCode === 'Failed');
      if (failed !== undefined) return { refused: failed.StatusMessage };
    }
    const command = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: names });
    const groups = (await autoScaling.send(command)).AutoScalingGroups ?? [];
    const count = ({ Instances = [] }: AutoScalingGroup) =>
      Instances.filter(({ LifecycleState }) => LifecycleState === 'InService').length;
    if (groups.length < names.length || groups.some((group) => count(group) !== group.DesiredCapacity))
      return undefined;
    return { serving: groups.reduce((sum, group) => sum + count(group), 0) };
  });
  expect(machines).toEqual({ serving: expect.any(Number) });
  return machines.serving ?? 0;
};

/** Each machine reads what its launch template holds in AWS, and opens its sealed part with KMS. */
export const boot = async ({ account, resources }: Subject, known: Known): Promise<void> => {
  const templates = resources.filter(({ kind }) => kind === 'launch-template');
  for (const { key } of templates) {
    const { id: LaunchTemplateId, version = '' } = known[key] ?? {};
    const answer = await account.clients.ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [version] }),
    );
    const document = answer.LaunchTemplateVersions?.[0]?.LaunchTemplateData?.UserData ?? '';
    const read = bootWith(Buffer.from(document, 'base64').toString());
    const { Plaintext = new Uint8Array() } = await account.clients.kms.send(
      new DecryptCommand({
        CiphertextBlob: Buffer.from(read.sealed.encryptedKey, 'base64'),
        EncryptionContext: encryptionContextOf(read.configuration),
      }),
    );
    open(Plaintext, read);
  }
};

/** What another look would change: nothing, or AWS keeps something else than it was given. */
export const stillDiffering = async (subject: Subject): Promise<readonly string[]> => {
  const { account, resources, ofCluster = [], external = {} } = subject;
  const found = [...(await observe(subject)), ...foundInManagement(account, [...resources, ...ofCluster])];
  const context = { fresh: false, provisioned: true, live: true, external };
  return planEnsure(resources, found, context).plan.steps.map(({ id }) => id);
};

export const takeAway = async (subject: Subject, what: RemoveRequest['subject']): Promise<void> => {
  const { account, aws, object } = subject;
  const inventory = await observe(subject, what.kind === 'AWSCluster' ? { clusterGoes: true } : {});
  await carryOut(account, aws, planRemove({ inventory, settleSeconds: 0, subject: what }), object);
};
