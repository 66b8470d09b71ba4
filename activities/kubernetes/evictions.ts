/**
 * Evictions: pods that are asked to go, and how the API server answers.
 *
 * Owns: what each answer means. Neighbours: `policy/evictions.ts` has the shapes and says which pods are asked; `drain.ts` looks.
 * Invariants: I2 (an eviction names the pod's uid: another of its name is never meant).
 */
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { isNamespaceEnding, isNotFound, KubernetesError } from '../../kubernetes/errors.ts';
import { type Eviction, type LabelSelector, type NodePod, selects } from '../../policy/evictions.ts';

export type Look = { readonly client: KubernetesClient; readonly signal: AbortSignal };

const DAEMON_SET = { apiVersion: 'apps/v1', kind: 'DaemonSet' } as const;
const BUDGET = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' } as const;

/** Those that there are, of those by which a pod says that it was made, as `<namespace>/<name>`. */
export const daemonSetsOf = async (
  pods: readonly NodePod[],
  { client, signal }: Look,
): Promise<ReadonlySet<string>> => {
  const asked = new Map(
    pods.flatMap(({ namespace, controller }) =>
      controller?.kind === 'DaemonSet'
        ? [[`${namespace}/${controller.name}`, { namespace, name: controller.name }] as const]
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

export const evict = async (pod: NodePod, look: Look): Promise<Eviction> => {
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
