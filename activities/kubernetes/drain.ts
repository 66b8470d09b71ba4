/**
 * Drain: the pods of one node leave it, or those of all nodes of a pool, each by an eviction, as budgets allow.
 *
 * Owns: one look, which evicts whatever may go and says what stays and why; no slot is held between two looks, and one that was lost
 * is only made again; that nobody waits for what nobody will say: the pods of a node that is silent. Neighbours: `policy/evictions.ts` has the filters and the words, `cordon.ts` closes nodes, `evictions.ts` asks
 * for a pod to go. Invariants: I9 (pods, budgets and finalizers are named), I4 (a node that others closed is drained, and stays theirs).
 */
import pLimit from 'p-limit';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { API_VERSION, NODE_POOL_LABEL } from '../../api/names.ts';
import { isDeleting } from '../../api/object.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { isUnreachable } from '../../kubernetes/errors.ts';
import {
  awaitedAmong,
  judgePods,
  type NodePod,
  type Staying,
  sayLeft,
  sayOverdue,
  sayStaying,
  sayUnmanaged,
} from '../../policy/evictions.ts';
import { warningOutput } from '../../words/warnings.ts';
import type { Readiness, ResourceDriver, Wanted } from '../driver.ts';
import { blockedError } from '../verdicts.ts';
import { closeNode } from './cordon.ts';
import { daemonSetsOf, evict, type Look } from './evictions.ts';
import { isReady, isSilent, NODE } from './nodes.ts';
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

/** What is on them, and which of it is on one that is silent. */
type OnNodes = { readonly pods: readonly NodePod[]; readonly unheard: ReadonlySet<string> };

const podsOn = async (nodes: readonly KubernetesObject[], { client, signal }: Look): Promise<OnNodes> => {
  const silent = new Map(nodes.map((node) => [node.metadata.name, isSilent(node)]));
  const [only, ...others] = silent.keys();
  if (only === undefined) return { pods: [], unheard: new Set() };
  const selection = others.length === 0 ? { fieldSelector: `spec.nodeName=${only}` } : {};
  const all = (await client.list(POD, selection, { signal })).filter((pod) => silent.has(nodeOfPod(pod) ?? ''));
  const unheard = all.filter((pod) => silent.get(nodeOfPod(pod) ?? '') === true);
  return { pods: all.map(podOf), unheard: new Set(unheard.map(({ metadata }) => metadata.uid ?? '')) };
};

/** Evicts whoever may go. */
const evictAll = async (leaving: readonly NodePod[], look: Look): Promise<readonly Staying[]> => {
  const atOnce = pLimit(AT_ONCE);
  const evictions = await Promise.all(
    leaving.map((pod) => atOnce(async (): Promise<Staying> => ({ pod, eviction: await evict(pod, look) }))),
  );
  return evictions.filter(({ eviction }) => eviction.kind !== 'gone');
};

const over = (called: string, left: readonly NodePod[]): Readiness => ({
  ready: true,
  outputs: left.length === 0 ? {} : { [warningOutput('PodsLeft')]: sayLeft(called, left) },
});

const waitingFor = (called: string, awaited: readonly Staying[]): Readiness => {
  const refused = awaited.some(({ eviction }) => eviction.kind !== 'going');
  return {
    ready: false,
    awaited: sayStaying(called, awaited),
    againInMs: refused ? AGAIN_MS.refused : AGAIN_MS.going,
  };
};

/** One look: what may go is asked to, and what stays is answered. */
const emptied = async (wanted: WantedDrain, look: Look): Promise<Readiness> => {
  const { seconds, of, unhealthy } = wanted.properties;
  const { nodes, called } = await drainedBy(wanted, look);
  // All at once, or pods would move from one node that goes to the next.
  if ('poolId' in of) for (const node of nodes) await closeNode(look.client, node, of.poolId);
  const { pods, unheard } = await podsOn(nodes, look);
  const { leaving, unmanaged } = judgePods(pods, await daemonSetsOf(pods, look));
  // Pods of one that is Ready again serve: they are a person's, and their budgets', as on any other.
  const isLost = unhealthy === true && !nodes.some(isReady);
  if (unmanaged.length > 0 && !isLost) throw blockedError(sayUnmanaged(called, unmanaged));
  const staying = await evictAll(leaving, look);
  const awaited = awaitedAmong(staying, unheard);
  const isLate = Date.now() - wanted.since > seconds * 1_000;
  if (awaited.length === 0 || (isLost && isLate)) return over(called, [...staying.map(({ pod }) => pod), ...unmanaged]);
  const forEver = awaited.some(({ eviction }) => eviction.kind === 'budgets');
  if (!isLost && (forEver || isLate)) throw blockedError(sayOverdue(called, seconds, awaited));
  return waitingFor(called, awaited);
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
