import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asTyped, type Line, readLine } from '../../client/cli/shell-words.ts';

describe('a line up to the cursor', () => {
  test.each<[string, string, Line]>([
    ['a word that is begun', 'slipway cl', { before: ['slipway'], current: 'cl', quote: '' }],
    ['a word that is not begun', 'slipway  clusters ', { before: ['slipway', 'clusters'], current: '', quote: '' }],
    ['nothing', '', { before: [], current: '', quote: '' }],
    ['an open quote', "a 'ensure et", { before: ['a'], current: 'ensure et', quote: "'" }],
    ['an open double quote', 'a "ensure ', { before: ['a'], current: 'ensure ', quote: '"' }],
    ['a quote that was closed', "a 'b c' d", { before: ['a', 'b c'], current: 'd', quote: '' }],
    ['an empty word', "a '' b", { before: ['a', ''], current: 'b', quote: '' }],
    ['quotes inside of a word', `a b'c'"d"e`, { before: ['a'], current: 'bcde', quote: '' }],
    ['a space behind a backslash', String.raw`a b\ c`, { before: ['a'], current: 'b c', quote: '' }],
    [
      'backslashes in double quotes',
      String.raw`a "\"\x" b`,
      { before: ['a', String.raw`"\x`], current: 'b', quote: '' },
    ],
    [
      'what would be expanded, as it is',
      'a $(rm x) `y` $HOME',
      { before: ['a', '$(rm', 'x)', '`y`'], current: '$HOME', quote: '' },
    ],
    ['a backslash at the end', 'a b\\', { before: ['a'], current: 'b', quote: '' }],
  ])('is taken apart with %s', (_what, line, read) => {
    expect(readLine(line)).toEqual(read);
  });

  const WORD = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 });

  test('reads back every word as it has it typed, whatever quote is open', () => {
    fc.assert(
      fc.property(WORD, fc.constantFrom('' as const, "'" as const, '"' as const), (word, quote) => {
        expect(readLine(`slipway ${quote}${asTyped(word, quote)}${quote} `).before).toEqual(['slipway', word]);
      }),
    );
  });

  test('has every word typed so that bash reads it, too', () => {
    const words = fc.sample(WORD, 100);
    const typed = words.map((word) => asTyped(word, '')).join(' ');
    const read = execFileSync('bash', ['-c', String.raw`printf '%s\0' ${typed}`], { encoding: 'utf8' });
    expect(read.split('\0').slice(0, -1)).toEqual(words);
  });
});
