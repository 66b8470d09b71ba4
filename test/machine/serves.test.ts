/** What an agent reports that its machine serves as. */
import { describe, expect, test } from '@jest/globals';
import { servesIn, servesText } from '../../machine/serves.ts';

describe('what a machine serves', () => {
  test('is read as it was written', () => {
    const serves = { version: '1.37.2', emulation: '1.36' } as const;
    expect(servesText(serves)).toBe('1.37.2 1.36');
    expect(servesIn(servesText(serves))).toEqual(serves);
  });

  test.each([undefined, '', '1.37.2', '1.37.2 1.36.1', '1.37 1.36', '1.37.2 1.36 more', '1.37.2  1.36'])(
    'is unknown where %o is said',
    (text) => {
      expect(servesIn(text)).toBeUndefined();
    },
  );
});
