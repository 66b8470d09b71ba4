/**
 * Programs: which file on this computer a component's program is.
 *
 * Owns: that a component runs in the version that it says, and in no other: a machine of an earlier release is not quietly one of
 * today's. Neighbours: `sandbox/tools/store.ts` puts each version into a folder of its own; `host.ts` runs what is found.
 */
import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { BinaryComponent, EndingProgram } from '../../agent/host.ts';
import { hasCode } from '../../words/failure.ts';
import { present } from '../../words/present.ts';
import { programsOf } from '../layout.ts';

const isThere = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'EACCES', 'ENOTDIR')) return false;
    throw thrown;
  }
};

/** The versions in which a command is there, for who asked for another. */
const versionsOf = async (binaries: string, command: string): Promise<readonly string[]> => {
  const versions = await readdir(programsOf(binaries, '.')).catch((thrown: unknown) => {
    if (hasCode(thrown, 'ENOENT')) return [];
    throw thrown;
  });
  const found = await Promise.all(
    versions.map(async (version) => ((await isThere(`${programsOf(binaries, version)}/${command}`)) ? [version] : [])),
  );
  return found.flat().sort();
};

type Named = { readonly name: string; readonly command: string; readonly version?: string };

/** The absolute path of a program. `binaries` is the folder of all tools. */
const programNamed = async ({ name, command, version }: Named, binaries: string): Promise<string> => {
  const path = version === undefined ? `${binaries}/${command}` : `${programsOf(binaries, version)}/${command}`;
  if (await isThere(path)) return path;
  const others = await versionsOf(binaries, command);
  const instead = others.length === 0 ? 'it is there in none' : `it is there in ${others.join(', ')}`;
  throw new Error(
    `Program ${command}${version === undefined ? '' : ` ${version}`} is not in ${binaries} (SLIPWAY_BIN), so this machine cannot ` +
      `run ${name}; ${instead}. Run \`npm run tools\`, or add that version to sandbox/tools.`,
  );
};

/** The same of a component's. */
export const programOf = (
  { name, version, program: { command } }: BinaryComponent,
  binaries: string,
): Promise<string> => programNamed({ name, command, ...present({ version }) }, binaries);

/** Runs a program until it ends; what it said last is told where it fails. */
export const runEnding = async (
  { command, version, arguments: given }: EndingProgram,
  binaries: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> => {
  const executable = await programNamed({ name: command, command, version }, binaries);
  try {
    await promisify(execFile)(executable, [...given], { env: environment });
  } catch (thrown) {
    const said = thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr).trim().split('\n').at(-1) : '';
    throw new Error(`${command} ${given.slice(0, 2).join(' ')} failed: ${said || String(thrown)}`, { cause: thrown });
  }
};
