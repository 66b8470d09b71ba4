/**
 * Drain: the pods of one node leave it, or those of all nodes of a pool, each by an eviction, as budgets allow.
 *
 * Owns: one look, which evicts whatever may go and says what stays and why; no slot is held between two looks, and one that was lost
 * is only made again. Neighbours: `policy/evictions.ts` has the filters and the words, `cordon.ts` closes nodes, `evictions.ts` asks
 * for a pod to go. Invariants: I9 (pods, budgets and finalizers are named), I4 (a node that others closed is drained, and stays theirs).
 */
import pLimit from 'p-limit';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { API_VERSION, NODE_POOL_LABEL } from '../../api/names.ts';
import { isDeleting } from '../../api/object.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { isUnreachable } from '../../kubernetes/errors.ts';
import { judgePods, type NodePod, type Staying, sayOverdue, sayStaying, sayUnmanaged } from '../../policy/evictions.ts';
import { warningOutput } from '../../words/warnings.ts';
import type { Readiness, ResourceDriver, Wanted } from '../driver.ts';
import { blockedError } from '../verdicts.ts';
import { closeNode } from './cordon.ts';
import { daemonSetsOf, evict, type Look } from './evictions.ts';
import { NODE } from './nodes.ts';
import { onlyWaitedFor } from './only-waited-for.ts';
import { nodeOfPod, POD, podOf } from './pods.ts';
import type { UserClusters } from './user-cluster.ts';

/** As often as kubectl tries again where a budget stands in the way; and where pods are only on their way. */
const AGAIN_MS = { refused: 5_000, going: 1_000 } as const;
const AT_ONCE = 10;
/** An API that was silent for so long is taken for gone by whoever takes the whole pool away. */
const SILENT_MS = 60_000;

type WantedDrain = Wanted<'drain'>;

/** The nodes, and how they are called together. */
type Drained = { readonly nodes: readonly KubernetesObject[]; readonly called: string };

const drainedBy = async ({ properties: { of } }: WantedDrain, { client, signal }: Look): Promise<Drained> => {
  if ('node' in of) {
    const node = await client.find({ ...NODE, name: of.node }, { signal });
    return { nodes: node === null ? [] : [node], called: `node ${of.node}` };
  }
  const nodes = await client.list(NODE, { labelSelector: `${NODE_POOL_LABEL}=${of.poolId}` }, { signal });
  return { nodes, called: nodes.length === 1 ? 'the only node of the pool' : `the ${nodes.length} nodes of the pool` };
};

const podsOn = async (nodes: readonly KubernetesObject[], { client, signal }: Look): Promise<readonly NodePod[]> => {
  const [only, ...others] = nodes.map(({ metadata }) => metadata.name);
  if (only === undefined) return [];
  const selection = others.length === 0 ? { fieldSelector: `spec.nodeName=${only}` } : {};
  const names = new Set([only, ...others]);
  return (await client.list(POD, selection, { signal })).filter((pod) => names.has(nodeOfPod(pod) ?? '')).map(podOf);
};

/** One look: what may go is asked to, and what stays is answered. */
const emptied = async (wanted: WantedDrain, look: Look): Promise<Readiness> => {
  const { seconds, of } = wanted.properties;
  const { nodes, called } = await drainedBy(wanted, look);
  // All at once, or pods would move from one node that goes to the next.
  if ('poolId' in of) for (const node of nodes) await closeNode(look.client, node, of.poolId);
  const pods = await podsOn(nodes, look);
  const { leaving, unmanaged } = judgePods(pods, await daemonSetsOf(pods, look));
  if (unmanaged.length > 0) throw blockedError(sayUnmanaged(called, unmanaged));
  const atOnce = pLimit(AT_ONCE);
  const evictions = await Promise.all(
    leaving.map((pod) => atOnce(async (): Promise<Staying> => ({ pod, eviction: await evict(pod, look) }))),
  );
  const staying = evictions.filter(({ eviction }) => eviction.kind !== 'gone');
  if (staying.length === 0) return { ready: true, outputs: {} };
  const forEver = staying.some(({ eviction }) => eviction.kind === 'budgets');
  if (forEver || Date.now() - wanted.since > seconds * 1_000) throw blockedError(sayOverdue(called, seconds, staying));
  const refused = staying.some(({ eviction }) => eviction.kind === 'budget');
  return {
    ready: false,
    awaited: sayStaying(called, staying),
    againInMs: refused ? AGAIN_MS.refused : AGAIN_MS.going,
  };
};

const skipped = (why: string): Readiness => ({
  ready: true,
  outputs: { [warningOutput('SkippedDrain')]: `Nodes were not drained: ${why}` },
});

export const drainDriver = (management: KubernetesClient, userClusters: UserClusters): ResourceDriver<'drain'> => {
  /** Why there is nobody to drain for. */
  const whyNot = async ({ properties, object, signal }: WantedDrain): Promise<string | undefined> => {
    if (properties.unlessClusterGoes === undefined) return undefined;
    const { clusterName: name } = properties.unlessClusterGoes;
    const called = { apiVersion: API_VERSION, kind: 'AWSCluster', namespace: object.namespace, name };
    const cluster = await management.find(called, { signal });
    return cluster === null || isDeleting(cluster) ? `cluster ${name} goes, too` : undefined;
  };
  return {
    ...onlyWaitedFor('drain'),

    check: async (wanted): Promise<Readiness> => {
      const { properties, object, owner, signal } = wanted;
      const why = await whyNot(wanted);
      if (why !== undefined) return skipped(why);
      const { endpoint } = properties;
      try {
        const client = await userClusters({ namespace: object.namespace, clusterId: owner.clusterId, endpoint });
        return await emptied(wanted, { client, signal });
      } catch (error) {
        const mayGo = properties.unlessClusterGoes !== undefined && Date.now() - wanted.since > SILENT_MS;
        if (mayGo && isUnreachable(error)) return skipped(`https://${endpoint} does not answer: ${error.explanation}`);
        throw error;
      }
    },
  };
};
