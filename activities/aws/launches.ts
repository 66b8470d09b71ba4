/**
 * Launches: why auto scaling groups have fewer machines than they should, as AWS says it.
 *
 * Owns: reading scaling activities, where a lack of capacity, quota or rights at launch shows and nowhere else, and what somebody, or
 * AWS after a day of failures, has suspended. Neighbours: `kubernetes/launching.ts` asks, sparingly, while it waits for what the
 * machines should do; `replica.ts` while it waits for one. Reads only.
 */
import {
  type Activity,
  type AutoScalingClient,
  type AutoScalingGroup,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import { resumeLaunchCommand } from '../../words/commands.ts';
import { withoutEncoded } from '../encoded-refusals.ts';
import { listGroups } from './auto-scaling-group.ts';
import type { AwsClients } from './clients.ts';

/** The groups of these that can launch nothing, with what AWS says, sorted. */
export type LaunchTroubles = (
  groups: readonly string[],
  signal: AbortSignal,
) => Promise<readonly { readonly group: string; readonly message: string }[]>;

/** The newest may be an attempt that is under way, or the end of what failed. */
const RECORDS = 5;

/** What a person, or Slipway in a repair, has ended while it started: nothing failed. */
const ENDED_ON_PURPOSE = /Client\.UserInitiatedShutdown/;

/** Why a launch came to nothing; undefined where it didn't, or where nobody knows yet. */
const failureOf = ({ StatusCode, StatusMessage }: Activity): string | undefined => {
  if (StatusCode === 'Failed') return StatusMessage ?? 'AWS gives no reason';
  // What dies before it is in service, as with a root volume whose key can't be used, is called cancelled.
  const died = StatusCode === 'Cancelled' && /Termination Reason: /i.test(StatusMessage ?? '');
  return died && !ENDED_ON_PURPOSE.test(StatusMessage ?? '') ? StatusMessage : undefined;
};

const isLaunch = ({ Description = '' }: Activity): boolean => /^Launching /i.test(Description);

/** Of activities, newest first: why the last launch that has ended failed, if it did. */
const failedLaunchIn = (activities: readonly Activity[]): string | undefined => {
  for (const activity of activities.filter(isLaunch)) {
    const failure = failureOf(activity);
    if (failure !== undefined) return withoutEncoded(failure);
    if (activity.StatusCode === 'Successful') return undefined;
  }
  return undefined;
};

/** What AWS says of a group's last launch, if it failed. One call. */
const failedLaunch = async (
  autoScaling: AutoScalingClient,
  group: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> => {
  const command = new DescribeScalingActivitiesCommand({ AutoScalingGroupName: group, MaxRecords: RECORDS });
  return failedLaunchIn((await autoScaling.send(command, { abortSignal })).Activities ?? []);
};

/** What is to be said of a group that launches nothing because it was told so. */
const suspendedLaunch = (group: AutoScalingGroup, region: string): string | undefined => {
  const launch = group.SuspendedProcesses?.find(({ ProcessName }) => ProcessName === 'Launch');
  if (launch === undefined) return undefined;
  const { SuspensionReason: reason } = launch;
  const why = reason === undefined || reason === '' ? '' : ` (${reason})`;
  const command = resumeLaunchCommand(region, group.AutoScalingGroupName ?? '');
  return `its process Launch is suspended${why}; to resume it: ${command}`;
};

/** Why this group has fewer machines in service than it should. No call, or one. */
export const launchTrouble = async (
  { autoScaling, region }: Pick<AwsClients, 'autoScaling' | 'region'>,
  group: AutoScalingGroup,
  signal: AbortSignal,
): Promise<string | undefined> =>
  suspendedLaunch(group, region) ?? failedLaunch(autoScaling, group.AutoScalingGroupName ?? '', signal);

/** One that is only starting may be the next that dies. */
const isShort = ({ Instances = [], DesiredCapacity = 0 }: AutoScalingGroup): boolean =>
  Instances.filter(({ LifecycleState }) => LifecycleState === 'InService').length < DesiredCapacity;

/** Those of the groups that are short of machines, and whose last launch failed. One call, and one for each of the short. */
export const createLaunchTroubles =
  (clients: Pick<AwsClients, 'autoScaling' | 'region'>): LaunchTroubles =>
  async (groups, abortSignal) => {
    const found = await listGroups(clients.autoScaling, { AutoScalingGroupNames: [...groups] }, abortSignal);
    const troubles = await Promise.all(
      found.filter(isShort).map(async (group) => {
        const message = await launchTrouble(clients, group, abortSignal);
        return message === undefined ? undefined : { group: group.AutoScalingGroupName ?? '', message };
      }),
    );
    return troubles.filter((trouble) => trouble !== undefined).sort((a, b) => (a.group < b.group ? -1 : 1));
  };
