/**
 * Session: somebody who follows the documentation in a shell, command by command, in one sandbox.
 *
 * Owns: the shell's environment from one command to the next, filling in placeholders, and what has been run. A command that
 * no page has cannot be run here, so nobody can think that a page is tested which is not. Neighbours: `commands.ts` reads the
 * pages; journeys say in which order, and what there is to wait for in between.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../sandbox/tools/build.ts';
import type { SandboxForTests } from '../support/sandbox.ts';
import { noting } from '../support/waits.ts';
import { allCommands, type DocumentedCommand, isRunElsewhere, missingLines } from './commands.ts';
import { ROOT } from './markdown.ts';

/** What a placeholder such as `<name>` stands for at the moment. */
export type Placeholders = Readonly<Record<string, () => Promise<string> | string>>;

type HowToRun = {
  /** For what goes on until Ctrl-C: ended as soon as its output matches. */
  readonly until?: RegExp;
  /** Placeholders with a meaning of their own here. */
  readonly with?: Readonly<Record<string, string>>;
};

export type SectionSettings = {
  readonly later?: readonly string[];
  /** By command. */
  readonly how?: Readonly<Record<string, HowToRun>>;
};

export type Documentation = {
  /** Runs a command as the pages have it, and answers its output. An error shows everything. */
  readonly run: (command: string, how?: HowToRun) => Promise<string>;
  /** Runs the commands of a section, one after the other, but for those that were run before or come later. */
  readonly section: (page: string, anchor: string, settings?: SectionSettings) => Promise<void>;
  /** Commands of these pages that nobody has run, as `page:line: command`. */
  readonly notRun: (...pages: readonly string[]) => readonly string[];
  readonly end: () => void;
};

type Shell = { readonly command: string; readonly code: number | null; readonly output: string };

/** Runs a line of shell in a group of its own, so that what it started can be ended with it. */
const shell = (script: string, environment: NodeJS.ProcessEnv, until?: RegExp): Promise<Shell> =>
  new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', script], {
      cwd: ROOT,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let matched = false;
    const read = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      if (matched || until === undefined || child.pid === undefined || !until.test(output)) return;
      matched = true;
      process.kill(-child.pid, 'SIGINT');
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('close', (code) => resolve({ command: script, code: matched ? 0 : code, output }));
  });

/** A folder in which `~/.slipway` is this sandbox's home, and `~/.cache/slipway` where the tools are. */
const homeFor = async (sandbox: SandboxForTests): Promise<string> => {
  const home = mkdtempSync(join(tmpdir(), 'slipway-reader-'));
  await mkdir(join(home, '.cache'));
  symlinkSync(sandbox.home, join(home, '.slipway'));
  symlinkSync(cacheFolder(), join(home, '.cache/slipway'));
  return home;
};

/** A reader's environment: nothing of the tests' own settings, but that the sandbox ends with the tests. */
const environmentFor = (home: string, sandbox: SandboxForTests): NodeJS.ProcessEnv => {
  const kept = Object.entries(process.env).filter(([name]) => !/^(SLIPWAY_|KUBECONFIG$|TEMPORAL_|npm_)/.test(name));
  return {
    ...Object.fromEntries(kept),
    HOME: home,
    SLIPWAY_ATTACHED_TO: String(process.pid),
    // As the pages say for a Temporal elsewhere: several sandboxes have theirs on several ports.
    TEMPORAL_ADDRESS: sandbox.status().temporal.address,
  };
};

const withoutRan = (commands: readonly DocumentedCommand[], ran: ReadonlySet<string>) =>
  commands.filter(({ text, needs }) => needs === undefined && !ran.has(text) && !isRunElsewhere(text));

export const documentationIn = async (sandbox: SandboxForTests, fill: Placeholders = {}): Promise<Documentation> => {
  const commands = allCommands();
  const home = await homeFor(sandbox);
  const ran = new Set<string>();
  let environment = environmentFor(home, sandbox);

  const filled = async (text: string, own: Readonly<Record<string, string>> = {}): Promise<string> => {
    let result = text;
    for (const [placeholder] of text.matchAll(/<[a-z][a-z -]*>/g)) {
      const value = own[placeholder] ?? (await fill[placeholder]?.());
      if (value === undefined) throw new Error(`Nothing is known to fill in for ${placeholder} in: ${text}`);
      result = result.replaceAll(placeholder, value);
    }
    return result;
  };

  /** What a command exports holds for those after it. */
  const remembering = async (script: string, until?: RegExp): Promise<Shell> => {
    const saved = join(home, 'environment');
    writeFileSync(saved, '');
    const answer = await noting('commands', script, () =>
      shell(`${script}\ncode=$?\nenv -0 > '${saved}'\nexit $code`, environment, until),
    );
    const lines = readFileSync(saved, 'utf8').split('\0').filter(Boolean);
    if (lines.length > 0) {
      environment = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
    }
    return answer;
  };

  const runAs = async (documented: DocumentedCommand, how: HowToRun = {}): Promise<string> => {
    const { page, line, text, output: shown = [] } = documented;
    const script = await filled(text, how.with);
    const { code, output } = await remembering(script, how.until);
    if (code !== 0) throw new Error(`${page}:${line}: \`${script}\` ended with status ${code}:\n${output}`);
    const missing = missingLines(shown, output);
    if (missing.length > 0) {
      const lacking = `Lacking:\n${missing.join('\n')}\nSeen:\n${output}`;
      throw new Error(`${page}:${line} shows other output than \`${script}\` has. ${lacking}`);
    }
    ran.add(text);
    return output;
  };

  return {
    run: async (command, how) => {
      const documented = commands.find(({ text }) => text === command);
      if (documented === undefined) throw new Error(`No page has the command: ${command}`);
      return runAs({ ...documented, output: [] }, how);
    },
    section: async (page, anchor, { later = [], how = {} } = {}) => {
      const here = commands.filter((one) => one.page === page && one.section === anchor);
      if (here.length === 0) throw new Error(`${page} has no commands under #${anchor}`);
      for (const one of here) {
        const { text, needs, output } = one;
        const again = ran.has(text) && output === undefined;
        if (needs === undefined && !again && !later.includes(text) && !isRunElsewhere(text))
          await runAs(one, how[text]);
      }
    },
    notRun: (...paths) =>
      withoutRan(
        commands.filter(({ page }) => paths.includes(page)),
        ran,
      ).map(({ page, line, text }) => `${page}:${line}: ${text}`),
    end: () => rmSync(home, { recursive: true, force: true }),
  };
};
