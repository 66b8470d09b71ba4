/**
 * Store: the objects of one stub cluster, in memory.
 *
 * Owns: what an API server adds to an object (uid, version, generation, times), and lists by selectors. Neighbours: `api.ts`
 * speaks HTTP. Limits: server-side apply under one field manager only, so what is applied replaces what was applied before;
 * a strategic merge is done as a JSON merge patch; nothing is validated or defaulted.
 */

import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { timeOf } from '../../words/time.ts';

/** `collection` is a path such as `/api/v1/nodes`, without a namespace. */
export type Place = { readonly collection: string; readonly namespace?: string; readonly name: string };

type Selection = { readonly namespace?: string; readonly labels?: string; readonly fields?: string };

export type Store = {
  readonly get: (place: Place) => KubernetesObject | undefined;
  readonly list: (collection: string, selection: Selection) => readonly KubernetesObject[];
  /** Creates it, or puts it in the place of what is there and keeps what the server owns. */
  readonly put: (place: Place, object: KubernetesObject) => KubernetesObject;
  /** Asks it to go: with finalizers it is only marked. */
  readonly remove: (place: Place) => KubernetesObject | undefined;
  readonly version: () => string;
};

const keyOf = ({ collection, namespace, name }: Place): string => `${collection}|${namespace ?? ''}|${name}`;

/** RFC 7396. */
export const mergePatch = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
};

/** `a=b`, `a==b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b,c)`, joined by commas. */
export const matchesLabels = (selector: string, labels: Readonly<Record<string, string>>): boolean =>
  selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '')
    .every((term) => {
      const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
      if (set !== null) {
        const values = (set[3] ?? '').split(',').map((value) => value.trim());
        const value = labels[set[1] ?? ''];
        return (set[2] === 'in') === (value !== undefined && values.includes(value));
      }
      const [name = '', value] = term.split(/!=|==?/);
      if (term.includes('!=')) return labels[name] !== value;
      if (value !== undefined) return labels[name] === value;
      return term.startsWith('!') ? labels[term.slice(1)] === undefined : labels[term] !== undefined;
    });

const fieldOf = (object: KubernetesObject, path: string): string => {
  const value = path
    .split('.')
    .reduce<unknown>(
      (at, name) =>
        typeof at === 'object' && at !== null ? (at as Readonly<Record<string, unknown>>)[name] : undefined,
      object,
    );
  return typeof value === 'string' ? value : '';
};

const matchesFields = (selector: string, object: KubernetesObject): boolean =>
  selector
    .split(',')
    .filter((term) => term !== '')
    .every((term) => {
      const [path = '', value = ''] = term.split(/!=|==?/);
      return (fieldOf(object, path) === value) !== term.includes('!=');
    });

const withoutServersOwn = ({ status: _status, metadata, ...rest }: KubernetesObject): string =>
  JSON.stringify({ rest, labels: metadata.labels, annotations: metadata.annotations });

/** What is sent, with what the server owns: of an object that is there, its identity stays. */
const metadataOf = (
  place: Place,
  sent: KubernetesObject,
  before: KubernetesObject | undefined,
): KubernetesObject['metadata'] => {
  const of = {
    ...sent.metadata,
    name: place.name,
    ...(place.namespace === undefined ? {} : { namespace: place.namespace }),
  };
  if (before === undefined) {
    const creationTimestamp = timeOf(Date.now());
    return { ...of, uid: randomUUID(), creationTimestamp, generation: 1 };
  }
  const { uid, creationTimestamp, generation = 1, deletionTimestamp } = before.metadata;
  const same = withoutServersOwn(before) === withoutServersOwn(sent);
  return {
    ...of,
    ...(uid === undefined ? {} : { uid }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    generation: generation + (same ? 0 : 1),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
};

/** By which lists are sorted, and their pages cut. */
export const placeInList = ({ namespace = '', name }: KubernetesObject['metadata']): string => `${name}/${namespace}`;

export const createStore = (): Store => {
  const objects = new Map<string, { readonly place: Place; readonly object: KubernetesObject }>();
  const counter = { version: 1 };
  const next = (): string => String((counter.version += 1));
  return {
    get: (place) => objects.get(keyOf(place))?.object,

    list: (collection, { namespace, labels = '', fields = '' }) =>
      [...objects.values()]
        .filter(({ place }) => place.collection === collection && (namespace ?? place.namespace) === place.namespace)
        .map(({ object }) => object)
        .filter((object) => matchesLabels(labels, object.metadata.labels ?? {}) && matchesFields(fields, object))
        .sort((a, b) => (placeInList(a.metadata) < placeInList(b.metadata) ? -1 : 1)),

    put: (place, object) => {
      const before = objects.get(keyOf(place))?.object;
      const metadata = { ...metadataOf(place, object, before), resourceVersion: next() };
      const stored = { ...object, metadata };
      // The last finalizer of an object that was asked to go.
      const isGone = before?.metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
      if (isGone) objects.delete(keyOf(place));
      else objects.set(keyOf(place), { place, object: stored });
      return stored;
    },

    remove: (place) => {
      const before = objects.get(keyOf(place))?.object;
      if (before === undefined) return undefined;
      if ((before.metadata.finalizers ?? []).length === 0) objects.delete(keyOf(place));
      else if (before.metadata.deletionTimestamp === undefined) {
        const metadata = { ...before.metadata, deletionTimestamp: new Date().toISOString(), resourceVersion: next() };
        objects.set(keyOf(place), { place, object: { ...before, metadata } });
      }
      return before;
    },

    version: () => String(counter.version),
  };
};
