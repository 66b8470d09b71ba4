/**
 * API: the double of a cluster's Kubernetes API server, without a socket: a request in, an answer out.
 *
 * Owns: paths, verbs, statuses and discovery. Neighbours: `store.ts` keeps the objects; `server.ts` listens and says who asks.
 *
 * Limits, on purpose. It answers what Slipway asks, and what `kubectl get` needs: GET, LIST with selectors, POST, PUT, PATCH
 * and DELETE of the kinds listed below; `/readyz`, `/livez`, `/version`, discovery. There are no watches, no validation or
 * defaulting, no admission, no controllers, no pods, no events by itself, and one right: whoever has a client certificate of
 * the cluster's authority may do everything. All replicas answer from one memory, so reads are never stale; without a
 * majority of replicas with their volumes every request fails as it does when etcd has no quorum.
 */
import { mergePatch, type Place, type Store, type StoredObject } from './store.ts';

export type ApiRequest = {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
  readonly authenticated: boolean;
};

export type ApiAnswer = { readonly status: number; readonly body: unknown };

export type ApiCluster = { readonly store: Store; readonly version: string; readonly hasQuorum: () => boolean };

type Kind = { readonly kind: string; readonly namespaced: boolean };

const namespaced = (kind: string): Kind => ({ kind, namespaced: true });
const clusterWide = (kind: string): Kind => ({ kind, namespaced: false });

const SERVED: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  '/api/v1': {
    configmaps: namespaced('ConfigMap'),
    events: namespaced('Event'),
    namespaces: clusterWide('Namespace'),
    nodes: clusterWide('Node'),
    persistentvolumeclaims: namespaced('PersistentVolumeClaim'),
    persistentvolumes: clusterWide('PersistentVolume'),
    pods: namespaced('Pod'),
    secrets: namespaced('Secret'),
    serviceaccounts: namespaced('ServiceAccount'),
    services: namespaced('Service'),
  },
  '/apis/apiregistration.k8s.io/v1': { apiservices: clusterWide('APIService') },
  '/apis/apps/v1': { daemonsets: namespaced('DaemonSet'), deployments: namespaced('Deployment') },
  '/apis/certificates.k8s.io/v1': { certificatesigningrequests: clusterWide('CertificateSigningRequest') },
  '/apis/coordination.k8s.io/v1': { leases: namespaced('Lease') },
  '/apis/policy/v1': { poddisruptionbudgets: namespaced('PodDisruptionBudget') },
  '/apis/rbac.authorization.k8s.io/v1': {
    clusterrolebindings: clusterWide('ClusterRoleBinding'),
    clusterroles: clusterWide('ClusterRole'),
    rolebindings: namespaced('RoleBinding'),
    roles: namespaced('Role'),
  },
  '/apis/storage.k8s.io/v1': { storageclasses: clusterWide('StorageClass') },
};

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update'];
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

type Target = Kind & {
  readonly group: string;
  readonly plural: string;
  readonly collection: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
};

const targetOf = (path: string): Target | undefined => {
  const [, group, rest] = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)\/(.+)$/.exec(path) ?? [];
  if (group === undefined || rest === undefined) return undefined;
  const words = rest.split('/').map(decodeURIComponent);
  const inNamespace = words[0] === 'namespaces' && words.length > 2 && words[2] !== 'status';
  const [plural = '', name, subresource] = inNamespace ? words.slice(2) : words;
  const kind = SERVED[group]?.[plural];
  if (kind === undefined) return undefined;
  return {
    ...kind,
    group,
    plural,
    collection: `${group}/${plural}`,
    ...(inNamespace && words[1] !== undefined ? { namespace: words[1] } : {}),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
};

const apiVersionOf = (group: string): string => group.replace(/^\/apis?\//, '');

/** Names of a collection as messages have them: `deployments.apps`. */
const qualified = ({ group, plural }: Target): string =>
  group === '/api/v1' ? plural : `${plural}.${apiVersionOf(group).split('/')[0]}`;

const notFound = (target: Target, name: string): ApiAnswer =>
  refusal(404, 'NotFound', `${qualified(target)} "${name}" not found`, { name, kind: target.plural });

const discovery = (path: string): ApiAnswer | undefined => {
  const groups = Object.keys(SERVED).filter((group) => group.startsWith('/apis/'));
  if (path === '/api') return { status: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
  if (path === '/apis') {
    const named = groups.map((group) => {
      const groupVersion = apiVersionOf(group);
      const [name, version] = groupVersion.split('/');
      return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
    });
    return { status: 200, body: { kind: 'APIGroupList', apiVersion: 'v1', groups: named } };
  }
  const served = SERVED[path];
  if (served === undefined) return undefined;
  const resources = Object.entries(served).map(([name, kind]) => ({ name, singularName: '', ...kind, verbs: VERBS }));
  return {
    status: 200,
    body: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf(path), resources },
  };
};

const health = (cluster: ApiCluster, verbose: boolean): ApiAnswer => {
  const well = cluster.hasQuorum();
  const checks = [`[+]ping ok`, well ? '[+]etcd ok' : '[-]etcd failed: reason withheld', '[+]poststarthook/stub ok'];
  const body =
    well && !verbose ? 'ok' : [...checks, well ? 'readyz check passed\n' : 'readyz check failed\n'].join('\n');
  return { status: well ? 200 : 500, body };
};

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

const asObject = (body: string): StoredObject | undefined => {
  const value = parse(body);
  return typeof value === 'object' && value !== null && 'metadata' in value ? (value as StoredObject) : undefined;
};

const conflict = (target: Target, name: string, why: string): ApiAnswer =>
  refusal(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(target)} "${name}": ${why}`, {
    name,
    kind: target.plural,
  });

const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

const write = (cluster: ApiCluster, target: Target, place: Place, request: ApiRequest): ApiAnswer => {
  const { store } = cluster;
  const sent = asObject(request.body);
  if (sent === undefined) return refusal(400, 'BadRequest', 'the body is no object');
  if (place.namespace !== undefined) {
    const namespace = { collection: '/api/v1/namespaces', name: place.namespace };
    if (store.get(namespace) === undefined) {
      return refusal(404, 'NotFound', `namespaces "${place.namespace}" not found`, {
        name: place.namespace,
        kind: 'namespaces',
      });
    }
  }
  const before = store.get(place);
  const applies = request.contentType.startsWith('application/apply-patch');
  if (before === undefined && !applies && request.method !== 'POST') return notFound(target, place.name);
  const { resourceVersion, uid } = sent.metadata;
  if (before === undefined && resourceVersion !== undefined && applies) return notFound(target, place.name);
  if (before !== undefined) {
    if (request.method === 'POST') {
      return refusal(409, 'AlreadyExists', `${qualified(target)} "${place.name}" already exists`, {
        name: place.name,
        kind: target.plural,
      });
    }
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
      return conflict(target, place.name, MODIFIED);
    }
    if (uid !== undefined && uid !== before.metadata.uid) {
      return conflict(
        target,
        place.name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`,
      );
    }
  }
  const identity = { apiVersion: apiVersionOf(target.group), kind: target.kind };
  if (target.subresource === 'status') {
    if (before === undefined) return notFound(target, place.name);
    const status = request.method === 'PUT' || applies ? sent['status'] : mergePatch(before['status'], sent['status']);
    return { status: 200, body: store.put(place, { ...before, status }) };
  }
  if (target.subresource !== undefined)
    return refusal(404, 'NotFound', 'the server could not find the requested resource');
  const wholly = request.method === 'POST' || request.method === 'PUT' || applies;
  const object = wholly ? sent : (mergePatch(before, sent) as StoredObject);
  const status = before?.['status'];
  const kept = status === undefined || target.plural === 'nodes' ? {} : { status };
  return { status: before === undefined ? 201 : 200, body: store.put(place, { ...object, ...identity, ...kept }) };
};

const remove = (cluster: ApiCluster, target: Target, place: Place, body: string): ApiAnswer => {
  const before = cluster.store.get(place);
  if (before === undefined) return notFound(target, place.name);
  const { uid } = (parse(body) as { preconditions?: { uid?: string } } | undefined)?.preconditions ?? {};
  if (uid !== undefined && uid !== before.metadata.uid) {
    return conflict(
      target,
      place.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`,
    );
  }
  cluster.store.remove(place);
  return { status: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } };
};

const answerTarget = (cluster: ApiCluster, target: Target, query: URLSearchParams, request: ApiRequest): ApiAnswer => {
  const { store } = cluster;
  const { collection, namespace } = target;
  const apiVersion = apiVersionOf(target.group);
  const inNamespace = namespace === undefined ? {} : { namespace };
  const place = (name: string): Place => ({ collection, name, ...inNamespace });
  switch (request.method) {
    case 'GET': {
      if (query.get('watch') === '1' || query.get('watch') === 'true') {
        return refusal(405, 'MethodNotAllowed', 'a stub control plane has no watches');
      }
      if (target.name !== undefined) {
        const found = store.get(place(target.name));
        return found === undefined ? notFound(target, target.name) : { status: 200, body: found };
      }
      const labels = query.get('labelSelector') ?? '';
      const items = store.list(collection, { ...inNamespace, labels, fields: query.get('fieldSelector') ?? '' });
      const metadata = { resourceVersion: store.version() };
      return { status: 200, body: { kind: `${target.kind}List`, apiVersion, metadata, items } };
    }
    case 'POST':
    case 'PUT':
    case 'PATCH': {
      const name = target.name ?? asObject(request.body)?.metadata.name;
      if (name === undefined) return refusal(400, 'BadRequest', 'the object has no name');
      return write(cluster, target, place(name), request);
    }
    case 'DELETE':
      return target.name === undefined
        ? refusal(405, 'MethodNotAllowed', 'a stub control plane deletes one object at a time')
        : remove(cluster, target, place(target.name), request.body);
    default:
      return refusal(405, 'MethodNotAllowed', `${request.method} is not served`);
  }
};

/** Answers one request. */
export const answerApi = (cluster: ApiCluster, request: ApiRequest): ApiAnswer => {
  const url = new URL(request.url, 'https://stub');
  if (!request.authenticated && !OPEN_PATHS.has(url.pathname)) return refusal(401, 'Unauthorized', 'Unauthorized');
  switch (url.pathname) {
    case '/readyz':
    case '/healthz':
      return health(cluster, url.searchParams.has('verbose'));
    case '/livez':
      return { status: 200, body: 'ok' };
    case '/version': {
      const [major = '', minor = ''] = cluster.version.split('.');
      return { status: 200, body: { major, minor, gitVersion: `v${cluster.version}`, platform: 'linux/amd64' } };
    }
  }
  const found = request.method === 'GET' ? discovery(url.pathname) : undefined;
  if (found !== undefined) return found;
  const target = targetOf(url.pathname);
  // No Status with details: a path that nobody serves must not look like an object that isn't there.
  if (target === undefined) return { status: 404, body: '404 page not found\n' };
  if (!cluster.hasQuorum()) return refusal(500, 'InternalError', 'etcdserver: request timed out');
  return answerTarget(cluster, target, url.searchParams, request);
};
