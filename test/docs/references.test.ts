import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from './markdown.ts';
import { commentsOf, type Line, leadingNowhere } from './references.ts';

const filesOf = (kinds: string): readonly string[] =>
  globSync(`**/*.${kinds}`, {
    cwd: ROOT,
    exclude: (name) => ['node_modules', '.git', 'coverage'].includes(name),
  }).sort();

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const nowhere = (lines: readonly Line[]): readonly string[] => lines.flatMap(leadingNowhere);

describe('what is referred to', () => {
  test('in comments is in the repository', () => {
    const files = filesOf('{ts,js}');
    expect(files).toContain('policy/status.ts');
    expect(nowhere(files.flatMap((file) => commentsOf(file, read(file))))).toEqual([]);
  });

  test('on pages is in the repository', () => {
    const lines = filesOf('md').flatMap((file) =>
      read(file)
        .split('\n')
        .map((text, index) => ({ file, line: index + 1, text })),
    );
    expect(nowhere(lines)).toEqual([]);
  });
});

describe('a reference', () => {
  const said = (text: string): readonly string[] => nowhere(commentsOf('agent/aws/ec2.ts', text));

  test.each([
    ['a neighbour', '// `kms.ts` does'],
    ['a file of the folder above', '/** `boot.ts` does */'],
    ['a file of another room', ' * `policy/status.ts` does'],
    ['a folder, a pattern, a part of a folder', '// policy/, test/**/*.test.ts, sandbox/aws'],
    ['a decision', '// (ADR 9)'],
    ['code that is no comment', "import { a } from './nowhere.ts'; const url = 'https://x.org/nowhere.ts';"],
    [
      'what is elsewhere',
      '// Node.js, kubernetes/kubernetes#131052, https://x.org/nowhere.ts, @scope/package/nowhere.js, <kind>.ts',
    ],
  ])('to %s leads somewhere', (_what, text) => {
    expect(said(text)).toEqual([]);
  });

  test.each([
    ['a file that was moved', '// `hosts/nowhere.ts` does', 'hosts/nowhere.ts'],
    ['a neighbour of somebody else', '\t// `status.ts` does', 'status.ts'],
    ['a room’s folder', ' * `activities/nowhere/` does', 'activities/nowhere'],
    ['a file behind code', 'const a = 1;\t// see nowhere.ts.', 'nowhere.ts'],
    ['a pattern that nothing matches', '// policy/nowhere-*.ts', 'policy/nowhere-*.ts'],
    ['a decision that nobody took', '// (ADR 999)', '999'],
    ['a page outside of the repository', '/* never abandoned (design §5) */', 'design §5'],
  ])('to %s is told', (_what, text, named) => {
    expect(said(text)).toEqual([expect.stringContaining(named)]);
    expect(said(text)[0]).toContain('agent/aws/ec2.ts:1: ');
  });
});
