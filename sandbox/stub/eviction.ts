/**
 * Eviction: what the double of a cluster's API server answers when a pod is asked to go.
 *
 * Owns: budgets, as the API server holds them: one that is in the way refuses with 429 and its name, two on one pod with 500, and a
 * pod that does not run is asked no budget; and that a pod is only told to go where its kubelet hears nothing. Neighbours: `api.ts` hands the request over, `store.ts` keeps pods and budgets.
 * Limits: a pod that runs counts as healthy; percentages, `unhealthyPodEvictionPolicy` and grace periods are not looked at. Nothing
 * starts another pod in its place.
 */
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { timeOf } from '../../words/time.ts';
import type { Store } from './store.ts';

export type Evicted =
  | { readonly kind: 'evicted' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'replaced'; readonly uid: string }
  | { readonly kind: 'budget'; readonly says: string }
  | { readonly kind: 'budgets' };

const PODS = '/api/v1/pods';
const BUDGETS = '/apis/policy/v1/poddisruptionbudgets';

type BudgetSpec = {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly minAvailable?: number;
  readonly maxUnavailable?: number;
};

const specOf = (budget: KubernetesObject): BudgetSpec => (budget['spec'] ?? {}) as BudgetSpec;

const runs = ({ status, metadata }: KubernetesObject): boolean =>
  (status as { readonly phase?: string } | undefined)?.phase === 'Running' && metadata.deletionTimestamp === undefined;

const isSelected = (budget: KubernetesObject, { metadata }: KubernetesObject): boolean =>
  Object.entries(specOf(budget).selector?.matchLabels ?? {}).every(([key, value]) => metadata.labels?.[key] === value);

/** Why the budget lets no pod go, if so. */
const refusalOf = (budget: KubernetesObject, pods: readonly KubernetesObject[]): string | undefined => {
  const selected = pods.filter((pod) => isSelected(budget, pod));
  const healthy = selected.filter(runs).length;
  const { minAvailable, maxUnavailable } = specOf(budget);
  const needed = minAvailable ?? selected.length - (maxUnavailable ?? 1);
  return healthy - 1 >= needed
    ? undefined
    : `Cannot evict pod as it would violate the pod's disruption budget. The disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${healthy} currently`;
};

type Evicting = {
  readonly store: Store;
  /** Whether the kubelet of this node hears that a pod of its own is to go. */
  readonly hears: (node: string) => boolean;
};

type Asked = { readonly namespace: string; readonly name: string; readonly uid: string | undefined };

const nodeOf = (pod: KubernetesObject): string =>
  ((pod['spec'] ?? {}) as { readonly nodeName?: string }).nodeName ?? '';

export const evictPod = ({ store, hears }: Evicting, { namespace, name, uid }: Asked): Evicted => {
  const place = { collection: PODS, namespace, name };
  const pod = store.get(place);
  if (pod === undefined) return { kind: 'absent' };
  if (uid !== undefined && uid !== pod.metadata.uid) return { kind: 'replaced', uid: pod.metadata.uid ?? '' };
  const budgets = runs(pod) ? store.list(BUDGETS, { namespace }).filter((one) => isSelected(one, pod)) : [];
  if (budgets.length > 1) return { kind: 'budgets' };
  const [budget] = budgets;
  const says = budget === undefined ? undefined : refusalOf(budget, store.list(PODS, { namespace }));
  if (says !== undefined) return { kind: 'budget', says };
  if (hears(nodeOf(pod))) store.remove(place);
  else store.put(place, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: timeOf(Date.now()) } });
  return { kind: 'evicted' };
};
