/**
 * Markdown: what the tests of the documentation read out of its pages.
 *
 * Owns: finding the pages, and a reader for their fences, headings, links and images. It knows the Markdown that these pages
 * use, which is what GitHub shows; it is no general parser. Pure but for reading files.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A fenced block: its info string says what it is. */
type Fence = { readonly info: string; readonly line: number; readonly text: string };

export type Page = {
  /** Path within the repository. */
  readonly path: string;
  readonly fences: readonly Fence[];
  /** The page without what is fenced, line by line, so that numbers of lines stay true. */
  readonly prose: readonly string[];
};

export type Link = { readonly target: string; readonly line: number };

const FENCE = /^\s*(`{3,})(.*)$/;

export const parsePage = (path: string, text: string): Page => {
  const fences: Fence[] = [];
  const prose: string[] = [];
  let open: { info: string; line: number; marker: string; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const [, marker = '', info = ''] = FENCE.exec(line) ?? [];
    if (open === undefined && marker !== '') open = { info: info.trim(), line: index + 1, marker, lines: [] };
    else if (open !== undefined && marker === open.marker && info.trim() === '') {
      fences.push({ info: open.info, line: open.line, text: open.lines.join('\n') });
      open = undefined;
    } else if (open !== undefined) open.lines.push(line);
    prose.push(open !== undefined || marker !== '' ? '' : line);
  }
  if (open !== undefined) throw new Error(`${path}:${open.line}: a fence is not closed`);
  return { path, fences, prose };
};

/** Every Markdown page of the repository. */
export const pages = (): readonly Page[] =>
  globSync('**/*.md', { cwd: ROOT, exclude: (name) => ['node_modules', '.git', 'coverage'].includes(name) })
    .sort()
    .map((path) => parsePage(path, readFileSync(join(ROOT, path), 'utf8')));

/** Links and images, also those of HTML tags. What is quoted as code is none. */
export const linksOf = (page: Page): readonly Link[] =>
  page.prose.flatMap((line, index) => {
    const text = line.replaceAll(/`[^`]*`/g, (code) => `\`${'x'.repeat(code.length - 2)}\``);
    const targets = [
      ...[...text.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map((match) => match[1] ?? ''),
      ...[...text.matchAll(/\b(?:src|href|srcset)="([^"]+)"/g)].map((match) => match[1] ?? ''),
    ];
    return targets.map((target) => ({ target, line: index + 1 }));
  });

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');

/** Every anchor of a page; a heading that comes twice has a number behind it, as on GitHub. */
export const anchorsOf = (page: Page): readonly string[] => {
  const seen = new Map<string, number>();
  return page.prose.flatMap((line) => {
    const heading = /^#{1,6}\s+(.*)$/.exec(line)?.[1];
    const named = [...line.matchAll(/\b(?:id|name)="([^"]+)"/g)].map((match) => match[1] ?? '');
    if (heading === undefined) return named;
    const anchor = anchorOf(heading);
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return [...named, before === 0 ? anchor : `${anchor}-${before}`];
  });
};

export type Quoted = { readonly code: string; readonly line: number };

/** What is quoted as code in running text, but for comments. */
export const quotedIn = (page: Page): readonly Quoted[] =>
  page.prose.flatMap((line, index) =>
    [...line.replaceAll(/<!--.*?-->/g, '').matchAll(/`([^`]+)`/g)].map((match) => ({
      code: match[1] ?? '',
      line: index + 1,
    })),
  );

/** The section in which a line is: its nearest heading above. */
export const sectionAt = (page: Page, line: number): string => {
  const above = { ...page, prose: page.prose.slice(0, line) };
  return anchorsOf(above).at(-1) ?? '';
};
