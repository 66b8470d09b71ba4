/**
 * Targets: the replicas' fixed addresses in the target group.
 *
 * Owns: membership, and reading what the load balancer says of the targets' health. Registering twice is the same as once (I2). Neighbours:
 * `target-group.ts` owns the group, and removes its targets with itself.
 */

import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
  type TargetHealthStateEnum,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import { itemsOf } from '../../kinds/row.ts';
import type { TargetHealth } from '../../kinds/targets.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver } from '../driver.ts';
import { isAbsent } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { given, ownedBy } from './tags.ts';

/** One that drains gets no new connections, whatever it keeps. */
export const stateOfTarget = (state: TargetHealthStateEnum | undefined): TargetHealth['state'] => {
  switch (state) {
    case 'healthy':
      return 'healthy';
    case 'unhealthy':
    case 'unhealthy.draining':
      return 'unhealthy';
    case 'draining':
    case 'initial':
    case 'unavailable':
    case 'unused':
    case undefined:
      return 'unknown';
  }
};

/** Addresses registered in a target group with their health, sorted; those that are draining are on their way out. */
export const targetHealth = async (
  elbv2: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
  abortSignal: AbortSignal,
): Promise<TargetHealth[]> => {
  try {
    const answer = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }), {
      abortSignal,
    });
    return (answer.TargetHealthDescriptions ?? [])
      .filter(({ TargetHealth: health }) => health?.State !== 'draining')
      .flatMap(({ Target, TargetHealth: health }): TargetHealth[] => {
        if (Target?.Id === undefined) return [];
        const said = health?.Description ?? health?.Reason;
        const state = stateOfTarget(health?.State);
        return [{ address: Target.Id, state, ...(said === undefined || state === 'healthy' ? {} : { said }) }];
      })
      .sort((a, b) => (a.address < b.address ? -1 : 1));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
};

export const foundTargets = (
  key: ResourceKey,
  targetGroupArn: string,
  health: readonly TargetHealth[],
  uid?: string,
): FoundOf<'targets'> | undefined =>
  health.length === 0
    ? undefined
    : observed(
        'targets',
        key,
        { targetGroupArn },
        { addresses: health.map(({ address }) => address), health },
        ownedBy(uid),
      );

export const targetsDriver = ({ elbv2 }: AwsClients): ResourceDriver<'targets'> => {
  const targetsOn = (addresses: readonly string[], port: number) => addresses.map((Id) => ({ Id, Port: port }));

  return {
    kind: 'targets',

    async candidates(wanted) {
      const { targetGroupArn } = wanted.properties;
      const health = await targetHealth(elbv2, targetGroupArn, wanted.signal);
      const found = foundTargets(wanted.key, targetGroupArn, health, wanted.owner.uid);
      return found === undefined ? [] : [{ ...found, label: `targets of ${targetGroupArn}`, belongsTo: 'ours' }];
    },

    async create(wanted) {
      const { targetGroupArn, addresses, port } = wanted.properties;
      await elbv2.send(
        new RegisterTargetsCommand({ TargetGroupArn: targetGroupArn, Targets: targetsOn(addresses, port) }),
      );
      return { outputs: { targetGroupArn } };
    },

    async update(wanted, _found, differences) {
      const { targetGroupArn, port } = wanted.properties;
      const missing = itemsOf(differences, 'missing');
      const stale = itemsOf(differences, 'stale');
      if (missing.length > 0) {
        await elbv2.send(
          new RegisterTargetsCommand({ TargetGroupArn: targetGroupArn, Targets: targetsOn(missing, port) }),
        );
      }
      if (stale.length > 0) {
        await elbv2.send(
          new DeregisterTargetsCommand({ TargetGroupArn: targetGroupArn, Targets: targetsOn(stale, port) }),
        );
      }
      return { outputs: { targetGroupArn }, change: 'updated' };
    },

    async remove(wanted, found) {
      await elbv2.send(
        new DeregisterTargetsCommand({
          TargetGroupArn: given(found.outputs.targetGroupArn, `the target group of ${wanted.key}`),
          Targets: found.state.addresses.map((Id) => ({ Id })),
        }),
      );
    },
  };
};
