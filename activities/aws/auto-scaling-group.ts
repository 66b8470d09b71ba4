/**
 * Auto scaling group: keeps one replica, or the nodes of a pool, running without Slipway (I11).
 *
 * Owns: the group, in one subnet, with a template version pinned by number, and EC2's own health checks only: what runs
 * on a machine is judged by the cluster, not by a load balancer. Unique by name (I2). Its removal is over when its
 * instances are terminated, since a going instance still holds its volume, its address and its security groups.
 */
import {
  type AutoScalingClient,
  type AutoScalingGroup,
  CreateAutoScalingGroupCommand,
  CreateOrUpdateTagsCommand,
  DeleteAutoScalingGroupCommand,
  DeleteTagsCommand,
  type Filter,
  paginateDescribeAutoScalingGroups,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { type EC2Client, type Instance, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { CLUSTER_TAG } from '../../api/names.ts';
import type { GroupInstance } from '../../kinds/auto-scaling-group.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { Outputs, Tags } from '../../kinds/row.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { Candidate, ResourceDriver, Sought, Wanted } from '../driver.ts';
import { retryError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import type { Departing, Departures } from './departures.ts';
import { ROOT_DEVICE } from './launch-template.ts';
import { tagInEc2 } from './tagging.ts';
import { belongsTo, carriedBy, filter, given, ownedTags, readAll, tagList, tagRecord } from './tags.ts';

/** EC2 itself puts this tag on a group's instances. */
export const GROUP_NAME = 'aws:autoscaling:groupName';
/** On a group while the tags of its machines are changed, so that what dies in between is begun again. */
const RETAGGING_TAG = 'slipway.dev/retagging';
/** A group of which only instances are left. */
const GONE = { Status: 'Delete in progress' } as AutoScalingGroup;

/** Every state but `terminated`: such a machine is remembered for an hour, and holds nothing. */
const LIVING_STATES = ['pending', 'running', 'shutting-down', 'stopping', 'stopped'];

export const listGroups = (
  autoScaling: AutoScalingClient,
  input: { readonly AutoScalingGroupNames?: string[]; readonly Filters?: Filter[] },
  abortSignal: AbortSignal,
): Promise<AutoScalingGroup[]> =>
  readAll(
    paginateDescribeAutoScalingGroups({ client: autoScaling }, input, { abortSignal }),
    (page) => page.AutoScalingGroups,
  );

/** Instances that are not terminated, by any of EC2's filters. */
export const livingInstances = (
  ec2: EC2Client,
  by: ReturnType<typeof filter>,
  abortSignal: AbortSignal,
): Promise<Instance[]> =>
  readAll(
    paginateDescribeInstances(
      { client: ec2 },
      { Filters: [by, filter('instance-state-name', ...LIVING_STATES)] },
      { abortSignal },
    ),
    (page) => page.Reservations?.flatMap((reservation) => reservation.Instances ?? []),
  );

export const instanceLabel = (instance: Instance): string =>
  `instance ${instance.InstanceId ?? '?'} (${instance.State?.Name ?? 'unknown'})`;

/** The machines that a group counts as its own, sorted by id. */
export const groupInstances = (group: AutoScalingGroup): GroupInstance[] =>
  (group.Instances ?? [])
    .filter(({ LifecycleState }) => LifecycleState === 'InService' || LifecycleState?.startsWith('Pending') === true)
    .map(({ InstanceId, LifecycleState, LaunchTemplate }) => ({
      id: given(InstanceId, 'the id of an instance'),
      inService: LifecycleState === 'InService',
      templateId: LaunchTemplate?.LaunchTemplateId ?? '',
      templateVersion: LaunchTemplate?.Version ?? '',
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

const outputsOf = (name: string, desired: number): Outputs => ({ name, desired: String(desired) });

export const foundGroup = (key: ResourceKey, group: AutoScalingGroup): FoundOf<'auto-scaling-group'> => {
  const name = given(group.AutoScalingGroupName, 'the name of an auto scaling group');
  const desired = group.DesiredCapacity ?? 0;
  return observed(
    'auto-scaling-group',
    key,
    outputsOf(name, desired),
    {
      name,
      launchTemplateId: group.LaunchTemplate?.LaunchTemplateId ?? '',
      launchTemplateVersion: group.LaunchTemplate?.Version ?? '',
      minSize: group.MinSize ?? 0,
      maxSize: group.MaxSize ?? 0,
      desired,
      deleting: group.Status !== undefined,
      ...(tagRecord(group.Tags)[RETAGGING_TAG] === undefined ? {} : { retagging: true as const }),
      // Of pools, which may have hundreds, nobody asks.
      ...(group.MaxSize === 1 && group.MinSize === 1 ? { instances: groupInstances(group) } : {}),
    },
    carriedBy(tagRecord(group.Tags)),
  );
};

/** Somebody may have changed it since it was planned. */
const desiredNow = async (
  autoScaling: AutoScalingClient,
  { properties, signal }: Wanted<'auto-scaling-group'>,
  known: { readonly desired: number },
): Promise<number> => {
  const [group] = await listGroups(autoScaling, { AutoScalingGroupNames: [properties.name] }, signal);
  return group?.DesiredCapacity ?? known.desired;
};

type SoughtGroup = Sought<'auto-scaling-group'>;
type GroupCandidate = Candidate<'auto-scaling-group'>;

const candidatesAmong = (groups: readonly AutoScalingGroup[], wanted: SoughtGroup): GroupCandidate[] =>
  groups.map((group) => ({
    ...foundGroup(wanted.key, group),
    label: `auto scaling group ${wanted.properties.name}`,
    belongsTo: belongsTo(tagRecord(group.Tags), wanted),
  }));

const groupTags = (name: string, tags: Tags, PropagateAtLaunch: boolean) =>
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

/** A group may be gone before its instances are: they stand for it then. */
const leftBehind = (instances: readonly Instance[], wanted: SoughtGroup): GroupCandidate[] => {
  const { name } = wanted.properties;
  return instances.slice(0, 1).map((instance) => ({
    ...foundGroup(wanted.key, { ...GONE, AutoScalingGroupName: name }),
    label: `${instanceLabel(instance)} of auto scaling group ${name}`,
    belongsTo: belongsTo(tagRecord(instance.Tags), wanted),
  }));
};

/** What is left of one group. */
const leftOf = (name: string, { groups, instances }: Departing): Departing => ({
  groups: groups.filter((group) => group.AutoScalingGroupName === name),
  instances: instances.filter((instance) => tagRecord(instance.Tags)[GROUP_NAME] === name),
});

export const autoScalingGroupDriver = (
  { autoScaling, ec2 }: AwsClients,
  departures: Departures,
): ResourceDriver<'auto-scaling-group'> => ({
  kind: 'auto-scaling-group',

  async candidates(wanted) {
    const { name } = wanted.properties;
    const groups = await listGroups(autoScaling, { AutoScalingGroupNames: [name] }, wanted.signal);
    if (groups.length > 0) return candidatesAmong(groups, wanted);
    return leftBehind(await livingInstances(ec2, filter(`tag:${GROUP_NAME}`, name), wanted.signal), wanted);
  },

  async departing(wanted) {
    const all = await departures(wanted);
    const { groups, instances } = leftOf(wanted.properties.name, all);
    return groups.length > 0 ? candidatesAmong(groups, wanted) : leftBehind(instances, wanted);
  },

  async create(wanted) {
    const { name, launchTemplateId, launchTemplateVersion, subnetId, minSize, maxSize, tags } = wanted.properties;
    const { desired = minSize } = wanted.properties;
    await autoScaling.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: name,
        LaunchTemplate: { LaunchTemplateId: launchTemplateId, Version: launchTemplateVersion },
        VPCZoneIdentifier: subnetId,
        MinSize: minSize,
        MaxSize: maxSize,
        DesiredCapacity: desired,
        HealthCheckType: 'EC2',
        HealthCheckGracePeriod: 0,
        Tags: groupTags(name, ownedTags(wanted, tags), true),
      }),
    );
    return { outputs: outputsOf(name, desired) };
  },

  /** AWS moves the desired size into new limits by itself; beyond that it only grows, since less would end machines. */
  async update(wanted, found, differences) {
    const { name, launchTemplateId, launchTemplateVersion, minSize, maxSize } = wanted.properties;
    if (found.state.deleting) {
      throw retryError(`Auto scaling group ${name} is still being deleted; it is made again after that.`);
    }
    const grows = differences.some(({ what }) => what === 'desired');
    // Where it is larger by now, the number that was planned would end machines.
    const kept = grows ? await desiredNow(autoScaling, wanted, found.state) : found.state.desired;
    const desired = Math.max(kept, wanted.properties.desired ?? kept);
    await autoScaling.send(
      new UpdateAutoScalingGroupCommand({
        AutoScalingGroupName: name,
        LaunchTemplate: { LaunchTemplateId: launchTemplateId, Version: launchTemplateVersion },
        MinSize: minSize,
        MaxSize: maxSize,
        ...(desired > kept ? { DesiredCapacity: desired } : {}),
      }),
    );
    return { outputs: outputsOf(name, Math.min(Math.max(desired, minSize), maxSize)), change: 'updated' };
  },

  /** The group first: a machine that comes later has its tags from it, and all others are listed after that. */
  async retag(wanted, _found, tagging) {
    const { name } = wanted.properties;
    const drop = (keys: readonly string[]) =>
      autoScaling.send(
        new DeleteTagsCommand({
          Tags: keys.map((Key) => ({ Key, ResourceId: name, ResourceType: 'auto-scaling-group' })),
        }),
      );
    const mark = groupTags(name, { [RETAGGING_TAG]: 'true' }, false);
    await autoScaling.send(new CreateOrUpdateTagsCommand({ Tags: mark }));
    if (tagging.remove.length > 0) await drop(tagging.remove);
    const set = groupTags(name, tagging.set, true);
    if (set.length > 0) await autoScaling.send(new CreateOrUpdateTagsCommand({ Tags: set }));
    const all = await livingInstances(ec2, filter(`tag:${GROUP_NAME}`, name), wanted.signal);
    // One that a person attached to the group stays as it is.
    const machines = all.filter(({ Tags }) => tagRecord(Tags)[CLUSTER_TAG] === wanted.owner.clusterId);
    await tagInEc2(ec2, machines.flatMap(idsOfMachine), tagging);
    await drop([RETAGGING_TAG]);
  },

  async remove(wanted, found) {
    if (found.state.deleting) return;
    await autoScaling.send(
      new DeleteAutoScalingGroupCommand({
        AutoScalingGroupName: given(found.outputs.name, `the name of ${wanted.key}`),
        ForceDelete: true,
      }),
    );
  },

  async remains(wanted, found) {
    const name = given(found.outputs.name, `the name of ${wanted.key}`);
    const { groups, instances } = leftOf(name, await departures(wanted));
    if (groups.length + instances.length === 0) return undefined;
    const going = instances.map(instanceLabel).sort().join(', ');
    return `Auto scaling group ${name} is being deleted${going === '' ? '.' : `: ${going}.`}`;
  },
});
