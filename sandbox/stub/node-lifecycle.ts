/**
 * Node lifecycle: what a control plane makes of nodes of which it hears nothing, or that are gone.
 *
 * Owns: the part of two controllers of Kubernetes. The node lifecycle controller says `Unknown` of every condition of a node whose kubelet
 * has been silent for a grace, and taints it; it takes the taints back once the kubelet is heard again, which says itself that it is well
 * (https://kubernetes.io/docs/reference/node/node-status/). The garbage collector of pods removes those whose node is gone. Neighbours:
 * `node.ts` is the kubelet, `clusters.ts` knows whom to listen to, `host.ts` has it look every second. Limits: nobody is evicted because
 * of a taint, since no controller would start another.
 */
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { timeOf } from '../../words/time.ts';
import type { NodeCondition } from '../kubelet/node-object.ts';
import type { StubCluster } from './clusters.ts';
import type { Place, Store } from './store.ts';

const NODES = '/api/v1/nodes';
const PODS = '/api/v1/pods';
const UNREACHABLE = 'node.kubernetes.io/unreachable';

type Taint = { readonly key: string; readonly effect: string; readonly timeAdded?: string };
type Known = Omit<NodeCondition, 'status'> & { readonly status: string };
type Spec = { readonly taints?: readonly Taint[] };

export const placeOfNode = (name: string): Place => ({ collection: NODES, name });

const specOf = (node: KubernetesObject): Spec => (node['spec'] ?? {}) as Spec;
const conditionsOf = (node: KubernetesObject): readonly Known[] =>
  ((node['status'] ?? {}) as { readonly conditions?: readonly Known[] }).conditions ?? [];

const isUnknown = (node: KubernetesObject): boolean =>
  conditionsOf(node).some(({ type, status }) => type === 'Ready' && status === 'Unknown');
const isTainted = (node: KubernetesObject): boolean =>
  (specOf(node).taints ?? []).some(({ key }) => key === UNREACHABLE);

const unheard = (node: KubernetesObject, now: number): KubernetesObject => {
  const at = timeOf(now);
  const conditions = conditionsOf(node).map((condition) => ({
    ...condition,
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
    lastTransitionTime: at,
  }));
  const taints = ['NoSchedule', 'NoExecute'].map((effect) => ({ key: UNREACHABLE, effect, timeAdded: at }));
  return {
    ...node,
    spec: { ...specOf(node), taints: [...(specOf(node).taints ?? []), ...taints] },
    status: { ...(node['status'] as object | undefined), conditions },
  };
};

const heardAgain = (node: KubernetesObject): KubernetesObject => ({
  ...node,
  spec: { ...specOf(node), taints: (specOf(node).taints ?? []).filter(({ key }) => key !== UNREACHABLE) },
});

/** One look at the nodes of a cluster; without a quorum its controllers see and write nothing. */
export const lookAfterNodes = (
  { store, kubelets, hasQuorum }: StubCluster,
  graceMs: number,
  now = Date.now(),
): void => {
  if (!hasQuorum()) return;
  for (const [name, pulse] of kubelets) {
    const node = store.get(placeOfNode(name));
    if (node === undefined) continue;
    const isSilent = now - pulse.lastHeard() > graceMs;
    if (isSilent && !isUnknown(node)) store.put(placeOfNode(name), unheard(node, now));
    else if (!isUnknown(node) && isTainted(node)) store.put(placeOfNode(name), heardAgain(node));
  }
};

const podsOf = (store: Store, name: string): readonly KubernetesObject[] =>
  store.list(PODS, { fields: `spec.nodeName=${name}` });

const forget = (store: Store, { metadata }: KubernetesObject): void =>
  void store.remove({ collection: PODS, namespace: metadata.namespace ?? 'default', name: metadata.name });

/** Pods of a node that is gone. */
export const forgetPodsOf = (store: Store, name: string): void => {
  for (const pod of podsOf(store, name)) forget(store, pod);
};

/** Pods that were told to go while nobody on their node heard it. */
export const endToldPodsOf = (store: Store, name: string): void => {
  for (const pod of podsOf(store, name)) if (pod.metadata.deletionTimestamp !== undefined) forget(store, pod);
};
