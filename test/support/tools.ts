/** The folder with the real binaries, built into the cache on first use. */
import { ensureTools } from '../../sandbox/tools/build.ts';

/** Versions whose programs a trial of an upgrade runs: built before any test begins, which may take a quarter of an hour. */
export const UPGRADED_TO = ['1.37.2-gke.1', '1.37.2-gke.2'] as const;

let tools: Promise<string> | undefined;

export const toolsFolder = (): Promise<string> => {
  tools ??= ensureTools().then((built) => built.bin);
  return tools;
};
