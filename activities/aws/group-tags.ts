/**
 * Group tags: those of an auto scaling group, which its machines have from it.
 *
 * Owns: changing them on the group and on every machine that it has. Neighbours: `auto-scaling-group.ts` makes groups.
 * Invariants: I2 (what dies in between differs still: the group carries a mark meanwhile), I4 (a machine that somebody else attached,
 * and what else is attached to a machine, stays as it is).
 */
import { type AutoScalingClient, CreateOrUpdateTagsCommand, DeleteTagsCommand } from '@aws-sdk/client-auto-scaling';
import type { EC2Client, Instance } from '@aws-sdk/client-ec2';
import { CLUSTER_TAG, GROUP_TAG } from '../../api/names.ts';
import type { Tags } from '../../kinds/row.ts';
import type { Tagging } from '../../kinds/tags.ts';
import type { Wanted } from '../driver.ts';
import { ROOT_DEVICE } from './launch-template.ts';
import { livingInstances } from './machines.ts';
import { tagInEc2 } from './tagging.ts';
import { filter, given, tagList, tagRecord } from './tags.ts';

/** On a group while the tags of its machines are changed, so that what dies in between is begun again. */
const RETAGGING_TAG = 'slipway.dev/retagging';

export const isRetagging = (tags: Tags): boolean => tags[RETAGGING_TAG] !== undefined;

export const groupTags = (name: string, tags: Tags, PropagateAtLaunch: boolean) =>
  tagList(tags).map((tag) => ({
    ...tag,
    ResourceId: name,
    ResourceType: 'auto-scaling-group',
    PropagateAtLaunch,
  }));

/** A machine, its own disk and its own interface: what else is attached to it has tags of its own, or of others. */
const idsOfMachine = ({ InstanceId, BlockDeviceMappings = [], NetworkInterfaces = [] }: Instance): string[] => [
  given(InstanceId, 'the id of an instance'),
  ...BlockDeviceMappings.flatMap(({ DeviceName, Ebs }) => (DeviceName === ROOT_DEVICE ? (Ebs?.VolumeId ?? []) : [])),
  ...NetworkInterfaces.flatMap(({ Attachment, NetworkInterfaceId }) =>
    Attachment?.DeviceIndex === 0 ? (NetworkInterfaceId ?? []) : [],
  ),
];

/** Sets tags on the group itself; its machines get those that are `propagated` when they are launched. */
export const setGroupTags = async (
  autoScaling: AutoScalingClient,
  name: string,
  tags: Tags,
  propagated: boolean,
): Promise<void> => {
  const Tags = groupTags(name, tags, propagated);
  if (Tags.length > 0) await autoScaling.send(new CreateOrUpdateTagsCommand({ Tags }));
};

/** Takes tags off the group itself, whatever their values; one that isn't there is no error. */
export const dropGroupTags = async (
  autoScaling: AutoScalingClient,
  name: string,
  keys: readonly string[],
): Promise<void> => {
  const Tags = keys.map((Key) => ({ Key, ResourceId: name, ResourceType: 'auto-scaling-group' }));
  if (Tags.length > 0) await autoScaling.send(new DeleteTagsCommand({ Tags }));
};

/** The group first: a machine that comes later has its tags from it, and all others are listed after that. */
export const retagGroup = async (
  { autoScaling, ec2 }: { readonly autoScaling: AutoScalingClient; readonly ec2: EC2Client },
  { properties, owner, signal }: Wanted<'auto-scaling-group'>,
  tagging: Tagging,
): Promise<void> => {
  const { name } = properties;
  await setGroupTags(autoScaling, name, { [RETAGGING_TAG]: 'true' }, false);
  await dropGroupTags(autoScaling, name, tagging.remove);
  await setGroupTags(autoScaling, name, tagging.set, true);
  const all = await livingInstances(ec2, filter(`tag:${GROUP_TAG}`, name), signal);
  const machines = all.filter(({ Tags }) => tagRecord(Tags)[CLUSTER_TAG] === owner.clusterId);
  await tagInEc2(ec2, machines.flatMap(idsOfMachine), tagging);
  await dropGroupTags(autoScaling, name, [RETAGGING_TAG]);
};
