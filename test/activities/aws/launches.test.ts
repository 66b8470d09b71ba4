/** What AWS says of launches that come to nothing, in its own words and orders. */
import { describe, expect, test } from '@jest/globals';
import { createLaunchTroubles } from '../../../activities/aws/launches.ts';
import { answering } from './answering.ts';

type Activity = { readonly StatusCode: string; readonly StatusMessage?: string; readonly Description?: string };

const KEY_TROUBLE =
  'Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: ' +
  'Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state';
const NO_CAPACITY =
  'We currently do not have sufficient t3.medium capacity in the Availability Zone you requested (eu-west-1a). ' +
  'Launching EC2 instance failed.';

const failed = (StatusMessage: string): Activity => ({ StatusCode: 'Failed', StatusMessage });
const died = (StatusMessage: string): Activity => ({ StatusCode: 'Cancelled', StatusMessage });
const under = (StatusCode: string): Activity => ({ StatusCode });
const succeeded: Activity = { StatusCode: 'Successful' };
const ended: Activity = { StatusCode: 'Successful', Description: 'Terminating EC2 instance: i-0' };

const inService = { LifecycleState: 'InService' };
const pending = { LifecycleState: 'Pending' };

const troublesOf = async (
  activities: readonly Activity[],
  group: { readonly Instances?: readonly object[]; readonly SuspendedProcesses?: readonly object[] } = {},
) => {
  const { clients, asked } = answering({
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [{ AutoScalingGroupName: 'gke-1-nodepool-a', DesiredCapacity: 2, Instances: [], ...group }],
    }),
    DescribeScalingActivities: ({ MaxRecords }) => ({
      Activities: activities
        .slice(0, Number(MaxRecords))
        .map((one, index) => ({ Description: `Launching a new EC2 instance: i-${index}`, ...one })),
    }),
  });
  const found = await createLaunchTroubles(clients)(['gke-1-nodepool-a'], new AbortController().signal);
  return { message: found[0]?.message, asked: asked.map(({ operation }) => operation) };
};

describe('a group that is short of machines', () => {
  test.each<[string, readonly Activity[], string | undefined]>([
    ['its last launch failed', [failed(NO_CAPACITY)], NO_CAPACITY],
    ['a machine died before it was in service, which AWS calls cancelled', [died(KEY_TROUBLE)], KEY_TROUBLE],
    ['another attempt is under way', [under('PreInService'), died(KEY_TROUBLE)], KEY_TROUBLE],
    ['what failed is being tidied up', [ended, ended, failed(NO_CAPACITY)], NO_CAPACITY],
    ['nothing has ended yet', [under('InProgress'), under('PreInService')], undefined],
    ['a launch succeeded since', [succeeded, failed(NO_CAPACITY)], undefined],
    ['a launch was cancelled without a reason', [{ StatusCode: 'Cancelled' }, succeeded], undefined],
    [
      'somebody ended a machine while it started',
      [died('… Termination Reason: Client.UserInitiatedShutdown: User initiated shutdown'), succeeded],
      undefined,
    ],
  ])('is judged by its last launch that has ended: %s', async (_when, activities, expected) => {
    expect((await troublesOf(activities, { Instances: [inService] })).message).toBe(expected);
  });

  test('is short also while its machines only start: each of them may be the next that dies', async () => {
    expect((await troublesOf([died(KEY_TROUBLE)], { Instances: [pending, inService] })).message).toBe(KEY_TROUBLE);
    const { asked } = await troublesOf([died(KEY_TROUBLE)], { Instances: [inService, inService] });
    expect(asked).toEqual(['DescribeAutoScalingGroups']);
  });

  test('is told to have its Launch suspended, with the reason that was given and the command that resumes it', async () => {
    const SuspensionReason = 'User suspended at 2026-08-01T10:00:00Z';
    const { message, asked } = await troublesOf([failed(NO_CAPACITY)], {
      SuspendedProcesses: [{ ProcessName: 'AZRebalance' }, { ProcessName: 'Launch', SuspensionReason }],
    });
    expect(message).toBe(
      `its process Launch is suspended (${SuspensionReason}); to resume it: aws autoscaling resume-processes ` +
        '--region eu-west-1 --auto-scaling-group-name gke-1-nodepool-a --scaling-processes Launch',
    );
    expect(asked).toEqual(['DescribeAutoScalingGroups']);
  });

  test('is told without what only AWS can read', async () => {
    const encoded = `You are not authorized to perform this operation. Encoded authorization failure message: ${'aB3'.repeat(300)}`;
    expect((await troublesOf([failed(encoded)])).message).not.toContain('aB3aB3');
  });
});
