/** Waits that say so when AWS can launch no machine. */
import { describe, expect, test } from '@jest/globals';
import { createLaunchTroubles, type LaunchTroubles } from '../../../activities/aws/launches.ts';
import type { Readiness, ResourceDriver, Wanted } from '../../../activities/driver.ts';
import { noticingLaunches } from '../../../activities/kubernetes/launching.ts';
import { onlyWaitedFor } from '../../../activities/kubernetes/only-waited-for.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import { answering } from '../aws/answering.ts';

const WAITING: Readiness = { ready: false, awaited: 'Waiting for the control plane', againInMs: 500 };

const driverWith = (look: Readiness, troubles: LaunchTroubles) => {
  const waited: ResourceDriver<'control-plane'> = {
    ...onlyWaitedFor('control-plane'),
    check: () => Promise.resolve(look),
  };
  return noticingLaunches(waited, ({ owner }) => [`${owner.clusterId}-controlplane-0`], troubles);
};

const wantedSince = (milliseconds: number): Wanted<'control-plane'> => ({
  kind: 'control-plane',
  key: 'control-plane/ready',
  properties: { endpoint: 'cluster.example', certificateAuthority: 'secret/root-ca' },
  object: { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'uid' },
  owner: { account: '1', region: 'eu-west-1', clusterId: 'gke-1a2b3c4d', uid: 'uid' },
  incarnation: 0,
  signal: new AbortController().signal,
  since: Date.now() - milliseconds,
});

const says =
  (message: string): LaunchTroubles =>
  ([group = '']) =>
    Promise.resolve([{ group, message }]);

const failure = async (looking: Promise<Readiness> | undefined) => {
  try {
    await looking;
    return undefined;
  } catch (error) {
    return verdictOf(error);
  }
};

describe('a wait for machines', () => {
  test('asks AWS nothing within the time that a create takes', async () => {
    const driver = driverWith(WAITING, () => Promise.reject(new Error('AWS was asked')));
    expect(await driver.check?.(wantedSince(5_000))).toEqual(WAITING);
  });

  test('waits for capacity where AWS has none, and names the group', async () => {
    const driver = driverWith(WAITING, says('We currently do not have sufficient t3.medium capacity in eu-west-1a.'));
    const judged = await failure(driver.check?.(wantedSince(15_000)));
    expect(judged?.verdict).toBe('capacity');
    expect(judged?.message).toMatch(/auto scaling group \S+-controlplane-0 cannot launch a machine: We currently/);
  });

  test('is blocked where a person has to act: quotas, rights, a group that is gone', async () => {
    const driver = driverWith(
      WAITING,
      says('You have requested more vCPU capacity than your current vCPU limit of 5.'),
    );
    expect((await failure(driver.check?.(wantedSince(15_000))))?.verdict).toBe('blocked');
  });

  test('names what somebody suspended, with the command that resumes it', async () => {
    const { clients } = answering({
      DescribeAutoScalingGroups: () => ({
        AutoScalingGroups: [
          {
            AutoScalingGroupName: 'gke-1a2b3c4d-controlplane-0',
            DesiredCapacity: 1,
            SuspendedProcesses: [{ ProcessName: 'Launch', SuspensionReason: 'User suspended' }],
          },
        ],
      }),
    });
    const driver = driverWith(WAITING, createLaunchTroubles(clients));
    expect(await failure(driver.check?.(wantedSince(15_000)))).toMatchObject({
      verdict: 'blocked',
      message:
        'auto scaling group gke-1a2b3c4d-controlplane-0 cannot launch a machine: its process Launch is suspended (User suspended); ' +
        'to resume it: aws autoscaling resume-processes --region eu-west-1 --auto-scaling-group-name gke-1a2b3c4d-controlplane-0 --scaling-processes Launch',
    });
  });

  test('asks again only after a while when nothing was wrong, and at once while something is', async () => {
    let asked = 0;
    const answers: string[] = [
      '',
      'The security group sg-1 does not exist.',
      'The security group sg-1 does not exist.',
    ];
    const driver = driverWith(WAITING, ([group = '']) => {
      const message = answers[asked] ?? '';
      asked += 1;
      return Promise.resolve(message === '' ? [] : [{ group, message }]);
    });
    const began = Date.now();
    const look = (waited: number) => failure(driver.check?.({ ...wantedSince(waited), since: began - waited }));
    expect(await look(12_000)).toBeUndefined();
    expect(await look(13_000)).toBeUndefined();
    expect(asked).toBe(1);
    expect((await look(30_000))?.verdict).toBe('blocked');
    expect((await look(30_500))?.verdict).toBe('blocked');
    expect(asked).toBe(3);
  });

  test('is over as soon as what it waits for is there, whatever AWS would say', async () => {
    const driver = driverWith({ ready: true, outputs: {} }, says('no'));
    expect(await driver.check?.(wantedSince(60_000))).toEqual({ ready: true, outputs: {} });
  });
});
