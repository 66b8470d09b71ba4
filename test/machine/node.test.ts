import { describe, expect, test } from '@jest/globals';
import { nodeLabels } from '../../machine/node.ts';
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
