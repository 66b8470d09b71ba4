/**
 * The management API as the command line reads it: AWSCluster and AWSNodePool objects.
 *
 * Owns: reading, and errors that name the cure. Neighbours: `watcher/kubernetes-source.ts` watches the same objects.
 */
import { ApiException, CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import type { AWSCluster } from '../api/cluster.ts';
import { API_GROUP } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';

/** An error whose message is for the person at the terminal. */
export class UserError extends Error {}

export type ManagementApi = {
  readonly clusters: (namespace: string | undefined) => Promise<readonly AWSCluster[]>;
  readonly cluster: (namespace: string, name: string) => Promise<AWSCluster>;
  readonly nodePools: (namespace: string, clusterName: string) => Promise<readonly AWSNodePool[]>;
  /** The namespace of the kubeconfig's current context. */
  readonly defaultNamespace: string;
};

const wrap = (error: unknown, what: string): Error => {
  if (error instanceof ApiException) {
    if (error.code === 404) {
      return new UserError(`${what} was not found. List what there is: slipway clusters list -A`);
    }
    if (error.code === 401 || error.code === 403) {
      return new UserError(
        `The management API refused to show ${what} (HTTP ${error.code}): check your kubeconfig's user.`,
      );
    }
  }
  return new UserError(
    `The management API did not answer for ${what}: ${String(error)}. Check --management-kubeconfig, KUBECONFIG or the sandbox's status.`,
    { cause: error },
  );
};

export const managementApi = (kubeconfig: string | undefined): ManagementApi => {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CustomObjectsApi);
  const context = config.getContextObject(config.getCurrentContext());

  const list = async <T>(plural: string, namespace: string | undefined): Promise<readonly T[]> => {
    const where = { group: API_GROUP, version: 'v1' };
    try {
      const answer =
        namespace === undefined
          ? await api.listCustomObjectForAllNamespaces({ ...where, resourcePlural: plural })
          : await api.listNamespacedCustomObject({ ...where, plural, namespace });
      return (answer as { items: T[] }).items;
    } catch (error) {
      throw wrap(error, plural);
    }
  };

  return {
    defaultNamespace: context?.namespace ?? 'default',
    clusters: (namespace) => list<AWSCluster>('awsclusters', namespace),
    cluster: async (namespace, name) => {
      try {
        const where = { group: API_GROUP, version: 'v1', plural: 'awsclusters', namespace, name };
        return (await api.getNamespacedCustomObject(where)) as AWSCluster;
      } catch (error) {
        throw wrap(error, `AWSCluster ${namespace}/${name}`);
      }
    },
    nodePools: async (namespace, clusterName) =>
      (await list<AWSNodePool>('awsnodepools', namespace)).filter((pool) => pool.spec.clusterName === clusterName),
  };
};
