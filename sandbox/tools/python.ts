/**
 * Python: environments of their own for moto and for programs that come as wheels.
 *
 * Owns: finding a Python that is new enough, and filling an environment from pinned versions. Neighbours: `recipes.ts` says
 * where the result goes.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SandboxFailure } from '../failure.ts';
import type { PythonTool } from './catalogue.ts';
import { runCommand, tryCommand } from './command.ts';

const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', '/usr/bin/python3'];
/** Prints the version only where environments can be made: Debian packs `ensurepip` apart from Python. */
const PROBE = 'import ensurepip, sys, venv; print("%d.%d.%d" % sys.version_info[:3])';

export type Python = { readonly file: string; readonly version: string };

/** The first Python that is at least 3.11 and can make environments. */
export const findPython = async (): Promise<Python> => {
  const seen: string[] = [];
  for (const file of CANDIDATES) {
    const result = await tryCommand(file, ['-c', PROBE]);
    if (result === undefined) continue;
    const version = result.stdout.trim();
    const [major, minor] = version.split('.').map(Number);
    if (result.code === 0 && major === 3 && minor !== undefined && minor >= 11) return { file, version };
    seen.push(result.code === 0 ? `${file} is ${version}` : `${file} cannot make environments (no venv or ensurepip)`);
  }
  throw new SandboxFailure(
    'prerequisite',
    `Python 3.11 or newer with venv is missing: ${seen.join('; ') || 'there is no `python3` on PATH'}`,
    'install it (Debian and Ubuntu: `apt install python3 python3-venv`; Fedora: `dnf install python3`) and run again',
  );
};

/** A tool's packages with their versions, as they are pinned. */
export const pinnedPackages = (tool: PythonTool, folder: string): readonly string[] => {
  const lines = readFileSync(`${folder}/requirements.txt`, 'utf8').split('\n');
  return tool.packages.map((name) => {
    const pinned = lines.find((line) => line.startsWith(`${name}==`));
    if (pinned === undefined) throw new Error(`${folder}/requirements.txt does not pin ${name}`);
    return pinned;
  });
};

/** In the form that makers' sites use. */
export const pythonToolVersion = (tool: PythonTool, folder: string): string =>
  `v${pinnedPackages(tool, folder)[0]?.split('==')[1] ?? ''}`;

export const pythonFingerprint = (folder: string, python: Python): string =>
  createHash('sha256')
    .update(readFileSync(`${folder}/requirements.txt`))
    .update(JSON.stringify([python.version, process.arch]))
    .digest('hex')
    .slice(0, 16);

/** Makes the environment in `target`. Programs in its `bin` which are scripts don't survive a move; binaries do. */
export const buildPython = async (
  python: Python,
  folder: string,
  target: string,
  note: (text: string) => void,
): Promise<void> => {
  note('making the environment');
  await runCommand('making a Python environment', python.file, ['-m', 'venv', target]);
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--only-binary', ':all:'];
  let packages = 0;
  await runCommand('installing Python packages', `${target}/bin/python`, [...pip, '-r', `${folder}/requirements.txt`], {
    onLine: (line) => {
      if (line.startsWith('Collecting') || line.startsWith('Requirement')) packages += 1;
      note(line.startsWith('Installing') ? `installing ${packages} packages` : `${packages} packages collected`);
    },
  });
};
