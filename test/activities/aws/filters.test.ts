/** What EC2 makes of a filter's value, and that text of people's own finds nothing but itself. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { filter, filterLike } from '../../../activities/aws/tags.ts';

/** As EC2's documentation has it: `*` any text, `?` any character, a backslash takes both their meaning. */
const matches = (value: string, text: string): boolean => {
  const pattern = value.replaceAll(/\\([\s\S])|([*?])|([\s\S])/g, (_, literal, wildcard, other) => {
    if (wildcard !== undefined) return wildcard === '*' ? '[\\s\\S]*' : '[\\s\\S]';
    return (literal ?? other).replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  });
  return new RegExp(`^${pattern}$`).test(text);
};

const text = fc.string({ unit: fc.constantFrom('a', '-', '*', '?', '\\', '.'), minLength: 1, maxLength: 8 });

describe('a filter', () => {
  test('finds what people named, and nothing that is merely like it', () => {
    fc.assert(
      fc.property(text, text, (named, other) => {
        const [value = ''] = filter('key-name', named).Values ?? [];
        expect(matches(value, named)).toBe(true);
        expect(matches(value, other)).toBe(named === other);
      }),
    );
  });

  test('is a pattern only where Slipway asks for one', () => {
    expect(filterLike('tag:slipway.dev/key', 'etcd-volume/*')).toEqual({
      Name: 'tag:slipway.dev/key',
      Values: ['etcd-volume/*'],
    });
    expect(filter('key-name', 'gke-*')).toEqual({ Name: 'key-name', Values: ['gke-\\*'] });
  });

  test('that is literal is given no pattern by anybody', () => {
    const folder = join(import.meta.dirname, '../../../activities/aws');
    const given = readdirSync(folder).flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/(?<![.\w])filter\([^()]*\*[^()]*\)/g)].map(
        ([call]) => `${name}: ${call}`,
      ),
    );
    expect(given).toEqual([]);
  });
});
