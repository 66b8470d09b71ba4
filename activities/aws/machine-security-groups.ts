/**
 * Machine security groups: those of a node pool's machines, changed while they run.
 *
 * Owns: the groups of the one interface that each machine was launched with; interfaces that a network plugin or a person attached are
 * theirs. Neighbours: `launch-template.ts` tells machines that come, `network-interface.ts` has those of replicas.
 * Invariants: I2 (an interface that has them is left as it is), I4 (machines of this pool's group, by the group's own tag).
 */
import { type Instance, ModifyNetworkInterfaceAttributeCommand } from '@aws-sdk/client-ec2';
import { GROUP_TAG } from '../../api/names.ts';
import { groupsDifference } from '../../kinds/row.ts';
import type { ResourceDriver } from '../driver.ts';
import { notYet } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { instanceLabel, isEnding, livingInstances } from './machines.ts';
import { filter, given } from './tags.ts';

const AGAIN_MS = 1_000;

/** The interface that a machine was launched with. */
const primaryOf = ({ NetworkInterfaces = [] }: Instance) =>
  NetworkInterfaces.find(({ Attachment }) => Attachment?.DeviceIndex === 0);

/** Ids of its security groups, sorted. */
export const securityGroupsOf = (instance: Instance): readonly string[] =>
  (primaryOf(instance)?.Groups ?? []).flatMap(({ GroupId }) => (GroupId === undefined ? [] : [GroupId])).sort();

export const machinesOfGroup = (
  { ec2 }: Pick<AwsClients, 'ec2'>,
  groupName: string,
  signal: AbortSignal,
): Promise<Instance[]> => livingInstances(ec2, filter(`tag:${GROUP_TAG}`, groupName), signal);

export const machineSecurityGroupsDriver = (clients: AwsClients): ResourceDriver<'machine-security-groups'> => ({
  kind: 'machine-security-groups',
  // Machines come and go: they are looked at when they are changed.
  candidates: () => Promise.resolve([]),

  create: async ({ properties, signal }) => {
    const Groups = [...new Set(properties.groupIds)].sort();
    const changed: string[] = [];
    for (const instance of await machinesOfGroup(clients, properties.groupName, signal)) {
      const primary = primaryOf(instance);
      if (isEnding(instance) || primary === undefined) continue;
      if (groupsDifference(Groups, securityGroupsOf(instance)).length === 0) continue;
      const NetworkInterfaceId = given(primary.NetworkInterfaceId, 'the id of a network interface');
      await clients.ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups }));
      changed.push(instanceLabel(instance));
    }
    // The next look at the pool must find what was changed, or it would have it changed again.
    if (changed.length > 0)
      throw notYet(`Waiting for EC2 to show other security groups on ${changed.join(', ')}.`, AGAIN_MS);
    return { outputs: {} };
  },

  update: (_wanted, found) => Promise.resolve({ outputs: found.outputs }),
  remove: () => Promise.resolve(),
});
