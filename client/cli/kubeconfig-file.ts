/**
 * Kubeconfig files: where kubectl would write, and how to write there without harm.
 *
 * Owns: the choice of the file, kubectl's own lock, and writing: whole or not at all, through symbolic links, with the
 * permissions that the file had. A new file is readable by its owner only. Neighbours: `kubeconfig.ts` makes the text.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defaultKubeconfig, kubeconfigPaths } from '../../kubernetes/kubeconfig-paths.ts';
import { hasCode, wholeMessageOf } from '../../words/failure.ts';
import { ended } from '../../words/text.ts';
import { UserError } from '../user-error.ts';
import { currentContextOf, type KubeconfigEntry, withEntry } from './kubeconfig.ts';
import { writeWhole } from './whole-file.ts';

/** Where kubectl would write: the option, else of $KUBECONFIG the first that exists or the last, else ~/.kube/config. */
export const kubeconfigPath = (option: string | undefined, environment: NodeJS.ProcessEnv): string => {
  if (option !== undefined) return resolve(option);
  const listed = kubeconfigPaths(environment['KUBECONFIG'] ?? '');
  const chosen = listed.find((path) => existsSync(path)) ?? listed.at(-1);
  return resolve(chosen ?? defaultKubeconfig(environment));
};

/** The file itself, behind whatever links lead to it; also of one that isn't there yet. */
export const realFile = (path: string): string => {
  if (existsSync(path)) return realpathSync(path);
  const folder = dirname(path);
  return join(existsSync(folder) ? realpathSync(folder) : folder, basename(path));
};

const LOCK_PATIENCE_MS = 3_000;

/** kubectl's lock: a file beside the kubeconfig that only one can create. */
const locked = async (file: string, work: () => void): Promise<void> => {
  const lock = `${file}.lock`;
  const deadline = Date.now() + LOCK_PATIENCE_MS;
  for (;;) {
    try {
      closeSync(openSync(lock, 'wx', 0o600));
      break;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      if (Date.now() > deadline) {
        throw new Error(`another program holds ${lock}; if none does, remove that file`, { cause: error });
      }
      await delay(50);
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
};

/** Whoever may read and write the file, may afterwards. */
const writeOver = (file: string, text: string): void => {
  const before = existsSync(file) ? statSync(file) : undefined;
  writeWhole(file, text, (path) => {
    if (before === undefined) return;
    chmodSync(path, before.mode & 0o7777);
    // Root, writing somebody's kubeconfig, must not take it away from them.
    if (process.getuid?.() === 0) chownSync(path, before.uid, before.gid);
  });
};

export type Written = {
  /** The current context now. */
  readonly current: string | undefined;
  /** The current context before. */
  readonly previous: string | undefined;
};

/** Writes the entry. Rejects with the reason, and nothing written, when that can't be done. */
export const writeEntry = async (path: string, entry: KubeconfigEntry, makeCurrent: boolean): Promise<Written> => {
  const file = realFile(path);
  let result: Written = { current: undefined, previous: undefined };
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    await locked(file, () => {
      const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const after = withEntry(before, entry, makeCurrent);
      writeOver(file, after);
      result = { current: currentContextOf(after), previous: currentContextOf(before) };
    });
  } catch (error) {
    throw new UserError(
      `The kubeconfig ${path} can't be extended: ${ended(wholeMessageOf(error))} Nothing was written: mend it, or name another with --kubeconfig.`,
      { cause: error },
    );
  }
  return result;
};
