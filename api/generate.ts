/**
 * Generate: writes `deploy/` from the schemas, and AWS's limits for the sandbox's double, or says which committed file is stale.
 *
 * Usage: `node api/generate.ts [--check]`. Neighbours: `crd.ts` makes the objects; this file only reads and writes.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { admissionWebhook } from './admission.ts';
import { TAG_LIMITS, VOLUME_LIMITS } from './aws-limits.ts';
import { clusterDefinition, nodePoolDefinition } from './crd.ts';
import { deletionProtection } from './protection.ts';

const HEADER = '# Generated from the schemas in api/ by `npm run generate`; edit those instead.\n';

const document = (object: unknown): string => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });

/** Every generated file: its path within the repository, and its content. */
export const generatedFiles = (): readonly { readonly path: string; readonly content: string }[] => [
  { path: 'deploy/crds/awsclusters.yaml', content: HEADER + document(clusterDefinition()) },
  { path: 'deploy/crds/awsnodepools.yaml', content: HEADER + document(nodePoolDefinition()) },
  {
    path: 'deploy/admission/deletion-protection.yaml',
    content: HEADER + deletionProtection().map(document).join('---\n'),
  },
  { path: 'deploy/admission/webhook/configuration.yaml', content: HEADER + document(admissionWebhook()) },
  {
    path: 'sandbox/aws/moto_semantics/limits.json',
    content: `${JSON.stringify({ volumes: VOLUME_LIMITS, tags: TAG_LIMITS }, undefined, 2)}\n`,
  },
];

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/** Paths of committed files that differ from what the schemas say. */
export const staleFiles = async (root: string): Promise<readonly string[]> => {
  const stale: string[] = [];
  for (const file of generatedFiles()) {
    if ((await readIfThere(join(root, file.path))) !== file.content) stale.push(file.path);
  }
  return stale;
};

const main = async (): Promise<void> => {
  const root = join(import.meta.dirname, '..');
  if (process.argv.includes('--check')) {
    const stale = await staleFiles(root);
    if (stale.length === 0) return;
    console.error(`${stale.join(', ')}: stale, the schemas in api/ say otherwise. Run: npm run generate`);
    process.exitCode = 1;
    return;
  }
  for (const file of generatedFiles()) {
    await mkdir(join(root, file.path, '..'), { recursive: true });
    await writeFile(join(root, file.path), file.content);
    console.log(`wrote ${file.path}`);
  }
};

if (import.meta.main) await main();
