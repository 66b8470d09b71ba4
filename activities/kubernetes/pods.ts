/**
 * Pods: what of them counts to whoever empties a node.
 *
 * Owns: reading a pod as the API server has it. Neighbours: `policy/evictions.ts` judges what is read here; `drain.ts` and
 * `pool-nodes.ts` ask. Pure.
 */
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { isDeleting } from '../../api/object.ts';
import type { NodePod } from '../../policy/evictions.ts';

export const POD = { apiVersion: 'v1', kind: 'Pod' } as const;

/** The kubelet's own pods, from files on the node, say so. */
const MIRROR = 'kubernetes.io/config.mirror';

type Owned = {
  readonly ownerReferences?: readonly { readonly controller?: boolean; readonly kind: string; readonly name: string }[];
  readonly finalizers?: readonly string[];
};

export const podOf = (pod: KubernetesObject): NodePod => {
  const { metadata } = pod;
  const { ownerReferences = [], finalizers = [] } = metadata as Owned;
  const controller = ownerReferences.find((one) => one.controller === true);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    phase: (pod['status'] as { readonly phase?: string } | undefined)?.phase ?? 'Unknown',
    labels: metadata.labels ?? {},
    terminating: isDeleting(pod),
    finalizers,
    mirror: metadata.annotations?.[MIRROR] !== undefined,
    ...(controller === undefined ? {} : { controller: { kind: controller.kind, name: controller.name } }),
  };
};

export const nodeOfPod = (pod: KubernetesObject): string | undefined =>
  (pod['spec'] as { readonly nodeName?: string } | undefined)?.nodeName;
