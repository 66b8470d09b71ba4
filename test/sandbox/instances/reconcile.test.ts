import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { InstanceState } from '../../../sandbox/instances/account.ts';
import { type Power, reconcile } from '../../../sandbox/instances/reconcile.ts';

const STATES: readonly InstanceState[] = ['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped'];
const POWERS: readonly Power[] = ['off', 'on', 'ending', 'died', 'reported', 'retired'];

const decide = (state: InstanceState | undefined, power: Power | undefined) =>
  reconcile(state === undefined ? [] : [{ id: 'i-1', state }], new Map(power === undefined ? [] : [['i-1', power]]));

describe('what to do about an instance', () => {
  test('one that should run and has no process is started, also while it is pending', () => {
    expect(decide('running', undefined)).toEqual([{ kind: 'start', id: 'i-1' }]);
    expect(decide('pending', 'off')).toEqual([{ kind: 'start', id: 'i-1' }]);
    expect(decide('running', 'on')).toEqual([]);
  });

  test('one that died by itself is reported once', () => {
    expect(decide('running', 'died')).toEqual([{ kind: 'report', id: 'i-1' }]);
    expect(decide('running', 'reported')).toEqual([]);
  });

  test('one that shuts down may take its time; what is terminated or stopped has none left', () => {
    expect(decide('shutting-down', 'on')).toEqual([{ kind: 'end', id: 'i-1', now: false }]);
    expect(decide('stopping', 'on')).toEqual([{ kind: 'end', id: 'i-1', now: false }]);
    expect(decide('stopped', 'ending')).toEqual([{ kind: 'end', id: 'i-1', now: true }]);
    expect(decide('terminated', 'ending')).toEqual([{ kind: 'end', id: 'i-1', now: true }]);
  });

  test('one that shuts down and has no process left has ended, also when it never had any: the account waits for that', () => {
    for (const power of ['off', 'retired', undefined] as const) {
      expect(decide('shutting-down', power)).toEqual([{ kind: 'ended', id: 'i-1' }]);
      expect(decide('stopping', power)).toEqual([{ kind: 'ended', id: 'i-1' }]);
    }
    expect(decide('shutting-down', 'ending')).toEqual([{ kind: 'end', id: 'i-1', now: false }]);
  });

  test('one that was stopped and started while it still ends is ended first', () => {
    expect(decide('running', 'ending')).toEqual([{ kind: 'end', id: 'i-1', now: true }]);
  });

  test('one that is terminated and gone is cleared away once; one that was never here leaves nothing to clear', () => {
    expect(decide('terminated', 'off')).toEqual([{ kind: 'retire', id: 'i-1' }]);
    expect(decide('terminated', 'retired')).toEqual([]);
    expect(decide('terminated', undefined)).toEqual([]);
  });

  test('one that a complete listing no longer holds is of a lost account, and ends', () => {
    expect(decide(undefined, 'on')).toEqual([{ kind: 'end', id: 'i-1', now: true }]);
    expect(decide(undefined, 'off')).toEqual([{ kind: 'retire', id: 'i-1' }]);
  });

  test('never starts what has processes, nor what should not run, and does at most one thing', () => {
    const cases = fc.tuple(
      fc.option(fc.constantFrom(...STATES), { nil: undefined }),
      fc.option(fc.constantFrom(...POWERS), { nil: undefined }),
    );
    fc.assert(
      fc.property(cases, ([state, power]) => {
        const actions = decide(state, power);
        expect(actions.length).toBeLessThanOrEqual(1);
        if (actions[0]?.kind === 'ended') expect([undefined, 'off', 'retired']).toContain(power);
        if (actions[0]?.kind !== 'start') return;
        expect(['pending', 'running']).toContain(state);
        expect([undefined, 'off', 'retired']).toContain(power);
      }),
    );
  });
});
