import { describe, expect, test } from '@jest/globals';
import { type Outlook, outlookOf, PART_SECONDS, type Watch } from '../../../sandbox/commands/patience.ts';
import type { PartRecord, PartState } from '../../../sandbox/supervisor/state.ts';

const LIMIT = PART_SECONDS * 1_000;
const BEGAN = 1_000_000;

type Look = { readonly at: number; readonly state: PartState; readonly restarts?: number };

/** What is left to hope for after these looks, one after the other, at milliseconds since one began to wait. */
const after = (looks: readonly Look[], restartsBefore = 0): string => {
  let watch: Watch = { restartsBefore };
  let last: Outlook = { kind: 'coming', watch };
  for (const { at, state, restarts = restartsBefore } of looks) {
    const part: PartRecord = { name: 'hub', state, log: 'hub.log', restarts };
    last = outlookOf(part, watch, BEGAN + at);
    if (last.kind !== 'coming') break;
    watch = last.watch;
  }
  return last.kind === 'hopeless' ? last.why : last.kind;
};

describe('waiting for a part', () => {
  test.each<[string, readonly Look[], string]>([
    [
      'ends when it is ready',
      [
        { at: 0, state: 'starting' },
        { at: 5, state: 'ready' },
      ],
      'ready',
    ],
    [
      'goes on to its limit',
      [
        { at: 0, state: 'starting' },
        { at: LIMIT, state: 'starting' },
      ],
      'coming',
    ],
    [
      'ends at its limit',
      [
        { at: 0, state: 'starting' },
        { at: LIMIT + 1, state: 'starting' },
      ],
      `is not ready after ${PART_SECONDS} s`,
    ],
    [
      'does not count the time in which it waits for others',
      [
        { at: 0, state: 'waiting' },
        { at: LIMIT, state: 'waiting' },
        { at: 2 * LIMIT, state: 'starting' },
      ],
      'coming',
    ],
    [
      'counts its own time once, however often it begins anew',
      [
        { at: 0, state: 'starting' },
        { at: 10, state: 'waiting', restarts: 1 },
        { at: LIMIT + 1, state: 'starting', restarts: 1 },
      ],
      `is not ready after ${PART_SECONDS} s`,
    ],
    [
      'takes one that is ready too late for ready',
      [
        { at: 0, state: 'starting' },
        { at: 2 * LIMIT, state: 'ready' },
      ],
      'ready',
    ],
    ['ends when its data went with it', [{ at: 0, state: 'account lost' }], 'ended'],
    [
      'ends when it has died five times',
      [
        { at: 0, state: 'restarting', restarts: 4 },
        { at: 1, state: 'restarting', restarts: 5 },
      ],
      'died 5 times',
    ],
  ])('%s', (_, looks, expected) => expect(after(looks)).toBe(expected));

  test('ends where somebody stopped what it waits for, and says for what', () => {
    const waiting: PartRecord = { name: 'slipway-worker', state: 'waiting', log: 'worker.log', restarts: 0 };
    const watch: Watch = { restartsBefore: 0 };
    expect(outlookOf(waiting, watch, BEGAN, ['temporal', 'aws'])).toEqual({
      kind: 'held',
      by: ['temporal', 'aws'],
    });
    expect(outlookOf({ ...waiting, state: 'starting' }, watch, BEGAN, ['temporal']).kind).toBe('coming');
  });

  test('does not count how often it had died before', () => {
    expect(after([{ at: 0, state: 'starting', restarts: 11 }], 7)).toBe('coming');
    expect(after([{ at: 0, state: 'starting', restarts: 12 }], 7)).toBe('died 5 times');
  });
});
