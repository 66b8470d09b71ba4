/**
 * Command line: the reference of every command, in the words of its own help.
 *
 * Owns: asking each command for its help, and the commands that the help lists in turn. It asks the programs as a person
 * does, so the page says what they say. Neighbours: `client/cli/` and `sandbox/main.ts` own the words.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const exec = promisify(execFile);

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
];

type Help = { readonly words: readonly string[]; readonly text: string };

/** Commands that a help lists, but for `help` itself. */
const listedIn = (help: string): readonly string[] => {
  const [, list = ''] = help.split(/^Commands:$/m);
  return (
    list
      .split('\n\n')[0]
      ?.split('\n')
      .flatMap((line) => /^ {2}([a-z][a-z-]*)/.exec(line)?.[1] ?? [])
      .filter((name) => name !== 'help') ?? []
  );
};

const helpOf = async (file: string, words: readonly string[]): Promise<readonly Help[]> => {
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' };
  const { stdout } = await exec(process.execPath, [join(ROOT, file), ...words, '--help'], { env: environment });
  const below = await Promise.all(listedIn(stdout).map((name) => helpOf(file, [...words, name])));
  return [{ words, text: stdout.trimEnd() }, ...below.flat()];
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
  const parts = await Promise.all(
    PROGRAMS.map(async (program) => [
      `## ${program.title}`,
      '',
      program.about,
      '',
      ...(await helpOf(program.file, [])).flatMap(section(program)),
    ]),
  );
  return [
    '# Command-line reference',
    '',
    '<!-- Generated from the help of the programs by `npm run generate`; edit that instead. -->',
    '',
    'Every command with its options, as `--help` prints it. Data goes to standard output, everything else to standard error.',
    '',
    ...parts.flat(),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
};
