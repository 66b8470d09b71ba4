/**
 * Surge: the machines by which a rollout holds a node pool's group larger, taken away again.
 *
 * Owns: that the group is again what its tag says that it was, with as many machines as it kept, and that each of those that go was
 * drained before. Neighbours: `auto-scaling-group.ts` holds it larger, `node-machine.ts` ends one machine, `kubernetes/emptying.ts`
 * drains. Invariants: I2 (how many are too many is asked of the group each time), I4 (a group of this pool, by its tags).
 */
import { type AutoScalingGroup, UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { SURGE_TAG } from '../../api/names.ts';
import { surgeIn } from '../../kinds/auto-scaling-group.ts';
import { nodeMachineKey, poolGroupKey } from '../../words/keys.ts';
import type { ResourceDriver, Sought } from '../driver.ts';
import { groupInstances, isGoing, listGroups } from './auto-scaling-group.ts';
import type { AwsClients } from './clients.ts';
import { dropGroupTags } from './group-tags.ts';
import { nodeMachineDriver } from './node-machine.ts';
import { belongsTo, tagRecord } from './tags.ts';

/** Closes and drains the node of a machine, if it has one. Throws what is awaited until it is empty. */
export type EmptyMachine = (instanceId: string, sought: Sought<'surge'>) => Promise<void>;

/** Machines that the group launched of what it launches now: those that were not there before the turn come first. */
const addedIn = (group: AutoScalingGroup, besides: readonly string[]): readonly string[] =>
  groupInstances(group)
    .filter(
      ({ templateId, templateVersion }) =>
        templateId === group.LaunchTemplate?.LaunchTemplateId && templateVersion === group.LaunchTemplate.Version,
    )
    .map(({ id }) => id)
    .toSorted((a, b) => Number(besides.includes(a)) - Number(besides.includes(b)) || (a < b ? -1 : 1));

export const surgeDriver = (clients: AwsClients, empty: EmptyMachine): ResourceDriver<'surge'> => {
  const { autoScaling } = clients;
  const machines = nodeMachineDriver(clients);
  const groupOf = async ({ properties, signal }: Sought<'surge'>): Promise<AutoScalingGroup | undefined> => {
    const [group] = await listGroups(autoScaling, { AutoScalingGroupNames: [properties.groupName] }, signal);
    return group === undefined || isGoing(group) ? undefined : group;
  };

  /** Drained, and ended with one fewer to keep. */
  const end = async (instanceId: string, sought: Sought<'surge'>): Promise<void> => {
    await empty(instanceId, sought);
    const { poolId, groupName } = sought.properties;
    const key = nodeMachineKey(instanceId);
    const properties = { poolId, groupName, instanceId, shrinks: true };
    const machine: Sought<'node-machine'> = { ...sought, kind: 'node-machine', key, properties };
    await machines.remove(machine, { key, outputs: {}, state: undefined });
  };

  return {
    kind: 'surge',

    async candidates(sought) {
      const group = await groupOf(sought);
      const tags = tagRecord(group?.Tags);
      if (surgeIn(tags[SURGE_TAG]) === undefined) return [];
      const { poolId, groupName } = sought.properties;
      const label = `auto scaling group ${groupName}`;
      const owner = belongsTo(tags, sought, poolGroupKey(poolId));
      return [{ key: sought.key, outputs: {}, state: undefined, label, belongsTo: owner }];
    },

    create: (wanted) => Promise.reject(new Error(`${wanted.key} is only taken away.`)),
    update: (_wanted, found) => Promise.resolve({ outputs: found.outputs }),

    async remove(sought) {
      const { groupName, besides } = sought.properties;
      const group = await groupOf(sought);
      const surge = surgeIn(tagRecord(group?.Tags)[SURGE_TAG]);
      if (group === undefined || surge === undefined) return;
      const surplus = Math.max(0, (group.DesiredCapacity ?? 0) - surge.desired);
      for (const instanceId of addedIn(group, besides).slice(0, surplus)) await end(instanceId, sought);
      // Whoever else made it larger meanwhile keeps what that takes: AWS would end machines above the maximum, undrained.
      const { DesiredCapacity = 0 } = (await groupOf(sought)) ?? {};
      const MaxSize = Math.max(surge.maxSize, DesiredCapacity);
      await autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: groupName, MaxSize }));
      await dropGroupTags(autoScaling, groupName, [SURGE_TAG]);
    },
  };
};
