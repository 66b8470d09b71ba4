/** Whose the cluster's tag on a subnet is, as everybody sees it who looks: of its values only `shared` is ours. */
import { describe, expect, test } from '@jest/globals';
import { accountDriver } from '../../../activities/aws/account.ts';
import { type AwsClients, createAwsClients } from '../../../activities/aws/clients.ts';
import { createClusterNetwork } from '../../../activities/aws/cluster-network.ts';
import { createFacts } from '../../../activities/aws/facts.ts';
import { createObserve } from '../../../activities/aws/inventory.ts';
import type { AwsScope } from '../../../activities/aws/scope.ts';
import { subnetTagsDriver } from '../../../activities/aws/subnet-tags.ts';
import { createSurvey } from '../../../activities/aws/survey.ts';
import type { Sought, Wanted } from '../../../activities/driver.ts';
import { kubernetesClusterTag } from '../../../api/names.ts';
import type { Found } from '../../../kinds/resource.ts';
import { SUBNET_TAGS } from '../../../words/keys.ts';

const CLUSTER = 'gke-12345678';
const SUBNET = 'subnet-1';
const object = { kind: 'AWSCluster' as const, namespace: 'default', name: 'cluster-0', uid: 'uid' };
const owner = { account: '1', region: 'eu-west-1', clusterId: CLUSTER, uid: 'uid' };
const { signal } = new AbortController();
const scope: AwsScope = {
  region: owner.region,
  account: () => Promise.resolve(owner.account),
  guard: () => Promise.resolve(),
};

type Asked = {
  readonly constructor: { readonly name: string };
  readonly input: { readonly Filters?: readonly Filter[] };
};
type Filter = { readonly Name?: string; readonly Values?: readonly string[] };

/** An account that has one subnet with one tag, and nothing else. */
const accountWith = (value: string): AwsClients => {
  const clients = createAwsClients({ region: owner.region });
  const tag = { Key: kubernetesClusterTag(CLUSTER), Value: value };
  const attributes: Readonly<Record<string, string>> = { 'resource-type': 'subnet', key: tag.Key, value };
  const answer = ({ constructor: { name }, input: { Filters = [] } }: Asked): object => {
    const shows = Filters.every(({ Name = '', Values = [] }) => Values.includes(attributes[Name] ?? ''));
    if (name === 'DescribeTagsCommand' && shows) {
      return { Tags: [{ ...tag, ResourceId: SUBNET, ResourceType: 'subnet' }] };
    }
    return name === 'DescribeSubnetsCommand' ? { Subnets: [{ SubnetId: SUBNET, Tags: [tag] }] } : {};
  };
  for (const client of [clients.ec2, clients.autoScaling, clients.elb, clients.elbv2]) {
    Object.assign(client, { send: (command: Asked) => Promise.resolve(answer(command)) });
  }
  return clients;
};

const taggedIn = (found: readonly Found[]): readonly string[] =>
  found.flatMap((one) => (one.kind === 'subnet-tags' ? one.state.tagged : []));

const request = { object, clusterId: CLUSTER, subnetIds: [] };

describe.each([
  ['shared', true],
  ['owned', false],
  [CLUSTER, false],
  ['', false],
])('a subnet on which the tag of the cluster says "%s"', (value, ours) => {
  const clients = accountWith(value);
  const expected = ours ? [SUBNET] : [];
  const facts = createFacts(clients);

  test(`is ${ours ? '' : 'not '}tagged to a plan`, async () => {
    const observe = createObserve(clients, scope, facts, createClusterNetwork(Date.now));
    for (const clusterGoes of [false, true]) {
      expect(taggedIn((await observe({ ...request, clusterGoes }, signal)).found)).toEqual(expected);
    }
  });

  test(`is ${ours ? '' : 'not '}tagged to a sweep`, async () => {
    const survey = await createSurvey(clients, scope)(signal);
    expect(taggedIn((await survey.inventoryOf({ ...request, fresh: true })).found)).toEqual(expected);
  });

  test(`is ${ours ? '' : 'not '}tagged to the step that tags`, async () => {
    const properties = { subnetIds: [SUBNET], tags: {} };
    const wanted = { key: SUBNET_TAGS, properties, object, owner, signal } as unknown as Sought<'subnet-tags'>;
    const driver = subnetTagsDriver(clients);
    expect((await driver.candidates(wanted)).flatMap(({ state }) => state.tagged)).toEqual(expected);
  });

  test(`is ${ours ? '' : 'not '}left over to the last look`, async () => {
    const driver = accountDriver(
      clients,
      () => Promise.resolve([]),
      () => 1_000,
    );
    const wanted = {
      properties: { settleSeconds: 0 },
      object,
      owner,
      signal,
      since: 0,
    } as unknown as Wanted<'account'>;
    const looked = await driver.check?.(wanted);
    expect(looked?.ready).toBe(!ours);
  });
});
