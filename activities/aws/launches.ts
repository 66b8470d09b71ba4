/**
 * Launches: why auto scaling groups have fewer machines than they should, as AWS says it.
 *
 * Owns: reading scaling activities, where a lack of capacity, quota or rights at launch shows and nowhere else. Neighbours:
 * `kubernetes/launching.ts` asks, sparingly, while it waits for what the machines should do. Reads only.
 */
import { type AutoScalingClient, DescribeScalingActivitiesCommand } from '@aws-sdk/client-auto-scaling';
import { listGroups } from './auto-scaling-group.ts';
import type { AwsClients } from './clients.ts';

/** The groups of these that can launch nothing, with what AWS says, sorted. */
export type LaunchTroubles = (
  groups: readonly string[],
  signal: AbortSignal,
) => Promise<readonly { readonly group: string; readonly message: string }[]>;

/** What AWS says of a group's last activity, if it is a launch that failed. One call. */
export const failedLaunch = async (
  autoScaling: AutoScalingClient,
  group: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> => {
  const command = new DescribeScalingActivitiesCommand({ AutoScalingGroupName: group, MaxRecords: 1 });
  const [last] = (await autoScaling.send(command, { abortSignal })).Activities ?? [];
  return last?.StatusCode === 'Failed' ? (last.StatusMessage ?? 'AWS gives no reason') : undefined;
};

/** Those of the groups that are short of machines, and whose last launch failed. One call, and one for each of the short. */
export const createLaunchTroubles =
  ({ autoScaling }: Pick<AwsClients, 'autoScaling'>): LaunchTroubles =>
  async (groups, abortSignal) => {
    const found = await listGroups(autoScaling, { AutoScalingGroupNames: [...groups] }, abortSignal);
    const short = found.filter(({ Instances = [], DesiredCapacity = 0 }) => Instances.length < DesiredCapacity);
    const troubles = await Promise.all(
      short.map(async ({ AutoScalingGroupName: group = '' }) => {
        const message = await failedLaunch(autoScaling, group, abortSignal);
        return message === undefined ? undefined : { group, message };
      }),
    );
    return troubles.filter((trouble) => trouble !== undefined).sort((a, b) => (a.group < b.group ? -1 : 1));
  };
