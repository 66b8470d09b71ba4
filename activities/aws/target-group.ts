/**
 * Target group: where the load balancer sends the API's clients, and how it asks whether a replica is well.
 *
 * Owns: the group and its health check, which is asked over HTTPS and answered with 200. Unique by name; AWS answers a repeated
 * create of the same settings with what is there, whoever made it, so the owner is looked at before it is taken (I2, I4).
 * Neighbour: `targets.ts` fills it.
 */
import {
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeTargetGroupsCommand,
  type ElasticLoadBalancingV2Client,
  ModifyTargetGroupCommand,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { Tags } from '../../kinds/row.ts';
import type { HealthCheck } from '../../kinds/target-group.ts';
import type { ResourceKey } from '../../words/keys.ts';
import { type ResourceDriver, refuseForeign } from '../driver.ts';
import { unlessAbsent } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { tagsOf } from './load-balancer.ts';
import { tagInLoadBalancing } from './tagging.ts';
import { belongsTo, carriedBy, given, ownedTags, tagList } from './tags.ts';

const PROTOCOL = 'HTTPS';
const PORT = 'traffic-port';
const ANSWER = '200';

const asked = (check: HealthCheck) =>
  ({
    HealthCheckProtocol: PROTOCOL,
    HealthCheckPort: PORT,
    Matcher: { HttpCode: ANSWER },
    HealthCheckPath: check.path,
    HealthCheckIntervalSeconds: check.intervalSeconds,
    HealthCheckTimeoutSeconds: check.timeoutSeconds,
    HealthyThresholdCount: check.healthyThreshold,
    UnhealthyThresholdCount: check.unhealthyThreshold,
  }) as const;

const checkOf = (group: TargetGroup): HealthCheck | undefined =>
  group.HealthCheckProtocol === PROTOCOL && group.HealthCheckPort === PORT && group.Matcher?.HttpCode === ANSWER
    ? {
        path: group.HealthCheckPath ?? '',
        intervalSeconds: group.HealthCheckIntervalSeconds ?? 0,
        timeoutSeconds: group.HealthCheckTimeoutSeconds ?? 0,
        healthyThreshold: group.HealthyThresholdCount ?? 0,
        unhealthyThreshold: group.UnhealthyThresholdCount ?? 0,
      }
    : undefined;

/** The target group of this name, if any. */
export const targetGroupNamed = async (
  elbv2: ElasticLoadBalancingV2Client,
  name: string,
  abortSignal: AbortSignal,
): Promise<TargetGroup | undefined> => {
  const command = new DescribeTargetGroupsCommand({ Names: [name] });
  return (await unlessAbsent(() => elbv2.send(command, { abortSignal }), undefined))?.TargetGroups?.[0];
};

export const foundTargetGroup = (key: ResourceKey, group: TargetGroup, tags: Tags): FoundOf<'target-group'> => {
  const healthCheck = checkOf(group);
  return observed(
    'target-group',
    key,
    { arn: given(group.TargetGroupArn, 'the ARN of a target group') },
    {
      name: given(group.TargetGroupName, 'the name of a target group'),
      ...(healthCheck === undefined ? {} : { healthCheck }),
    },
    carriedBy(tags),
  );
};

const labelOf = (group: TargetGroup): string =>
  `target group ${group.TargetGroupName ?? '?'} (${group.TargetGroupArn ?? '?'})`;

export const targetGroupDriver = ({ elbv2 }: AwsClients): ResourceDriver<'target-group'> => ({
  kind: 'target-group',

  async candidates(wanted) {
    const group = await targetGroupNamed(elbv2, wanted.properties.name, wanted.signal);
    if (group === undefined) return [];
    const arn = given(group.TargetGroupArn, 'the ARN of a target group');
    const tags = (await tagsOf(elbv2, [arn], wanted.signal)).get(arn) ?? {};
    return [
      { ...foundTargetGroup(wanted.key, group, tags), label: labelOf(group), belongsTo: belongsTo(tags, wanted) },
    ];
  },

  async create(wanted) {
    const { name, port, vpcId, healthCheck, tags } = wanted.properties;
    const answer = await elbv2.send(
      new CreateTargetGroupCommand({
        Name: name,
        Protocol: 'TCP',
        Port: port,
        VpcId: vpcId,
        TargetType: 'ip',
        ...asked(healthCheck),
        Tags: tagList(ownedTags(wanted, tags)),
      }),
    );
    const [group] = answer.TargetGroups ?? [];
    if (group === undefined) throw new Error(`AWS answered without the target group ${name}.`);
    const arn = given(group.TargetGroupArn, 'the ARN of a target group');
    const itsTags = (await tagsOf(elbv2, [arn], wanted.signal)).get(arn) ?? {};
    refuseForeign(wanted.key, { label: labelOf(group), belongsTo: belongsTo(itsTags, wanted) });
    return { outputs: { arn } };
  },

  async update(wanted, found) {
    await elbv2.send(
      new ModifyTargetGroupCommand({ TargetGroupArn: found.outputs.arn, ...asked(wanted.properties.healthCheck) }),
    );
    return { outputs: found.outputs, change: 'updated' };
  },

  retag: (wanted, found, tagging) =>
    tagInLoadBalancing(elbv2, [given(found.outputs.arn, `the ARN of ${wanted.key}`)], tagging),

  async remove(wanted, found) {
    await elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: given(found.outputs.arn, wanted.key) }));
  },
});
