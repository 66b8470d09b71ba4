import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  clusterIdOf,
  controlPlaneName,
  entityWorkflowId,
  kubernetesClusterTag,
  membershipIn,
  nodeGroupName,
  nodePoolIdOf,
  nodePoolName,
  nodePoolTemplateName,
  objectInWorkflowId,
  replicaName,
  replicaTemplateName,
} from '../../api/names.ts';
import { knownVersions } from '../../api/releases.ts';
import { operationIdOf } from '../../words/operations.ts';

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

describe('the name of a membership', () => {
  const name = 'projects/example.com:p/locations/global/memberships/cluster-0';

  test('is read in its parts', () => {
    const parent = 'projects/example.com:p/locations/global';
    expect(membershipIn(name)).toEqual({ parent, project: 'example.com:p', location: 'global', id: 'cluster-0' });
  });

  test.each(['cluster-0', `${name}/more`, `/${name}`, 'projects/p/locations//memberships/m', ''])(
    'is not of another form: "%s"',
    (other) => {
      expect(membershipIn(other)).toBeUndefined();
    },
  );
});

describe('the object in a workflow id', () => {
  const object = { kind: 'AWSNodePool', namespace: 'team', name: 'pool-0', uid: 'u-1' } as const;
  const { uid: _uid, ...seen } = object;
  test.each([
    { id: entityWorkflowId(object), of: seen },
    { id: operationIdOf(entityWorkflowId(object)), of: seen },
    { id: 'plan/team/pool-0/u-1', of: undefined },
    { id: 'awsnodepool', of: undefined },
    { id: '', of: undefined },
  ])('"$id" is $of', ({ id, of }) => {
    expect(objectInWorkflowId(id)).toEqual(of);
  });
});
