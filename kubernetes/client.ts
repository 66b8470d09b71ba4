/**
 * Client: the few operations on arbitrary Kubernetes objects that Slipway needs.
 *
 * Owns: verbs and content types. Neighbours: `calls.ts` asks and reads answers, `pages.ts` lists, `resources.ts` knows paths,
 * `source.ts` watches. Server-side apply is always forced under our one field
 * manager: what Slipway owns it owns, and what it no longer sends is removed.
 * Invariant: I2 (apply repeated is the same).
 */
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { FIELD_MANAGER } from '../api/names.ts';
import { parsedJson } from '../words/json.ts';
import { type Asking, createAsking } from './calls.ts';
import { isNotFound, refused } from './errors.ts';
import { type ObjectTimes, pagesOfTimes, readResources, type ServedResource } from './metadata.ts';
import { readAll } from './pages.ts';
import {
  collectionPath,
  describeName,
  groupPath,
  type KindName,
  nameOf,
  type ObjectName,
  objectPath,
  pluralOf,
} from './resources.ts';
import type { HttpRequest, Transport } from './transport.ts';

export type Selection = {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Any state that the API server remembers will do, though it may be some seconds old: that costs etcd nothing. */
  readonly fromCache?: true;
};

/** Cancels a request, or gives it another deadline than its transport's. */
export type Cancellation = Pick<HttpRequest, 'signal' | 'deadlineMs'>;

/** Judged, defaulted and answered as if it were stored, and strict about fields that nobody knows; nothing is. */
type Trial = Cancellation & { readonly dryRun?: true };

/** Field managers by the version with which they wrote, `apps/v1`; sorted. */
export type Writers = Readonly<Record<string, readonly string[]>>;

export type KubernetesClient = {
  readonly server: string;
  /** The object; throws `NotFound` when the API server says that it isn't there. */
  readonly get: (name: ObjectName, options?: Cancellation) => Promise<KubernetesObject>;
  /** The object, or null only when the API server says `NotFound` about this very name (I12). */
  readonly find: (name: ObjectName, options?: Cancellation) => Promise<KubernetesObject | null>;
  /** All objects selected, read to the last page. */
  readonly list: (
    kind: KindName,
    selection?: Selection,
    options?: Cancellation,
  ) => Promise<readonly KubernetesObject[]>;
  readonly create: (object: KubernetesObject, options?: Trial) => Promise<KubernetesObject>;
  /** Server-side apply. With `metadata.resourceVersion`, only to that very version. */
  readonly apply: (object: KubernetesObject, options?: Cancellation) => Promise<KubernetesObject>;
  /** Server-side apply to `/status`. A uid is no precondition here, a resourceVersion is. */
  readonly applyStatus: (object: KubernetesObject, options?: Cancellation) => Promise<KubernetesObject>;
  /** JSON merge patch. With `metadata.resourceVersion` in it, only to that very version. */
  readonly patch: (name: ObjectName, patch: unknown, options?: Trial) => Promise<KubernetesObject>;
  /** Asks to delete; true when the object was there. With a uid, only that very object. */
  readonly remove: (name: ObjectName, uid?: string, options?: Cancellation) => Promise<boolean>;
  /** Asks for a pod to go, which its budgets may refuse; only that very pod, by its uid. */
  readonly evict: (
    pod: { readonly namespace: string; readonly name: string; readonly uid: string },
    options?: Cancellation,
  ) => Promise<void>;
  /** Who wrote objects of a resource by which version of its API, of at most 500 objects; null where nobody serves it. */
  readonly writersOf: (
    resource: { readonly group: string; readonly version: string; readonly plural: string },
    options?: Cancellation,
  ) => Promise<Writers | null>;
  /** All resources that can be listed, by every version that serves them; within a group the preferred version first. */
  readonly resources: (options?: Cancellation) => Promise<readonly ServedResource[]>;
  /** Names and times of all objects of a resource, page by page, and nothing of what they hold (I8). */
  readonly timesOf: (resource: ServedResource, options?: Cancellation) => AsyncIterable<readonly ObjectTimes[]>;
  /** Whether the API server serves this kind at all. */
  readonly serves: (kind: KindName, options?: Cancellation) => Promise<boolean>;
  /** The status and text of any path, such as `/readyz`. */
  readonly probe: (
    path: string,
    options?: Cancellation & Pick<HttpRequest, 'last'>,
  ) => Promise<{ readonly status: number; readonly text: string }>;
  readonly close: () => Promise<void>;
};

const APPLY = 'application/apply-patch+yaml';
const MERGE_PATCH = 'application/merge-patch+json';
/** Strict: a field that the server doesn't know is a mistake of ours, not something to drop. */
const applyQuery = (manager: string): string => `fieldManager=${manager}&force=true&fieldValidation=Strict`;

const trial = (dryRun: true | undefined): string => (dryRun === true ? '&dryRun=All&fieldValidation=Strict' : '');

/** What the call answers, or what stands for the API server's own word that what it names isn't there. */
const unlessNotFound = async <A, B>(call: () => Promise<A>, instead: B): Promise<A | B> => {
  try {
    return await call();
  } catch (error) {
    if (isNotFound(error)) return instead;
    throw error;
  }
};

/** No more of any object than who wrote it: what it holds is nobody's business here (I8). */
const METADATA = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const MOST_WRITTEN = 500;

const writersIn = (items: unknown): Writers => {
  const written = new Map<string, Set<string>>();
  for (const { metadata } of Array.isArray(items) ? (items as readonly KubernetesObject[]) : []) {
    const { managedFields = [] } = metadata as {
      readonly managedFields?: readonly { readonly apiVersion?: string; readonly manager?: string }[];
    };
    for (const { apiVersion = '', manager = '' } of managedFields) {
      written.set(apiVersion, (written.get(apiVersion) ?? new Set()).add(manager));
    }
  }
  return Object.fromEntries([...written].map(([apiVersion, managers]) => [apiVersion, [...managers].sort()]));
};

const namesIn = (body: unknown): readonly (string | undefined)[] =>
  typeof body === 'object' && body !== null && 'resources' in body && Array.isArray(body.resources)
    ? (body.resources as readonly { readonly name?: string }[]).map(({ name }) => name)
    : [];

type Reading = Pick<
  KubernetesClient,
  'get' | 'find' | 'list' | 'writersOf' | 'resources' | 'timesOf' | 'serves' | 'probe'
>;

const reading = (asking: Asking): Reading => {
  const { server, ask, sendObject } = asking;
  const get: KubernetesClient['get'] = (name, options) =>
    sendObject('get', describeName(name), { method: 'GET', path: objectPath(name), ...options });
  return {
    get,

    find: (name, options) => unlessNotFound(() => get(name, options), null),

    list: (kind, selection = {}, options) => readAll(asking, { kind, selection }, options),

    writersOf: async ({ group, version, plural }, options) => {
      const apiVersion = group === '' ? version : `${group}/${version}`;
      const path = `${groupPath(apiVersion)}/${plural}?limit=${MOST_WRITTEN}`;
      const verb = 'list who wrote';
      const answer = await ask(verb, plural, { method: 'GET', path, accept: METADATA, ...options });
      const body = parsedJson(answer.text);
      if (answer.status === 404) return null;
      if (answer.status !== 200) throw refused({ verb, object: plural, server, ...answer, body });
      return writersIn((body as { readonly items?: unknown } | undefined)?.items);
    },

    resources: (options) => readResources(asking, options),

    timesOf: (resource, options) => pagesOfTimes(asking, resource, options),

    serves: async (kind, options) => {
      const { apiVersion } = kind;
      const [verb, path] = ['list resources of', groupPath(apiVersion)];
      const answer = await ask(verb, apiVersion, { method: 'GET', path, ...options });
      const body = parsedJson(answer.text);
      if (answer.status === 404) return false;
      if (answer.status !== 200) throw refused({ verb, object: apiVersion, server, ...answer, body });
      return namesIn(body).includes(pluralOf(kind));
    },

    probe: async (path, options) => {
      const { status, text } = await ask('answer', path, { method: 'GET', path, ...options });
      return { status, text };
    },
  };
};

type Writing = Pick<KubernetesClient, 'create' | 'apply' | 'applyStatus' | 'patch' | 'remove' | 'evict'>;

const writing = ({ send, sendObject }: Asking, manager: string): Writing => ({
  create: (object, { dryRun, ...options } = {}) => {
    const name = nameOf(object);
    return sendObject('create', describeName(name), {
      method: 'POST',
      path: `${collectionPath(name, name.namespace)}?fieldManager=${manager}${trial(dryRun)}`,
      body: object,
      ...options,
    });
  },

  apply: (object, options) =>
    sendObject('apply', describeName(nameOf(object)), {
      method: 'PATCH',
      path: `${objectPath(nameOf(object))}?${applyQuery(manager)}`,
      contentType: APPLY,
      body: object,
      ...options,
    }),

  applyStatus: (object, options) =>
    sendObject('apply the status of', describeName(nameOf(object)), {
      method: 'PATCH',
      path: `${objectPath(nameOf(object))}/status?${applyQuery(manager)}`,
      contentType: APPLY,
      body: object,
      ...options,
    }),

  patch: (name, patch, { dryRun, ...options } = {}) =>
    sendObject('patch', describeName(name), {
      method: 'PATCH',
      path: `${objectPath(name)}?fieldManager=${manager}${trial(dryRun)}`,
      contentType: MERGE_PATCH,
      body: patch,
      ...options,
    }),

  remove: (name, uid, options) => {
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...preconditions };
    const request: HttpRequest = { method: 'DELETE', path: objectPath(name), body, ...options };
    return unlessNotFound(() => send('delete', describeName(name), request).then(() => true), false);
  },

  evict: async ({ namespace, name, uid }, options) => {
    const pod = { apiVersion: 'v1', kind: 'Pod', namespace, name };
    await send('evict', describeName(pod), {
      method: 'POST',
      path: `${objectPath(pod)}/eviction?fieldManager=${manager}`,
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { namespace, name },
        deleteOptions: { preconditions: { uid } },
      },
      ...options,
    });
  },
});

/** Who isn't Slipway says under which name it writes. */
export const createClient = (transport: Transport, fieldManager = FIELD_MANAGER): KubernetesClient => {
  const asking = createAsking(transport);
  return {
    server: asking.server,
    ...reading(asking),
    ...writing(asking, fieldManager),
    close: () => transport.close(),
  };
};
