/**
 * Programs: which file on this computer a component's program is.
 *
 * Owns: that a component runs in the version that it says, and in no other: a machine of an earlier release is not quietly one of
 * today's. Neighbours: `sandbox/tools/store.ts` puts each version into a folder of its own; `host.ts` runs what is found.
 */
import { access, constants, readdir } from 'node:fs/promises';
import type { BinaryComponent } from '../../agent/host.ts';
import { hasCode } from '../../words/failure.ts';
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

/** The absolute path of a component's program. `binaries` is the folder of all tools. */
export const programOf = async ({ name, version, program }: BinaryComponent, binaries: string): Promise<string> => {
  const { command } = program;
  const path = version === undefined ? `${binaries}/${command}` : `${programsOf(binaries, version)}/${command}`;
  if (await isThere(path)) return path;
  const others = await versionsOf(binaries, command);
  const instead = others.length === 0 ? 'it is there in none' : `it is there in ${others.join(', ')}`;
  throw new Error(
    `Program ${command}${version === undefined ? '' : ` ${version}`} is not in ${binaries} (SLIPWAY_BIN), so this machine cannot ` +
      `run ${name}; ${instead}. Run \`npm run tools\`, or add that version to sandbox/tools.`,
  );
};
