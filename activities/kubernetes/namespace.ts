/**
 * Namespace: what goes with it, whoever deletes it.
 *
 * Owns: what it means for a removal that the worker lost its right to something in a namespace. Kubernetes empties a namespace in no
 * order: the RoleBinding by which the worker reads Secrets may go before the clusters, and nobody can make another one then.
 * Neighbours: `inventory.ts` and `secret.ts` ask for removals only. Invariants: I12 (a refusal is absence only where the API server
 * itself says that the whole namespace is going; nobody else's silence counts).
 */
import type { Cancellation, KubernetesClient } from '../../kubernetes/client.ts';
import { isRefusal } from '../../kubernetes/errors.ts';

/** Whether the API server says that the namespace is being emptied; an answer that can't be had is none. */
const isEnding = async (management: KubernetesClient, name: string, options?: Cancellation): Promise<boolean> => {
  try {
    const namespace = await management.find({ apiVersion: 'v1', kind: 'Namespace', name }, options);
    return namespace?.metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
};

/** What a look in a namespace answers, or `gone` where it is refused because the namespace is going with all that is in it. */
export const unlessItEnds = async <T>(
  management: KubernetesClient,
  namespace: string,
  { look, gone }: { readonly look: () => Promise<T>; readonly gone: T },
  options?: Cancellation,
): Promise<T> => {
  try {
    return await look();
  } catch (error) {
    if (isRefusal(error) && (await isEnding(management, namespace, options))) return gone;
    throw error;
  }
};
