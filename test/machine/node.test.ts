import { describe, expect, test } from '@jest/globals';
import { allocatableOf, capacityOf } from '../../machine/instance-type.ts';
import { INSTANCE_ANNOTATION, nodeBelongsTo, nodeLabels, nodeObject } from '../../machine/node.ts';
import { instance, nodeConfiguration } from './examples.ts';

describe('The Node that a machine registers', () => {
  test('carries its pool, its place and its taints, and leaves the provider id to the cloud controller', () => {
    const node = nodeObject(
      nodeConfiguration({
        labels: { team: 'web' },
        taints: [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' }],
      }),
      instance(),
      '2026-01-01T00:00:00.000Z',
    );
    expect(node.metadata.labels).toMatchObject({
      team: 'web',
      'slipway.dev/node-pool': '1a2b3c4d',
      'topology.kubernetes.io/zone': 'eu-west-1b',
      'node.kubernetes.io/instance-type': 'm5.large',
      'kubernetes.io/arch': 'amd64',
    });
    expect(node.spec).toEqual({
      taints: [
        { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' },
        { key: 'dedicated', value: 'web', effect: 'NoSchedule' },
      ],
    });
    expect(node.status.capacity).toMatchObject({ cpu: '2', memory: '8192Mi', pods: '110' });
  });

  test('leaves out labels that Kubernetes would refuse the whole Node for, and names them', () => {
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

  test('is not revived by another instance that has its address now', () => {
    const mine = { metadata: { annotations: { [INSTANCE_ANNOTATION]: instance().id } } };
    expect(nodeBelongsTo(mine, instance())).toBe(true);
    expect(nodeBelongsTo(mine, instance({ id: 'i-2' }))).toBe(false);
    expect(nodeBelongsTo({ spec: { providerID: 'aws:///eu-west-1b/i-2' } }, instance())).toBe(false);
    expect(nodeBelongsTo({ spec: { providerID: `aws:///eu-west-1b/${instance().id}` } }, instance())).toBe(true);
  });
});

describe('Capacity by instance type', () => {
  test.each([
    ['m5.large', 2, 8192],
    ['c6i.2xlarge', 8, 16384],
    ['r7g.4xlarge', 16, 131072],
    ['t3.medium', 2, 4096],
    ['t3.xlarge', 4, 16384],
    ['m5.24xlarge', 96, 393216],
    ['unheard-of', 2, 4096],
  ])('%s has %d CPUs and %d MiB', (type, cpus, memoryMiB) => {
    expect(capacityOf(type)).toEqual({ cpus, memoryMiB });
  });

  test('leaves pods less than there is, and more than nothing', () => {
    const allocatable = allocatableOf({ cpus: 2, memoryMiB: 8192 }, 110);
    expect(allocatable.cpuMillis).toBe(1930);
    expect(allocatable.memoryMiB).toBeLessThan(8192);
    expect(allocatableOf({ cpus: 2, memoryMiB: 512 }, 110).memoryMiB).toBeGreaterThan(0);
  });
});
