/**
 * Node machine: one machine of a node pool ends, and its group keeps one fewer or puts another in its place.
 *
 * Owns: that it is *this* machine, which was drained, and no other: a group that only is made smaller chooses itself, and drains
 * nothing. Neighbours: `replica.ts` ends those of the control plane, which have a quorum to keep; `auto-scaling-group.ts` lowers the
 * minimum before and the maximum after. Invariants: I4 (a machine of this pool's group, by its tags), I2 (one that is going already
 * is not ended again, or the group would keep one fewer twice: so it is asked once, and looked at before it is asked again).
 */
import { TerminateInstanceInAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import type { Instance } from '@aws-sdk/client-ec2';
import { endMachineCommand } from '../../words/commands.ts';
import { poolGroupKey } from '../../words/keys.ts';
import type { ResourceDriver, Sought } from '../driver.ts';
import { blockedError, isAbsent, isUnanswered, notYet, supersededError, verdictOf } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { instanceLabel, isEnding, livingInstances } from './machines.ts';
import { belongsTo, filter, tagRecord } from './tags.ts';

/** A request that AWS took without an answer has its effect by then, or never: asked twice the group would keep one fewer twice. */
const UNANSWERED_MS = 20_000;

/** What AWS says to whoever would take a group below its minimum. */
const BELOW_MINIMUM = /min size/i;

export const nodeMachineDriver = ({ ec2, autoScalingOnce, region }: AwsClients): ResourceDriver<'node-machine'> => {
  const living = (sought: Sought<'node-machine'>): Promise<Instance[]> =>
    livingInstances(ec2, filter('instance-id', sought.properties.instanceId), sought.signal);

  return {
    kind: 'node-machine',

    async candidates(wanted) {
      return (await living(wanted)).map((instance) => ({
        key: wanted.key,
        outputs: { id: instance.InstanceId ?? '' },
        state: undefined,
        label: instanceLabel(instance),
        belongsTo: belongsTo(tagRecord(instance.Tags), wanted, poolGroupKey(wanted.properties.poolId)),
      }));
    },

    create: (wanted) => Promise.reject(new Error(`${wanted.key} is made by its auto scaling group only.`)),
    update: (_wanted, found) => Promise.resolve({ outputs: found.outputs }),

    async remove(wanted) {
      const { instanceId: id, groupName, shrinks } = wanted.properties;
      const [instance] = await living(wanted);
      if (isEnding(instance)) return;
      try {
        await autoScalingOnce.send(
          new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: id, ShouldDecrementDesiredCapacity: shrinks }),
        );
      } catch (error) {
        const { message } = verdictOf(error);
        if (BELOW_MINIMUM.test(message)) {
          throw supersededError(
            `Auto scaling group ${groupName} has another minimum than was planned: ${message}`,
            error,
          );
        }
        if (isUnanswered(error)) {
          throw notYet(
            `AWS did not say whether it ends instance ${id} (${message}): that is looked at before it is asked again.`,
            UNANSWERED_MS,
          );
        }
        if (!isAbsent(error)) throw error;
        // No group has it: it has ended since it was looked at.
        const [left] = await living(wanted);
        if (isEnding(left)) return;
        throw blockedError(
          `Instance ${id} is in no auto scaling group any more, and runs on: end it with \`${endMachineCommand(region, id)}\`.`,
          error,
        );
      }
    },

    async remains(wanted) {
      const [instance] = await living(wanted);
      return instance === undefined ? undefined : `Waiting for ${instanceLabel(instance)} to end.`;
    },
  };
};
