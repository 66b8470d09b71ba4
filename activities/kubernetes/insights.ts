/**
 * Insights: one look at all of a cluster that an upgrade may meet.
 *
 * Owns: what is asked, the time that it may take, and that whatever goes wrong is an answer of its own. Some ten requests to the
 * cluster's own API and three to the management API; none to AWS. Neighbours: `requested-apis.ts` and `webhooks.ts` read what takes more
 * than a list, `policy/insights.ts` judges. Invariants: I6 (reads only), I8 (of an authority only the date leaves), I12 (what could not
 * be read says so).
 */
import 'reflect-metadata';
import { X509Certificate } from '@peculiar/x509';
import type { AWSCluster } from '../../api/cluster.ts';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { clusterSecretName } from '../../api/names.ts';
import { clusterIdFor } from '../../api/ownership.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { samplesOf } from '../../kubernetes/prometheus.ts';
import { describeName } from '../../kubernetes/resources.ts';
import { isUnread, type Read } from '../../policy/insight.ts';
import type { Seen, SeenAuthority, SeenBudget, SeenInside, SeenNode } from '../../policy/insights.ts';
import { ETCD_CA, FRONT_PROXY_CA, nameInKey, ROOT_CA } from '../../words/keys.ts';
import { verdictOf } from '../verdicts.ts';
import { NODE } from './nodes.ts';
import { readRequestedApis } from './requested-apis.ts';
import { foundSecret, secretName } from './secret.ts';
import type { UserClusters } from './user-cluster.ts';
import { readWebhooks } from './webhooks.ts';

type Cluster = Pick<AWSCluster, 'metadata' | 'status'>;

/** Fails only where whoever asks gave up. */
export type ReadInsights = (cluster: Cluster, signal: AbortSignal) => Promise<Seen>;

/** Metrics of an API server are some megabytes. */
const LOOK_MS = 12_000;
const BUDGET = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' } as const;
const STORAGE_SIZE = 'apiserver_storage_size_bytes';
const AUTHORITIES = [ETCD_CA, FRONT_PROXY_CA, ROOT_CA];

const nodesIn = (nodes: readonly KubernetesObject[]): Read<readonly SeenNode[]> => {
  const seen = nodes.map((node) => {
    const { nodeInfo } = (node['status'] ?? {}) as { readonly nodeInfo?: { readonly kubeletVersion?: string } };
    return { name: node.metadata.name, kubelet: /^v?(\d+\.\d+\.\d+)/.exec(nodeInfo?.kubeletVersion ?? '')?.[1] };
  });
  const silent = seen.find(({ kubelet }) => kubelet === undefined);
  if (silent !== undefined) return { unread: `node ${silent.name} does not say which kubelet it runs` };
  return seen.map(({ name, kubelet = '' }) => ({ name, kubelet }));
};

type Counts = {
  readonly disruptionsAllowed?: number;
  readonly currentHealthy?: number;
  readonly desiredHealthy?: number;
  readonly expectedPods?: number;
};

const budgetOf = ({ metadata, ...budget }: KubernetesObject): SeenBudget => {
  const {
    disruptionsAllowed = 0,
    currentHealthy = 0,
    desiredHealthy = 0,
    expectedPods = 0,
  } = (budget['status'] ?? {}) as Counts;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    allowed: disruptionsAllowed,
    healthy: currentHealthy,
    desired: desiredHealthy,
    expected: expectedPods,
  };
};

const etcdIn = (metrics: string): Read<{ readonly bytes: number }> => {
  const sizes = samplesOf(metrics, STORAGE_SIZE).map(({ value }) => value);
  return sizes.length === 0 ? { unread: `its API server counts no ${STORAGE_SIZE}` } : { bytes: Math.max(...sizes) };
};

const metricsOf = async (client: KubernetesClient, signal: AbortSignal): Promise<string> => {
  const { status, text } = await client.probe('/metrics', { signal });
  if (status !== 200) throw new Error(`${client.server}/metrics answers with status ${status}`);
  return text;
};

type Part = <T extends object>(read: () => Promise<Read<T>>) => Promise<Read<T>>;

/** What was read, or why it was not. */
const partOf =
  (endpoint: string, signal: AbortSignal, time: AbortSignal): Part =>
  async (read) => {
    try {
      return await read();
    } catch (error) {
      if (signal.aborted) throw error;
      return { unread: time.aborted ? `https://${endpoint} did not answer in time` : verdictOf(error).message };
    }
  };

const seenInside = async (client: KubernetesClient, part: Part, signal: AbortSignal): Promise<Read<SeenInside>> => {
  const look = { client, signal };
  const metrics = metricsOf(client, signal);
  const [apis, etcd, nodes, budgets, webhooks] = await Promise.all([
    part(async () => readRequestedApis(await metrics, look)),
    part(async () => etcdIn(await metrics)),
    part(async () => nodesIn(await client.list(NODE, { fromCache: true }, { signal }))),
    part(async () => (await client.list(BUDGET, { fromCache: true }, { signal })).map(budgetOf)),
    part(() => readWebhooks(look)),
  ]);
  // An API that lists nothing at all is one thing to be told, not five.
  return isUnread(apis) && isUnread(nodes) && isUnread(budgets) && isUnread(webhooks)
    ? nodes
    : { apis, etcd, nodes, budgets, webhooks };
};

const authorityIn = async (
  management: KubernetesClient,
  name: ReturnType<typeof secretName>,
  signal: AbortSignal,
): Promise<SeenAuthority> => {
  const object = describeName(name);
  const { certificate = '' } = foundSecret(await management.get(name, { signal })).outputs;
  return { object, notAfter: new X509Certificate(certificate).notAfter.getTime() };
};

export const readInsights =
  (management: KubernetesClient, userClusters: UserClusters, lookMs = LOOK_MS): ReadInsights =>
  async (cluster, signal) => {
    const { namespace } = cluster.metadata;
    const time = AbortSignal.timeout(lookMs);
    const { endpoint = '' } = cluster.status ?? {};
    const clusterId = clusterIdFor(cluster);
    const within = AbortSignal.any([signal, time]);
    const part = partOf(endpoint, signal, time);
    const [inside, authorities] = await Promise.all([
      part(async () => seenInside(await userClusters({ namespace, clusterId, endpoint }), part, within)),
      part(() =>
        Promise.all(
          AUTHORITIES.map((key) =>
            authorityIn(management, secretName(namespace, clusterSecretName(clusterId, nameInKey(key))), within),
          ),
        ),
      ),
    ]);
    return { inside, authorities };
  };
