/** The memory of tags: a key is taken off everything that carries it only if this names it. */
import { describe, expect, test } from '@jest/globals';
import { appliedTagKeys } from '../../policy/applied-tags.ts';
import type { OperationView, StepView } from '../../policy/views.ts';
import { seedCluster } from '../topology/objects.ts';
import { step, view } from './operation-views.ts';

const cluster = (tags: Readonly<Record<string, string>>, appliedTagKeys: readonly string[] = []) =>
  seedCluster({ controlPlane: { tags }, status: { appliedTagKeys } });
const operating = (changes: Partial<OperationView> = {}, steps: readonly StepView[] = []) =>
  ({ kind: 'operation', operation: view(steps, { type: 'UpdateCluster', tagKeys: ['team'], ...changes }) }) as const;
const over = operating({ state: 'succeeded' });

describe('keys of tags', () => {
  test('are remembered from the beginning of an operation that sets them', () => {
    expect(appliedTagKeys(operating(), 1, cluster({ team: 'a' }, ['stage']))).toEqual(['stage', 'team']);
  });

  test('are those of the spec that the operation was planned for, though another spec is there by now', () => {
    expect(appliedTagKeys(operating({ tagKeys: ['taem'] }), 1, cluster({ team: 'a' }))).toEqual(['taem']);
  });

  test('are forgotten once everything is as a spec without them asks for', () => {
    const object = cluster({ team: 'a' }, ['stage', 'team']);
    expect(appliedTagKeys(over, 1, object)).toEqual(['team']);
    expect(appliedTagKeys({ kind: 'settled' }, 1, object)).toEqual(['team']);
  });

  test('stay while the spec is newer than what is known, or anything differs, was skipped or waits', () => {
    const object = cluster({ team: 'a' }, ['stage']);
    const kept = ['stage', 'team'];
    expect(appliedTagKeys({ kind: 'settled' }, 0, object)).toEqual(['stage']);
    const skipped = [step('ensure preflight', { state: 'skipped', at: 0 })];
    expect(appliedTagKeys(operating({ state: 'succeeded' }, skipped), 1, object)).toEqual(kept);
    expect(appliedTagKeys({ kind: 'settled', note: 'a change waits' }, 1, object)).toEqual(['stage']);
    const drift = [{ key: 'etcd-volume/0', difference: 'its tags differ' }];
    expect(appliedTagKeys({ kind: 'settled', drift }, 1, object)).toEqual(['stage']);
  });

  test('of what is being repaired may be set by that, and stay; a deletion sets none', () => {
    const object = cluster({ team: 'a' }, ['stage']);
    expect(appliedTagKeys(operating({ type: 'RepairCluster', state: 'succeeded' }), 1, object)).toEqual([
      'stage',
      'team',
    ]);
    const going = { kind: 'operation', operation: view([], { type: 'DeleteCluster' }) } as const;
    expect(appliedTagKeys(going, 1, object)).toEqual(['stage']);
  });
});
