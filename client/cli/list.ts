/** `slipway clusters list`. */
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi } from '../management.ts';
import { span, table } from './table.ts';

export const listClusters = async (
  configuration: ClientConfiguration,
  options: { readonly namespace?: string; readonly allNamespaces: boolean; readonly output: string },
): Promise<string> => {
  const api = managementApi(configuration.kubeconfig);
  const found = await api.clusters(options.allNamespaces ? undefined : (options.namespace ?? api.defaultNamespace));
  if (options.output === 'json') return JSON.stringify(found, null, 2);
  if (found.length === 0) return 'No clusters found.';
  return table(
    ['NAMESPACE', 'NAME', 'STATE', 'AGE', 'VERSION', 'ID', 'ENDPOINT'],
    found.map((cluster) => [
      cluster.metadata.namespace,
      cluster.metadata.name,
      cluster.status?.state ?? 'Pending',
      span(Date.now() - Date.parse(cluster.metadata.creationTimestamp ?? new Date().toISOString())),
      cluster.spec.controlPlane.version,
      cluster.status?.clusterID ?? '',
      cluster.status?.endpoint ?? '',
    ]),
  );
};
