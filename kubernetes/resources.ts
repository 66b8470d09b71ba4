/**
 * Resources of the Kubernetes API that Slipway touches: which path serves which kind.
 *
 * Owns: one table instead of discovery, since every object is one that Slipway writes itself: no call is spent to learn
 * what is known. Neighbour: `client.ts` makes requests to these paths.
 */
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { API_VERSION } from '../api/names.ts';
import { PLURALS } from '../api/object.ts';

export type KindName = { readonly apiVersion: string; readonly kind: string };
export type ObjectName = KindName & { readonly namespace?: string; readonly name: string };

type Served = { readonly plural: string; readonly namespaced: boolean };

const namespaced = (plural: string): Served => ({ plural, namespaced: true });
const clusterWide = (plural: string): Served => ({ plural, namespaced: false });

const SERVED: Readonly<Record<string, Readonly<Record<string, Served>>>> = {
  v1: {
    ConfigMap: namespaced('configmaps'),
    Event: namespaced('events'),
    Namespace: clusterWide('namespaces'),
    Node: clusterWide('nodes'),
    Pod: namespaced('pods'),
    Secret: namespaced('secrets'),
    Service: namespaced('services'),
    ServiceAccount: namespaced('serviceaccounts'),
  },
  'apps/v1': { DaemonSet: namespaced('daemonsets'), Deployment: namespaced('deployments') },
  'admissionregistration.k8s.io/v1': {
    MutatingWebhookConfiguration: clusterWide('mutatingwebhookconfigurations'),
    ValidatingWebhookConfiguration: clusterWide('validatingwebhookconfigurations'),
  },
  'discovery.k8s.io/v1': { EndpointSlice: namespaced('endpointslices') },
  'policy/v1': { PodDisruptionBudget: namespaced('poddisruptionbudgets') },
  'rbac.authorization.k8s.io/v1': {
    ClusterRole: clusterWide('clusterroles'),
    ClusterRoleBinding: clusterWide('clusterrolebindings'),
    Role: namespaced('roles'),
    RoleBinding: namespaced('rolebindings'),
  },
  'certificates.k8s.io/v1': { CertificateSigningRequest: clusterWide('certificatesigningrequests') },
  'storage.k8s.io/v1': { CSIDriver: clusterWide('csidrivers'), StorageClass: clusterWide('storageclasses') },
  'apiregistration.k8s.io/v1': { APIService: clusterWide('apiservices') },
  [API_VERSION]: { AWSCluster: namespaced(PLURALS.AWSCluster), AWSNodePool: namespaced(PLURALS.AWSNodePool) },
};

const served = ({ apiVersion, kind }: KindName): Served => {
  const entry = SERVED[apiVersion]?.[kind];
  if (entry === undefined) {
    throw new Error(`Slipway has no path for ${kind} of ${apiVersion}: add it to kubernetes/resources.ts.`);
  }
  return entry;
};

/** `/api/v1` or `/apis/<group>/<version>`. */
export const groupPath = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

export const pluralOf = (kind: KindName): string => served(kind).plural;

/** The path of a collection: of one namespace, or of all when none is given. */
export const collectionPath = (kind: KindName, namespace?: string): string => {
  const { plural, namespaced: inNamespace } = served(kind);
  const scope = inNamespace && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${groupPath(kind.apiVersion)}${scope}/${plural}`;
};

/** The path of one object. Throws where a namespace is missing: that would be a bug of ours. */
export const objectPath = (object: ObjectName): string => {
  if (served(object).namespaced && object.namespace === undefined) {
    throw new Error(`${object.kind} ${object.name} needs a namespace.`);
  }
  return `${collectionPath(object, object.namespace)}/${encodeURIComponent(object.name)}`;
};

export const nameOf = (object: KubernetesObject): ObjectName => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  name: object.metadata.name,
  ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
});

/** `Secret default/cluster-0`, for people. */
export const describeName = (object: ObjectName): string =>
  `${object.kind} ${object.namespace === undefined ? '' : `${object.namespace}/`}${object.name}`;
