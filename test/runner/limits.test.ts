import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const TESTS = join(import.meta.dirname, '..');

/** A limit of one's own: of a wait, of a file, and as the last argument of a test or of what goes before and after. */
const LIMITS = [/timeoutMs: [\d_]+/g, /jest\.setTimeout\(/g, /^ *\}?\)?\}, (?:[\d_]{5,}|[\d ]*\*? ?MINUTES?)\);$/gm];

const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && file !== 'runner/limits.test.ts',
);

describe('the tests', () => {
  test('wait no longer and no shorter than all others: how fast a computer is, no file can know', () => {
    const own = files.flatMap((file) => {
      const text = readFileSync(join(TESTS, file), 'utf8');
      return LIMITS.flatMap((limit) => [...text.matchAll(limit)].map(([found]) => `${file}: ${found.trim()}`));
    });
    expect(own).toEqual([]);
  });
});
