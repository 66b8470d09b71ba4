/**
 * Files: writing what only this machine may read.
 *
 * Owns: private files that are replaced as a whole. Invariant: I8.
 */
import { rename, writeFile } from 'node:fs/promises';

/** Writes a private file as a whole: readers see the old content or the new. */
export const writePrivate = async (path: string, content: string): Promise<void> => {
  const fresh = `${path}.new`;
  await writeFile(fresh, content, { mode: 0o600 });
  await rename(fresh, path);
};
