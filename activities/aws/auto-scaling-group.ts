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
  DeleteAutoScalingGroupCommand,
  type Filter,
  paginateDescribeAutoScalingGroups,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { type EC2Client, type Instance, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { UID_TAG } from '../../api/names.ts';
import { type GroupInstance, observed, stateOf } from '../../policy/observed.ts';
import type { Found } from '../../policy/plan.ts';
import type { ResourceKey } from '../../topology/resource.ts';
import type { ResourceDriver } from '../driver.ts';
import { retryError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { belongsTo, filter, given, ownedTags, readAll, tagList, tagRecord } from './tags.ts';

/** EC2 itself puts this tag on a group's instances. */
const GROUP_NAME = 'tag:aws:autoscaling:groupName';
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
      templateVersion: LaunchTemplate?.Version ?? '',
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

export const foundGroup = (key: ResourceKey, group: AutoScalingGroup): Found => {
  const name = given(group.AutoScalingGroupName, 'the name of an auto scaling group');
  return observed(
    'auto-scaling-group',
    key,
    { name },
    {
      name,
      launchTemplateId: group.LaunchTemplate?.LaunchTemplateId ?? '',
      launchTemplateVersion: group.LaunchTemplate?.Version ?? '',
      minSize: group.MinSize ?? 0,
      maxSize: group.MaxSize ?? 0,
      deleting: group.Status !== undefined,
      // Of pools, which may have hundreds, nobody asks.
      ...(group.MaxSize === 1 && group.MinSize === 1 ? { instances: groupInstances(group) } : {}),
    },
    tagRecord(group.Tags)[UID_TAG],
  );
};

export const autoScalingGroupDriver = ({ autoScaling, ec2 }: AwsClients): ResourceDriver<'auto-scaling-group'> => ({
  kind: 'auto-scaling-group',

  async candidates(wanted) {
    const { name } = wanted.properties;
    const groups = await listGroups(autoScaling, { AutoScalingGroupNames: [name] }, wanted.signal);
    if (groups.length > 0) {
      return groups.map((group) => ({
        ...foundGroup(wanted.key, group),
        label: `auto scaling group ${name}`,
        belongsTo: belongsTo(tagRecord(group.Tags), wanted),
      }));
    }
    // A group may be gone before its instances are.
    const instances = await livingInstances(ec2, filter(GROUP_NAME, name), wanted.signal);
    return instances.slice(0, 1).map((instance) => ({
      ...foundGroup(wanted.key, { ...GONE, AutoScalingGroupName: name }),
      label: `${instanceLabel(instance)} of auto scaling group ${name}`,
      belongsTo: belongsTo(tagRecord(instance.Tags), wanted),
    }));
  },

  async create(wanted) {
    const { name, launchTemplateId, launchTemplateVersion, subnetId, minSize, maxSize, tags } = wanted.properties;
    await autoScaling.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: name,
        LaunchTemplate: { LaunchTemplateId: launchTemplateId, Version: launchTemplateVersion },
        VPCZoneIdentifier: subnetId,
        MinSize: minSize,
        MaxSize: maxSize,
        DesiredCapacity: minSize,
        HealthCheckType: 'EC2',
        HealthCheckGracePeriod: 0,
        Tags: tagList(ownedTags(wanted, tags)).map((tag) => ({
          ...tag,
          ResourceId: name,
          ResourceType: 'auto-scaling-group',
          PropagateAtLaunch: true,
        })),
      }),
    );
    return { outputs: { name } };
  },

  /** Sizes and template only: the desired size belongs to the autoscaler, and stays within the new bounds. */
  async update(wanted, found) {
    const { name, launchTemplateId, launchTemplateVersion, minSize, maxSize } = wanted.properties;
    const state = stateOf('auto-scaling-group', found);
    if (state.deleting)
      throw retryError(`Auto scaling group ${name} is still being deleted; it is made again after that.`);
    if (
      state.launchTemplateId === launchTemplateId &&
      state.launchTemplateVersion === launchTemplateVersion &&
      state.minSize === minSize &&
      state.maxSize === maxSize
    ) {
      return { outputs: found.outputs };
    }
    await autoScaling.send(
      new UpdateAutoScalingGroupCommand({
        AutoScalingGroupName: name,
        LaunchTemplate: { LaunchTemplateId: launchTemplateId, Version: launchTemplateVersion },
        MinSize: minSize,
        MaxSize: maxSize,
      }),
    );
    return { outputs: found.outputs, change: 'updated' };
  },

  async remove(wanted, found) {
    if (stateOf('auto-scaling-group', found).deleting) return;
    await autoScaling.send(
      new DeleteAutoScalingGroupCommand({
        AutoScalingGroupName: given(found.outputs.name, `the name of ${wanted.key}`),
        ForceDelete: true,
      }),
    );
  },

  async remains(wanted, found) {
    const name = given(found.outputs.name, `the name of ${wanted.key}`);
    const [groups, instances] = await Promise.all([
      listGroups(autoScaling, { AutoScalingGroupNames: [name] }, wanted.signal),
      livingInstances(ec2, filter(GROUP_NAME, name), wanted.signal),
    ]);
    if (groups.length + instances.length === 0) return undefined;
    const going = instances.map(instanceLabel).sort().join(', ');
    return `Auto scaling group ${name} is being deleted${going === '' ? '.' : `: ${going}.`}`;
  },
});
