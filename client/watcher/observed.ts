/**
 * Observed: what the watcher keeps in mind of an object.
 *
 * Owns: reading it out of the object. Neighbours: `kubernetes/list-watch.ts` reports what changed, `signals.ts` tells entities,
 * which read the object for themselves. Pure.
 */
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { FIELD_MANAGER, FINALIZER, OWN_PREFIX } from '../../api/names.ts';
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
  /** It carries our finalizer. */
  readonly finalized: boolean;
  /** What its status pins of it, by field, as JSON: written once, and only others take it away. */
  readonly pins: Readonly<Record<string, string>>;
  /** Who else wrote its status, and when; sorted. */
  readonly writers: readonly string[];
};

/** What an entity that lost its memory knows its object by. */
const PINNED = ['adopted', 'clusterID', 'nodePoolID', 'aws', 'established', 'endpoint', 'revision'] as const;

/** `established` is no pin before it is true. */
const pinsOf = (status: Readonly<Record<string, unknown>>): Observed['pins'] =>
  Object.fromEntries(
    PINNED.flatMap((field) => {
      const value = status[field];
      return value === undefined || value === false ? [] : [[field, JSON.stringify(value)]];
    }),
  );

const writersOf = ({ managedFields = [] }: KubernetesObject['metadata']): Observed['writers'] =>
  managedFields
    .filter(({ subresource, manager }) => subresource === 'status' && manager !== FIELD_MANAGER)
    .map(({ manager = '', operation = '', time = '' }) => `${manager} ${operation} ${time}`)
    .sort();

export type Report = ListWatch.Report<Observed>;

export const observed = ({ kind, metadata, spec, status }: KubernetesObject): Observed => {
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
    finalized: metadata.finalizers?.includes(FINALIZER) === true,
    pins: pinsOf((status ?? {}) as Readonly<Record<string, unknown>>),
    writers: writersOf(metadata),
  };
};
