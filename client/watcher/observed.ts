/**
 * Observed: what the watcher keeps in mind of an object.
 *
 * Owns: reading it out of the object. Neighbours: `kubernetes/list-watch.ts` reports what changed, `signals.ts` tells entities,
 * which read the object for themselves. Pure.
 */
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { OWN_PREFIX } from '../../api/names.ts';
import type * as ListWatch from '../../kubernetes/list-watch.ts';

/** What the watcher needs to know of an object. */
export type Observed = {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly deleting: boolean;
  /** Of a node pool: the cluster that it names. */
  readonly clusterName?: string;
  /** Slipway's own annotations: verbs that people give through the API. */
  readonly annotations: Readonly<Record<string, string>>;
};

export type Report = ListWatch.Report<Observed>;

export const observed = ({ kind, metadata, spec }: KubernetesObject): Observed => {
  const { clusterName } = (spec ?? {}) as { readonly clusterName?: string };
  return {
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    ...(clusterName === undefined ? {} : { clusterName }),
    annotations: Object.fromEntries(
      Object.entries(metadata.annotations ?? {}).filter(([name]) => name.startsWith(OWN_PREFIX)),
    ),
  };
};
