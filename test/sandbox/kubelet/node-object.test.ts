import { describe, expect, test } from '@jest/globals';
import { nodeComponents } from '../../../machine/node-components.ts';
import { INSTANCE_ANNOTATION, nodeBelongsTo, nodeObject } from '../../../sandbox/kubelet/node-object.ts';
import { settingsOf } from '../../../sandbox/kubelet/settings.ts';
import { instance, nodeConfiguration, nodeMachine } from '../../machine/examples.ts';

describe('The Node that a machine registers', () => {
  test('carries its pool, its place and its taints, and leaves the provider id to the cloud controller', () => {
    const configuration = nodeConfiguration({
      labels: { team: 'web' },
      taints: [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' }],
    });
    const node = nodeObject(
      settingsOf(nodeComponents(nodeMachine({ configuration }))),
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
    expect(node.metadata.annotations).toMatchObject({
      'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
    });
    expect(node.status.capacity).toMatchObject({ cpu: '2', memory: '8192Mi', pods: '110' });
    expect(node.status.allocatable).toMatchObject({ cpu: '1930m', memory: '6627Mi', pods: '110' });
    expect(node.status.nodeInfo.kubeletVersion).toBe('v1.36.3');
  });

  test('is not revived by another instance that has its address now', () => {
    const mine = { metadata: { annotations: { [INSTANCE_ANNOTATION]: instance().id } } };
    expect(nodeBelongsTo(mine, instance())).toBe(true);
    expect(nodeBelongsTo(mine, instance({ id: 'i-2' }))).toBe(false);
    expect(nodeBelongsTo({ spec: { providerID: 'aws:///eu-west-1b/i-2' } }, instance())).toBe(false);
    expect(nodeBelongsTo({ spec: { providerID: `aws:///eu-west-1b/${instance().id}` } }, instance())).toBe(true);
  });
});
