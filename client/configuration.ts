/**
 * Client configuration: where Temporal and the management API are, for the watcher and the command line.
 *
 * Owns: environment variables and the file `$SLIPWAY_HOME/config.json` that a sandbox or an installation writes.
 * The environment wins over the file, the file over Temporal's and kubectl's own defaults. One exception, for people:
 * `KUBECONFIG` says where *kubectl* looks, and after `get-credentials` that may well be a user cluster, so the command
 * line takes the management API from the file first.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { hasCode, messageOf } from '../words/failure.ts';
import { UserError } from './user-error.ts';

export type ClientConfiguration = {
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** The worker's task queue; undefined means `slipway`. */
  readonly taskQueue?: string;
  /** The management API's kubeconfig, or several as in `KUBECONFIG`; undefined means kubectl's own rules. */
  readonly kubeconfig?: string;
  /** The context in it; undefined means its current one. */
  readonly context?: string;
  /** HTTP CONNECT proxy, `http://host:port`, written into kubeconfigs of clusters that are only reachable through it. */
  readonly proxy?: string;
};

const FIELDS = ['temporalAddress', 'temporalNamespace', 'taskQueue', 'kubeconfig', 'context', 'proxy'] as const;
type ConfigurationFile = { readonly [field in (typeof FIELDS)[number]]?: string };

/**
 * An empty variable is as good as none: that is how compose files and scripts leave one out. What comes out of a file or a
 * Secret ends in a line break as often as not.
 */
const variable = (environment: NodeJS.ProcessEnv, name: string): string | undefined =>
  environment[name]?.trim() || undefined;

/** The absolute folder of this user's Slipway state: `$SLIPWAY_HOME`, by default `~/.slipway`. */
export const slipwayHome = (environment: NodeJS.ProcessEnv): string =>
  resolve(variable(environment, 'SLIPWAY_HOME') ?? join(homedir(), '.slipway'));

const unusable = (path: string, why: string, cause?: unknown): UserError =>
  new UserError(`The configuration file ${path} ${why}: mend or remove it.`, { cause });

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw unusable(path, `can't be read (${messageOf(error)})`, error);
  }
};

const readFile = (path: string): ConfigurationFile => {
  const text = textOf(path);
  if (text === undefined) return {};
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw unusable(path, 'is not valid JSON', error);
  }
  if (typeof content !== 'object' || content === null) throw unusable(path, 'holds no JSON object');
  for (const field of FIELDS) {
    const value: unknown = (content as Record<string, unknown>)[field];
    if (value !== undefined && typeof value !== 'string') throw unusable(path, `has a ${field} that is no string`);
  }
  return content;
};

type Location = Pick<ClientConfiguration, 'kubeconfig' | 'context'>;

/** A context is a name in one certain kubeconfig: the file's goes with the file's. */
const locationOf = (kubeconfig: string | undefined, context: string | undefined): Location => ({
  ...(kubeconfig === undefined ? {} : { kubeconfig }),
  ...(context === undefined ? {} : { context }),
});

const managementOf = (environment: NodeJS.ProcessEnv, file: ConfigurationFile, forPeople: boolean): Location => {
  const context = variable(environment, 'SLIPWAY_CONTEXT');
  const own = variable(environment, 'SLIPWAY_KUBECONFIG');
  const kubectls = variable(environment, 'KUBECONFIG');
  const fromFile = locationOf(file.kubeconfig, context ?? file.context);
  if (own !== undefined) return locationOf(own, context);
  if (file.kubeconfig !== undefined && (forPeople || kubectls === undefined)) return fromFile;
  return kubectls === undefined ? fromFile : locationOf(kubectls, context);
};

const configurationFrom = (environment: NodeJS.ProcessEnv, forPeople: boolean): ClientConfiguration => {
  const file = readFile(join(slipwayHome(environment), 'config.json'));
  const proxy = variable(environment, 'SLIPWAY_CLUSTER_PROXY') ?? file.proxy;
  const taskQueue = variable(environment, 'SLIPWAY_TASK_QUEUE') ?? file.taskQueue;
  return {
    temporalAddress: variable(environment, 'TEMPORAL_ADDRESS') ?? file.temporalAddress ?? '127.0.0.1:7233',
    temporalNamespace: variable(environment, 'TEMPORAL_NAMESPACE') ?? file.temporalNamespace ?? 'default',
    ...managementOf(environment, file, forPeople),
    ...(proxy === undefined ? {} : { proxy }),
    ...(taskQueue === undefined ? {} : { taskQueue }),
  };
};

/** The command line's configuration. Throws when the file is there but unusable. */
export const readConfiguration = (environment: NodeJS.ProcessEnv = process.env): ClientConfiguration =>
  configurationFrom(environment, true);

/** A service's configuration: what its environment says is meant, `KUBECONFIG` included. */
export const readServiceConfiguration = (environment: NodeJS.ProcessEnv = process.env): ClientConfiguration =>
  configurationFrom(environment, false);
