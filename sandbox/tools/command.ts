/**
 * Command: runs a build program to its end.
 *
 * Owns: what happens to its output (each line to whoever asks, the last ones into the error). Neighbours: `go.ts` and
 * `python.ts` say which programs.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { hasCode } from '../../words/failure.ts';
import { SandboxFailure } from '../failure.ts';

const KEPT_LINES = 30;

export type CommandOptions = {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly onLine?: (line: string) => void;
};

export type CommandResult = { readonly code: number | null; readonly stdout: string; readonly tail: string };

/** Runs a program; undefined when there is no such program. */
export const tryCommand = (
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult | undefined> =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const tail: string[] = [];
    let stdout = '';
    const keep = (line: string) => {
      options.onLine?.(line);
      tail.push(line);
      if (tail.length > KEPT_LINES) tail.shift();
    };
    createInterface({ input: child.stdout }).on('line', (line) => {
      stdout += `${line}\n`;
      keep(line);
    });
    createInterface({ input: child.stderr }).on('line', keep);
    child.once('error', (error) => {
      // A program in a folder that this user may not enter is none for them either.
      if (hasCode(error, 'ENOENT', 'EACCES')) resolve(undefined);
      else reject(error);
    });
    child.once('close', (code) => resolve({ code, stdout, tail: tail.join('\n') }));
  });

/** Runs a program that must succeed. */
export const runCommand = async (
  what: string,
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> => {
  const result = await tryCommand(file, args, options);
  if (result?.code === 0) return result.stdout;
  throw new SandboxFailure(
    'build',
    `${what} failed: \`${[file, ...args].join(' ')}\` ${result ? `ended with status ${result.code}` : 'is not installed'}${result ? `:\n${result.tail}` : ''}`,
    'what was built so far is kept: mend the cause named above (most often the network) and run the command again',
  );
};
