/**
 * Go: builds the binaries of a tool-only Go module.
 *
 * Owns: the command line and the recipe's fingerprint. No C compiler is needed (CGO is off), and the binaries don't depend
 * on where they were built (`-trimpath`). Neighbours: `catalogue.ts` says what, `recipes.ts` where the result goes.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { basename } from 'node:path';
import { SandboxFailure } from '../failure.ts';
import type { GoTool } from './catalogue.ts';
import { runCommand, tryCommand } from './command.ts';

const MINIMUM = { major: 1, minor: 26 };

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  CGO_ENABLED: '0',
  GOWORK: 'off',
  GOFLAGS: '-mod=readonly -buildvcs=false',
});

/** The version of the Go that builds in this folder, after proof that it is new enough. */
export const goVersion = async (folder: string): Promise<string> => {
  const cure =
    'install Go 1.26 or newer from https://go.dev/dl/ (unpack it and put its bin folder on PATH) and run again';
  const result = await tryCommand('go', ['env', 'GOVERSION'], { cwd: folder, env: environment() });
  if (result === undefined) throw new SandboxFailure('prerequisite', 'Go is missing: there is no `go` on PATH', cure);
  const version = result.stdout.trim();
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  const newEnough =
    Number(major) > MINIMUM.major || (Number(major) === MINIMUM.major && Number(minor) >= MINIMUM.minor);
  if (result.code !== 0 || !newEnough) {
    throw new SandboxFailure(
      'prerequisite',
      `Go ${MINIMUM.major}.${MINIMUM.minor} or newer is needed, and \`go\` on PATH is ${version || `not able to say its version: ${result.tail}`}`,
      cure,
    );
  }
  return version;
};

const versionIn = (goMod: string, module: string): string => {
  const escaped = module.replaceAll('.', '\\.');
  const version = new RegExp(`^\\s*${escaped} (v\\S+)`, 'm').exec(goMod)?.[1];
  if (version === undefined) throw new Error(`go.mod does not require ${module}: run \`go get -tool\` for it again`);
  return version;
};

const linkerFlags = (tool: GoTool, goMod: string): string =>
  ['-s', '-w', ...Object.entries(tool.stamps(versionIn(goMod, tool.versionOf))).map(([k, v]) => `-X ${k}=${v}`)].join(
    ' ',
  );

export const goToolVersion = (tool: GoTool, folder: string): string =>
  versionIn(readFileSync(`${folder}/go.mod`, 'utf8'), tool.versionOf);

/** What decides the binaries' content: the same fingerprint means the same binaries. */
export const goFingerprint = (tool: GoTool, folder: string, version: string): string => {
  const goMod = readFileSync(`${folder}/go.mod`, 'utf8');
  return createHash('sha256')
    .update(goMod)
    .update(readFileSync(`${folder}/go.sum`))
    .update(JSON.stringify([tool.binaries, linkerFlags(tool, goMod), version, process.arch]))
    .digest('hex')
    .slice(0, 16);
};

/** Builds all binaries of the tool into `target`. */
export const buildGo = async (
  tool: GoTool,
  folder: string,
  target: string,
  note: (text: string) => void,
): Promise<void> => {
  const goMod = readFileSync(`${folder}/go.mod`, 'utf8');
  let compiled = 0;
  let downloaded = 0;
  const onLine = (line: string) => {
    if (line.startsWith('go: downloading')) downloaded += 1;
    else compiled += 1;
    note(`${downloaded > 0 ? `${downloaded} modules downloaded, ` : ''}${compiled} packages compiled`);
  };
  const args = ['build', '-v', '-trimpath', '-ldflags', linkerFlags(tool, goMod), '-o', `${target}/`];
  await runCommand(`building ${tool.name}`, 'go', [...args, ...Object.values(tool.binaries)], {
    cwd: folder,
    env: environment(),
    onLine,
  });
  for (const [binary, path] of Object.entries(tool.binaries)) {
    // Go names a command after the last element of its path that is not a major version: etcd's is `server`.
    const built = basename(path.replace(/\/v\d+$/, ''));
    if (built !== binary) renameSync(`${target}/${built}`, `${target}/${binary}`);
  }
};
