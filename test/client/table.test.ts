import { describe, expect, test } from '@jest/globals';
import { span, table } from '../../client/cli/table.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a table', () => {
  test('aligns its columns by three spaces, as kubectl does, and pads nothing at the end of a line', () => {
    expect(
      table(
        ['NAME', 'STATE', 'AGE'],
        [
          ['a', 'Provisioning', '5s'],
          ['longer', '', ''],
        ],
      ),
    ).toBe('NAME     STATE          AGE\na        Provisioning   5s\nlonger');
  });

  test('counts characters, not bytes, and leaves the last column alone, which may be in any script', () => {
    expect(table(['A', 'B'], [['é', '日本']])).toBe('A   B\né   日本');
  });
});

describe('a span', () => {
  test.each([
    [0, '0s'],
    [-5 * SECOND, '0s'],
    [119 * SECOND, '119s'],
    [2 * MINUTE, '2m'],
    [4 * MINUTE + 56 * SECOND, '4m56s'],
    [10 * MINUTE + 30 * SECOND, '10m'],
    [179 * MINUTE, '179m'],
    [3 * HOUR + 12 * MINUTE, '3h12m'],
    [5 * HOUR, '5h'],
    [47 * HOUR + 59 * MINUTE, '47h59m'],
    [2 * DAY, '2d'],
    [40 * DAY, '40d'],
  ])('of %d ms reads %s', (milliseconds, text) => {
    expect(span(milliseconds)).toBe(text);
  });
});
