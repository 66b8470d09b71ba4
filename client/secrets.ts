/**
 * Secrets of the management API as the command line reads and writes them, by the rights of whoever runs it.
 *
 * Owns: those of one cluster, and making such as are missing. Neighbours: `management.ts` has the objects; the worker makes them first, in
 * `activities/kubernetes/secret.ts`. Invariant: I8 (no message has more of a Secret than its name).
 */
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { CLUSTER_TAG } from '../api/names.ts';
import { transportTo } from '../kubernetes/access.ts';
import { createClient } from '../kubernetes/client.ts';
import { openAccess } from './access.ts';
import type { ClientConfiguration } from './configuration.ts';
import { explain } from './refusal.ts';

/** What of a Secret is kept: all but what an API server gives it. */
export type KeptSecret = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly type: string;
  /** Values in base64. */
  readonly data: Readonly<Record<string, string>>;
};

export type ManagementSecrets = {
  /** All of a cluster, sorted by name; read to the end. */
  readonly ofCluster: (namespace: string, clusterId: string) => Promise<readonly KeptSecret[]>;
  readonly find: (namespace: string, name: string) => Promise<KeptSecret | undefined>;
  readonly create: (namespace: string, secret: KeptSecret) => Promise<void>;
};

const DEADLINE_MS = 15_000;
const SECRET = { apiVersion: 'v1', kind: 'Secret' } as const;

const keptOf = ({ metadata, ...secret }: KubernetesObject): KeptSecret => ({
  name: metadata.name,
  labels: metadata.labels ?? {},
  annotations: metadata.annotations ?? {},
  type: typeof secret['type'] === 'string' ? secret['type'] : 'Opaque',
  data: (secret['data'] ?? {}) as KeptSecret['data'],
});

export const managementSecrets = (
  configuration: Pick<ClientConfiguration, 'kubeconfig' | 'context'>,
): ManagementSecrets => {
  const access = openAccess(configuration);
  const client = createClient(transportTo(access, { deadlineMs: DEADLINE_MS }));
  const explained = async <T>(what: string, ask: (limit: { signal: AbortSignal }) => Promise<T>): Promise<T> => {
    try {
      return await ask({ signal: AbortSignal.timeout(DEADLINE_MS) });
    } catch (error) {
      throw explain(error, what, access);
    }
  };
  return {
    ofCluster: async (namespace, clusterId) => {
      const selection = { namespace, labelSelector: `${CLUSTER_TAG}=${clusterId}` };
      const all = await explained(`Secrets in ${namespace}`, (limit) => client.list(SECRET, selection, limit));
      return all.map(keptOf).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    find: async (namespace, name) => {
      const asked = { ...SECRET, namespace, name };
      const found = await explained(`Secret ${namespace}/${name}`, (limit) => client.find(asked, limit));
      return found === null ? undefined : keptOf(found);
    },
    create: async (namespace, { name, labels, annotations, type, data }) => {
      const secret = { ...SECRET, metadata: { namespace, name, labels, annotations }, type, data, immutable: true };
      await explained(`Secret ${namespace}/${name}`, (limit) => client.create(secret as KubernetesObject, limit));
    },
  };
};
