/** Interfaces that outlive the load balancers of Services: AWS takes them away minutes later, by itself. */
import { describe, expect, test } from '@jest/globals';
import { cloudLoadBalancersDriver } from '../../../activities/aws/cloud-load-balancers.ts';
import type { Sought } from '../../../activities/driver.ts';
import { kubernetesClusterTag, OWNED } from '../../../api/names.ts';
import { observed } from '../../../kinds/resource.ts';
import { CLUSTER, CLUSTER_ID, ownerOf } from './account.ts';
import { answering } from './answering.ts';

const INTERFACES = ['ELB a0123', 'ELB net/a4567/89ab'];
const sought: Sought<'cloud-load-balancers'> = {
  ...{ kind: 'cloud-load-balancers', key: 'cloud-load-balancers/all', properties: { interfaces: INTERFACES } },
  ...{ object: CLUSTER, owner: ownerOf(CLUSTER), signal: new AbortController().signal, since: 0 },
};
const group = {
  GroupId: 'sg-1',
  GroupName: 'k8s-elb-a0123',
  Tags: [{ Key: kubernetesClusterTag(CLUSTER_ID), Value: OWNED }],
};

/** An account without load balancers, with this group of theirs, and these interfaces. */
const accountWith = (left: readonly string[]) => {
  const { clients, asked } = answering({
    DescribeLoadBalancers: () => ({ LoadBalancers: [], LoadBalancerDescriptions: [] }),
    DescribeTargetGroups: () => ({ TargetGroups: [] }),
    DescribeSecurityGroups: ({ Filters }) =>
      JSON.stringify(Filters).includes('ip-permission') ? { SecurityGroups: [] } : { SecurityGroups: [group] },
    DescribeNetworkInterfaces: () => ({
      NetworkInterfaces: left.map((Description) => ({ NetworkInterfaceId: 'eni-1', Description })),
    }),
    DeleteSecurityGroup: () => ({}),
  });
  return {
    driver: cloudLoadBalancersDriver(clients),
    operations: () => asked.map(({ operation }) => operation),
    asked,
  };
};
const found = observed(
  'cloud-load-balancers',
  sought.key,
  {},
  { names: ['load balancer a4567'], interfaces: INTERFACES },
);

describe('an interface of a load balancer that is gone', () => {
  test('is waited for by its id and its load balancer’s name, and its security group is left alone meanwhile', async () => {
    const { driver, operations, asked } = accountWith(['ELB net/a4567/89ab']);
    expect(await driver.candidates(sought)).toMatchObject([{ belongsTo: 'ours' }]);
    await driver.remove(sought, found);
    expect(operations()).not.toContain('DeleteSecurityGroup');
    expect(await driver.remains?.(sought, found)).toBe(
      'Still there, made by controllers in the cluster: security group sg-1 (k8s-elb-a0123), network interface eni-1 (ELB net/a4567/89ab).',
    );
    const by = asked.find(({ operation }) => operation === 'DescribeNetworkInterfaces')?.input['Filters'];
    expect(by).toEqual([{ Name: 'description', Values: INTERFACES }]);
  });

  test('lets its security group go with the first look after it', async () => {
    const { driver, operations } = accountWith([]);
    await driver.remove(sought, found);
    expect(operations()).toContain('DeleteSecurityGroup');
  });

  test('is not looked for by plans of releases that did not know of it', async () => {
    const { driver, operations } = accountWith([]);
    const { interfaces: _interfaces, ...state } = found.state;
    const before = { ...sought, properties: {} };
    await driver.remove(before, { ...found, state });
    expect(await driver.remains?.(before, { ...found, state })).toContain('security group sg-1');
    expect(operations()).not.toContain('DescribeNetworkInterfaces');
  });
});
