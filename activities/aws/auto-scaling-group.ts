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
  ResumeProcessesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import type { Instance } from '@aws-sdk/client-ec2';
import { GROUP_TAG, SURGE_TAG } from '../../api/names.ts';
import { type AutoScalingGroupState, type GroupInstance, surgeIn, surgeSaid } from '../../kinds/auto-scaling-group.ts';
import { type DifferenceOf, type FoundOf, observed, type Thing } from '../../kinds/resource.ts';
import { itemsOf, type Outputs } from '../../kinds/row.ts';
import { poolOfKey, type ResourceKey } from '../../words/keys.ts';
import type { Candidate, Made, ResourceDriver, Sought, Wanted } from '../driver.ts';
import { retryError, supersededError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import type { Departing, Departures } from './departures.ts';
import { dropGroupTags, groupTags, isRetagging, retagGroup, setGroupTags } from './group-tags.ts';
import { instanceLabel, livingInstances } from './machines.ts';
import { belongsTo, carriedBy, filter, given, ownedTags, readAll, tagRecord } from './tags.ts';

/** A group of which only instances are left. */
const GONE = { Status: 'Delete in progress' } as AutoScalingGroup;

export const listGroups = (
  autoScaling: AutoScalingClient,
  input: { readonly AutoScalingGroupNames?: string[]; readonly Filters?: Filter[] },
  abortSignal: AbortSignal,
): Promise<AutoScalingGroup[]> =>
  readAll(
    paginateDescribeAutoScalingGroups({ client: autoScaling }, input, { abortSignal }),
    (page) => page.AutoScalingGroups,
  );

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

/** Those that it launched from something else than it launches from now. */
export const othersIn = (group: AutoScalingGroup): readonly GroupInstance[] =>
  groupInstances(group).filter(
    ({ templateId, templateVersion }) =>
      templateId !== group.LaunchTemplate?.LaunchTemplateId || templateVersion !== group.LaunchTemplate.Version,
  );

/** AWS is deleting it. */
export const isGoing = (group: AutoScalingGroup): boolean => group.Status !== undefined;

/** A machine that dies is found by a health check, ended, and another is launched. The others move or add machines of their own. */
const REPLACING: readonly string[] = ['HealthCheck', 'Launch', 'ReplaceUnhealthy', 'Terminate'];

const suspendedOf = ({ SuspendedProcesses = [] }: AutoScalingGroup): Pick<AutoScalingGroupState, 'suspended'> => {
  const suspended = SuspendedProcesses.flatMap(({ ProcessName: process = '', SuspensionReason: reason }) =>
    REPLACING.includes(process) ? [{ process, ...(reason ? { reason } : {}) }] : [],
  ).sort((a, b) => (a.process < b.process ? -1 : 1));
  return suspended.length === 0 ? {} : { suspended };
};

/** Of pools, which may have hundreds, each template version once. */
const launchedBy = (group: AutoScalingGroup): Pick<AutoScalingGroupState, 'launched'> => {
  const versions = new Map(
    groupInstances(group).map(({ templateId, templateVersion }) => [
      `${templateId} ${templateVersion}`,
      { templateId, templateVersion },
    ]),
  );
  if (versions.size === 0) return {};
  return { launched: [...versions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, launched]) => launched) };
};

const surgeOf = (group: AutoScalingGroup): Pick<AutoScalingGroupState, 'surge'> => {
  const surge = surgeIn(tagRecord(group.Tags)[SURGE_TAG]);
  return surge === undefined ? {} : { surge };
};

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
      deleting: isGoing(group),
      ...suspendedOf(group),
      ...(isRetagging(tagRecord(group.Tags)) ? { retagging: true as const } : {}),
      // A pool of one node is a pool all the same.
      ...(poolOfKey(key) === undefined ? { instances: groupInstances(group) } : launchedBy(group)),
      ...surgeOf(group),
    },
    carriedBy(tagRecord(group.Tags)),
  );
};

/** How many machines a group keeps by now; undefined where there is none of that name. One call. */
export type SizeOf = (groupName: string, signal: AbortSignal) => Promise<number | undefined>;

export const sizeOf =
  (autoScaling: AutoScalingClient): SizeOf =>
  async (name, signal) => {
    const [group] = await listGroups(autoScaling, { AutoScalingGroupNames: [name] }, signal);
    return group?.DesiredCapacity;
  };

/** Somebody may have changed it since it was planned. */
const desiredNow = async (
  autoScaling: AutoScalingClient,
  { properties, signal }: Wanted<'auto-scaling-group'>,
  known: { readonly desired: number },
): Promise<number> => (await sizeOf(autoScaling)(properties.name, signal)) ?? known.desired;

type SoughtGroup = Sought<'auto-scaling-group'>;
type GroupCandidate = Candidate<'auto-scaling-group'>;

const candidatesAmong = (groups: readonly AutoScalingGroup[], wanted: SoughtGroup): GroupCandidate[] =>
  groups.map((group) => ({
    ...foundGroup(wanted.key, group),
    label: `auto scaling group ${wanted.properties.name}`,
    belongsTo: belongsTo(tagRecord(group.Tags), wanted),
  }));

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
  instances: instances.filter((instance) => tagRecord(instance.Tags)[GROUP_TAG] === name),
});

const createGroup = async (autoScaling: AutoScalingClient, wanted: Wanted<'auto-scaling-group'>): Promise<Made> => {
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
};

type Change = {
  readonly wanted: Wanted<'auto-scaling-group'>;
  readonly found: Thing<'auto-scaling-group'>;
  readonly differences: readonly DifferenceOf<'auto-scaling-group'>[];
};

/** It is a person's to suspend them and Slipway's to hold what the spec asks for: the same look mends that mends all else. */
const resume = async (
  autoScaling: AutoScalingClient,
  { wanted, differences }: Pick<Change, 'wanted' | 'differences'>,
): Promise<void> => {
  const ScalingProcesses = [...itemsOf(differences, 'suspended')];
  if (ScalingProcesses.length === 0) return;
  await autoScaling.send(
    new ResumeProcessesCommand({ AutoScalingGroupName: wanted.properties.name, ScalingProcesses }),
  );
};

/** AWS moves the desired size into new limits by itself; beyond that it only grows, since less would end machines. */
const updateGroup = async (autoScaling: AutoScalingClient, { wanted, found, differences }: Change): Promise<Made> => {
  const { name, launchTemplateId, launchTemplateVersion, minSize, maxSize, surge } = wanted.properties;
  if (found.state.deleting) {
    throw retryError(`Auto scaling group ${name} is still being deleted; it is made again after that.`);
  }
  await resume(autoScaling, { wanted, differences });
  if (differences.every(({ what }) => what === 'suspended')) return { outputs: found.outputs, change: 'updated' };
  const surges = differences.some(({ what }) => what === 'surge');
  // Told before it is larger, and until it is no more: what dies in between is known for what it is.
  if (surges && surge !== undefined) await setGroupTags(autoScaling, name, { [SURGE_TAG]: surgeSaid(surge) }, false);
  const grows = differences.some(({ what }) => what === 'desired');
  const narrows = maxSize < found.state.maxSize;
  // Where it is larger by now, the number that was planned would end machines.
  const kept = grows || narrows ? await desiredNow(autoScaling, wanted, found.state) : found.state.desired;
  if (kept > maxSize) {
    throw supersededError(
      `Auto scaling group ${name} keeps ${kept} machines by now, more than ${maxSize}: none ends undrained.`,
    );
  }
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
  if (surges && surge === undefined) await dropGroupTags(autoScaling, name, [SURGE_TAG]);
  return { outputs: outputsOf(name, Math.min(Math.max(desired, minSize), maxSize)), change: 'updated' };
};

export const autoScalingGroupDriver = (
  { autoScaling, ec2 }: AwsClients,
  departures: Departures,
): ResourceDriver<'auto-scaling-group'> => ({
  kind: 'auto-scaling-group',

  async candidates(wanted) {
    const { name } = wanted.properties;
    const groups = await listGroups(autoScaling, { AutoScalingGroupNames: [name] }, wanted.signal);
    if (groups.length > 0) return candidatesAmong(groups, wanted);
    return leftBehind(await livingInstances(ec2, filter(`tag:${GROUP_TAG}`, name), wanted.signal), wanted);
  },

  async departing(wanted) {
    const { groups, instances } = leftOf(wanted.properties.name, await departures(wanted));
    return groups.length > 0 ? candidatesAmong(groups, wanted) : leftBehind(instances, wanted);
  },

  create: (wanted) => createGroup(autoScaling, wanted),
  update: (wanted, found, differences) => updateGroup(autoScaling, { wanted, found, differences }),
  retag: (wanted, _found, tagging) => retagGroup({ autoScaling, ec2 }, wanted, tagging),

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
