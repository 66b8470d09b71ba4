/**
 * Logs: shows what parts wrote, and goes on showing it.
 *
 * Owns: reading log files from their end. Neighbours: parts write them, one file each.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { SandboxFailure } from '../failure.ts';
import { folders } from '../layout.ts';
import { SUPERVISOR_LOG } from '../supervisor/beginning.ts';
import { partsNow, type Sandbox, theSandbox } from './sandbox.ts';

type Source = { readonly name: string; readonly log: string };

/** Of each part, when all are shown. */
const LINES_EACH = 10;

export const lastLines = (log: string, count: number): string =>
  existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-count).join('\n') : '';

const sourcesOf = ({ home, layout, state }: Sandbox): readonly Source[] => [
  ...partsNow(layout, state),
  { name: 'supervisor', log: `${folders(home).logs}/${SUPERVISOR_LOG}` },
];

const readFrom = (log: string, from: number): { readonly text: string; readonly end: number } => {
  if (!existsSync(log)) return { text: '', end: 0 };
  const end = statSync(log).size;
  // A shorter file is a new one: the sandbox began anew.
  const start = end < from ? 0 : from;
  const bytes = Buffer.alloc(end - start);
  const file = openSync(log, 'r');
  try {
    readSync(file, bytes, 0, bytes.length, start);
  } finally {
    closeSync(file);
  }
  return { text: bytes.toString('utf8'), end };
};

const print = (text: string, prefix: string): void => {
  if (text === '') return;
  const lines = text.replace(/\n$/, '').split('\n');
  process.stdout.write(`${lines.map((line) => prefix + line).join('\n')}\n`);
};

const follow = async (sources: readonly Source[], prefixOf: (source: Source) => string): Promise<never> => {
  const ends = new Map(sources.map(({ log }) => [log, existsSync(log) ? statSync(log).size : 0]));
  for (;;) {
    for (const source of sources) {
      const { text, end } = readFrom(source.log, ends.get(source.log) ?? 0);
      ends.set(source.log, end);
      print(text, prefixOf(source));
    }
    await delay(250);
  }
};

export const showLogs = async (part: string | undefined, options: { readonly follow: boolean }): Promise<void> => {
  const all = sourcesOf(theSandbox());
  const sources = part === undefined ? all : all.filter(({ name }) => name === part);
  if (sources.length === 0) {
    throw new SandboxFailure(
      'noSuchPart',
      `the sandbox has no part ${part}`,
      `its parts are ${all.map(({ name }) => name).join(', ')}`,
    );
  }
  const width = Math.max(...sources.map(({ name }) => name.length));
  const prefixOf = ({ name }: Source) => (part === undefined ? `${name.padEnd(width)} | ` : '');
  for (const source of sources) {
    if (part === undefined) print(lastLines(source.log, LINES_EACH), prefixOf(source));
    else print(readFrom(source.log, 0).text, '');
  }
  if (options.follow) await follow(sources, prefixOf);
};
