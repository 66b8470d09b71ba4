/** The memory of tags: a key is taken off everything that carries it only if this names it. */
import { describe, expect, test } from '@jest/globals';
import { appliedTagKeys } from '../../policy/applied-tags.ts';
import { seedCluster } from '../topology/objects.ts';
import { step, view } from './operation-views.ts';

const cluster = (tags: Readonly<Record<string, string>>, appliedTagKeys: readonly string[] = []) =>
  seedCluster({ controlPlane: { tags }, status: { appliedTagKeys } });
const running = { kind: 'operation', operation: view([], { type: 'UpdateCluster' }) } as const;
const over = { kind: 'operation', operation: view([], { type: 'UpdateCluster', state: 'succeeded' }) } as const;

describe('keys of tags', () => {
  test('are remembered from the beginning of an operation that sets them', () => {
    expect(appliedTagKeys(running, 1, cluster({ team: 'a' }, ['stage']))).toEqual(['stage', 'team']);
  });

  test('are forgotten once everything is as a spec without them asks for', () => {
    const object = cluster({ team: 'a' }, ['stage', 'team']);
    expect(appliedTagKeys(over, 1, object)).toEqual(['team']);
    expect(appliedTagKeys({ kind: 'settled' }, 1, object)).toEqual(['team']);
  });

  test('stay while the spec is newer than what is known, or anything differs, was skipped or waits', () => {
    const object = cluster({ team: 'a' }, ['stage']);
    const kept = ['stage', 'team'];
    expect(appliedTagKeys(over, 0, object)).toEqual(kept);
    const skipped = view([step('ensure preflight', { state: 'skipped', at: 0 })], { type: 'UpdateCluster', state: 'succeeded' });
    expect(appliedTagKeys({ kind: 'operation', operation: skipped }, 1, object)).toEqual(kept);
    expect(appliedTagKeys({ kind: 'settled', note: 'a change waits' }, 1, object)).toEqual(['stage']);
    const drift = [{ key: 'etcd-volume/0', difference: 'its tags differ' }];
    expect(appliedTagKeys({ kind: 'settled', drift }, 1, object)).toEqual(['stage']);
  });

  test('of what is being repaired may be set by that, and stay; a deletion sets none', () => {
    const repair = view([], { type: 'RepairCluster', state: 'succeeded' });
    const going = view([], { type: 'DeleteCluster' });
    const object = cluster({ team: 'a' }, ['stage']);
    expect(appliedTagKeys({ kind: 'operation', operation: repair }, 1, object)).toEqual(['stage', 'team']);
    expect(appliedTagKeys({ kind: 'operation', operation: going }, 1, object)).toEqual(['stage']);
  });
});
