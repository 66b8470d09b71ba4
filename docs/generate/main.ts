/**
 * Generate: writes the reference pages, or says which committed one is stale.
 *
 * Usage: `node docs/generate/main.ts [--check]`. Neighbours: each page is made in a file of its own; `api/generate.ts` does
 * the same for the CustomResourceDefinitions.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandLineReference } from './command-line.ts';
import { differencesReference } from './differences.ts';
import { fieldReference } from './fields.ts';
import { metricsReference } from './metrics.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Every generated page: its path within the repository, and its content. */
export const generatedPages = async (): Promise<readonly { readonly path: string; readonly content: string }[]> => [
  { path: 'docs/fields.md', content: fieldReference() },
  { path: 'docs/cli.md', content: await commandLineReference() },
  { path: 'docs/metrics.md', content: await metricsReference() },
  { path: 'docs/sandbox.md', content: differencesReference() },
];

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });

const main = async (): Promise<void> => {
  const pages = await generatedPages();
  if (!process.argv.includes('--check')) {
    for (const { path, content } of pages) {
      await writeFile(join(ROOT, path), content);
      console.log(`wrote ${path}`);
    }
    return;
  }
  const stale: string[] = [];
  for (const { path, content } of pages) {
    if ((await readIfThere(join(ROOT, path))) !== content) stale.push(path);
  }
  if (stale.length === 0) return;
  console.error(`${stale.join(', ')}: stale, what they are generated from says otherwise. Run: npm run generate`);
  process.exitCode = 1;
};

if (import.meta.main) await main();
