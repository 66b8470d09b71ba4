/**
 * Client configuration: where Temporal and the management API are, for the watcher and the command line.
 *
 * Owns: environment variables and the file `$SLIPWAY_HOME/config.json` that a sandbox or an installation writes.
 * Environment wins over the file, the file over Temporal's and kubectl's own defaults.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type ClientConfiguration = {
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Path of the management API's kubeconfig; undefined means kubectl's own rules (~/.kube/config, in-cluster). */
  readonly kubeconfig?: string;
  /** HTTP CONNECT proxy, `http://host:port`, written into kubeconfigs of clusters that are only reachable through it. */
  readonly proxy?: string;
};

type ConfigurationFile = Partial<ClientConfiguration>;

/** The folder of this user's Slipway state: `$SLIPWAY_HOME`, by default `~/.slipway`. */
export const slipwayHome = (environment: NodeJS.ProcessEnv): string =>
  environment['SLIPWAY_HOME'] ?? join(homedir(), '.slipway');

const readFile = (path: string): ConfigurationFile => {
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ConfigurationFile;
  } catch (error) {
    throw new Error(`The configuration file ${path} is not valid JSON: mend or remove it.`, { cause: error });
  }
};

/** Reads the configuration. Throws when the file is there but unreadable. */
export const readConfiguration = (environment: NodeJS.ProcessEnv = process.env): ClientConfiguration => {
  const file = readFile(join(slipwayHome(environment), 'config.json'));
  const kubeconfig = environment['SLIPWAY_KUBECONFIG'] ?? file.kubeconfig ?? environment['KUBECONFIG'];
  const proxy = environment['SLIPWAY_CLUSTER_PROXY'] ?? file.proxy;
  return {
    temporalAddress: environment['TEMPORAL_ADDRESS'] ?? file.temporalAddress ?? '127.0.0.1:7233',
    temporalNamespace: environment['TEMPORAL_NAMESPACE'] ?? file.temporalNamespace ?? 'default',
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(proxy === undefined ? {} : { proxy }),
  };
};
