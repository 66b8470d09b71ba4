/**
 * Clusters: what all machines of one stub cluster share.
 *
 * Owns: one API and one memory per cluster id, which replicas run, which volumes hold data, and whose kubelets are heard. Neighbours: `replica.ts` and
 * `node.ts` come and go; `api.ts` answers from here. A cluster's memory lasts as long as a volume with its data exists,
 * and no longer than this process: killing the part `instances` of a stub sandbox is losing every disk at once.
 */
import type { ApiCluster } from './api.ts';
import type { Pulse } from './pulse.ts';
import { createStore, type Store } from './store.ts';

export type StubCluster = ApiCluster & {
  readonly id: string;
  readonly store: Store;
  /** Index of a replica that serves, to its instance. */
  readonly replicas: Map<number, string>;
  /** Volumes with data of this cluster. */
  readonly volumes: Set<string>;
  /** By the name of the node: in place of the Lease that a kubelet renews. */
  readonly kubelets: Map<string, Pulse>;
};

export type Clusters = {
  /** The cluster that a replica belongs to, made when its first replica boots. */
  readonly of: (replica: {
    readonly clusterId: string;
    readonly version: string;
    readonly members: number;
  }) => StubCluster;
  readonly find: (id: string) => StubCluster | undefined;
  readonly list: () => readonly StubCluster[];
  readonly forget: (id: string) => void;
};

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

const createCluster = (id: string, version: string, members: number): StubCluster => {
  const store = createStore();
  for (const name of NAMESPACES) {
    store.put(
      { collection: '/api/v1/namespaces', name },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, status: { phase: 'Active' } },
    );
  }
  const replicas = new Map<number, string>();
  const kubelets = new Map<string, Pulse>();
  return {
    ...{ id, store, version, replicas, kubelets, volumes: new Set<string>() },
    hasQuorum: () => replicas.size > members / 2,
    hears: (node) => kubelets.get(node)?.hangs() !== true,
  };
};

export const createClusters = (): Clusters => {
  const clusters = new Map<string, StubCluster>();
  return {
    of: ({ clusterId, version, members }) => {
      const known = clusters.get(clusterId);
      if (known !== undefined) return known;
      const made = createCluster(clusterId, version, members);
      clusters.set(clusterId, made);
      return made;
    },
    find: (id) => clusters.get(id),
    list: () => [...clusters.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    forget: (id) => {
      clusters.delete(id);
    },
  };
};
