/** Programs that a test uses and a computer may lack: found on the path, as a shell finds them. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The path of the first of these names that is there; undefined where this computer has none of them. */
export const programNamed = (names: readonly string[], path = process.env['PATH'] ?? ''): string | undefined =>
  names.flatMap((name) => path.split(delimiter).map((folder) => join(folder, name))).find(isExecutable);
