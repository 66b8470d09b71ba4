/**
 * Shared Temporal: one warm server for all test files of a run, each of which has a namespace of its own.
 *
 * Owns: which files use it, and their namespaces: no more than these, since each keeps the server a little busy. Neighbours:
 * `../run.ts` starts the server, `temporal.ts` uses it.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const CHECKOUT = join(import.meta.dirname, '../..');

/** Address of the run's server. */
export const SHARED_TEMPORAL = 'SLIPWAY_TEST_TEMPORAL';

/** Such as `test-workflows-entity-integration-test-ts`. */
const namespaceOf = (file: string): string => relative(CHECKOUT, file).replaceAll(/[^a-z]+/g, '-');

/** Of each test file that imports `temporal.ts`. */
export const sharedNamespaces = (): readonly string[] =>
  globSync('test/**/*.integration.test.ts', { cwd: CHECKOUT })
    .map((path) => join(CHECKOUT, path))
    .filter((path) => readFileSync(path, 'utf8').includes("support/temporal.ts'"))
    .map(namespaceOf);

/** Where a file's namespace is; undefined where it runs by itself and has to start a server. */
export const sharedTemporal = (
  environment: NodeJS.ProcessEnv,
  file: string | undefined,
): { readonly address: string; readonly namespace: string } | undefined => {
  const address = environment[SHARED_TEMPORAL];
  return address === undefined || file === undefined ? undefined : { address, namespace: namespaceOf(file) };
};
