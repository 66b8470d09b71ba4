/**
 * Client: the few operations on arbitrary Kubernetes objects that Slipway needs.
 *
 * Owns: verbs, paging, content types and the reading of answers. Neighbours: `transport.ts` carries requests,
 * `resources.ts` knows paths, `errors.ts` words refusals. Server-side apply is always forced under our one field
 * manager: what Slipway owns it owns, and what it no longer sends is removed.
 * Invariants: I2 (apply repeated is the same), I12 (a list is complete or it is an error).
 */
import { FIELD_MANAGER } from '../../api/names.ts';
import { parsedJson } from '../json.ts';
import { isNotFound, isRefusedByRoles, refused, unanswered, unintelligible } from './errors.ts';
import {
  collectionPath,
  describeName,
  groupPath,
  type KindName,
  type KubernetesObject,
  nameOf,
  type ObjectName,
  objectPath,
  pluralOf,
} from './resources.ts';
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts';

export type Selection = {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Any state that the API server remembers will do, though it may be some seconds old: that costs etcd nothing. */
  readonly fromCache?: true;
};

/** Cancels a request; the deadline below it is the transport's. */
export type Cancellation = { readonly signal?: AbortSignal };

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
  readonly create: (object: KubernetesObject, options?: Cancellation) => Promise<KubernetesObject>;
  /** Server-side apply. With `metadata.resourceVersion`, only to that very version. */
  readonly apply: (object: KubernetesObject, options?: Cancellation) => Promise<KubernetesObject>;
  /** Server-side apply to `/status`. A uid is no precondition here, a resourceVersion is. */
  readonly applyStatus: (object: KubernetesObject, options?: Cancellation) => Promise<KubernetesObject>;
  /** JSON merge patch. With `metadata.resourceVersion` in it, only to that very version. */
  readonly patch: (name: ObjectName, patch: unknown, options?: Cancellation) => Promise<KubernetesObject>;
  /** Asks to delete; true when the object was there. With a uid, only that very object. */
  readonly remove: (name: ObjectName, uid?: string, options?: Cancellation) => Promise<boolean>;
  /** Whether the API server serves this kind at all. */
  readonly serves: (kind: KindName, options?: Cancellation) => Promise<boolean>;
  /** The status and text of any path, such as `/readyz`. */
  readonly probe: (
    path: string,
    options?: Cancellation & Pick<HttpRequest, 'last'>,
  ) => Promise<{ readonly status: number; readonly text: string }>;
  readonly close: () => Promise<void>;
};

const PAGE_SIZE = 500;
const APPLY = 'application/apply-patch+yaml';
const MERGE_PATCH = 'application/merge-patch+json';
/** Strict: a field that the server doesn't know is a mistake of ours, not something to drop. */
const APPLY_QUERY = `fieldManager=${FIELD_MANAGER}&force=true&fieldValidation=Strict`;

const STARTING = JSON.stringify({
  kind: 'Status',
  reason: 'ServiceUnavailable',
  message: 'the API server is starting, and knows no roles yet',
});

const isObject = (value: unknown): value is KubernetesObject =>
  typeof value === 'object' && value !== null && 'kind' in value && 'metadata' in value;

type Page = {
  readonly items: readonly Omit<KubernetesObject, 'apiVersion' | 'kind'>[];
  readonly metadata: { readonly continue?: string };
};

const isPage = (value: unknown): value is Page =>
  typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items) && 'metadata' in value;

/** Carries requests of one server. The words say in errors what was asked: `get`, `Secret default/a`. */
type Asking = {
  readonly server: string;
  readonly ask: (verb: string, object: string, request: HttpRequest) => Promise<HttpAnswer>;
  /** The body of an answer that isn't a refusal. */
  readonly send: (verb: string, object: string, request: HttpRequest) => Promise<unknown>;
  readonly sendObject: (verb: string, object: string, request: HttpRequest) => Promise<KubernetesObject>;
};

const createAsking = (transport: Transport): Asking => {
  const { server } = transport;

  const askOnce = async (verb: string, object: string, request: HttpRequest): Promise<HttpAnswer> => {
    try {
      return await transport.send(request);
    } catch (error) {
      if (request.signal?.aborted) throw error;
      throw unanswered({ verb, object, server }, error);
    }
  };

  /** An API server that has just started knows no roles yet, and refuses whoever lives on them until it is ready. */
  const ask: Asking['ask'] = async (verb, object, request) => {
    const answer = await askOnce(verb, object, request);
    if (answer.status !== 403 || !isRefusedByRoles(parsedJson(answer.text))) return answer;
    const { signal } = request;
    const probe: HttpRequest = { method: 'GET', path: '/readyz', ...(signal === undefined ? {} : { signal }) };
    const { status } = await askOnce('look at', probe.path, probe);
    return status === 200 ? askOnce(verb, object, request) : { status: 503, text: STARTING };
  };

  const send: Asking['send'] = async (verb, object, request) => {
    const answer = await ask(verb, object, request);
    const body = parsedJson(answer.text);
    if (answer.status < 200 || answer.status > 299) throw refused({ verb, object, server, ...answer, body });
    return body;
  };

  return {
    server,
    ask,
    send,
    sendObject: async (verb, object, request) => {
      const body = await send(verb, object, request);
      if (isObject(body)) return body;
      throw unintelligible({ verb, object, server });
    },
  };
};

/** What the call answers, or what stands for the API server's word that the object isn't there. */
const unlessAbsent = async <A, B>(call: () => Promise<A>, instead: B): Promise<A | B> => {
  try {
    return await call();
  } catch (error) {
    if (isNotFound(error)) return instead;
    throw error;
  }
};

const pagePath = (kind: KindName, selection: Selection, next: string | undefined): string => {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (selection.labelSelector !== undefined) query.set('labelSelector', selection.labelSelector);
  if (selection.fieldSelector !== undefined) query.set('fieldSelector', selection.fieldSelector);
  if (selection.fromCache === true && next === undefined) query.set('resourceVersion', '0');
  if (next !== undefined) query.set('continue', next);
  return `${collectionPath(kind, selection.namespace)}?${query.toString()}`;
};

const namesIn = (body: unknown): readonly (string | undefined)[] =>
  typeof body === 'object' && body !== null && 'resources' in body && Array.isArray(body.resources)
    ? (body.resources as readonly { readonly name?: string }[]).map(({ name }) => name)
    : [];

type Reading = Pick<KubernetesClient, 'get' | 'find' | 'list' | 'serves' | 'probe'>;

const reading = ({ server, ask, send, sendObject }: Asking): Reading => {
  const get: KubernetesClient['get'] = (name, options) =>
    sendObject('get', describeName(name), { method: 'GET', path: objectPath(name), ...options });
  return {
    get,

    find: (name, options) => unlessAbsent(() => get(name, options), null),

    list: async (kind, selection = {}, options) => {
      const found: KubernetesObject[] = [];
      const object = `${pluralOf(kind)}${selection.namespace === undefined ? '' : ` in ${selection.namespace}`}`;
      let next: string | undefined;
      do {
        const page = await send('list', object, { method: 'GET', path: pagePath(kind, selection, next), ...options });
        if (!isPage(page)) throw unintelligible({ verb: 'list', object, server });
        // Items of a list carry neither apiVersion nor kind.
        found.push(...page.items.map((item) => ({ ...item, ...kind }) as KubernetesObject));
        next = page.metadata.continue === '' ? undefined : page.metadata.continue;
      } while (next !== undefined);
      return found;
    },

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

type Writing = Pick<KubernetesClient, 'create' | 'apply' | 'applyStatus' | 'patch' | 'remove'>;

const writing = ({ send, sendObject }: Asking): Writing => ({
  create: (object, options) => {
    const name = nameOf(object);
    return sendObject('create', describeName(name), {
      method: 'POST',
      path: `${collectionPath(name, name.namespace)}?fieldManager=${FIELD_MANAGER}`,
      body: object,
      ...options,
    });
  },

  apply: (object, options) =>
    sendObject('apply', describeName(nameOf(object)), {
      method: 'PATCH',
      path: `${objectPath(nameOf(object))}?${APPLY_QUERY}`,
      contentType: APPLY,
      body: object,
      ...options,
    }),

  applyStatus: (object, options) =>
    sendObject('apply the status of', describeName(nameOf(object)), {
      method: 'PATCH',
      path: `${objectPath(nameOf(object))}/status?${APPLY_QUERY}`,
      contentType: APPLY,
      body: object,
      ...options,
    }),

  patch: (name, patch, options) =>
    sendObject('patch', describeName(name), {
      method: 'PATCH',
      path: `${objectPath(name)}?fieldManager=${FIELD_MANAGER}`,
      contentType: MERGE_PATCH,
      body: patch,
      ...options,
    }),

  remove: (name, uid, options) => {
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...preconditions };
    const request: HttpRequest = { method: 'DELETE', path: objectPath(name), body, ...options };
    return unlessAbsent(() => send('delete', describeName(name), request).then(() => true), false);
  },
});

export const createClient = (transport: Transport): KubernetesClient => {
  const asking = createAsking(transport);
  return { server: asking.server, ...reading(asking), ...writing(asking), close: () => transport.close() };
};
