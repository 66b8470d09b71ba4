/** When machines may begin to be replaced: windows of a week in UTC, held to an oracle that walks minute by minute. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DAYS, type UpdatePolicy } from '../../api/update-policy.ts';
import { openingOf, updatePolicyOf } from '../../policy/update-windows.ts';
import { seedCluster, seedPool } from '../topology/objects.ts';

type Window = NonNullable<UpdatePolicy['windows']>[number];

const MINUTE = 60_000;
const within = (...windows: readonly Window[]): UpdatePolicy => ({ mode: 'Window', windows: [...windows] });
const at = (text: string): number => Date.parse(text);
const opens = (policy: UpdatePolicy, now: string): string => {
  const opening = openingOf(policy, at(now));
  if (opening.kind === 'open') return 'open';
  return opening.opensAt === undefined ? 'never by itself' : new Date(opening.opensAt).toISOString();
};

// 2026-08-01 is a Saturday.
const SATURDAY_NIGHT = within({ days: ['Sat'], start: '22:00', minutes: 240 });

describe('a window', () => {
  test.each([
    ['before it begins', '2026-08-01T21:59:59.999Z', '2026-08-01T22:00:00.000Z'],
    ['at its very beginning', '2026-08-01T22:00:00Z', 'open'],
    ['past midnight', '2026-08-02T01:59:59.999Z', 'open'],
    ['at its end', '2026-08-02T02:00:00Z', '2026-08-08T22:00:00.000Z'],
    ['days later', '2026-08-05T12:00:00Z', '2026-08-08T22:00:00.000Z'],
  ])('that crosses midnight, %s', (_, now, expected) => {
    expect(opens(SATURDAY_NIGHT, now)).toBe(expected);
  });

  test('that begins on Sunday ends on Monday, across the end of the week', () => {
    const sunday = within({ days: ['Sun'], start: '23:30', minutes: 60 });
    expect(opens(sunday, '2026-08-03T00:29:00Z')).toBe('open');
    expect(opens(sunday, '2026-08-03T00:30:00Z')).toBe('2026-08-09T23:30:00.000Z');
    expect(opens(within({ days: ['Mon'], start: '01:00', minutes: 5 }), '2026-08-02T23:00:00Z')).toBe(
      '2026-08-03T01:00:00.000Z',
    );
  });

  test('that overlaps another is open as long as either is', () => {
    const both = within(
      { days: ['Sat'], start: '10:00', minutes: 60 },
      { days: ['Sat', 'Mon'], start: '10:30', minutes: 60 },
    );
    expect(opens(both, '2026-08-01T11:15:00Z')).toBe('open');
    expect(opens(both, '2026-08-01T11:30:00Z')).toBe('2026-08-03T10:30:00.000Z');
  });
});

test('Immediate is always open, and Manual never by itself', () => {
  expect(opens({ mode: 'Immediate' }, '2026-08-01T00:00:00Z')).toBe('open');
  expect(opens({ mode: 'Manual' }, '2026-08-01T00:00:00Z')).toBe('never by itself');
});

test("a pool's own policy counts, then its cluster's, and without either it is Immediate", () => {
  const manual = { mode: 'Manual' } as const;
  const pool = (spec: object) => seedPool({ spec });
  expect(
    updatePolicyOf(pool({ updatePolicy: SATURDAY_NIGHT }), seedCluster({ spec: { updatePolicy: manual } })),
  ).toEqual(SATURDAY_NIGHT);
  expect(updatePolicyOf(pool({}), seedCluster({ spec: { updatePolicy: manual } }))).toEqual(manual);
  expect(updatePolicyOf(pool({}), seedCluster())).toEqual({ mode: 'Immediate' });
});

describe('whatever the windows', () => {
  const two = (value: number): string => String(value).padStart(2, '0');
  const start = fc
    .tuple(fc.nat({ max: 23 }), fc.nat({ max: 59 }))
    .map(([hour, minute]) => `${two(hour)}:${two(minute)}`);
  const window: fc.Arbitrary<Window> = fc.record({
    days: fc.subarray([...DAYS], { minLength: 1 }),
    start,
    minutes: fc.integer({ min: 1, max: 1_440 }),
  });
  const policy = fc.array(window, { minLength: 1, maxLength: 4 }).map((windows) => within(...windows));
  const moment = fc.integer({ min: at('2024-02-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') });

  /** By the calendar: whether one of the windows began within its length before. */
  const isOpen = ({ windows = [] }: UpdatePolicy, now: number): boolean =>
    windows.some(({ days, start: begins, minutes }) => {
      for (const daysAgo of [0, 1]) {
        const date = new Date(now - daysAgo * 24 * 60 * MINUTE).toISOString().slice(0, 10);
        const begun = at(`${date}T${begins}:00Z`);
        const name = new Date(begun).toUTCString().slice(0, 3);
        if (days.some((day) => day === name) && begun <= now && now < begun + minutes * MINUTE) return true;
      }
      return false;
    });

  test('one is open when the calendar says so', () => {
    fc.assert(
      fc.property(policy, moment, (one, now) => {
        expect(openingOf(one, now).kind === 'open').toBe(isOpen(one, now));
      }),
    );
  });

  test('the next one opens within a week, at that moment and not a millisecond before', () => {
    fc.assert(
      fc.property(policy, moment, fc.double({ min: 0, max: 1, noNaN: true }), (one, now, part) => {
        const opening = openingOf(one, now);
        if (opening.kind === 'open') return;
        const { opensAt = 0 } = opening;
        expect(opensAt).toBeGreaterThan(now);
        expect(opensAt - now).toBeLessThanOrEqual(7 * 24 * 60 * MINUTE);
        expect(isOpen(one, opensAt)).toBe(true);
        expect(isOpen(one, opensAt - 1)).toBe(false);
        expect(isOpen(one, Math.floor(now + part * (opensAt - 1 - now)))).toBe(false);
      }),
    );
  });
});
