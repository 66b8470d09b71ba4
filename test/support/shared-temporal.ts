/**
 * Shared Temporal: one warm server for all test files of a run, each of which has a namespace of its own.
 *
 * Owns: how the run tells files of it. Neighbours: `../run.ts` starts the server, `../runner/gate.ts` numbers the files,
 * `temporal.ts` uses it.
 */

/** Address of the run's server. */
export const SHARED_TEMPORAL = 'SLIPWAY_TEST_TEMPORAL';
/** Number of the file in the run, from 1. */
export const FILE_NUMBER = 'SLIPWAY_TEST_FILE';

/** More than there are files that use it; a server makes them all in a second or two. */
const NAMESPACES = 60;

const namespaceOf = (number: number): string => `file-${number}`;

export const sharedNamespaces = (): readonly string[] =>
  Array.from({ length: NAMESPACES }, (_, index) => namespaceOf(index + 1));

/** Where this file's namespace is; undefined where it has to start a server of its own. */
export const sharedTemporal = (
  environment: NodeJS.ProcessEnv,
): { readonly address: string; readonly namespace: string } | undefined => {
  const address = environment[SHARED_TEMPORAL];
  const number = Number(environment[FILE_NUMBER]);
  if (address === undefined || !(number >= 1 && number <= NAMESPACES)) return undefined;
  return { address, namespace: namespaceOf(number) };
};
