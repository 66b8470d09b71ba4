/**
 * User clusters: how the worker reaches the API of a cluster that it built.
 *
 * Owns: the worker's own client certificate for each cluster, an hour long, signed when needed with the cluster's root CA
 * Secret and kept in memory only; connections, through the HTTP CONNECT proxy where there is one. Neighbours:
 * `secret.ts` reads the CA. Invariants: I8 (the key never leaves this process), I11 (nothing is stored in the cluster).
 */
import { apiServerName, clusterSecretName } from '../../api/names.ts';
import { type Cancellation, createClient, type KubernetesClient } from '../../kubernetes/client.ts';
import type { ServedCertificate } from '../../kubernetes/connections.ts';
import { createTransport } from '../../kubernetes/transport.ts';
import { renewalTime } from '../../machine/certificates.ts';
import { generateKeyPair, privateKeyPem } from '../../machine/x509.ts';
import { nameInKey, ROOT_CA } from '../../words/keys.ts';
import { type AroundCall, aroundKubernetes } from '../calls.ts';
import { issueClientCertificate, type KeyAndCertificate } from './certificates.ts';
import { readSecret } from './secret.ts';
import type { ServedCertificates } from './served-certificates.ts';

export type UserCluster = {
  /** Namespace of the AWSCluster, where the CA Secret is. */
  readonly namespace: string;
  readonly clusterId: string;
  /** DNS name of the load balancer; the API is `https://<endpoint>`. */
  readonly endpoint: string;
};

export type UserClusters = (cluster: UserCluster, options?: Cancellation) => Promise<KubernetesClient>;

type Connection = { readonly client: Promise<KubernetesClient>; readonly renewAt: number };

/** One for each worker process, handed in by it. */
export type UserClusterCache = Map<string, Connection>;

export const createUserClusterCache = (): UserClusterCache => new Map();

const WORKER = { organization: 'system:masters', commonName: 'slipway-worker' };
export const WORKER_LIFETIME_MS = 3600 * 1_000;
const RENEWAL_MS = renewalTime({ notBefore: 0, notAfter: WORKER_LIFETIME_MS });

/** Name of the Secret with a cluster's root CA. */
const rootAuthorityName = (clusterId: string): string => clusterSecretName(clusterId, nameInKey(ROOT_CA));

/** The root CA of a cluster with its key, for those who sign with it. */
export const readRootAuthority = async (
  management: KubernetesClient,
  { namespace, clusterId }: Omit<UserCluster, 'endpoint'>,
  options?: Cancellation,
): Promise<KeyAndCertificate> => {
  const secret = { namespace, name: rootAuthorityName(clusterId) };
  const data = await readSecret(management, secret, 'certificate-authority', options);
  return { certificate: data['tls.crt'] ?? '', key: data['tls.key'] ?? '' };
};

export type UserClusterSettings = {
  readonly management: KubernetesClient;
  readonly cache: UserClusterCache;
  /** URL of an HTTP CONNECT proxy. */
  readonly proxy?: string;
  readonly now?: () => number;
  /** Is told what certificates API servers show. */
  readonly served?: Pick<ServedCertificates, 'note'>;
  readonly aroundCall?: AroundCall;
};

const connect = async (settings: UserClusterSettings, cluster: UserCluster): Promise<KubernetesClient> => {
  const authority = await readRootAuthority(settings.management, cluster);
  const keys = await generateKeyPair();
  const issued = await issueClientCertificate({
    authority,
    subject: WORKER,
    publicKey: keys.publicKey,
    lifetimeMs: WORKER_LIFETIME_MS,
  });
  const tls = {
    ca: authority.certificate,
    cert: issued.certificate,
    key: await privateKeyPem(keys.privateKey),
    // Clusters of before format 3 have certificates for their load balancer. Both are the cluster's own authority's word.
    acceptedNames: [apiServerName(cluster.clusterId), cluster.endpoint],
    onAccepted: (served: ServedCertificate) => settings.served?.note(cluster.clusterId, served),
  };
  const credentials = { tls, headers: {} };
  return createClient(
    createTransport({
      server: `https://${cluster.endpoint}`,
      credentials: () => Promise.resolve(credentials),
      ...(settings.aroundCall === undefined ? {} : { around: aroundKubernetes('cluster', settings.aroundCall) }),
      ...(settings.proxy === undefined ? {} : { proxy: settings.proxy }),
    }),
  );
};

const forget = (cache: UserClusterCache, key: string): void => {
  const connection = cache.get(key);
  cache.delete(key);
  // Requests under way are answered first; a connection that never came about needs no end.
  void connection?.client.then((client) => client.close()).catch(() => undefined);
};

/** Connects to user clusters; a connection is kept until its certificate is two thirds through. */
export const connectUserClusters = (settings: UserClusterSettings): UserClusters => {
  const { cache } = settings;
  const now = settings.now ?? Date.now;
  return (cluster) => {
    const key = `${cluster.namespace}/${cluster.clusterId}/${cluster.endpoint}`;
    const known = cache.get(key);
    if (known !== undefined && known.renewAt > now()) return known.client;
    for (const [other, connection] of cache) if (connection.renewAt <= now()) forget(cache, other);
    const client = connect(settings, cluster);
    cache.set(key, { client, renewAt: now() + RENEWAL_MS });
    client.catch(() => {
      if (cache.get(key)?.client === client) cache.delete(key);
    });
    return client;
  };
};

/** Ends every connection of a cache, when its worker stops. */
export const closeUserClusters = async (cache: UserClusterCache): Promise<void> => {
  const connections = [...cache.values()];
  cache.clear();
  await Promise.allSettled(connections.map(async (connection) => (await connection.client).close()));
};
