/**
 * Drain: the pods of a node leave it, each by an eviction, as budgets allow.
 *
 * Owns: one look, which evicts whatever may go and says what stays and why; no slot is held between two looks, and one that was lost
 * is only made again. A node that does not serve holds nobody for longer than its time: what can't leave it ends with its machine. Neighbours: `policy/evictions.ts` has the filters and the words, `cordon.ts` closed the node before.
 * Invariants: I9 (pods, budgets and finalizers are named), I2 (an eviction names the pod's uid: another of its name is never meant).
 */
import pLimit from 'p-limit';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { isNamespaceEnding, isNotFound, KubernetesError } from '../../kubernetes/errors.ts';
import {
  type Eviction,
  endingWithIt,
  judgePods,
  type LabelSelector,
  type NodePod,
  type NodeState,
  namesOf,
  type Staying,
  sayOverdue,
  sayStaying,
  sayUnmanaged,
  selects,
} from '../../policy/evictions.ts';
import type { Readiness, ResourceDriver } from '../driver.ts';
import { blockedError } from '../verdicts.ts';
import { isHeard, isReady, NODE } from './nodes.ts';
import { onlyWaitedFor } from './only-waited-for.ts';
import { POD, podOf } from './pods.ts';
import type { UserClusters } from './user-cluster.ts';

const DAEMON_SET = { apiVersion: 'apps/v1', kind: 'DaemonSet' } as const;
const BUDGET = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' } as const;

/** As often as kubectl tries again where a budget stands in the way; and where pods are only on their way. */
const AGAIN_MS = { refused: 5_000, going: 1_000 } as const;
const AT_ONCE = 10;

type Look = { readonly client: KubernetesClient; readonly signal: AbortSignal };

/** Those that there are, of those by which a pod says that it was made. */
const daemonSetsOf = async (pods: readonly NodePod[], { client, signal }: Look): Promise<ReadonlySet<string>> => {
  const asked = new Map(
    pods.flatMap(({ namespace, controller }) =>
      controller?.kind === 'DaemonSet'
        ? [[`${namespace}/${controller.name}`, { namespace, name: controller.name }]]
        : [],
    ),
  );
  const found = await Promise.all(
    [...asked].map(async ([key, name]) =>
      (await client.find({ ...DAEMON_SET, ...name }, { signal })) === null ? [] : [key],
    ),
  );
  return new Set(found.flat());
};

/** Budgets that select the pod. */
const budgetsOf = async ({ namespace, labels }: NodePod, { client, signal }: Look): Promise<readonly string[]> => {
  const all = await client.list(BUDGET, { namespace }, { signal });
  return all
    .filter((one) => selects((one['spec'] as { readonly selector?: LabelSelector } | undefined)?.selector, labels))
    .map(({ metadata }) => `${namespace}/${metadata.name}`)
    .sort();
};

const SEVERAL_BUDGETS = /more than one PodDisruptionBudget/i;

const evict = async (pod: NodePod, look: Look): Promise<Eviction> => {
  if (pod.terminating) return { kind: 'going' };
  try {
    await look.client.evict(pod, { signal: look.signal });
    return { kind: 'going' };
  } catch (error) {
    if (isNotFound(error)) return { kind: 'gone' };
    if (!(error instanceof KubernetesError)) throw error;
    // Another pod of its name: that one is the next look's. Those of a namespace that is being deleted go with it.
    if (error.status === 409) return { kind: 'gone' };
    if (isNamespaceEnding(error)) return { kind: 'going' };
    if (error.status === 429) return { kind: 'budget', says: error.causes.join('; ') || error.explanation };
    if (SEVERAL_BUDGETS.test(error.explanation)) return { kind: 'budgets', names: await budgetsOf(pod, look) };
    throw error;
  }
};

const EMPTY: Readiness = { ready: true, outputs: {} };

const stateOf = (node: KubernetesObject): NodeState => {
  if (isReady(node)) return 'ready';
  return isHeard(node) ? 'not ready' : 'silent';
};

/** Evicts whoever may go. */
const evictAll = async (leaving: readonly NodePod[], look: Look): Promise<readonly Staying[]> => {
  const atOnce = pLimit(AT_ONCE);
  const evictions = await Promise.all(
    leaving.map((pod) => atOnce(async () => ({ pod, eviction: await evict(pod, look) }))),
  );
  return evictions.filter(({ eviction }) => eviction.kind !== 'gone');
};

const waitingFor = (node: string, staying: readonly Staying[]): Readiness => {
  const refused = staying.some(({ eviction }) => eviction.kind === 'budget' || eviction.kind === 'budgets');
  return {
    ready: false,
    awaited: sayStaying(node, staying),
    againInMs: refused ? AGAIN_MS.refused : AGAIN_MS.going,
  };
};

export const drainDriver = (userClusters: UserClusters): ResourceDriver<'drain'> => ({
  ...onlyWaitedFor('drain'),

  check: async (wanted): Promise<Readiness> => {
    const { endpoint, node, seconds, unhealthy } = wanted.properties;
    const { object, owner, signal } = wanted;
    const client = await userClusters({ namespace: object.namespace, clusterId: owner.clusterId, endpoint });
    const look = { client, signal };
    const found = await client.find({ ...NODE, name: node }, { signal });
    if (found === null) return EMPTY;
    const pods = (await client.list(POD, { fieldSelector: `spec.nodeName=${node}` }, { signal })).map(podOf);
    const { leaving, unmanaged } = judgePods(pods, await daemonSetsOf(pods, look));
    const state = stateOf(found);
    const isLate = Date.now() - wanted.since > seconds * 1_000;
    // One that is Ready again has pods that serve: it is drained as any other.
    if (unhealthy === true && state !== 'ready') {
      const staying = await evictAll(leaving, look);
      const left = endingWithIt(state, isLate, { staying, unmanaged });
      if (left === undefined) return waitingFor(node, staying);
      return left.length === 0 ? EMPTY : { ready: true, outputs: { left: namesOf(left) } };
    }
    if (unmanaged.length > 0) throw blockedError(sayUnmanaged(node, unmanaged));
    const staying = await evictAll(leaving, look);
    if (staying.length === 0) return EMPTY;
    const forEver = staying.some(({ eviction }) => eviction.kind === 'budgets');
    if (forEver || isLate) throw blockedError(sayOverdue(node, seconds, staying));
    return waitingFor(node, staying);
  },
});
