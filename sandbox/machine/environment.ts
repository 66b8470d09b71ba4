/**
 * Environment: what a machine of the sandbox is told by the variables it starts with.
 *
 * Owns: their names and checks. Neighbours: `sandbox/instances/power.ts` sets them. What the agent itself reads, such as where the
 * metadata service is, has the names that AWS's own tools have.
 */

import { present } from '../../words/present.ts';

export type Environment = {
  /** Folder for this instance's files. */
  readonly home: string;
  /** Folder of volumes: `<volumes>/<volume id>`. */
  readonly volumes: string;
  /** Folder of the programs that components run. */
  readonly binaries: string;
  /** HTTP proxy that reaches load balancers by name, where the network itself does not. */
  readonly proxy: string;
  /** How often orders are looked for, where that is said. */
  readonly orderSeconds?: number;
  /** How often certificates are looked at, and how old they are at boot: for what asks how their end is lived through. */
  readonly renewalSeconds?: number;
  readonly certificateAgeSeconds?: number;
};

const required = (variables: NodeJS.ProcessEnv, name: string, meaning: string): string => {
  const value = variables[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set: a machine of the sandbox needs it for ${meaning}.`);
  }
  return value;
};

const secondsIn = (variables: NodeJS.ProcessEnv, name: string): number | undefined => {
  const value = variables[name];
  if (value === undefined || value === '') return undefined;
  if (Number(value) > 0) return Number(value);
  throw new Error(`${name} is ${value}, which is no number of seconds.`);
};

export const readEnvironment = (variables: NodeJS.ProcessEnv): Environment => ({
  ...present({
    orderSeconds: secondsIn(variables, 'SLIPWAY_ORDER_SECONDS'),
    renewalSeconds: secondsIn(variables, 'SLIPWAY_RENEWAL_SECONDS'),
    certificateAgeSeconds: secondsIn(variables, 'SLIPWAY_CERTIFICATE_AGE_SECONDS'),
  }),
  home: required(variables, 'SLIPWAY_AGENT_HOME', 'the folder of this instance'),
  volumes: required(variables, 'SLIPWAY_VOLUMES', 'the folder of volumes'),
  binaries: required(variables, 'SLIPWAY_BIN', 'the folder with etcd, kube-apiserver and the others'),
  proxy: required(variables, 'SLIPWAY_CLUSTER_PROXY', 'the way to load balancers, whose names resolve nowhere'),
});
