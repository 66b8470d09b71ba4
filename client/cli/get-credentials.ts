/** `slipway clusters get-credentials`: a context for the cluster, with an exec plugin instead of a secret. */
import { fileURLToPath } from 'node:url';
import type { ObjectRef } from '../../api/object.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi, UserError } from '../management.ts';
import { issueCredential } from './credentials.ts';
import { contextNameOf, kubeconfigPath, writeEntry } from './kubeconfig.ts';

export type WrittenCredentials = { readonly context: string; readonly kubeconfig: string; readonly server: string };

/** Variables that lead the plugin to the same Temporal and the same cache when kubectl calls it from anywhere. */
const pluginEnvironment = (configuration: ClientConfiguration): Record<string, string> => {
  const home = process.env['SLIPWAY_HOME'];
  return {
    TEMPORAL_ADDRESS: configuration.temporalAddress,
    TEMPORAL_NAMESPACE: configuration.temporalNamespace,
    ...(home === undefined ? {} : { SLIPWAY_HOME: home }),
  };
};

export const getCredentials = async (
  configuration: ClientConfiguration,
  folder: string,
  name: string,
  options: { readonly namespace?: string; readonly kubeconfig?: string },
): Promise<WrittenCredentials> => {
  const api = managementApi(configuration.kubeconfig);
  const namespace = options.namespace ?? api.defaultNamespace;
  const cluster = await api.cluster(namespace, name);
  const object: ObjectRef = { kind: 'AWSCluster', namespace, name, uid: cluster.metadata.uid };
  if (cluster.status?.endpoint === undefined) {
    throw new UserError(
      `Cluster ${namespace}/${name} has no endpoint yet. See how far it is: slipway clusters describe ${name} -n ${namespace}`,
    );
  }
  const credential = await issueCredential(configuration, folder, object);
  const context = contextNameOf({ namespace, name, clusterId: credential.clusterId });
  const server = `https://${credential.endpoint}`;
  const kubeconfig = kubeconfigPath(options.kubeconfig, process.env);
  writeEntry(kubeconfig, {
    name: context,
    server,
    certificateAuthority: credential.certificateAuthority,
    ...(configuration.proxy === undefined ? {} : { proxyUrl: configuration.proxy }),
    exec: {
      command: process.execPath,
      args: [
        fileURLToPath(new URL('./main.ts', import.meta.url)),
        'clusters',
        'credential',
        namespace,
        name,
        object.uid,
      ],
      env: pluginEnvironment(configuration),
    },
  });
  return { context, kubeconfig, server };
};
