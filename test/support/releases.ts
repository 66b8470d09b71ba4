/**
 * Other releases of Slipway, as checkouts beside this one, and their workers in a sandbox of this one.
 *
 * Owns: an earlier commit as it was, and this checkout with one thing changed. Both share this one's node_modules, so they
 * must want the same packages. Neighbours: `sandbox.ts` runs the parts of this checkout.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, createWriteStream, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folders, type SandboxLayout } from '../../sandbox/layout.ts';
import { workerEnvironment } from '../../sandbox/supervisor/environment.ts';
import { roomsFor } from '../rooms.ts';
import type { SandboxForTests } from './sandbox.ts';
import { waitFor } from './wait.ts';

const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** What a worker is made of. */
const PARTS = [...roomsFor('worker'), 'package.json', 'tsconfig.json'];

const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-C', CHECKOUT, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

export type Checkout = { readonly folder: string; readonly remove: () => void };

export type Previous = { readonly commit: string } | { readonly missing: string };

/** The commit before this one, or the one in SLIPWAY_PREVIOUS; or why none can be had. */
export const previousCommit = (): Previous => {
  const wanted = process.env['SLIPWAY_PREVIOUS'] ?? 'HEAD~1';
  let commit: string;
  try {
    commit = git('rev-parse', '--verify', '--quiet', `${wanted}^{commit}`);
  } catch {
    return { missing: `${wanted} is not in this clone: fetch one commit more (git fetch --deepen 1)` };
  }
  const packages = git('show', `${commit}:package-lock.json`);
  return packages === readFileSync(join(CHECKOUT, 'package-lock.json'), 'utf8').trim()
    ? { commit }
    : { missing: `${commit.slice(0, 8)} wants other packages than those that are installed` };
};

const folderFor = (what: string): string => mkdtempSync(join(tmpdir(), `slipway-${what}-`));
const shareModules = (folder: string): void =>
  symlinkSync(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'));
const checkout = (folder: string): Checkout => ({
  folder,
  remove: () => rmSync(folder, { recursive: true, force: true }),
});

/** Rooms as they were at a commit; no worktree, so that nothing is left in the repository if the tests are killed. */
export const checkoutOf = (commit: string): Checkout => {
  const folder = folderFor('previous');
  // All rooms of that commit: what its worker was made of is its own affair.
  const archive = execFileSync('git', ['-C', CHECKOUT, 'archive', commit], { maxBuffer: 64 << 20 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  shareModules(folder);
  return checkout(folder);
};

/** This checkout's rooms with one file changed; it must be another one afterwards. */
export const checkoutWith = (file: string, change: (text: string) => string): Checkout => {
  const folder = folderFor('changed');
  for (const part of PARTS) cpSync(join(CHECKOUT, part), join(folder, part), { recursive: true });
  shareModules(folder);
  const path = join(folder, file);
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${file} has nothing of what was to be changed in it.`);
  writeFileSync(path, after);
  return checkout(folder);
};

export type WorkerForTests = { readonly stop: () => Promise<void> };

/** Runs the worker of a checkout in a sandbox, beside its own or instead of it. */
export const startWorker = async (
  sandbox: SandboxForTests,
  { folder }: Checkout,
  settings: NodeJS.ProcessEnv = {},
): Promise<WorkerForTests> => {
  const layout = JSON.parse(readFileSync(folders(sandbox.home).layout, 'utf8')) as SandboxLayout;
  const log = createWriteStream(join(sandbox.home, 'logs', 'other-worker.log'), { flags: 'a' });
  const worker = spawn(layout.node, [join(folder, 'worker/main.ts')], {
    env: {
      PATH: process.env['PATH'],
      ...workerEnvironment(layout, process.env),
      SLIPWAY_METRICS_ADDRESS: '',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  worker.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  worker.stdout.pipe(log);
  worker.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const stop = async (): Promise<void> => {
    if (worker.exitCode !== null || worker.signalCode !== null) return;
    const exited = once(worker, 'exit');
    worker.kill('SIGTERM');
    await exited;
  };
  try {
    await waitFor(
      'the worker works',
      async () => {
        if (worker.exitCode !== null) return 'ended';
        return said.includes('"Working"') ? 'works' : undefined;
      },
      { intervalMs: 200 },
    );
    if (worker.exitCode !== null) throw new Error(`The worker of ${folder} ended by itself:\n${said.slice(-3_000)}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
};
