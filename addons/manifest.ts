/**
 * Manifests: what a row of an add-on is, and what every object of every add-on has in common.
 *
 * Owns: the shape of a row, labels by which an add-on's objects are known, and shorthands for objects that several add-ons
 * have. Neighbours: one file an add-on is its row; `index.ts` has all of them, `rendered.ts` renders. Pure.
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import type { Release, ReleaseAddon } from '../api/releases.ts';

export type AddonParameters = Readonly<Record<string, string>>;

/** An add-on: all that is known of it, in one file. */
export type Addon = {
  readonly name: string;
  /** What it is rendered with; undefined for a cluster, or in a release, that has it not. */
  readonly parameters: (cluster: AWSCluster, release: Release) => AddonParameters | undefined;
  /**
   * Its objects in the order in which they are to be applied. A change of what a rendering makes of its parameters is another
   * rendering: what runs is rendered by the one that its revision names (I6).
   */
  readonly objects: (parameters: AddonParameters, rendering: number) => readonly KubernetesObject[];
  /** Registered with the hub first. */
  readonly afterHub?: true;
};

/** What a release says of an add-on, as parameters: `version`, and `image/<name>` for each of its images. */
export const released = (addon: ReleaseAddon): AddonParameters => ({
  version: addon.version,
  ...Object.fromEntries(Object.entries(addon.images).map(([name, image]) => [`image/${name}`, image])),
});

export const SYSTEM_NAMESPACE = 'kube-system';
export const ADDON_LABEL = 'slipway.dev/addon';
/** On all that Slipway makes in Kubernetes. */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'slipway' } as const;

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
