import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  allCommands,
  commandsOf,
  isRunElsewhere,
  missingLines,
  NO_COMMANDS,
  RUN_BY,
  RUN_ELSEWHERE,
  SHELL,
} from './commands.ts';
import { pages, parsePage, quotedIn, ROOT } from './markdown.ts';

const isDocumentation = (path: string): boolean => path === 'README.md' || path.startsWith('docs/');

describe('the documentation’s commands', () => {
  test('stand in blocks that say what they are', () => {
    const known: readonly string[] = [...SHELL, ...NO_COMMANDS];
    const unknown = pages().flatMap(({ path, fences }) =>
      fences.filter(({ info }) => !known.includes(info)).map(({ info, line }) => `${path}:${line}: "${info}"`),
    );
    expect(unknown).toEqual([]);
  });

  test('are run by a test, page by page, unless they are marked as needing AWS or Docker', () => {
    const unrun = allCommands().filter(
      ({ page, text, needs }) =>
        isDocumentation(page) && needs === undefined && RUN_BY[page] === undefined && !isRunElsewhere(text),
    );
    expect(unrun.map(({ page, line, text }) => `${page}:${line}: ${text}`)).toEqual([]);
  });

  test('that running text names are among them, or the beginning of one', () => {
    const typed = allCommands().map(({ text }) => `${text} `);
    const unknown = pages()
      .filter(({ path }) => isDocumentation(path))
      .flatMap((page) => quotedIn(page).map((quoted) => ({ ...quoted, page: page.path })))
      .filter(({ code }) => /^(npm|npx|slipway|kubectl|temporal|curl|docker|aws) /.test(code))
      .filter(({ code }) => !typed.some((text) => text.startsWith(`${code} `)));
    expect(unknown).toEqual([]);
  });

  test('have journeys that exist', () => {
    for (const file of new Set(Object.values(RUN_BY))) expect(existsSync(join(ROOT, file))).toBe(true);
  });

  test('that run the tests, or take their ground away, are run by what is said to run them', () => {
    expect(Object.keys(RUN_ELSEWHERE).filter((command) => !isRunElsewhere(command))).toEqual([]);
  });

  test('are read with their marks, placeholders and output, without comments, and taken apart', () => {
    const page = parsePage(
      'docs/x.md',
      [
        ...['# A page', '## Do it', '```sh', 'npm ci && npm run demo   # both', 'kubectl get \\', '  pods', '```'],
        ...['```text output', 'NAME   AGE', '', 'web-0   12s', '```', '## Elsewhere'],
        ...['```sh needs AWS', "aws get '<name>'", '```', '```text', 'npm run nothing', '```'],
      ].join('\n'),
    );
    expect(commandsOf(page)).toEqual([
      { page: 'docs/x.md', section: 'do-it', line: 4, text: 'npm ci' },
      { page: 'docs/x.md', section: 'do-it', line: 4, text: 'npm run demo' },
      {
        page: 'docs/x.md',
        section: 'do-it',
        line: 6,
        text: 'kubectl get pods',
        output: ['NAME   AGE', 'web-0   12s'],
      },
      { page: 'docs/x.md', section: 'elsewhere', line: 15, text: "aws get '<name>'", needs: 'AWS' },
    ]);
  });
});

test('shown output is compared without ids, times and widths, and may leave lines out', () => {
  const actual = 'NAME      AGE\nweb-0     3m12s\ncluster gke-0a1b2c3d at 127.0.0.1\nend of it\n';
  expect(missingLines(['NAME   AGE', 'web-0   12s', '…', 'cluster gke-ffffffff at 10.1.2.3'], actual)).toEqual([]);
  expect(missingLines(['end … it'], actual)).toEqual([]);
  expect(missingLines(['cluster gke-ffffffff', 'NAME   STATUS'], actual)).toEqual([
    'cluster gke-ffffffff',
    'NAME   STATUS',
  ]);
  expect(missingLines(['end of it', 'NAME AGE'], actual)).toEqual(['NAME AGE']);
});
