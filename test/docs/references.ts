/**
 * References: which files comments and pages name, and what of it leads nowhere.
 *
 * Owns: reading names of files, decisions (ADR 9) and sections of other texts out of comments and pages, and where a name is
 * looked for: in the folder of the file that says it, and in those above. So a neighbour is named by its name alone, another
 * room's file from the top. Neighbours: `markdown.ts` reads links, which a test of its own follows. Pure but for looking
 * whether a file exists.
 */
import { existsSync, globSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './markdown.ts';

const ROOMS = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
  .map(({ name }) => name)
  .join('|');

/**
 * Source files, and whatever is said to lie in a room. Not what a product is called (`Node.js`), an issue of another
 * repository, a URL, a package's file, what
 * is `<filled in>`, or part of a longer word.
 */
const NAMES = new RegExp(
  `(?<![\\w@$:/.<>*-])(?!Node\\.js|[\\w-]+/[\\w-]+#\\d)(?:(?:[\\w.*-]+/)*[\\w.*-]+\\.(?:ts|js|py|md|proto)(?![\\w/]|[.-]\\w)|(?:${ROOMS})/[\\w./*-]*[\\w*])`,
  'g',
);
const DECISIONS = /\bADR (\d+)/g;
const SECTIONS = /(?:\bdesign )?§ ?\d+\w*/g;

export type Line = { readonly file: string; readonly line: number; readonly text: string };

const isComment = (line: string): boolean => /^\s*(\/\/|\/\*|\*)/.test(line);

/** What a line of code says to people. Comments stand on lines of their own, or behind code and a blank. */
const commentOf = (line: string): string => (isComment(line) ? line : (/\s\/\/ .*$/.exec(line)?.[0] ?? ''));

/** The comments of a file in TypeScript or JavaScript, line by line. */
export const commentsOf = (file: string, code: string): readonly Line[] =>
  code.split('\n').map((text, index) => ({ file, line: index + 1, text: commentOf(text) }));

const foldersAbove = (file: string): readonly string[] => {
  const folder = dirname(file);
  return folder === '.' ? ['.'] : [folder, ...foldersAbove(folder)];
};

const isThere = (path: string): boolean =>
  path.includes('*')
    ? globSync(path, { cwd: ROOT, exclude: (name) => name === 'node_modules' }).length > 0
    : existsSync(join(ROOT, path));

/** `*.test.ts` is a pattern of names, wherever they are. */
const isKnown = (file: string, name: string): boolean =>
  name.startsWith('*') ? isThere(`**/${name}`) : foldersAbove(file).some((folder) => isThere(join(folder, name)));

const isDecided = (number: string): boolean => isThere(`docs/adr/${number.padStart(4, '0')}-*.md`);

/** What a line refers to that isn't in the repository, each in a sentence. */
export const leadingNowhere = ({ file, line, text }: Line): readonly string[] => {
  const where = `${file}:${line}`;
  const names = [...text.matchAll(NAMES)].map(([name]) => name).filter((name) => !isKnown(file, name));
  const decisions = [...text.matchAll(DECISIONS)].map(([, number = '']) => number).filter((one) => !isDecided(one));
  const sections = [...text.matchAll(SECTIONS)].map(([section]) => section);
  return [
    ...names.map((name) => `${where}: there is no ${name}, neither here nor in a folder above`),
    ...decisions.map((number) => `${where}: there is no decision ${number} in docs/adr`),
    ...sections.map((section) => `${where}: "${section}" is of no page here: say it in words, or name the page`),
  ];
};
