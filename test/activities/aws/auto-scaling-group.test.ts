/** A group whose processes were suspended: what is told of it, and what mends it. */
import { describe, expect, test } from '@jest/globals';
import { autoScalingGroupDriver, foundGroup } from '../../../activities/aws/auto-scaling-group.ts';
import { ensureResource } from '../../../activities/driver.ts';
import { CLUSTER_TAG, KEY_TAG, UID_TAG } from '../../../api/names.ts';
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
