import { describe, expect, test } from '@jest/globals';
import { nodeLabels, privateDnsNameOf } from '../../machine/node.ts';
import { instance, nodeConfiguration } from './examples.ts';

describe('The labels that a node sets on itself', () => {
  test('leave out those that Kubernetes would refuse the whole Node for, and names them', () => {
    const { labels, refused } = nodeLabels(
      nodeConfiguration({
        labels: {
          'node-role.kubernetes.io/web': '',
          'app.kubernetes.io/part-of': 'x',
          'node-restriction.kubernetes.io/x': '1',
          'kops.k8s.io/x': '1',
          'node.kubernetes.io/speed': 'fast',
          'cloud.google.com/gke-nodepool': 'pool-0',
        },
      }),
      instance(),
    );
    expect(refused).toEqual([
      'app.kubernetes.io/part-of',
      'kops.k8s.io/x',
      'node-restriction.kubernetes.io/x',
      'node-role.kubernetes.io/web',
    ]);
    expect(labels).toMatchObject({ 'node.kubernetes.io/speed': 'fast', 'cloud.google.com/gke-nodepool': 'pool-0' });
  });
});

describe('the name of an instance', () => {
  const id = 'i-0123456789abcdef0';
  const address = '10.0.2.77';

  test.each([
    ['eu-west-1', 'ip-10-0-2-77.eu-west-1.compute.internal', 'ip-10-0-2-77.eu-west-1.compute.internal'],
    ['us-east-1', 'ip-10-0-2-77.ec2.internal', 'ip-10-0-2-77.ec2.internal'],
    ['eu-west-1', 'ip-10-0-2-77.corp.example', 'ip-10-0-2-77.eu-west-1.compute.internal'],
    ['us-east-1', 'ip-10-0-2-77.a.example b.example', 'ip-10-0-2-77.ec2.internal'],
    ['eu-west-1', `${id}.eu-west-1.compute.internal`, `${id}.eu-west-1.compute.internal`],
    ['us-east-1', `${id}.corp.example`, `${id}.ec2.internal`],
    ['eu-west-1', 'i-0fedcba9876543210.corp.example', 'ip-10-0-2-77.eu-west-1.compute.internal'],
  ])('in %s, whose metadata says %s, is %s', (region, localHostname, expected) => {
    expect(privateDnsNameOf({ id, address, region }, localHostname)).toBe(expected);
  });
});
