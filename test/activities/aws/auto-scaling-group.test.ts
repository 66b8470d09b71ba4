/** A group whose processes were suspended, and one that a rollout holds larger: what is told of them, and what mends it. */
import { describe, expect, test } from '@jest/globals';
import { autoScalingGroupDriver, foundGroup } from '../../../activities/aws/auto-scaling-group.ts';
import { ensureResource } from '../../../activities/driver.ts';
import { CLUSTER_TAG, KEY_TAG, SURGE_TAG, UID_TAG } from '../../../api/names.ts';
import { CLUSTER, CLUSTER_ID, ownerOf } from './account.ts';
import { answering } from './answering.ts';

const KEY = 'auto-scaling-group/controlplane-0';
const TAGS = { [CLUSTER_TAG]: CLUSTER_ID, [UID_TAG]: CLUSTER.uid, [KEY_TAG]: KEY };

const groupWith = (
  SuspendedProcesses: readonly { readonly ProcessName: string; readonly SuspensionReason?: string }[],
) => ({
  AutoScalingGroupName: 'gke-1-controlplane-0',
  LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '1' },
  MinSize: 1,
  MaxSize: 1,
  DefaultCooldown: 300,
  AvailabilityZones: ['eu-west-1a'],
  HealthCheckType: 'EC2',
  CreatedTime: new Date(0),
  DesiredCapacity: 1,
  SuspendedProcesses: [...SuspendedProcesses],
  Tags: Object.entries(TAGS).map(([Key, Value]) => ({ Key, Value })),
});

const ensure = async (group: ReturnType<typeof groupWith>, change: object = {}) => {
  const { clients, asked } = answering({
    DescribeAutoScalingGroups: () => ({ AutoScalingGroups: [group] }),
    ResumeProcesses: () => ({}),
    CreateOrUpdateTags: () => ({}),
    DeleteTags: () => ({}),
    UpdateAutoScalingGroup: () => ({}),
  });
  const driver = autoScalingGroupDriver(clients, () => Promise.resolve({ groups: [], instances: [] }));
  const properties = {
    name: 'gke-1-controlplane-0',
    launchTemplateId: 'lt-1',
    launchTemplateVersion: '1',
    subnetId: 'subnet-1',
    minSize: 1,
    maxSize: 1,
    tags: {},
    ...change,
  };
  const step = {
    id: `ensure ${KEY}`,
    verb: 'ensure' as const,
    needs: [],
    resource: { key: KEY, kind: 'auto-scaling-group' as const, properties },
  };
  const request = { object: CLUSTER, owner: ownerOf(CLUSTER), entityId: 'test', first: false, step };
  const { change: done } = await ensureResource(driver, request, { signal: new AbortController().signal, since: 0 });
  return { done, asked: asked.filter(({ operation }) => !operation.startsWith('Describe')) };
};

describe('processes that somebody suspended', () => {
  const reason = 'User suspended at 2026-08-01T10:00:00Z';

  test('are told where no machine takes the place of another without them, and no others', () => {
    const group = groupWith([
      { ProcessName: 'Terminate' },
      { ProcessName: 'AZRebalance' },
      { ProcessName: 'Launch', SuspensionReason: reason },
    ]);
    expect(foundGroup(KEY, group).state.suspended).toEqual([{ process: 'Launch', reason }, { process: 'Terminate' }]);
    expect(foundGroup(KEY, groupWith([{ ProcessName: 'AZRebalance' }])).state).not.toHaveProperty('suspended');
  });

  test('are resumed, and nothing else is changed', async () => {
    const { done, asked } = await ensure(groupWith([{ ProcessName: 'Launch', SuspensionReason: reason }]));
    expect(done).toBe('updated');
    expect(asked).toEqual([
      {
        operation: 'ResumeProcesses',
        input: { AutoScalingGroupName: 'gke-1-controlplane-0', ScalingProcesses: ['Launch'] },
      },
    ]);
  });

  test('are resumed beside whatever else differs', async () => {
    const { asked } = await ensure(groupWith([{ ProcessName: 'Launch' }]), { launchTemplateVersion: '2' });
    expect(asked.map(({ operation }) => operation)).toEqual(['ResumeProcesses', 'UpdateAutoScalingGroup']);
  });
});

const OF_POOL = 'auto-scaling-group/nodepool-1a2b3c4d';

describe('a group that a rollout holds larger', () => {
  const larger = (Value: string) => ({
    ...groupWith([]),
    ...{ MinSize: 3, MaxSize: 6, DesiredCapacity: 6 },
    Tags: [...groupWith([]).Tags, { Key: SURGE_TAG, Value }],
  });

  test('says what it kept before it is larger', async () => {
    const surge = { desired: 5, maxSize: 5 };
    const five = { ...groupWith([]), MinSize: 3, MaxSize: 5, DesiredCapacity: 5 };
    const { asked } = await ensure(five, { minSize: 3, maxSize: 6, desired: 6, surge });
    expect(asked.map(({ operation }) => operation)).toEqual(['CreateOrUpdateTags', 'UpdateAutoScalingGroup']);
    expect(asked[0]?.input).toMatchObject({
      Tags: [{ Key: SURGE_TAG, Value: '5/5', PropagateAtLaunch: false, ResourceId: 'gke-1-controlplane-0' }],
    });
    expect(asked[1]?.input).toMatchObject({ MaxSize: 6, DesiredCapacity: 6 });
  });

  test('says so until it is larger no more', async () => {
    const { asked } = await ensure({ ...larger('5/5'), DesiredCapacity: 5 }, { minSize: 3, maxSize: 5 });
    expect(asked.map(({ operation }) => operation)).toEqual(['UpdateAutoScalingGroup', 'DeleteTags']);
    expect(asked[0]?.input).toMatchObject({ MaxSize: 5 });
    expect(asked[0]?.input).not.toHaveProperty('DesiredCapacity');
  });

  test('is seen with what it kept, and with each template version that its machines are of', () => {
    const machine = (InstanceId: string, Version: string) => ({
      ...{ InstanceId, LifecycleState: 'InService', HealthStatus: 'Healthy', AvailabilityZone: 'a' },
      ...{ ProtectedFromScaleIn: false, LaunchTemplate: { LaunchTemplateId: 'lt-1', Version } },
    });
    const Instances = [machine('i-3', '2'), machine('i-1', '1'), machine('i-2', '2')] as never;
    const launched = ['1', '2'].map((templateVersion) => ({ templateId: 'lt-1', templateVersion }));
    expect(foundGroup(OF_POOL, { ...larger('5/5'), Instances }).state).toMatchObject({
      surge: { desired: 5, maxSize: 5 },
      launched,
    });
    // A pool of exactly one node is no replica.
    expect(foundGroup(OF_POOL, { ...groupWith([]), Instances }).state).toMatchObject({ launched });
    expect(foundGroup(KEY, { ...groupWith([]), Instances }).state).toMatchObject({
      instances: [{ id: 'i-1' }, { id: 'i-2' }, { id: 'i-3' }],
    });
    expect(foundGroup(KEY, larger('many')).state).not.toHaveProperty('surge');
  });
});
