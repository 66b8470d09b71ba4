/**
 * Launches: why auto scaling groups have fewer machines than they should, as AWS says it.
 *
 * Owns: reading scaling activities, where a lack of capacity, quota or rights at launch shows and nowhere else. Neighbours:
 * `kubernetes/launching.ts` asks, sparingly, while it waits for what the machines should do. Reads only.
 */
import { DescribeScalingActivitiesCommand } from '@aws-sdk/client-auto-scaling';
import { listGroups } from './auto-scaling-group.ts';
import type { AwsClients } from './clients.ts';

/** A group that can launch nothing. */
type LaunchTrouble = { readonly group: string; readonly message: string };

export type LaunchTroubles = (groups: readonly string[], signal: AbortSignal) => Promise<readonly LaunchTrouble[]>;

/** Those of the groups whose last activity is a launch that failed, in the order given. One call, and one for each of them. */
export const createLaunchTroubles =
  ({ autoScaling }: Pick<AwsClients, 'autoScaling'>): LaunchTroubles =>
  async (groups, abortSignal) => {
    const found = await listGroups(autoScaling, { AutoScalingGroupNames: [...groups] }, abortSignal);
    const short = found.filter(({ Instances = [], DesiredCapacity = 0 }) => Instances.length < DesiredCapacity);
    const troubles = await Promise.all(
      short.map(async ({ AutoScalingGroupName: group = '' }): Promise<LaunchTrouble | undefined> => {
        const request = { AutoScalingGroupName: group, MaxRecords: 1 };
        const { Activities = [] } = await autoScaling.send(new DescribeScalingActivitiesCommand(request), {
          abortSignal,
        });
        const [last] = Activities;
        return last?.StatusCode === 'Failed'
          ? { group, message: last.StatusMessage ?? 'AWS gives no reason' }
          : undefined;
      }),
    );
    return troubles.filter((trouble) => trouble !== undefined).sort((a, b) => (a.group < b.group ? -1 : 1));
  };
