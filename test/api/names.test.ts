import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  clusterIdOf,
  controlPlaneName,
  entityWorkflowId,
  kubernetesClusterTag,
  nodeGroupName,
  nodePoolIdOf,
  nodePoolName,
  nodePoolTemplateName,
  replicaName,
  replicaTemplateName,
} from '../../api/names.ts';
import { knownVersions } from '../../api/releases.ts';

describe('names', () => {
  test('of a cluster follow what users of the original product saw', () => {
    expect(controlPlaneName('gke-dfccaa67')).toBe('gke-dfccaa67-controlplane');
    expect(replicaName('gke-dfccaa67', 0)).toBe('gke-dfccaa67-controlplane-0');
    expect(replicaTemplateName('gke-dfccaa67', 0, '1.16.9-gke.12')).toBe('gke-dfccaa67-controlplane-0-1.16.9-gke.12');
    expect(nodeGroupName('gke-dfccaa67')).toBe('gke-dfccaa67-nodepool');
    expect(nodePoolName('gke-dfccaa67', '3125db34')).toBe('gke-dfccaa67-nodepool-3125db34');
    expect(nodePoolTemplateName('gke-dfccaa67', '3125db34', '1.16.9-gke.12')).toBe(
      'gke-dfccaa67-nodepool-3125db34-1.16.9-gke.12',
    );
    expect(kubernetesClusterTag('gke-dfccaa67')).toBe('kubernetes.io/cluster/gke-dfccaa67');
  });

  test('of entities hold the uid, so that an object made again is another entity (I1)', () => {
    expect(entityWorkflowId({ kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'u-1' })).toBe(
      'awscluster/default/cluster-0/u-1',
    );
  });

  test('derived from a uid are the same every time, and fit what AWS allows (I2)', () => {
    fc.assert(
      fc.property(fc.uuid(), (uid) => {
        expect(clusterIdOf(uid)).toMatch(/^gke-[0-9a-f]{8}$/);
        expect(nodePoolIdOf(uid)).toMatch(/^[0-9a-f]{8}$/);
        expect(clusterIdOf(uid)).toBe(clusterIdOf(uid));
        // A load balancer's name has 32 characters at most, a launch template's 128.
        expect(controlPlaneName(clusterIdOf(uid)).length).toBeLessThanOrEqual(32);
        for (const version of knownVersions()) {
          expect(nodePoolTemplateName(clusterIdOf(uid), nodePoolIdOf(uid), version).length).toBeLessThanOrEqual(128);
        }
      }),
    );
  });
});
