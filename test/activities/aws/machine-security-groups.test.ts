/** Security groups of machines that run: of the interface that each was launched with, and of no other. */
import { expect, test } from '@jest/globals';
import { machineSecurityGroupsDriver } from '../../../activities/aws/machine-security-groups.ts';
import { ensureResource } from '../../../activities/driver.ts';
import { CLUSTER, ownerOf } from './account.ts';
import { answering } from './answering.ts';

const machine = (id: string, groups: readonly string[], state = 'running', others: readonly object[] = []) => ({
  InstanceId: id,
  State: { Name: state },
  NetworkInterfaces: [
    ...others,
    {
      NetworkInterfaceId: `eni-of-${id}`,
      Attachment: { DeviceIndex: 0 },
      Groups: groups.map((GroupId) => ({ GroupId })),
    },
  ],
});

const regrouping = async (...machines: readonly object[]) => {
  const { clients, asked } = answering({
    DescribeInstances: () => ({ Reservations: [{ Instances: machines }] }),
    ModifyNetworkInterfaceAttribute: () => ({}),
  });
  const properties = { poolId: '3125db34', groupName: 'gke-1-nodepool-3125db34', groupIds: ['sg-2', 'sg-1', 'sg-1'] };
  const resource = { key: 'machine-security-groups/3125db34', kind: 'machine-security-groups' as const, properties };
  const ensuring = ensureResource(
    machineSecurityGroupsDriver(clients),
    {
      ...{ object: CLUSTER, owner: ownerOf(CLUSTER), entityId: 'entity', plan: 1, first: false },
      step: { id: `ensure ${resource.key}`, verb: 'ensure', resource, needs: [] },
    } as unknown as Parameters<typeof ensureResource>[1],
    { signal: new AbortController().signal, since: 0 },
  );
  const outcome = await ensuring.then(
    () => 'done',
    (error: Error) => error.message,
  );
  const changed = asked.filter(({ operation }) => operation === 'ModifyNetworkInterfaceAttribute');
  return { changed: changed.map(({ input }) => input), outcome };
};

test('only machines that have others get them, and only those that run; it is over once EC2 shows it', async () => {
  const { changed, outcome } = await regrouping(
    machine('i-1', ['sg-1', 'sg-3'], 'running', [{ NetworkInterfaceId: 'eni-plugin', Attachment: { DeviceIndex: 1 } }]),
    machine('i-2', ['sg-2', 'sg-1']),
    machine('i-3', [], 'shutting-down'),
  );
  expect(changed).toEqual([{ NetworkInterfaceId: 'eni-of-i-1', Groups: ['sg-1', 'sg-2'] }]);
  expect(outcome).toBe('Waiting for EC2 to show other security groups on instance i-1 (running).');
});

test('where all have them nothing is changed', async () => {
  const { changed, outcome } = await regrouping(machine('i-2', ['sg-2', 'sg-1']));
  expect(changed).toEqual([]);
  expect(outcome).toBe('done');
});
