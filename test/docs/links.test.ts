import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { anchorsOf, type Link, linksOf, type Page, pages, parsePage, ROOT } from './markdown.ts';

const all = pages();
const byPath = new Map(all.map((page) => [page.path, page]));

/** Why a link of this page leads nowhere; undefined when it leads somewhere. Other sites are not asked. */
const brokenBecause = (page: Page, { target }: Link, known: ReadonlyMap<string, Page>): string | undefined => {
  if (/^[a-z][a-z+.-]*:/.test(target)) return undefined;
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? page.path : normalize(join(dirname(page.path), decodeURIComponent(file)));
  if (!known.has(path) && !existsSync(join(ROOT, path))) return `there is no ${path}`;
  if (anchor === undefined) return undefined;
  const there = known.get(path);
  if (there === undefined) return `${path} is no page, so it has no anchors`;
  return anchorsOf(there).includes(anchor) ? undefined : `${path} has no heading #${anchor}`;
};

const brokenLinks = (page: Page, known: ReadonlyMap<string, Page>): readonly string[] =>
  linksOf(page).flatMap((link) => {
    const why = brokenBecause(page, link, known);
    return why === undefined ? [] : [`${page.path}:${link.line}: (${link.target}) ${why}`];
  });

describe('links in Markdown', () => {
  test('lead to a file, an image or a heading that exists', () => {
    expect(all.map(({ path }) => path)).toEqual(expect.arrayContaining(['README.md', 'docs/operations.md']));
    expect(all.flatMap((page) => brokenLinks(page, byPath))).toEqual([]);
  });

  test('that lead nowhere are told by page and line, also those of images and of HTML', () => {
    const page = parsePage(
      'docs/x.md',
      [
        '# One `two`, three: *four*',
        '[good](#one-two-three-four) ![no image](images/none.png) `[no link](nowhere.md)`',
        '<a href="../README.md#no-such-heading">text</a> [elsewhere](https://example.com/nowhere)',
        '```sh',
        '[fenced](nowhere.md)',
        '```',
      ].join('\n'),
    );
    expect(brokenLinks(page, new Map([...byPath, [page.path, page]]))).toEqual([
      'docs/x.md:2: (images/none.png) there is no docs/images/none.png',
      'docs/x.md:3: (../README.md#no-such-heading) README.md has no heading #no-such-heading',
    ]);
  });
});
