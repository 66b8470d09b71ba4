/**
 * Manifests: what every object of every add-on has in common.
 *
 * Owns: labels by which an add-on's objects are known, and shorthands for objects that several add-ons have. Neighbours:
 * one file an add-on lists its objects, in the order in which they are applied; `../addon.ts` applies them.
 */
import type { KubernetesObject } from '../resources.ts';

export type AddonParameters = Readonly<Record<string, string>>;

/** Objects in the order in which they are to be applied; the last one marks that all are there. */
export type AddonManifest = (parameters: AddonParameters) => readonly KubernetesObject[];

export const SYSTEM_NAMESPACE = 'kube-system';
export const ADDON_LABEL = 'slipway.dev/addon';
const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'slipway' } as const;

/** `kubectl cluster-info` lists Services with this label, under the name that the second one gives. */
export const clusterService = (name: string): Record<string, string> => ({
  'kubernetes.io/cluster-service': 'true',
  'kubernetes.io/name': name,
});

/** The value of a parameter that an add-on can't do without. A missing one is a mistake of ours. */
export const required = (parameters: AddonParameters, name: string): string => {
  const value = parameters[name];
  if (!value) throw new Error(`The add-on was given no parameter ${name}.`);
  return value;
};

export const labelled = (addon: string, objects: readonly KubernetesObject[]): readonly KubernetesObject[] =>
  objects.map((object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...MANAGED_BY, [ADDON_LABEL]: addon, ...object.metadata.labels },
    },
  }));

export type Rule = {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
};

export type Subject =
  | { readonly kind: 'User' | 'Group'; readonly name: string }
  | { readonly kind: 'ServiceAccount'; readonly name: string; readonly namespace: string };

const RBAC = 'rbac.authorization.k8s.io';
const RBAC_VERSION = `${RBAC}/v1`;

const subjectOf = (subject: Subject): Readonly<Record<string, string>> =>
  subject.kind === 'ServiceAccount' ? subject : { apiGroup: RBAC, ...subject };

export const clusterRole = (name: string, rules: readonly Rule[]): KubernetesObject => ({
  apiVersion: RBAC_VERSION,
  kind: 'ClusterRole',
  metadata: { name },
  rules,
});

export const clusterRoleBinding = (name: string, role: string, subject: Subject): KubernetesObject => ({
  apiVersion: RBAC_VERSION,
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
  subjects: [subjectOf(subject)],
});

export const role = (namespace: string, name: string, rules: readonly Rule[]): KubernetesObject => ({
  apiVersion: RBAC_VERSION,
  kind: 'Role',
  metadata: { name, namespace },
  rules,
});

export const roleBinding = (namespace: string, name: string, roleName: string, subject: Subject): KubernetesObject => ({
  apiVersion: RBAC_VERSION,
  kind: 'RoleBinding',
  metadata: { name, namespace },
  roleRef: { apiGroup: RBAC, kind: 'Role', name: roleName },
  subjects: [subjectOf(subject)],
});

export const serviceAccount = (namespace: string, name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace },
});

/** A container that may do as little as possible; what it needs more it says itself. */
export const CONFINED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} as const;
