/**
 * Target group attributes: how a target group treats the connections to a replica that is leaving it.
 *
 * Owns: reading them, and setting them, which repeated is the same (I2). Neighbours: `target-group.ts` makes the group and removes
 * it with all that it holds; `machine/health-check.ts` has the number, and what it is made of.
 * (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health.html#unhealthy-target-connection-termination)
 */
import {
  DescribeTargetGroupAttributesCommand,
  type ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { TargetGroupAttributesState } from '../../kinds/target-group-attributes.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver, Wanted } from '../driver.ts';
import type { AwsClients } from './clients.ts';
import { ownedBy } from './tags.ts';

const TERMINATES = 'target_health_state.unhealthy.connection_termination.enabled';
const INTERVAL = 'target_health_state.unhealthy.draining_interval_seconds';

export const readAttributes = async (
  elbv2: ElasticLoadBalancingV2Client,
  TargetGroupArn: string,
  abortSignal: AbortSignal,
): Promise<TargetGroupAttributesState> => {
  const answer = await elbv2.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }), { abortSignal });
  const values = new Map(answer.Attributes?.map(({ Key, Value }) => [Key, Value]));
  return values.get(TERMINATES) === 'false' ? { unhealthyDrainSeconds: Number(values.get(INTERVAL) ?? 0) } : {};
};

export const foundAttributes = (
  key: ResourceKey,
  state: TargetGroupAttributesState,
  uid?: string,
): FoundOf<'target-group-attributes'> => observed('target-group-attributes', key, {}, state, ownedBy(uid));

export const targetGroupAttributesDriver = ({ elbv2 }: AwsClients): ResourceDriver<'target-group-attributes'> => {
  const set = async ({ properties }: Wanted<'target-group-attributes'>): Promise<void> => {
    const { targetGroupArn, unhealthyDrainSeconds } = properties;
    const values = { [TERMINATES]: 'false', [INTERVAL]: String(unhealthyDrainSeconds) };
    const Attributes = Object.entries(values).map(([Key, Value]) => ({ Key, Value }));
    await elbv2.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn, Attributes }));
  };
  return {
    kind: 'target-group-attributes',

    async candidates({ key, owner, properties: { targetGroupArn }, signal }) {
      const found = foundAttributes(key, await readAttributes(elbv2, targetGroupArn, signal), owner.uid);
      return [{ ...found, label: `attributes of ${targetGroupArn}`, belongsTo: 'ours' }];
    },

    async create(wanted) {
      await set(wanted);
      return { outputs: {} };
    },

    async update(wanted) {
      await set(wanted);
      return { outputs: {}, change: 'updated' };
    },

    // They go with their group.
    remove: () => Promise.resolve(),
  };
};
