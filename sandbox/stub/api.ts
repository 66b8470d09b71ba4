/**
 * API: the double of a cluster's Kubernetes API server, without a socket: a request in, an answer out.
 *
 * Owns: verbs and statuses. Neighbours: `served.ts` knows kinds and paths, `store.ts` keeps the objects, `about.ts` says how
 * the server is; `server.ts` listens and says who asks.
 *
 * Limits, on purpose. It answers what Slipway asks, and what `kubectl get` needs: GET, LIST with selectors, POST, PUT, PATCH
 * and DELETE of the kinds listed in `served.ts`; evictions (`eviction.ts`); `/readyz`, `/livez`, `/version`, `/metrics`, discovery. There are no watches, no validation or
 * defaulting, no admission, no controllers, no pods or events by itself, and one right: whoever has a client certificate of
 * the cluster's authority may do everything. All replicas answer from one memory, so reads are never stale; without a
 * majority of replicas with their volumes every request fails as it does when etcd has no quorum.
 */
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { aboutServer, type Served } from './about.ts';
import { evictPod } from './eviction.ts';
import { apiVersionOf, discovery, qualified, type Target, targetOf } from './served.ts';
import { mergePatch, type Place, placeInList, type Store } from './store.ts';

export type ApiRequest = {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
  readonly authenticated: boolean;
};

export type ApiAnswer = { readonly status: number; readonly body: unknown };

export type ApiCluster = {
  readonly store: Store;
  readonly hasQuorum: () => boolean;
  /** Whether a node's kubelet does what it is told; one that hangs confirms nothing. */
  readonly hears: (node: string) => boolean;
};

const OPEN_PATHS = new Set(['/readyz', '/livez', '/healthz', '/version']);

/** An answer of kind Status, as API servers refuse. */
export const refusal = (status: number, reason: string, message: string, details?: object): ApiAnswer => ({
  status,
  body: {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code: status,
  },
});

const notFound = (target: Target, name: string): ApiAnswer =>
  refusal(404, 'NotFound', `${qualified(target)} "${name}" not found`, { name, kind: target.plural });

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

const asObject = (body: string): KubernetesObject | undefined => {
  const value = parse(body);
  return typeof value === 'object' && value !== null && 'metadata' in value ? (value as KubernetesObject) : undefined;
};

/** A patch need not speak of metadata: whose it is, its path says. */
const asPatch = (body: string, name: string): KubernetesObject | undefined => {
  const value = parse(body);
  return typeof value === 'object' && value !== null
    ? ({ metadata: { name }, ...value } as KubernetesObject)
    : undefined;
};

const conflict = (target: Target, name: string, why: string): ApiAnswer =>
  refusal(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(target)} "${name}": ${why}`, {
    name,
    kind: target.plural,
  });

const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

const otherUid = (target: Target, name: string, asked: string, found: string | undefined): ApiAnswer =>
  conflict(target, name, `Precondition failed: UID in precondition: ${asked}, UID in object meta: ${found}`);

/** One request to write one object. */
type Writing = {
  readonly target: Target;
  readonly place: Place;
  readonly sent: KubernetesObject;
  readonly before: KubernetesObject | undefined;
  readonly method: string;
  /** By server-side apply. */
  readonly applies: boolean;
};

const withoutNamespace = (store: Store, { namespace }: Place): ApiAnswer | undefined =>
  namespace === undefined || store.get({ collection: '/api/v1/namespaces', name: namespace }) !== undefined
    ? undefined
    : refusal(404, 'NotFound', `namespaces "${namespace}" not found`, { name: namespace, kind: 'namespaces' });

/** Why what isn't there can't be written, if so: it is said to be there. */
const refusedUnborn = ({ target, place, sent, method, applies }: Writing): ApiAnswer | undefined => {
  const mustExist = applies ? sent.metadata.resourceVersion !== undefined : method !== 'POST';
  return mustExist ? notFound(target, place.name) : undefined;
};

/** Why what is there must not be written over, if so. */
const refusedOver = (
  { target, place: { name }, sent, method }: Writing,
  before: KubernetesObject,
): ApiAnswer | undefined => {
  if (method === 'POST') {
    const message = `${qualified(target)} "${name}" already exists`;
    return refusal(409, 'AlreadyExists', message, { name, kind: target.plural });
  }
  const { resourceVersion, uid } = sent.metadata;
  if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
    return conflict(target, name, MODIFIED);
  }
  return uid === undefined || uid === before.metadata.uid
    ? undefined
    : otherUid(target, name, uid, before.metadata.uid);
};

const writeStatus = (store: Store, { target, place, sent, before, method, applies }: Writing): ApiAnswer => {
  if (before === undefined) return notFound(target, place.name);
  const status = method === 'PUT' || applies ? sent['status'] : mergePatch(before['status'], sent['status']);
  return { status: 200, body: store.put(place, { ...before, status }) };
};

const writeObject = (store: Store, { target, place, sent, before, method, applies }: Writing): ApiAnswer => {
  const identity = { apiVersion: apiVersionOf(target.group), kind: target.kind };
  const wholly = method === 'POST' || method === 'PUT' || applies;
  const object = wholly ? sent : (mergePatch(before, sent) as KubernetesObject);
  const status = before?.['status'];
  const kept = status === undefined || target.plural === 'nodes' ? {} : { status };
  return { status: before === undefined ? 201 : 200, body: store.put(place, { ...object, ...identity, ...kept }) };
};

const write = ({ store }: ApiCluster, target: Target, place: Place, request: ApiRequest): ApiAnswer => {
  const sent = request.method === 'PATCH' ? asPatch(request.body, place.name) : asObject(request.body);
  if (sent === undefined) return refusal(400, 'BadRequest', 'the body is no object');
  const before = store.get(place);
  const applies = request.contentType.startsWith('application/apply-patch');
  const writing: Writing = { target, place, sent, before, method: request.method, applies };
  const refused =
    withoutNamespace(store, place) ?? (before === undefined ? refusedUnborn(writing) : refusedOver(writing, before));
  if (refused !== undefined) return refused;
  switch (target.subresource) {
    case undefined:
      return writeObject(store, writing);
    case 'status':
      return writeStatus(store, writing);
    default:
      return refusal(404, 'NotFound', 'the server could not find the requested resource');
  }
};

const remove = (cluster: ApiCluster, target: Target, place: Place, body: string): ApiAnswer => {
  const before = cluster.store.get(place);
  if (before === undefined) return notFound(target, place.name);
  const { uid } = (parse(body) as { preconditions?: { uid?: string } } | undefined)?.preconditions ?? {};
  if (uid !== undefined && uid !== before.metadata.uid) return otherUid(target, place.name, uid, before.metadata.uid);
  cluster.store.remove(place);
  return { status: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } };
};

const placeIn = ({ collection, namespace }: Target, name: string): Place => ({
  collection,
  name,
  ...(namespace === undefined ? {} : { namespace }),
});

/**
 * A piece of a list, and how the next is asked for. Whoever takes any state that the server remembers gets all of it at once, as from
 * an API server's memory: https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list
 */
const pageOf = (
  all: readonly KubernetesObject[],
  query: URLSearchParams,
): { readonly items: readonly KubernetesObject[]; readonly continue?: string } => {
  const limit = query.get('resourceVersion') === '0' ? 0 : Number(query.get('limit') ?? 0);
  // By the last name: what is made or goes meanwhile moves no other.
  const after = query.get('continue') ?? '';
  const left = after === '' ? all : all.filter(({ metadata }) => placeInList(metadata) > after);
  const items = limit === 0 ? left : left.slice(0, limit);
  const last = items.at(-1);
  return last === undefined || items.length === left.length
    ? { items }
    : { items, continue: placeInList(last.metadata) };
};

const read = ({ store }: ApiCluster, target: Target, query: URLSearchParams): ApiAnswer => {
  if (query.get('watch') === '1' || query.get('watch') === 'true') {
    return refusal(405, 'MethodNotAllowed', 'a stub control plane has no watches');
  }
  const { collection, namespace, name, kind, group } = target;
  if (name !== undefined) {
    const found = store.get(placeIn(target, name));
    return found === undefined ? notFound(target, name) : { status: 200, body: found };
  }
  const all = store.list(collection, {
    ...(namespace === undefined ? {} : { namespace }),
    labels: query.get('labelSelector') ?? '',
    fields: query.get('fieldSelector') ?? '',
  });
  const { items, ...paged } = pageOf(all, query);
  const metadata = { resourceVersion: store.version(), ...paged };
  return { status: 200, body: { kind: `${kind}List`, apiVersion: apiVersionOf(group), metadata, items } };
};

const evict = ({ store, hears }: ApiCluster, target: Target, body: string): ApiAnswer => {
  const { namespace = '', name = '' } = target;
  const sent = parse(body) as { deleteOptions?: { preconditions?: { uid?: string } } } | undefined;
  const asked = sent?.deleteOptions?.preconditions?.uid;
  const answer = evictPod({ store, hears }, { namespace, name, uid: asked });
  switch (answer.kind) {
    case 'evicted':
      return { status: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
    case 'absent':
      return notFound(target, name);
    case 'replaced':
      return otherUid(target, name, asked ?? '', answer.uid);
    case 'budget':
      return refusal(429, 'TooManyRequests', answer.says, {
        causes: [{ reason: 'DisruptionBudget', message: answer.says }],
      });
    case 'budgets':
      return refusal(
        500,
        'InternalError',
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      );
  }
};

const answerTarget = (cluster: ApiCluster, target: Target, query: URLSearchParams, request: ApiRequest): ApiAnswer => {
  switch (request.method) {
    case 'GET':
      return read(cluster, target, query);
    case 'POST':
    case 'PUT':
    case 'PATCH': {
      if (target.subresource === 'eviction') return evict(cluster, target, request.body);
      const name = target.name ?? asObject(request.body)?.metadata.name;
      if (name === undefined) return refusal(400, 'BadRequest', 'the object has no name');
      return write(cluster, target, placeIn(target, name), request);
    }
    case 'DELETE':
      return target.name === undefined
        ? refusal(405, 'MethodNotAllowed', 'a stub control plane deletes one object at a time')
        : remove(cluster, target, placeIn(target, target.name), request.body);
    default:
      return refusal(405, 'MethodNotAllowed', `${request.method} is not served`);
  }
};

/** Answers one request. `served` is of the replica that was asked, where one was. */
export const answerApi = (cluster: ApiCluster, request: ApiRequest, served?: Served): ApiAnswer => {
  const url = new URL(request.url, 'https://stub');
  if (!request.authenticated && !OPEN_PATHS.has(url.pathname)) return refusal(401, 'Unauthorized', 'Unauthorized');
  const about = aboutServer(cluster.hasQuorum(), url, served);
  if (about !== undefined) return about;
  const discovered = request.method === 'GET' ? discovery(url.pathname) : undefined;
  if (discovered !== undefined) return { status: 200, body: discovered };
  const target = targetOf(url.pathname);
  // No Status with details: a path that nobody serves must not look like an object that isn't there.
  if (target === undefined) return { status: 404, body: '404 page not found\n' };
  if (!cluster.hasQuorum()) return refusal(500, 'InternalError', 'etcdserver: request timed out');
  return answerTarget(cluster, target, url.searchParams, request);
};
