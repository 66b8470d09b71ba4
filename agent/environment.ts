/**
 * Environment: what the agent is told by the variables it starts with.
 *
 * Owns: their names, defaults and checks. On a real machine all have defaults; the sandbox sets them.
 */

export type Environment = {
  /** Base URL of the instance metadata service. */
  readonly metadataEndpoint: string;
  readonly host: 'sandbox';
  /** Folder for this instance's files. */
  readonly home: string;
  /** Folder of volumes: `<volumes>/<volume id>`. */
  readonly volumes: string;
  /** Folder of the programs that components run. */
  readonly binaries: string;
  /** HTTP proxy that reaches load balancers by name, where the network itself does not. */
  readonly proxy?: string;
};

const required = (variables: NodeJS.ProcessEnv, name: string, meaning: string): string => {
  const value = variables[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set: the agent needs it for ${meaning}.`);
  }
  return value;
};

export const readEnvironment = (variables: NodeJS.ProcessEnv): Environment => {
  const host = required(variables, 'SLIPWAY_AGENT_HOST', 'the kind of host it runs on');
  if (host !== 'sandbox') {
    throw new Error(`SLIPWAY_AGENT_HOST is ${host}: this version of the agent runs on the host "sandbox" only.`);
  }
  const proxy = variables['SLIPWAY_CLUSTER_PROXY'];
  return {
    metadataEndpoint: variables['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? 'http://169.254.169.254',
    host,
    home: required(variables, 'SLIPWAY_AGENT_HOME', 'the folder of this instance'),
    volumes: required(variables, 'SLIPWAY_VOLUMES', 'the folder of volumes'),
    binaries: required(variables, 'SLIPWAY_BIN', 'the folder with etcd, kube-apiserver and the others'),
    ...(proxy === undefined || proxy === '' ? {} : { proxy }),
  };
};
