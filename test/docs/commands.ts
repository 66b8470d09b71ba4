/**
 * Commands: what the documentation tells people to type.
 *
 * Owns: reading commands, their marks and the output shown with them out of pages, and which test runs a page. What a block is
 * says its info string:
 *
 * - `sh`: commands, each of which a test runs; `sh needs AWS` and `sh needs Docker`: no test can run these;
 * - `text output`: what the commands of the block before it print, compared loosely;
 * - `text`, `yaml` and others: nothing to run.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page, pages, ROOT, sectionAt } from './markdown.ts';

export const SHELL = ['sh', 'sh needs AWS', 'sh needs Docker'] as const;
const OUTPUT = 'text output';
/** Blocks in which there is nothing to run. */
export const NO_COMMANDS = ['text', 'yaml', 'json', OUTPUT] as const;

export type DocumentedCommand = {
  readonly page: string;
  /** Anchor of the heading under which it is. */
  readonly section: string;
  readonly line: number;
  /** As it is typed, placeholders like `<name>` included. */
  readonly text: string;
  /** What a computer without them cannot run. */
  readonly needs?: 'AWS' | 'Docker';
  /** What the page shows of its output. */
  readonly output?: readonly string[];
};

/** Lines of a block as commands: comments go, continued lines are joined, and what `&&` joins is taken apart. */
const commandsIn = (text: string): readonly { readonly text: string; readonly offset: number }[] => {
  const found: { text: string; offset: number }[] = [];
  let before = '';
  for (const [offset, line] of text.split('\n').entries()) {
    const typed = `${before}${line.replace(/(^|\s+)#\s.*$/, '').trim()}`;
    before = typed.endsWith('\\') ? typed.slice(0, -1) : '';
    if (before !== '' || typed === '') continue;
    for (const one of typed.split(' && ')) found.push({ text: one.trim(), offset });
  }
  return found;
};

export const commandsOf = (page: Page): readonly DocumentedCommand[] =>
  page.fences.flatMap((fence, index): DocumentedCommand[] => {
    const [language, ...mark] = fence.info.split(' ');
    if (language !== 'sh') return [];
    const needs = mark.join(' ');
    const after = page.fences[index + 1];
    const shown = after?.info === OUTPUT ? after.text.split('\n').filter((line) => line.trim() !== '') : undefined;
    const commands = commandsIn(fence.text);
    return commands.map(({ text, offset }, number) => ({
      page: page.path,
      section: sectionAt(page, fence.line),
      line: fence.line + 1 + offset,
      text,
      ...(needs === 'needs AWS' ? { needs: 'AWS' as const } : {}),
      ...(needs === 'needs Docker' ? { needs: 'Docker' as const } : {}),
      ...(shown !== undefined && number === commands.length - 1 ? { output: shown } : {}),
    }));
  });

/** Who runs the commands of a page: a journey that calls `documentationIn` for it. */
export const RUN_BY: Readonly<Record<string, string>> = {
  'README.md': 'test/journeys/create.journey.test.ts',
  'docs/quick-start.md': 'test/journeys/create.journey.test.ts',
  'docs/reading-a-create-in-temporal.md': 'test/journeys/create.journey.test.ts',
  'docs/operations.md': 'test/docs/operations.journey.test.ts',
  'docs/security.md': 'test/deploy/rbac.integration.test.ts',
  'docs/gitops.md': 'test/deploy/gitops.integration.test.ts',
  'docs/upgrading-slipway.md': 'test/workflows/versioning.integration.test.ts',
  'docs/upgrading-a-cluster.md': 'test/docs/upgrading.trial.test.ts',
};

/**
 * Commands that cannot be run where the rest of their page is, since they run the tests, take away what the tests run on, or need a
 * situation that takes long. Each is run by the file that is named, which a test checks.
 */
export const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci': '.ci/run',
  'npm test': '.ci/run',
  'npm run test:trials': '.ci/run',
  'npm run bench -- --help': 'test/bench/command-line.test.ts',
  'kubectl patch awsnodepool <pool> --type merge -p \'{"spec":{"version":"<version>"}}\'':
    'test/journeys/pool-upgrade.trial.test.ts',
  'kubectl describe awsnodepool <pool>': 'test/journeys/pool-upgrade.trial.test.ts',
  'slipway operations abort nodepool <pool>': 'test/journeys/pool-upgrade.trial.test.ts',
  'slipway operations resume nodepool <pool>': 'test/journeys/pool-upgrade.trial.test.ts',
  "slipway operations retry cluster <name> --step 'wait upgrade/insights'":
    'test/docs/upgrade-situations.trial.test.ts',
  "slipway operations skip cluster <name> --step 'wait upgrade/insights'": 'test/docs/upgrade-situations.trial.test.ts',
  "slipway operations retry cluster <name> --step 'ensure snapshot/upgrade'":
    'test/docs/upgrade-situations.trial.test.ts',
  "slipway operations skip cluster <name> --step 'ensure snapshot/upgrade'":
    'test/docs/upgrade-situations.trial.test.ts',
  'kubectl patch awscluster <name> --type merge -p \'{"spec":{"controlPlane":{"version":"<version>"}}}\'':
    'test/docs/upgrade-situations.trial.test.ts',
  'slipway clusters export-secrets <name> --file <file> --passphrase-file <passphrase>':
    'test/journeys/adoption.trial.test.ts',
  'slipway clusters import-secrets --file <file> --passphrase-file <passphrase>':
    'test/journeys/adoption.trial.test.ts',
  'slipway orphans --remove <id> --yes': 'test/journeys/adoption.trial.test.ts',
  'slipway orphans --cluster <cluster id> --remove --yes': 'test/journeys/adoption.trial.test.ts',
  'slipway clusters restore <name> --from newest --yes': 'test/journeys/restore.trial.test.ts',
  'npm run bench -- faults --situations create-and-delete --sample 15 -o json': 'test/faults/matrix.trial.test.ts',
  'npm run bench -- faults --situations resize abort --sample 8 -o json': 'test/faults/matrix.trial.test.ts',
};

/** All commands of all pages. */
export const allCommands = (): readonly DocumentedCommand[] => pages().flatMap(commandsOf);

/** Whether the file that is said to run a command does. */
export const isRunElsewhere = (command: string): boolean => {
  const file = RUN_ELSEWHERE[command];
  if (file === undefined || !existsSync(join(ROOT, file))) return false;
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  return lines.some((line) => !/^\s*#/.test(line) && line.includes(command));
};

const LOOSE: readonly (readonly [RegExp, string])[] = [
  [/gke-[0-9a-f]{8}\b/g, 'gke-<cluster>'],
  [/\b(i|subnet|vpc|sg|eni|vol)-[0-9a-f]{8,17}\b/g, '$1-<id>'],
  [/\b[0-9a-f]{16}\b/g, '<hash>'],
  [/\bip(-\d+){4}/g, 'ip-<address>'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>'],
  [/\b(\d+[dhms]{1,2})+\b/g, '<time>'],
  [/\d+/g, '<n>'],
  [/\s+/g, ' '],
];

/** A line of output without what is chance: ids, times, numbers, widths. */
const loosely = (line: string): string =>
  LOOSE.reduce((text, [pattern, instead]) => text.replaceAll(pattern, instead), line.trim());

/** Lines of a shown output that an actual one lacks, in this order; `…` alone stands for any lines. */
export const missingLines = (shown: readonly string[], actual: string): readonly string[] => {
  const lines = actual.split('\n').map(loosely);
  let from = 0;
  return shown.filter((line) => {
    if (line.trim() === '…') return false;
    const [start = '', end] = loosely(line).split('…');
    const at = lines.findIndex(
      (seen, index) =>
        index >= from && (end === undefined ? seen === start : seen.startsWith(start) && seen.endsWith(end)),
    );
    if (at >= 0) from = at + 1;
    return at < 0;
  });
};
