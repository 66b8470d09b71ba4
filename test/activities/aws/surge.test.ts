/** What a rollout added to a group goes again: drained, ended with one fewer to keep, and the group as its tag says it was. */
import { describe, expect, test } from '@jest/globals';
import { surgeDriver } from '../../../activities/aws/surge.ts';
import { removeResource } from '../../../activities/driver.ts';
import { notYet } from '../../../activities/verdicts.ts';
import { CLUSTER_TAG, KEY_TAG, SURGE_TAG, UID_TAG } from '../../../api/names.ts';
import { CLUSTER, CLUSTER_ID, ownerOf } from './account.ts';
import { answering } from './answering.ts';

const POOL = '1a2b3c4d';
const GROUP = `gke-1-nodepool-${POOL}`;
const KEY = `auto-scaling-group/nodepool-${POOL}`;

type Group = { readonly desired: number; readonly surge?: string; readonly machines: Readonly<Record<string, string>> };

/** A group of version 2 whose machines are of the versions that are named; ending one makes it smaller. */
const lowering = async (
  group: Group,
  empty: (id: string) => Promise<void> = () => Promise.resolve(),
  ending: () => void = () => undefined,
) => {
  const tags = { [CLUSTER_TAG]: CLUSTER_ID, [UID_TAG]: CLUSTER.uid, [KEY_TAG]: KEY };
  const tagged = group.surge === undefined ? tags : { ...tags, [SURGE_TAG]: group.surge };
  let { desired } = group;
  const left = new Map(Object.entries(group.machines));
  const { clients, asked } = answering({
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: GROUP,
          DesiredCapacity: desired,
          LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '2' },
          Instances: [...left].map(([InstanceId, Version]) => ({
            InstanceId,
            LifecycleState: 'InService',
            LaunchTemplate: { LaunchTemplateId: 'lt-1', Version },
          })),
          Tags: Object.entries(tagged).map(([Key, Value]) => ({ Key, Value })),
        },
      ],
    }),
    DescribeInstances: ({ Filters }) => {
      const [
        {
          Values: [InstanceId],
        } = { Values: [] },
      ] = Filters as readonly { readonly Values: readonly string[] }[];
      return { Reservations: [{ Instances: [{ InstanceId, State: { Name: 'running' } }] }] };
    },
    TerminateInstanceInAutoScalingGroup: ({ InstanceId }) => {
      ending();
      left.delete(InstanceId as string);
      desired -= 1;
      return {};
    },
    UpdateAutoScalingGroup: () => ({}),
    DeleteTags: () => ({}),
  });
  const drained: string[] = [];
  const driver = surgeDriver(clients, async (id) => {
    drained.push(id);
    await empty(id);
  });
  const properties = { endpoint: 'nlb', poolId: POOL, groupName: GROUP, besides: ['i-1', 'i-2'], drainSeconds: 600 };
  const resource = { key: `surge/${POOL}`, kind: 'surge' as const, properties };
  const step = { id: `remove surge/${POOL}`, verb: 'remove' as const, needs: [], resource };
  const request = { object: CLUSTER, owner: ownerOf(CLUSTER), entityId: 'test', plan: 1, first: false, step };
  const removing = removeResource(driver, request as never, { signal: new AbortController().signal, since: 0 });
  const outcome = await removing.then(
    ({ change }) => change,
    (error: Error) => error.message,
  );
  const changed = asked.filter(({ operation }) => !operation.startsWith('Describe'));
  return { outcome, drained, changed: changed.map(({ operation, input }) => ({ operation, input })) };
};

describe('a group that is held larger', () => {
  test('ends what was launched for it, drained before, and is as its tag says it was', async () => {
    const { outcome, drained, changed } = await lowering({
      ...{ desired: 4, surge: '3/5' },
      machines: { 'i-0': '1', 'i-1': '1', 'i-2': '2', 'i-3': '2' },
    });
    expect({ outcome, drained }).toEqual({ outcome: 'removed', drained: ['i-3'] });
    expect(changed).toEqual([
      {
        operation: 'TerminateInstanceInAutoScalingGroup',
        input: { InstanceId: 'i-3', ShouldDecrementDesiredCapacity: true },
      },
      { operation: 'UpdateAutoScalingGroup', input: { AutoScalingGroupName: GROUP, MaxSize: 5 } },
      { operation: 'DeleteTags', input: { Tags: [expect.objectContaining({ Key: SURGE_TAG, ResourceId: GROUP })] } },
    ]);
  });

  test('ends nobody before its node is empty, and says what is awaited', async () => {
    const waits = () => Promise.reject(notYet('Waiting for 1 pod to leave node n', 1_000));
    const machines = { 'i-1': '1', 'i-3': '2' };
    const { outcome, changed } = await lowering({ desired: 2, surge: '1/1', machines }, waits);
    expect(outcome).toBe('Waiting for 1 pod to leave node n');
    expect(changed).toEqual([]);
  });

  test.each([
    ['a connection that broke', { code: 'ECONNRESET' }, true],
    ['a fault of its own', { name: 'InternalFailure', $metadata: { httpStatusCode: 500 } }, true],
    ['that it is asked too fast', { name: 'Throttling', $metadata: { httpStatusCode: 400 } }, false],
    ['no', { name: 'ValidationError', $metadata: { httpStatusCode: 400 } }, false],
  ])('asks AWS again only after a look, a while later, where it answered %s', async (_, error, isWaited) => {
    const refuse = (): never => {
      throw Object.assign(new Error('said so'), error);
    };
    const group = { desired: 4, surge: '3/5', machines: { 'i-0': '1', 'i-3': '2' } };
    const { outcome } = await lowering(group, undefined, refuse);
    expect(outcome.startsWith('AWS did not say whether it ends instance i-3')).toBe(isWaited);
  });

  test('keeps the maximum that its machines take where others made it larger, and ends none that it did not launch', async () => {
    const { drained, changed } = await lowering({ desired: 7, surge: '3/5', machines: { 'i-0': '1', 'i-1': '1' } });
    expect(drained).toEqual([]);
    expect(changed[0]).toMatchObject({ operation: 'UpdateAutoScalingGroup', input: { MaxSize: 7 } });
  });

  test('that nothing holds larger is left alone', async () => {
    const { outcome, changed } = await lowering({ desired: 3, machines: { 'i-0': '1', 'i-3': '2' } });
    expect({ outcome, changed }).toEqual({ outcome: 'unchanged', changed: [] });
  });
});
