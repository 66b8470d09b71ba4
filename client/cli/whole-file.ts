/**
 * Whole file: written beside its place and put there at once, so that who reads it finds the old one or the new one.
 *
 * Owns: that nothing is left when it can't be done. Neighbours: the kubeconfig and cached credentials, which kubectl may read
 * at any moment.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** `prepare` may change what lies beside, before it takes its place. Throws when it can't be written. */
export const writeWhole = (file: string, text: string, prepare: (path: string) => void = () => undefined): void => {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { mode: 0o600 });
    prepare(temporary);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
};
