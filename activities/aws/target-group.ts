/**
 * Target group: where the load balancer sends the API's clients, and how it asks whether a replica is well.
 *
 * Owns: the group and its health check, whose numbers are `machine/health-check.ts`'s. Unique by name; AWS answers a repeated
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
import { UID_TAG } from '../../api/names.ts';
import { API_SERVER_CHECK } from '../../machine/health-check.ts';
import { observed } from '../../policy/observed.ts';
import type { Found } from '../../policy/plan.ts';
import type { ResourceKey, Tags } from '../../topology/resource.ts';
import type { ResourceDriver } from '../driver.ts';
import { isAbsent } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { refuseForeign, tagsOf } from './load-balancer.ts';
import { belongsTo, given, ownedTags, tagList } from './tags.ts';

const HEALTH_CHECK = {
  HealthCheckProtocol: 'HTTPS',
  HealthCheckPath: API_SERVER_CHECK.path,
  HealthCheckPort: 'traffic-port',
  HealthCheckIntervalSeconds: API_SERVER_CHECK.intervalSeconds,
  HealthCheckTimeoutSeconds: API_SERVER_CHECK.timeoutSeconds,
  HealthyThresholdCount: API_SERVER_CHECK.healthyThreshold,
  UnhealthyThresholdCount: API_SERVER_CHECK.unhealthyThreshold,
  Matcher: { HttpCode: '200' },
} as const;

/** The target group of this name, if any. */
export const targetGroupNamed = async (
  elbv2: ElasticLoadBalancingV2Client,
  name: string,
  abortSignal: AbortSignal,
): Promise<TargetGroup | undefined> => {
  try {
    const answer = await elbv2.send(new DescribeTargetGroupsCommand({ Names: [name] }), { abortSignal });
    return answer.TargetGroups?.[0];
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
};

export const foundTargetGroup = (key: ResourceKey, group: TargetGroup, tags: Tags): Found =>
  observed(
    'target-group',
    key,
    { arn: given(group.TargetGroupArn, 'the ARN of a target group') },
    { name: given(group.TargetGroupName, 'the name of a target group') },
    tags[UID_TAG],
  );

const labelOf = (group: TargetGroup): string =>
  `target group ${group.TargetGroupName ?? '?'} (${group.TargetGroupArn ?? '?'})`;

/** Replicas count on these numbers when they leave: none may differ. */
const checksAsWanted = (group: TargetGroup): boolean =>
  group.HealthCheckProtocol === HEALTH_CHECK.HealthCheckProtocol &&
  group.HealthCheckPath === HEALTH_CHECK.HealthCheckPath &&
  group.HealthCheckPort === HEALTH_CHECK.HealthCheckPort &&
  group.Matcher?.HttpCode === HEALTH_CHECK.Matcher.HttpCode &&
  group.HealthCheckIntervalSeconds === HEALTH_CHECK.HealthCheckIntervalSeconds &&
  group.HealthCheckTimeoutSeconds === HEALTH_CHECK.HealthCheckTimeoutSeconds &&
  group.HealthyThresholdCount === HEALTH_CHECK.HealthyThresholdCount &&
  group.UnhealthyThresholdCount === HEALTH_CHECK.UnhealthyThresholdCount;

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
    const { name, port, vpcId, tags } = wanted.properties;
    const answer = await elbv2.send(
      new CreateTargetGroupCommand({
        Name: name,
        Protocol: 'TCP',
        Port: port,
        VpcId: vpcId,
        TargetType: 'ip',
        ...HEALTH_CHECK,
        Matcher: { ...HEALTH_CHECK.Matcher },
        Tags: tagList(ownedTags(wanted, tags)),
      }),
    );
    const [group] = answer.TargetGroups ?? [];
    if (group === undefined) throw new Error(`AWS answered without the target group ${name}.`);
    const arn = given(group.TargetGroupArn, 'the ARN of a target group');
    const itsTags = (await tagsOf(elbv2, [arn], wanted.signal)).get(arn) ?? {};
    refuseForeign(labelOf(group), wanted.key, belongsTo(itsTags, wanted));
    return { outputs: { arn } };
  },

  async update(wanted, found) {
    const group = await targetGroupNamed(elbv2, wanted.properties.name, wanted.signal);
    if (group === undefined || checksAsWanted(group)) return { outputs: found.outputs };
    await elbv2.send(
      new ModifyTargetGroupCommand({
        TargetGroupArn: found.outputs.arn,
        ...HEALTH_CHECK,
        Matcher: { ...HEALTH_CHECK.Matcher },
      }),
    );
    return { outputs: found.outputs, change: 'updated' };
  },

  async remove(wanted, found) {
    await elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: given(found.outputs.arn, wanted.key) }));
  },
});
