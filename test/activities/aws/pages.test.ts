/** Listings that grow with machines: asked for in pages that AWS answers in time, and read to their end. */
import { describe, expect, test } from '@jest/globals';
import type { AwsClients } from '../../../activities/aws/clients.ts';
import { createFacts } from '../../../activities/aws/facts.ts';
import { livingInstances } from '../../../activities/aws/machines.ts';
import { createMemory } from '../../../activities/aws/memory.ts';
import { createRoom } from '../../../activities/aws/room.ts';
import { listTagged } from '../../../activities/aws/tagged.ts';
import { filter } from '../../../activities/aws/tags.ts';
import { answering } from './answering.ts';

const { signal } = new AbortController();
const roomOf = (clients: AwsClients) => createRoom(clients, createFacts(clients), createMemory(Date.now));
const OWN = { clusterId: 'gke-1', uid: 'uid', machines: [] };
const TAGS = [
  { Key: 'slipway.dev/cluster', Value: 'gke-1' },
  { Key: 'slipway.dev/uid', Value: 'uid' },
];

/** What a listing answers on a page, its pages apart. */
const page = (operation: string, id: string): object => {
  if (operation === 'DescribeInstances') return { Reservations: [{ Instances: [{ InstanceId: id }] }] };
  if (operation === 'DescribeTags') return { Tags: [{ ResourceType: 'instance', ResourceId: id, Key: 'k' }] };
  return { NetworkInterfaces: [{ NetworkInterfaceId: id, TagSet: TAGS }] };
};

describe('a listing that grows with machines', () => {
  test.each<[string, string, (clients: AwsClients) => Promise<number>]>([
    [
      'the machines of a group',
      'DescribeInstances',
      async ({ ec2 }) => (await livingInstances(ec2, filter('tag:a', 'b'), signal)).length,
    ],
    [
      'what a quota counts',
      'DescribeInstances',
      async (clients) => (await roomOf(clients).machines({ signal })).length,
    ],
    [
      'addresses of a subnet',
      'DescribeNetworkInterfaces',
      (clients) => roomOf(clients).ownAddresses('subnet-1', OWN, signal),
    ],
    [
      'what carries a tag',
      'DescribeTags',
      async ({ ec2 }) => (await listTagged(ec2, { keys: ['k'], values: ['v'] }, signal)).all.length,
    ],
  ])('is asked for in pages, and read to its end: %s', async (_what, operation, list) => {
    const { clients, asked } = answering({
      [operation]: ({ NextToken }) =>
        NextToken === undefined ? { ...page(operation, '1'), NextToken: 'more' } : page(operation, '2'),
    });
    expect(await list(clients)).toBe(2);
    expect(asked.map(({ input }) => input['MaxResults'])).toEqual([500, 500]);
  });
});
