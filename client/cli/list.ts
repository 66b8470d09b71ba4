/** `slipway clusters list`: `kubectl`'s columns, and what tells clusters of several namespaces apart. Pure. */
import type { StoredCluster } from '../management.ts';
import { span, table } from './table.ts';

/** The table of clusters, as of `now` in epoch milliseconds. */
export const clusterTable = (clusters: readonly StoredCluster[], now: number): string =>
  table(
    ['NAMESPACE', 'NAME', 'STATE', 'AGE', 'VERSION', 'ID', 'ENDPOINT'],
    clusters.map(({ metadata, spec, status }) => [
      metadata.namespace,
      metadata.name,
      status?.state ?? 'Pending',
      metadata.creationTimestamp === undefined ? '' : span(now - Date.parse(metadata.creationTimestamp)),
      spec?.controlPlane?.version ?? '',
      status?.clusterID ?? '',
      status?.endpoint ?? '',
    ]),
  );
