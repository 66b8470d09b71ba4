import { describe, expect, test } from '@jest/globals';
import { readStoredCluster, readStoredNodePool } from '../../api/stored.ts';
import { seedCluster, seedPool } from '../topology/objects.ts';
import { withPath } from './manifests.ts';
import { clusterStatusExample, nodePoolStatusExample } from './status-example.ts';

const KINDS = [
  { kind: 'AWSCluster', read: readStoredCluster, object: { ...seedCluster(), status: clusterStatusExample } },
  { kind: 'AWSNodePool', read: readStoredNodePool, object: { ...seedPool(), status: nodePoolStatusExample } },
] as const;

// https://github.com/restatedev/restate-operator/issues/150: after a rollback, objects had to be mended by hand, one by one
describe.each(KINDS)('an $kind whose status a newer release wrote', ({ read, object }) => {
  test('is read as it is where every word is known', () => {
    expect(read(object)).toMatchObject({ success: true, data: { status: object.status } });
  });

  test.each([
    ['state', 'Hibernating'],
    ['lastOperation.state', 'rolled-back'],
    ['conditions', [{ type: 'Ready', status: 'Perhaps' }]],
    ['lastErrors', [{ step: 'x', verdict: 'weather', message: '', since: '' }]],
    ['operations', [{ type: 'RestoreCluster', state: 'rolled-back' }]],
    ['unhealthyReplicas', 'all of them'],
    ['unhealthyNodes', 'all of them'],
  ])('is understood without %s, and remembers everything else', (path, value) => {
    const answer = read(withPath(object, `status.${path}`, value));
    const [field = ''] = path.split('.');
    const { [field as 'state']: _, ...others } = object.status;
    expect(answer).toMatchObject({ success: true, data: { status: others } });
    expect(answer.success && field in (answer.data.status ?? {})).toBe(false);
  });

  test('is understood without several of them at once', () => {
    const changed = withPath(withPath(object, 'status.state', 'Hibernating'), 'status.operations', 'none');
    expect(read(changed)).toMatchObject({ success: true, data: { status: { established: false } } });
  });

  test.each([
    ['status.established', 'nearly'],
    ['status.aws', { account: 1 }],
    ['status.revision.format', 'four'],
    ['status.incarnations', { 'etcd-volume/0': 'second' }],
    ['spec.region', 'the moon'],
    ['metadata.uid', undefined],
  ])('is not understood where %s is not: that is no matter of show', (path, value) => {
    const both = withPath(withPath(object, path, value), 'status.state', 'Hibernating');
    for (const changed of [withPath(object, path, value), both]) expect(read(changed).success).toBe(false);
  });
});
