/** Quotas as Service Quotas answers them: applied, never applied, or not to be read at all. */
import { describe, expect, test } from '@jest/globals';
import { createFacts } from '../../../activities/aws/facts.ts';
import { createMemory } from '../../../activities/aws/memory.ts';
import { createRoom } from '../../../activities/aws/room.ts';
import { CLUSTER_TAG } from '../../../api/names.ts';
import { type Answers, answering, refusal } from './answering.ts';

const never = new AbortController().signal;
const quota = (Value: number) => ({ Quota: { Value, QuotaName: 'Running On-Demand Standard instances' } });
const none = () => refusal('NoSuchResourceException', 'The request failed because the specified quota does not exist.');

const roomWith = (answers: Answers) => {
  const unread: string[] = [];
  const { clients, asked } = answering({
    DescribeInstances: () => ({ Reservations: [] }),
    DescribeInstanceTypes: () => ({ InstanceTypes: [] }),
    ...answers,
  });
  const remember = createMemory(() => 0);
  const facts = createFacts(clients, remember);
  const room = createRoom(clients, facts, remember, (code, reason) => unread.push(`${code}: ${reason}`));
  const quotas = () => asked.filter(({ operation }) => operation.includes('Quota')).map(({ operation }) => operation);
  return { room, facts, asked, unread, quotas };
};

describe('a quota of virtual CPUs', () => {
  test('is the one that was applied to the account', async () => {
    const { room, quotas } = roomWith({ GetServiceQuota: () => quota(64) });
    expect(await room.cpus('m5.large', { signal: never })).toMatchObject({ code: 'L-1216C47A', limit: 64 });
    expect(quotas()).toEqual(['GetServiceQuota']);
  });

  test('is what AWS gives every account where none was ever applied', async () => {
    const { room } = roomWith({ GetServiceQuota: none, GetAWSDefaultServiceQuota: () => quota(5) });
    expect(await room.cpus('m5.large', { signal: never })).toMatchObject({ limit: 5 });
  });

  test('is none where this partition of AWS knows of none', async () => {
    const { room, unread } = roomWith({ GetServiceQuota: none, GetAWSDefaultServiceQuota: none });
    expect([await room.cpus('m5.large', { signal: never }), unread]).toEqual([undefined, []]);
  });

  test.each([
    ['m5.large', 'L-1216C47A'],
    ['u-6tb1.56xlarge', 'L-43DA4232'],
    ['u7i-12tb.224xlarge', 'L-43DA4232'],
    ['hpc7a.96xlarge', 'L-F7808C92'],
    ['h1.2xlarge', 'L-1216C47A'],
    ['x2idn.16xlarge', 'L-7295265B'],
  ])('is that of the family: %s counts against %s', async (type, code) => {
    const { room } = roomWith({ GetServiceQuota: () => quota(64) });
    expect(await room.cpus(type, { signal: never })).toMatchObject({ code });
  });

  test.each([
    [
      'a policy of the organisation forbids it',
      () =>
        refusal(
          'AccessDeniedException',
          'User is not authorized to perform: servicequotas:GetServiceQuota with an explicit deny in a service control policy',
        ),
    ],
    [
      'its endpoint is out of reach',
      () =>
        Object.assign(new Error('getaddrinfo ENOTFOUND servicequotas.eu-west-1.amazonaws.com'), { code: 'ENOTFOUND' }),
    ],
    ['it is throttled', () => refusal('TooManyRequestsException', 'Rate exceeded', 429)],
  ])('is taken for kept, and that is told, where %s', async (_why, answer) => {
    const { room, unread } = roomWith({ GetServiceQuota: answer });
    expect(await room.cpus('m5.large', { signal: never })).toBeUndefined();
    expect(unread).toHaveLength(1);
    expect(unread[0]).toContain('L-1216C47A: ');
  });

  test('does not hide a mistake of our own', async () => {
    const { room } = roomWith({ GetServiceQuota: () => new TypeError('x is undefined') });
    await expect(room.cpus('m5.large', { signal: never })).rejects.toThrow('x is undefined');
  });
});

describe('the quota of security groups', () => {
  const groups = (count: number) => () => ({
    SecurityGroups: Array.from({ length: count }, (_, index) => ({
      GroupId: `sg-${index}`,
      Tags: index < 3 ? [{ Key: CLUSTER_TAG, Value: 'gke-1' }] : [],
    })),
  });

  const balancers = (count: number) => () => ({
    LoadBalancers: Array.from({ length: count }, (_, index) => ({ LoadBalancerName: `nlb-${index}`, Type: 'network' })),
  });

  test('costs nothing in a region with few network load balancers: clusters’ groups don’t fill it', async () => {
    const { room, asked } = roomWith({ DescribeLoadBalancers: balancers(49) });
    expect(await room.securityGroups({ signal: never })).toBeUndefined();
    expect(asked.map(({ operation }) => operation)).toEqual(['DescribeLoadBalancers']);
  });

  test('is that of the region, and knows whose groups there are', async () => {
    const { room, asked } = roomWith({
      DescribeLoadBalancers: balancers(50),
      DescribeSecurityGroups: groups(400),
      GetServiceQuota: none,
      GetAWSDefaultServiceQuota: () => quota(2500),
    });
    expect(await room.securityGroups({ signal: never })).toMatchObject({
      ...{ code: 'L-E79EC296', limit: 2500, used: 400 },
      owners: ['gke-1', 'gke-1', 'gke-1'],
    });
    expect(asked.find(({ operation }) => operation === 'GetServiceQuota')?.input).toEqual({
      ServiceCode: 'vpc',
      QuotaCode: 'L-E79EC296',
    });
  });
});

describe('a listing of instance types', () => {
  test('is read to its end', async () => {
    const page = (type: string, NextToken?: string) => ({
      InstanceTypes: [{ InstanceType: type, VCpuInfo: { DefaultVCpus: 2 } }],
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    const { facts } = roomWith({
      DescribeInstanceTypes: ({ NextToken }) => (NextToken === 'more' ? page('m5.large') : page('t3.medium', 'more')),
    });
    expect(await facts.instanceTypes(['t3.medium', 'm5.large'], never)).toMatchObject([
      { id: 't3.medium', cpus: 2 },
      { id: 'm5.large', cpus: 2 },
    ]);
  });
});
