/**
 * Workflow bundle: the workflows' code as the worker takes it.
 *
 * Owns: that it is packed by a process of its own. The packer takes 150 MiB, and a worker that packs by itself keeps them
 * for good. Neighbours: `pack-workflows.ts` is that process.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = fileURLToPath(new URL('./pack-workflows.ts', import.meta.url));
/** Some thirty times what it is now. */
const MOST_BYTES = 64 * 1_024 * 1_024;

/** The code of all workflows. Rejects with what the packer said where it can't be packed: a fault of this checkout. */
export const packWorkflows = async (): Promise<{ readonly code: string }> => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM], { maxBuffer: MOST_BYTES });
  return { code: stdout };
};
