/**
 * Clusters: what all machines of one stub cluster share.
 *
 * Owns: one API and one memory per cluster id, which replicas run and what, which volumes hold data, and whose kubelets are heard. Neighbours: `replica.ts` and
 * `node.ts` come and go; `api.ts` answers from here. A cluster's memory lasts as long as a volume with its data exists,
 * and no longer than this process: killing the part `instances` of a stub sandbox is losing every disk at once.
 */
import type { ApiCluster } from './api.ts';
import { agreedMinor, type Programs } from './programs.ts';
import type { Pulse } from './pulse.ts';
import { targetOf } from './served.ts';
import { createStore, type Store } from './store.ts';

export type StubCluster = ApiCluster & {
  readonly id: string;
  readonly store: Store;
  /** Index of a replica whose etcd runs, to its instance. */
  readonly replicas: ReadonlyMap<number, string>;
  /** What each of them runs, by its index. */
  readonly programs: ReadonlyMap<number, Programs>;
  /** A machine runs these from now on, as that replica. */
  readonly join: (index: number, instance: string, programs: Programs) => void;
  /** The machine runs no more; another one in its place may. */
  readonly leave: (index: number, instance: string) => void;
  /** The minor by which etcd's members store; undefined before the first has run. */
  readonly etcdMinor: () => string | undefined;
  /** Volumes with data of this cluster. */
  readonly volumes: Set<string>;
  /** By the name of the node: in place of the Lease that a kubelet renews. */
  readonly kubelets: Map<string, Pulse>;
  /** What its API servers were asked by whoever has a certificate, such as `GET nodes`. */
  readonly asked: Map<string, Asked>;
};

/** How often, and how long the answers were. */
export type Asked = { readonly requests: number; readonly bytes: number };

/** `GET /api/v1/nodes?limit=500` is `GET nodes`, of one or of all. */
const nameOfRequest = (method: string, url: string): string => {
  const target = targetOf(new URL(url, 'https://stub').pathname);
  if (target === undefined) return `${method} others`;
  const { plural, subresource, name } = target;
  return `${method} ${name === undefined ? '' : 'one of '}${plural}${subresource === undefined ? '' : `/${subresource}`}`;
};

export const noteAsked = (
  { asked }: StubCluster,
  { method, url }: { readonly method: string; readonly url: string },
  bytes: number,
): void => {
  const name = nameOfRequest(method, url);
  const before = asked.get(name) ?? { requests: 0, bytes: 0 };
  asked.set(name, { requests: before.requests + 1, bytes: before.bytes + bytes });
};

export type Clusters = {
  /** The cluster that a replica belongs to, made when its first replica boots. */
  readonly of: (replica: { readonly clusterId: string; readonly members: number }) => StubCluster;
  readonly find: (id: string) => StubCluster | undefined;
  readonly list: () => readonly StubCluster[];
  readonly forget: (id: string) => void;
};

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** Which replicas run, what, and what their etcd has agreed on. */
const createReplicas = (members: number) => {
  const replicas = new Map<number, string>();
  const programs = new Map<number, Programs>();
  const etcd: { minor: string | undefined } = { minor: undefined };
  const join = (index: number, instance: string, its: Programs): void => {
    replicas.set(index, instance);
    programs.set(index, its);
    const running = [...programs.values()].map((one) => one.etcd);
    etcd.minor = agreedMinor(running, members, etcd.minor);
  };
  const leave = (index: number, instance: string): void => {
    if (replicas.get(index) !== instance) return;
    replicas.delete(index);
    programs.delete(index);
  };
  return { replicas, programs, join, leave, etcdMinor: () => etcd.minor };
};

const createCluster = (id: string, members: number): StubCluster => {
  const store = createStore();
  for (const name of NAMESPACES) {
    store.put(
      { collection: '/api/v1/namespaces', name },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, status: { phase: 'Active' } },
    );
  }
  const serving = createReplicas(members);
  const kubelets = new Map<string, Pulse>();
  return {
    ...{ id, store, ...serving, kubelets, volumes: new Set<string>(), asked: new Map<string, Asked>() },
    hasQuorum: () => serving.replicas.size > members / 2,
    hears: (node) => kubelets.get(node)?.hangs() !== true,
  };
};

export const createClusters = (): Clusters => {
  const clusters = new Map<string, StubCluster>();
  return {
    of: ({ clusterId, members }) => {
      const known = clusters.get(clusterId);
      if (known !== undefined) return known;
      const made = createCluster(clusterId, members);
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
