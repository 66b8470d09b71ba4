/** The wait for a replica's machine: one of another kind than before has to serve in several looks in a row. */
import { expect, test } from '@jest/globals';
import { replicaDriver } from '../../../activities/aws/replica.ts';
import type { Sought } from '../../../activities/driver.ts';
import { CLUSTER, ownerOf } from './account.ts';
import { answering } from './answering.ts';

/** What the load balancer says at each look; the last of them from then on. */
const waiting = async (looks: number | undefined, ...said: readonly string[]) => {
  let looked = 0;
  const { clients } = answering({
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: 'g',
          Instances: [
            { InstanceId: 'i-old', LifecycleState: 'InService' },
            { InstanceId: 'i-new', LifecycleState: 'InService' },
          ],
        },
      ],
    }),
    DescribeTargetHealth: () => {
      const State = said[Math.min(looked, said.length - 1)];
      looked += 1;
      return { TargetHealthDescriptions: [{ Target: { Id: '10.0.1.10' }, TargetHealth: { State } }] };
    },
  });
  const properties = {
    ...{ groupName: 'g', targetGroupArn: 'arn', address: '10.0.1.10', former: 'i-old' },
    ...(looks === undefined ? {} : { looks }),
  };
  const wanted = {
    ...{ key: 'replica/0', kind: 'replica', properties, object: CLUSTER, owner: ownerOf(CLUSTER), since: 0 },
    signal: new AbortController().signal,
  } as unknown as Sought<'replica'>;
  const readiness = await replicaDriver(clients, 0).check?.(wanted as never);
  return { readiness, looked };
};

test('one that was repaired serves with the first look, and is not the machine that was to go', async () => {
  expect(await waiting(undefined, 'healthy')).toEqual({
    readiness: { ready: true, outputs: { instanceId: 'i-new' } },
    looked: 1,
  });
});

test('one of another kind serves once it does in three looks', async () => {
  expect(await waiting(3, 'healthy')).toMatchObject({ readiness: { ready: true }, looked: 3 });
});

test('one that serves for a moment only is waited for', async () => {
  expect(await waiting(3, 'healthy', 'healthy', 'unhealthy')).toMatchObject({
    readiness: { ready: false, awaited: expect.stringContaining('10.0.1.10 is unhealthy') },
  });
});
