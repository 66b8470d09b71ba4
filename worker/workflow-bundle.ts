/**
 * Workflow bundle: the workflows' code as the worker takes it.
 *
 * Owns: that it is packed by a process of its own, and only when it is another one than before. The packer takes 150 MiB and
 * some seconds, and a worker that packs by itself keeps them for good. Neighbours: `pack-workflows.ts` is that process; the
 * image (`Dockerfile`) packs while it is built, so that a worker in a cluster never does.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hasCode } from '../words/failure.ts';

const CHECKOUT = fileURLToPath(new URL('../', import.meta.url));
const PROGRAM = fileURLToPath(new URL('./pack-workflows.ts', import.meta.url));
/** Some thirty times what it is now. */
const MOST_BYTES = 64 * 1_024 * 1_024;

/** All that decides what is packed: workflows import no other room's code but words, and packages by the lock file alone. */
const INPUTS = ['workflows/**/*.ts', 'words/**/*.ts', 'worker/pack-workflows.ts', 'package-lock.json'];

export type WorkflowBundle = { readonly code: string };

/** Names what would be packed now: the same name, the same bundle. */
export const bundleFingerprint = async (checkout = CHECKOUT): Promise<string> => {
  // Where the checkout is stands in the bundle's source map.
  const hash = createHash('sha256').update(`${process.version}\n${checkout}\n`);
  for (const path of globSync(INPUTS, { cwd: checkout }).sort()) {
    hash.update(`${path}\n`).update(await readFile(join(checkout, path)));
  }
  return hash.digest('hex').slice(0, 16);
};

const pack = async (): Promise<WorkflowBundle> => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM], { maxBuffer: MOST_BYTES });
  return { code: stdout };
};

/** Undefined where none is kept, or none can be read, which is told. */
const kept = async (file: string, onTrouble: (error: unknown) => void): Promise<WorkflowBundle | undefined> => {
  try {
    return { code: await readFile(file, 'utf8') };
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) onTrouble(error);
    return undefined;
  }
};

/** Bundles of other checkouts, and of before the last changes, that are worth their two megabytes. */
const KEPT = 12;

const keep = async (file: string, { code }: WorkflowBundle): Promise<void> => {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true });
  // Whole or not at all: others may read it, or pack the same, at this moment.
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, code);
  await rename(draft, file);
  const all = (await readdir(folder)).filter((name) => /^workflows-\w+\.js$/.test(name));
  const aged = await Promise.all(all.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
  const old = aged.sort((one, other) => other.at - one.at).slice(KEPT);
  for (const { name } of old) await rm(join(folder, name), { force: true });
};

/**
 * The code of all workflows, out of `folder` where it was packed before. Rejects with what the packer said where it can't be
 * packed: a fault of this checkout. That it can't be kept, or what is kept can't be read, is told to `onTrouble`, and no more.
 */
export const packWorkflows = async (
  folder?: string,
  onTrouble: (error: unknown) => void = () => undefined,
): Promise<WorkflowBundle> => {
  if (folder === undefined) return pack();
  const file = join(folder, `workflows-${await bundleFingerprint()}.js`);
  const before = await kept(file, onTrouble);
  if (before !== undefined) return before;
  const bundle = await pack();
  try {
    await keep(file, bundle);
  } catch (error) {
    // Packing again costs a start some seconds; not to start would cost more.
    onTrouble(error);
  }
  return bundle;
};
