import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Wait, WaitKind } from '../support/waits.ts';
import { sharesOf } from './shares.ts';

const wait = (kind: WaitKind, from: number, to: number): Wait => ({ kind, what: '', from, to });
const nothing = { starting: 0, ending: 0, deleting: 0, commands: 0, timers: 0, polling: 0, itself: 0 };

describe('the time of a test file', () => {
  test('is its own where it waited for nothing', () => {
    expect(sharesOf([], 100, 350)).toEqual({ ...nothing, itself: 250 });
  });

  test('goes to what it waited for, and the rest is its own', () => {
    expect(sharesOf([wait('starting', 0, 40), wait('timers', 50, 60)], 0, 100)).toEqual({
      ...nothing,
      starting: 40,
      timers: 10,
      itself: 50,
    });
  });

  test('goes to the command that polling runs, and only between two commands to polling', () => {
    const waits = [wait('polling', 0, 100), wait('commands', 0, 30), wait('commands', 60, 90)];
    expect(sharesOf(waits, 0, 100)).toEqual({ ...nothing, commands: 60, polling: 40 });
  });

  test('is counted once where two waits of a kind overlap', () => {
    expect(sharesOf([wait('commands', 0, 60), wait('commands', 40, 100)], 0, 100)).toEqual({
      ...nothing,
      commands: 100,
    });
  });

  test('is given away whole, whatever overlaps what', () => {
    const waits = fc.array(
      fc
        .record({
          kind: fc.constantFrom<WaitKind>('starting', 'ending', 'deleting', 'commands', 'timers', 'polling'),
          from: fc.integer({ min: -50, max: 1_050 }),
          length: fc.nat({ max: 500 }),
        })
        .map(({ kind, from, length }) => wait(kind, from, from + length)),
    );
    fc.assert(
      fc.property(waits, (some) => {
        const shares = Object.values(sharesOf(some, 0, 1_000));
        expect(shares.reduce((sum, one) => sum + one, 0)).toBe(1_000);
        expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
