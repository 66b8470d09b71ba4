/**
 * Listener: the port of the load balancer on which clients reach the API, and the target group that it forwards to.
 *
 * Owns: one listener, unique by load balancer and port (I2). Neighbours: both of them have files of their own; a listener
 * goes with its load balancer.
 */

import {
  CreateListenerCommand,
  DeleteListenerCommand,
  type ElasticLoadBalancingV2Client,
  type Listener,
  ModifyListenerCommand,
  paginateDescribeListeners,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver } from '../driver.ts';
import { unlessAbsent } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { given, ownedBy, ownedTags, readAll, tagList } from './tags.ts';

export const listenersOf = (
  elbv2: ElasticLoadBalancingV2Client,
  loadBalancerArn: string,
  abortSignal: AbortSignal,
): Promise<Listener[]> =>
  unlessAbsent(
    () =>
      readAll(
        paginateDescribeListeners({ client: elbv2 }, { LoadBalancerArn: loadBalancerArn }, { abortSignal }),
        (page) => page.Listeners,
      ),
    [],
  );

export const foundListener = (key: ResourceKey, listener: Listener, uid?: string): FoundOf<'listener'> =>
  observed(
    'listener',
    key,
    { arn: given(listener.ListenerArn, 'the ARN of a listener') },
    {
      loadBalancerArn: listener.LoadBalancerArn ?? '',
      port: listener.Port ?? 0,
      targetGroupArn: listener.DefaultActions?.[0]?.TargetGroupArn ?? '',
    },
    ownedBy(uid),
  );

export const listenerDriver = ({ elbv2 }: AwsClients): ResourceDriver<'listener'> => {
  const forwardTo = (TargetGroupArn: string) => [{ Type: 'forward' as const, TargetGroupArn }];

  return {
    kind: 'listener',

    /** A listener of our load balancer is ours: nobody else can have that port of it. */
    async candidates(wanted) {
      const { loadBalancerArn, port } = wanted.properties;
      const listeners = await listenersOf(elbv2, loadBalancerArn, wanted.signal);
      return listeners
        .filter((listener) => listener.Port === port)
        .map((listener) => ({
          ...foundListener(wanted.key, listener, wanted.owner.uid),
          label: `listener ${listener.ListenerArn ?? '?'}`,
          belongsTo: 'ours' as const,
        }));
    },

    async create(wanted) {
      const { loadBalancerArn, targetGroupArn, port, tags } = wanted.properties;
      const answer = await elbv2.send(
        new CreateListenerCommand({
          LoadBalancerArn: loadBalancerArn,
          Protocol: 'TCP',
          Port: port,
          DefaultActions: forwardTo(targetGroupArn),
          Tags: tagList(ownedTags(wanted, tags)),
        }),
      );
      return { outputs: { arn: given(answer.Listeners?.[0]?.ListenerArn, 'the ARN of a listener') } };
    },

    async update(wanted, found) {
      const { targetGroupArn } = wanted.properties;
      await elbv2.send(
        new ModifyListenerCommand({ ListenerArn: found.outputs.arn, DefaultActions: forwardTo(targetGroupArn) }),
      );
      return { outputs: found.outputs, change: 'updated' };
    },

    async remove(wanted, found) {
      await elbv2.send(
        new DeleteListenerCommand({ ListenerArn: given(found.outputs.arn, `the ARN of ${wanted.key}`) }),
      );
    },
  };
};
