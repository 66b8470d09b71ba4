/**
 * Files: what this machine keeps for its next start, and what only it may read.
 *
 * Owns: private files that are replaced as a whole, those that outlive a power failure, and reading what may not be there. Invariant: I8.
 */
import { access, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../words/failure.ts';

/** Writes a private file as a whole: readers see the old content or the new. */
export const writePrivate = async (path: string, content: string): Promise<void> => {
  const fresh = `${path}.new`;
  await writeFile(fresh, content, { mode: 0o600 });
  await rename(fresh, path);
};

const flush = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** The same, and once it resolves the content is on the disk, under its name. */
export const writeDurably = async (path: string, content: string): Promise<void> => {
  const fresh = `${path}.new`;
  await writeFile(fresh, content, { mode: 0o600, flush: true });
  await rename(fresh, path);
  await flush(dirname(path));
};

/** The file's text, or undefined where there is none. */
export const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
};

export const isThere = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return true;
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return false;
    throw thrown;
  }
};
