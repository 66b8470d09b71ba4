import { expect, test } from '@jest/globals';
import { shortened } from '../../words/text.ts';

test.each([
  { text: 'as long as there is room', most: 24, said: 'as long as there is room' },
  { text: 'longer than there is room', most: 24, said: 'longer than there is r …' },
  { text: '', most: 0, said: '' },
])('of "$text" $most characters are "$said"', ({ text, most, said }) => {
  expect(shortened(text, most)).toBe(said);
});
