/**
 * Locks: one process at a time for what a computer has once, such as a network or the tools' cache.
 *
 * Owns: lock files that name their holder. A holder that died without a word holds nothing: its file is taken over.
 * Neighbours: `addresses.ts` locks networks and ports, `tools/` the cache, the supervisor its home.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hasCode } from '../words/failure.ts';
import { identify, isAlive, type ProcessIdentity } from './process.ts';

export type LockHolder = ProcessIdentity & { readonly purpose: string };

export type Lock = { readonly file: string; readonly release: () => void };

const holderOf = (file: string): LockHolder | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockHolder;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    // A file that is no lock of ours is nobody's: it is replaced like a dead holder's.
    if (error instanceof SyntaxError) return { pid: 0, began: '', purpose: 'unreadable lock' };
    throw error;
  }
};

/** Puts the lock in place in one step, so that nobody ever reads half a lock. */
const place = (file: string, self: LockHolder): boolean => {
  const draft = `${file}.${self.pid}`;
  writeFileSync(draft, JSON.stringify(self));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
};

/**
 * Moves a dead holder's file aside. Who moved a living one's instead (it came in between) puts it back. Another user's
 * file in a shared folder cannot be moved: it stays taken.
 */
const clear = (file: string, self: LockHolder): boolean => {
  const aside = `${file}.stale.${self.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    if (hasCode(error, 'EPERM', 'EACCES')) return false;
    throw error;
  }
  const moved = holderOf(aside);
  if (moved !== undefined && isAlive(moved)) place(file, moved);
  rmSync(aside, { force: true });
  return true;
};

/** Takes the lock, or says who holds it. */
export const tryLock = (file: string, purpose: string): Lock | LockHolder => {
  const identity = identify(process.pid);
  if (identity === undefined) throw new Error('this process has no entry in /proc: is /proc mounted?');
  const self: LockHolder = { ...identity, purpose };
  for (;;) {
    if (place(file, self)) {
      return {
        file,
        release: () => {
          if (holderOf(file)?.began === self.began) rmSync(file, { force: true });
        },
      };
    }
    const holder = holderOf(file);
    if (holder !== undefined && (isAlive(holder) || !clear(file, self))) return holder;
  }
};

export const isLock = (answer: Lock | LockHolder): answer is Lock => 'release' in answer;
