/** Minors of versions, as tags of disks and rules about versions have them. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compareMinors,
  type Minor,
  minorIn,
  minorOf,
  minorOfVersion,
  minorsBetween,
  newerMinor,
} from '../../api/minor.ts';

const minors = fc
  .tuple(fc.integer({ min: 0, max: 9_999 }), fc.integer({ min: 0, max: 9_999 }))
  .map(([major, minor]): Minor => `${major}.${minor}`);

describe('a minor', () => {
  test('is read as it was written', () => {
    fc.assert(fc.property(minors, (minor) => expect(minorIn(minor)).toBe(minor)));
  });

  test.each([
    undefined,
    '',
    '1',
    '1.',
    '.36',
    '1.36.3',
    'v1.36',
    ' 1.36',
    '1.36 ',
    '1.36\n',
    '01.36',
    '1.036',
    '1.-36',
    '1.3e1',
    'none',
    '1.36-gke',
  ])('is none where a tag says %o', (text) => {
    expect(minorIn(text)).toBeUndefined();
  });

  test.each([
    ['1.36.3', '1.36'],
    ['1.37.0-beta.0', '1.37'],
    ['1.9.10', '1.9'],
    ['1.37', undefined],
    ['v1.37.2', undefined],
    ['', undefined],
  ])('of version %o is %o', (version, minor) => {
    expect(minorOfVersion(version)).toBe(minor);
  });

  test('is older or newer by its numbers, not by its letters', () => {
    expect(compareMinors('1.9', '1.10')).toBeLessThan(0);
    expect(compareMinors('2.0', '1.99')).toBeGreaterThan(0);
    expect(compareMinors('1.36', '1.36')).toBe(0);
    fc.assert(
      fc.property(minors, minors, (a, b) => {
        expect(compareMinors(a, b) + compareMinors(b, a)).toBe(0);
        expect(compareMinors(a, b) === 0).toBe(a === b);
      }),
    );
  });

  test('newer than one that is not there is the other', () => {
    expect(newerMinor('1.36', '1.37')).toBe('1.37');
    expect(newerMinor('1.37', '1.36')).toBe('1.37');
    expect(newerMinor(undefined, '1.36')).toBe('1.36');
    expect(newerMinor('1.36', undefined)).toBe('1.36');
    expect(newerMinor(undefined, undefined)).toBeUndefined();
  });

  test.each([
    ['1.36.3', '1.36'],
    ['1.37.0-beta.0', '1.37'],
    ['1.36', '1.36'],
  ])('of %s, which the catalogue or a status has, is %s', (text, minor) => {
    expect(minorOf(text)).toBe(minor);
  });

  test.each(['', '1', 'v1.36.3', '1.36.', 'latest'])('of "%s" is a mistake', (text) => {
    expect(() => minorOf(text)).toThrow(`"${text}" is neither a version`);
  });

  test('is so many minors newer than another, and further than any rule allows from that of another major', () => {
    expect(minorsBetween('1.36.3', '1.38.0')).toBe(2);
    expect(minorsBetween('1.38', '1.36.3')).toBe(-2);
    expect(minorsBetween('1.36.3', '1.36.9')).toBe(0);
    expect(minorsBetween('1.99.0', '2.0.0')).toBeGreaterThan(100);
    expect(minorsBetween('2.0.0', '1.99.0')).toBeLessThan(-100);
  });
});
