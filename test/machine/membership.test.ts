import { describe, expect, test } from '@jest/globals';
import { foundingCluster, type Member, nextJoinStep } from '../../machine/membership.ts';
import { replicaConfiguration } from './examples.ts';

const cluster = replicaConfiguration();
const member = (index: number, overrides: Partial<Member> = {}): Member => ({
  id: `${index + 1}00`,
  name: `gke-0a1b2c3d-controlplane-${index}`,
  peerUrls: [`https://10.0.${index + 1}.10:2380`],
  learner: false,
  ...overrides,
});

describe('Membership', () => {
  test('a new cluster is founded by every replica', () => {
    expect(foundingCluster(cluster)).toBe(
      'gke-0a1b2c3d-controlplane-0=https://10.0.1.10:2380,' +
        'gke-0a1b2c3d-controlplane-1=https://10.0.2.10:2380,' +
        'gke-0a1b2c3d-controlplane-2=https://10.0.3.10:2380',
    );
  });

  test('a replica that lost its disk removes its old member, is added, and only then starts', () => {
    expect(nextJoinStep(cluster, 1, [member(0), member(1), member(2)])).toEqual({ kind: 'remove', memberId: '200' });
    expect(nextJoinStep(cluster, 1, [member(0), member(2)])).toEqual({
      kind: 'add',
      peerUrl: 'https://10.0.2.10:2380',
    });
    const added = member(1, { id: '999', name: '', learner: true });
    expect(nextJoinStep(cluster, 1, [member(0), added, member(2)])).toEqual({
      kind: 'start',
      initialCluster: foundingCluster(cluster),
    });
  });

  test('it never removes another member', () => {
    const step = nextJoinStep(cluster, 1, [member(0), member(2, { name: '' })]);
    expect(step.kind).toBe('add');
  });

  test('a replica that its user data does not know is an error that says so', () => {
    expect(() => nextJoinStep(cluster, 3, [])).toThrow(/has no replica 3: its user data lists 3 members/);
  });
});
