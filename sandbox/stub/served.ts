/**
 * Served: the kinds that the double of a cluster's API server knows, and how paths name them.
 *
 * Owns: the table, discovery, and reading a path. Neighbours: `api.ts` answers what is asked of them. Pure.
 */
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
  '/apis/admissionregistration.k8s.io/v1': {
    mutatingwebhookconfigurations: clusterWide('MutatingWebhookConfiguration'),
    validatingwebhookconfigurations: clusterWide('ValidatingWebhookConfiguration'),
  },
  '/apis/apiregistration.k8s.io/v1': { apiservices: clusterWide('APIService') },
  '/apis/apps/v1': { daemonsets: namespaced('DaemonSet'), deployments: namespaced('Deployment') },
  '/apis/certificates.k8s.io/v1': { certificatesigningrequests: clusterWide('CertificateSigningRequest') },
  '/apis/coordination.k8s.io/v1': { leases: namespaced('Lease') },
  '/apis/discovery.k8s.io/v1': { endpointslices: namespaced('EndpointSlice') },
  '/apis/policy/v1': { poddisruptionbudgets: namespaced('PodDisruptionBudget') },
  '/apis/rbac.authorization.k8s.io/v1': {
    clusterrolebindings: clusterWide('ClusterRoleBinding'),
    clusterroles: clusterWide('ClusterRole'),
    rolebindings: namespaced('RoleBinding'),
    roles: namespaced('Role'),
  },
  '/apis/storage.k8s.io/v1': { csidrivers: clusterWide('CSIDriver'), storageclasses: clusterWide('StorageClass') },
};

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update'];

export type Target = Kind & {
  readonly group: string;
  readonly plural: string;
  readonly collection: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
};

type Words = Pick<Target, 'plural' | 'namespace' | 'name' | 'subresource'>;

/** What stands behind a group: `namespaces/default/secrets/a`, `nodes/b/status`. */
const wordsIn = (rest: string): Words => {
  const words = rest.split('/').map(decodeURIComponent);
  const inNamespace = words[0] === 'namespaces' && words.length > 2 && words[2] !== 'status';
  const [plural = '', name, subresource] = inNamespace ? words.slice(2) : words;
  return {
    plural,
    ...(inNamespace && words[1] !== undefined ? { namespace: words[1] } : {}),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
};

/** What a path names; undefined where nobody serves it. */
export const targetOf = (path: string): Target | undefined => {
  const [, group, rest] = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)\/(.+)$/.exec(path) ?? [];
  if (group === undefined || rest === undefined) return undefined;
  const words = wordsIn(rest);
  const kind = SERVED[group]?.[words.plural];
  return kind === undefined ? undefined : { ...kind, ...words, group, collection: `${group}/${words.plural}` };
};

export const apiVersionOf = (group: string): string => group.replace(/^\/apis?\//, '');

/** Names of a collection as messages have them: `deployments.apps`. */
export const qualified = ({ group, plural }: Target): string =>
  group === '/api/v1' ? plural : `${plural}.${apiVersionOf(group).split('/')[0]}`;

/** What a path of discovery answers, undefined for every other path. */
export const discovery = (path: string): object | undefined => {
  const groups = Object.keys(SERVED).filter((group) => group.startsWith('/apis/'));
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') {
    const named = groups.map((group) => {
      const groupVersion = apiVersionOf(group);
      const [name, version] = groupVersion.split('/');
      return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
    });
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: named };
  }
  const served = SERVED[path];
  if (served === undefined) return undefined;
  const resources = Object.entries(served).map(([name, kind]) => ({ name, singularName: '', ...kind, verbs: VERBS }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf(path), resources };
};
