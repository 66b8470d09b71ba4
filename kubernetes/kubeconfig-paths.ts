/**
 * Kubeconfig paths: which files a list like `$KUBECONFIG` names, as kubectl reads it.
 *
 * Owns: splitting the list. Neighbours: `kubeconfig.ts` reads the files; the command line writes to one of them. The same
 * variable must mean the same to everybody.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where kubectl looks when nobody says where. */
export const defaultKubeconfig = (environment: Environment = process.env): string =>
  join(environment['HOME'] ?? homedir(), '.kube', 'config');

/** The paths in a list. */
export const kubeconfigPaths = (list: string): readonly string[] => list.split(delimiter).filter((path) => path !== '');

/** The files to read: of several, those that aren't there are passed over. */
export const kubeconfigFiles = (list: string): readonly string[] => {
  const paths = kubeconfigPaths(list);
  return paths.length > 1 && paths.some((path) => existsSync(path)) ? paths.filter((path) => existsSync(path)) : paths;
};
