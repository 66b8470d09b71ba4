import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { beginningInBytes, beginningOf, shortened } from '../../words/text.ts';

test.each([
  { text: 'as long as there is room', most: 24, said: 'as long as there is room' },
  { text: 'longer than there is room', most: 24, said: 'longer than there is r …' },
  { text: 'a whole character: 😀 is here', most: 22, said: 'a whole character:  …' },
  { text: '', most: 0, said: '' },
])('of "$text" $most characters are "$said"', ({ text, most, said }) => {
  expect(shortened(text, most)).toBe(said);
});

describe('what is left of a text', () => {
  const texts = fc.string({ unit: 'binary', maxLength: 60 });
  const room = fc.nat({ max: 80 });

  test('has no half characters that the text had not, is its beginning, and fits', () => {
    fc.assert(
      fc.property(texts, room, (text, most) => {
        for (const [left, length] of [
          [beginningOf(text, most), (said: string) => said.length],
          [beginningInBytes(text, most), (said: string) => Buffer.byteLength(said)],
        ] as const) {
          expect(text.startsWith(left)).toBe(true);
          expect(left.isWellFormed()).toBe(true);
          expect(length(left)).toBeLessThanOrEqual(most);
        }
      }),
    );
  });

  test('is all of it where there is room, and never much less than that', () => {
    fc.assert(
      fc.property(texts, room, (text, most) => {
        expect(beginningOf(text, most).length).toBeGreaterThanOrEqual(Math.min(text.length, most - 1));
        expect(Buffer.byteLength(beginningInBytes(text, most))).toBeGreaterThanOrEqual(
          Math.min(Buffer.byteLength(text), most - 3),
        );
      }),
    );
  });
});
