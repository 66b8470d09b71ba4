/**
 * Command line: the reference of every command, in the words of its own help.
 *
 * Owns: reading the help of each command out of the programs. They are imported here, and where they would begin to read what
 * was typed, each tells its commands instead: one process is enough for all. Neighbours: `client/cli/`, `sandbox/main.ts` and
 * `bench/main.ts` own the words.
 */
import { join } from 'node:path';
import { Command } from 'commander';

const ROOT = join(import.meta.dirname, '../..');
/** As in a pipe. */
const WIDTH = 80;

type Program = { readonly title: string; readonly typed: string; readonly file: string; readonly about: string };

const PROGRAMS: readonly Program[] = [
  {
    title: 'slipway',
    typed: 'slipway',
    file: 'client/cli/main.ts',
    about: 'In a checkout it is `npx slipway`; the sandbox puts it into `~/.slipway/bin`, too.',
  },
  {
    title: 'The sandbox',
    typed: 'npm run sandbox --',
    file: 'sandbox/main.ts',
    about: 'The local cloud. Nothing of it belongs to an installation in AWS.',
  },
  {
    title: 'The benches',
    typed: 'npm run bench --',
    file: 'bench/main.ts',
    about: 'Each starts what it measures by itself, and ends it.',
  },
];

type Help = { readonly words: readonly string[]; readonly text: string };

/** What `--help` prints of one command. */
const helpTextOf = (command: Command): string => {
  let text = '';
  command.configureOutput({
    writeOut: (more) => (text += more),
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
};

/** A command and those below it, but for hidden ones and `help` itself. */
const helpsOf = (command: Command, words: readonly string[] = []): readonly Help[] => [
  { words, text: helpTextOf(command) },
  ...command
    .createHelp()
    .visibleCommands(command)
    .filter((below) => below.name() !== 'help')
    .flatMap((below) => helpsOf(below, [...words, below.name()])),
];

/** Imports a program, which parses as its last act, and takes it from there. */
const programIn = async (file: string): Promise<Command> => {
  const found: Command[] = [];
  const parse = Object.getOwnPropertyDescriptor(Command.prototype, 'parseAsync');
  if (parse === undefined) throw new Error('Commander parses otherwise than it did: adapt this file');
  Object.defineProperty(Command.prototype, 'parseAsync', {
    ...parse,
    value(this: Command) {
      found.push(this);
      return Promise.resolve(this);
    },
  });
  try {
    await import(join(ROOT, file));
  } finally {
    Object.defineProperty(Command.prototype, 'parseAsync', parse);
  }
  const [program] = found;
  if (program === undefined) throw new Error(`${file} does not end by parsing its command line`);
  return program;
};

const section =
  ({ typed }: Program) =>
  ({ words, text }: Help): readonly string[] => [
    ...(words.length === 0 ? [] : [`### ${[typed, ...words].join(' ')}`, '']),
    '```text',
    text,
    '```',
    '',
  ];

/** The page `docs/cli.md`. */
export const commandLineReference = async (): Promise<string> => {
  const parts: string[] = [];
  for (const program of PROGRAMS) {
    const helps = helpsOf(await programIn(program.file));
    parts.push(`## ${program.title}`, '', program.about, '', ...helps.flatMap(section(program)));
  }
  return [
    '# Command-line reference',
    '',
    '<!-- Generated from the help of the programs by `npm run generate`; edit that instead. -->',
    '',
    'Every command with its options, as `--help` prints it. Data goes to standard output, everything else to standard error.',
    '',
    ...parts,
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
};
