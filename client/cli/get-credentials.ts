/**
 * `slipway clusters get-credentials`: a context for the cluster, with an exec plugin instead of a secret.
 *
 * Owns: which file is written, whether the new context becomes the current one, and what the person is told.
 */
import { fileURLToPath } from 'node:url';
import type { ObjectRef } from '../../api/object.ts';
import { defaultKubeconfig, kubeconfigPaths } from '../../kubernetes/kubeconfig-paths.ts';
import { type ClientConfiguration, slipwayHome } from '../configuration.ts';
import { managementApi } from '../management.ts';
import { SLIPWAY, UserError } from '../user-error.ts';
import { newCredential } from './exec-credential.ts';
import { contextNameOf } from './kubeconfig.ts';
import { kubeconfigPath, realFile, writeEntry } from './kubeconfig-file.ts';

export type WrittenCredentials = {
  readonly context: string;
  readonly kubeconfig: string;
  readonly server: string;
  /** The kubeconfig's current context now: the cluster's, unless the file is the management API's own. */
  readonly currentContext?: string;
};

/**
 * Whether Slipway reads the management API's address from this very file. Its parts go by the current context there:
 * after a switch they would look for clusters in the cluster, and so would `slipway`.
 */
const isManagements = (file: string, { kubeconfig, context }: ClientConfiguration): boolean =>
  context === undefined &&
  kubeconfigPaths(kubeconfig ?? defaultKubeconfig()).some((path) => realFile(path) === realFile(file));

export const getCredentials = async (
  configuration: ClientConfiguration,
  environment: NodeJS.ProcessEnv,
  name: string,
  options: { readonly namespace?: string; readonly kubeconfig?: string },
): Promise<WrittenCredentials> => {
  const api = managementApi(configuration);
  const namespace = options.namespace ?? api.defaultNamespace;
  const cluster = await api.cluster(namespace, name);
  const object: ObjectRef = { kind: 'AWSCluster', namespace, name, uid: cluster.metadata.uid };
  if (!cluster.status?.endpoint) {
    throw new UserError(
      `Cluster ${namespace}/${name} has no endpoint yet. See how far it is: ${SLIPWAY} clusters describe ${name} -n ${namespace}`,
    );
  }
  const credential = await newCredential(configuration, environment, object);
  const context = contextNameOf({ namespace, name, clusterId: credential.clusterId });
  const server = `https://${credential.endpoint}`;
  const kubeconfig = kubeconfigPath(options.kubeconfig, environment);
  const { current } = await writeEntry(
    kubeconfig,
    {
      name: context,
      server,
      ...(credential.serverName === undefined ? {} : { serverName: credential.serverName }),
      certificateAuthority: credential.certificateAuthority,
      ...(configuration.proxy === undefined ? {} : { proxyUrl: configuration.proxy }),
      exec: {
        command: process.execPath,
        args: [
          fileURLToPath(new URL('./slipway.js', import.meta.url)),
          ...['clusters', 'credential', namespace, name, object.uid],
        ],
        // These lead the plugin to the same Temporal and the same cache, from wherever kubectl calls it.
        env: {
          TEMPORAL_ADDRESS: configuration.temporalAddress,
          TEMPORAL_NAMESPACE: configuration.temporalNamespace,
          SLIPWAY_HOME: slipwayHome(environment),
        },
      },
    },
    !isManagements(kubeconfig, configuration),
  );
  return { context, kubeconfig, server, ...(current === undefined ? {} : { currentContext: current }) };
};

/** What the person is told. */
export const credentialsText = ({ context, kubeconfig, currentContext }: WrittenCredentials): string => {
  const wrote = `Kubeconfig entry "${context}" written to ${kubeconfig}.`;
  if (currentContext === context) return `${wrote}\nSwitched to context "${context}".`;
  return `${wrote}\nThe current context stays "${currentContext}", since Slipway itself finds the management API by it. Use: kubectl --context ${context}`;
};
