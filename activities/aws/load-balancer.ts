/**
 * Load balancer: the network load balancer in front of a cluster's API, internal and across zones.
 *
 * Owns: the load balancer and the tags of its service's resources, which must be asked for apart. Unique by name: AWS
 * answers a repeated create with what is there, whoever made it, so the owner is looked at before it is taken (I2, I4).
 */
import {
  CreateLoadBalancerCommand,
  DeleteLoadBalancerCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  type ElasticLoadBalancingV2Client,
  type LoadBalancer,
  ModifyLoadBalancerAttributesCommand,
  SetSecurityGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { CLUSTER_TAG } from '../../api/names.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { Tags } from '../../kinds/row.ts';
import type { ResourceKey } from '../../words/keys.ts';
import { type Candidate, type ResourceDriver, refuseForeign, type Sought, type Wanted } from '../driver.ts';
import { unlessAbsent } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { listenersOf } from './listener.ts';
import { tagInLoadBalancing } from './tagging.ts';
import { belongsTo, carriedBy, given, ownedTags, portions, tagList, tagRecord } from './tags.ts';

const CROSS_ZONE = 'load_balancing.cross_zone.enabled';
/** The API takes so many ARNs at once. */
const TAGS_AT_ONCE = 20;

/** Tags by ARN, of any resource of the service. */
export const tagsOf = async (
  elbv2: ElasticLoadBalancingV2Client,
  arns: readonly string[],
  abortSignal: AbortSignal,
): Promise<ReadonlyMap<string, Tags>> => {
  const answers = await Promise.all(
    portions(arns, TAGS_AT_ONCE).map((ResourceArns) =>
      elbv2.send(new DescribeTagsCommand({ ResourceArns }), { abortSignal }),
    ),
  );
  return new Map(
    answers
      .flatMap((answer) => answer.TagDescriptions ?? [])
      .map(({ ResourceArn, Tags: tags }) => [ResourceArn ?? '', tagRecord(tags)]),
  );
};

/** The load balancer of this name, if any. */
export const loadBalancerNamed = async (
  elbv2: ElasticLoadBalancingV2Client,
  name: string,
  abortSignal: AbortSignal,
): Promise<LoadBalancer | undefined> => {
  const command = new DescribeLoadBalancersCommand({ Names: [name] });
  return (await unlessAbsent(() => elbv2.send(command, { abortSignal }), undefined))?.LoadBalancers?.[0];
};

export const isCrossZone = async (
  elbv2: ElasticLoadBalancingV2Client,
  arn: string,
  abortSignal: AbortSignal,
): Promise<boolean> => {
  const answer = await elbv2.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn }), { abortSignal });
  return answer.Attributes?.some(({ Key, Value }) => Key === CROSS_ZONE && Value === 'true') ?? false;
};

const outputsOfLoadBalancer = (balancer: LoadBalancer) => ({
  arn: given(balancer.LoadBalancerArn, 'the ARN of a load balancer'),
  dnsName: given(balancer.DNSName, 'the DNS name of a load balancer'),
});

export const foundLoadBalancer = (
  key: ResourceKey,
  balancer: LoadBalancer,
  tags: Tags,
  crossZone?: boolean,
): FoundOf<'load-balancer'> =>
  observed(
    'load-balancer',
    key,
    outputsOfLoadBalancer(balancer),
    {
      name: given(balancer.LoadBalancerName, 'the name of a load balancer'),
      ...(crossZone === undefined ? {} : { crossZone }),
      groupIds: [...(balancer.SecurityGroups ?? [])].sort(),
    },
    carriedBy(tags),
  );

const labelOf = (balancer: LoadBalancer): string =>
  `load balancer ${balancer.LoadBalancerName ?? '?'} (${balancer.LoadBalancerArn ?? '?'})`;

const spreadOverZones = (elbv2: ElasticLoadBalancingV2Client, LoadBalancerArn: string) =>
  elbv2.send(
    new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes: [{ Key: CROSS_ZONE, Value: 'true' }] }),
  );

const candidatesFor = async (
  elbv2: ElasticLoadBalancingV2Client,
  wanted: Sought<'load-balancer'>,
): Promise<Candidate<'load-balancer'>[]> => {
  const balancer = await loadBalancerNamed(elbv2, wanted.properties.name, wanted.signal);
  if (balancer === undefined) return [];
  const arn = given(balancer.LoadBalancerArn, 'the ARN of a load balancer');
  const [tags, crossZone] = await Promise.all([
    tagsOf(elbv2, [arn], wanted.signal),
    isCrossZone(elbv2, arn, wanted.signal),
  ]);
  const its = tags.get(arn) ?? {};
  const found = foundLoadBalancer(wanted.key, balancer, its, crossZone);
  return [{ ...found, label: labelOf(balancer), belongsTo: belongsTo(its, wanted) }];
};

const createLoadBalancer = async (
  elbv2: ElasticLoadBalancingV2Client,
  wanted: Wanted<'load-balancer'>,
): Promise<ReturnType<typeof outputsOfLoadBalancer>> => {
  const { name, subnetIds, groupIds, tags } = wanted.properties;
  const answer = await elbv2.send(
    new CreateLoadBalancerCommand({
      Name: name,
      Type: 'network',
      Scheme: 'internal',
      IpAddressType: 'ipv4',
      Subnets: [...subnetIds],
      ...(groupIds === undefined ? {} : { SecurityGroups: [...groupIds] }),
      Tags: tagList(ownedTags(wanted, tags)),
    }),
  );
  const [balancer] = answer.LoadBalancers ?? [];
  if (balancer === undefined) throw new Error(`AWS answered without the load balancer ${name}.`);
  const outputs = outputsOfLoadBalancer(balancer);
  const itsTags = (await tagsOf(elbv2, [outputs.arn], wanted.signal)).get(outputs.arn) ?? {};
  // What was there before isn't made, but answered with, whoever made it.
  refuseForeign(wanted.key, { label: labelOf(balancer), belongsTo: belongsTo(itsTags, wanted) });
  await spreadOverZones(elbv2, outputs.arn);
  return outputs;
};

export const loadBalancerDriver = ({ elbv2 }: AwsClients): ResourceDriver<'load-balancer'> => ({
  kind: 'load-balancer',
  candidates: (wanted) => candidatesFor(elbv2, wanted),
  create: async (wanted) => ({ outputs: await createLoadBalancer(elbv2, wanted) }),

  /** An earlier try may have died between the create and its attribute. */
  async update(wanted, found, differences) {
    const LoadBalancerArn = given(found.outputs.arn, `the ARN of ${wanted.key}`);
    if (differences.some(({ what }) => what === 'crossZone')) await spreadOverZones(elbv2, LoadBalancerArn);
    if (differences.some(({ what }) => what === 'groups')) {
      const SecurityGroups = [...(wanted.properties.groupIds ?? [])];
      await elbv2.send(new SetSecurityGroupsCommand({ LoadBalancerArn, SecurityGroups }));
    }
    return { outputs: found.outputs, change: 'updated' };
  },

  /** Its listener's tags go with its own: no listing shows a listener's. One that somebody added stays as it is. */
  async retag(wanted, found, tagging) {
    const arn = given(found.outputs.arn, `the ARN of ${wanted.key}`);
    const listeners = (await listenersOf(elbv2, arn, wanted.signal)).flatMap(({ ListenerArn }) => ListenerArn ?? []);
    const tags = await tagsOf(elbv2, listeners, wanted.signal);
    const ours = listeners.filter((one) => tags.get(one)?.[CLUSTER_TAG] === wanted.owner.clusterId);
    await tagInLoadBalancing(elbv2, [arn, ...ours], tagging);
  },

  async remove(wanted, found) {
    await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: given(found.outputs.arn, wanted.key) }));
  },
});
