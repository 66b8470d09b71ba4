/**
 * Differences: what of an add-on in a cluster is not as it is rendered, each as a sentence.
 *
 * Owns: which objects count, and the words. Neighbours: `rendered.ts` renders, `ownership.ts` finds edited fields, and
 * `activities/kubernetes/` reads what is there. Pure. Invariants: I4 (what only looks like ours never counts), I6 (what is told here is
 * what an apply mends, and nothing else is).
 */
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { editedFields, holdersOf, isApplied, isScaled } from './ownership.ts';
import { fingerprintOf } from './rendered.ts';

type KindName = { readonly apiVersion: string; readonly kind: string };

const CORE = 'v1';
const RBAC = 'rbac.authorization.k8s.io/v1';

/** Every kind of object that an add-on has, or had in any release: what is found by label is found among these. */
export const ADDON_KINDS: readonly KindName[] = [
  { apiVersion: CORE, kind: 'Namespace' },
  { apiVersion: CORE, kind: 'ServiceAccount' },
  { apiVersion: RBAC, kind: 'ClusterRole' },
  { apiVersion: RBAC, kind: 'ClusterRoleBinding' },
  { apiVersion: RBAC, kind: 'Role' },
  { apiVersion: RBAC, kind: 'RoleBinding' },
  { apiVersion: CORE, kind: 'ConfigMap' },
  { apiVersion: CORE, kind: 'Service' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService' },
];

/** `Deployment kube-system/coredns`, for people; no two objects are called the same. */
const called = ({ kind, metadata: { namespace, name } }: KubernetesObject): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

const byName = (objects: readonly KubernetesObject[]): ReadonlyMap<string, KubernetesObject> =>
  new Map(objects.map((object) => [called(object), object]));

/** Without the number of Pods, where somebody scales them. */
const unscaled = (wanted: KubernetesObject, live: KubernetesObject | undefined): KubernetesObject => {
  if (!isScaled(live)) return wanted;
  const { replicas: _replicas, ...spec } = wanted['spec'] as Readonly<Record<string, unknown>>;
  return { ...wanted, spec };
};

/** What is to be applied over what is there: all that is rendered but what others may decide. */
export const toApply = (
  wanted: readonly KubernetesObject[],
  live: readonly KubernetesObject[],
): readonly KubernetesObject[] => {
  const there = byName(live);
  return wanted.map((object) => unscaled(object, there.get(called(object))));
};

/**
 * What we applied once and render no more, in the order in which it is to go: what came last goes first. A namespace stays: what
 * others have put into it would go with it.
 */
export const leftOver = (
  wanted: readonly KubernetesObject[],
  live: readonly KubernetesObject[],
): readonly KubernetesObject[] => {
  const names = byName(wanted);
  const order = ({ kind }: KubernetesObject): number => ADDON_KINDS.findIndex((one) => one.kind === kind);
  return live
    .filter((object) => object.kind !== 'Namespace' && isApplied(object) && !names.has(called(object)))
    .toSorted((a, b) => order(b) - order(a) || (called(a) < called(b) ? -1 : 1));
};

const editsOf = (wanted: KubernetesObject, live: KubernetesObject): readonly string[] =>
  editedFields(wanted, live).map((field) => {
    const holders = holdersOf(live, field);
    return `${field.path} of ${called(live)} was changed${holders.length === 0 ? '' : ` by ${holders.join(' and ')}`}`;
  });

/** What differs; empty where all is as it was applied, whatever was added beside it. */
export const addonDifferences = (
  wanted: readonly KubernetesObject[],
  live: readonly KubernetesObject[],
): readonly string[] => {
  const there = byName(live);
  const missing = wanted.filter((object) => !there.has(called(object))).map((object) => `${called(object)} is missing`);
  const surplus = leftOver(wanted, live).map((object) => `${called(object)} is no part of it any more`);
  const last = there.get(called(wanted.at(-1) as KubernetesObject));
  const [is, should] = [fingerprintOf(last === undefined ? [] : [last]), fingerprintOf(wanted)];
  if (last !== undefined && is !== should) {
    return [
      ...missing,
      ...surplus,
      `it is not as its revision has it: its fingerprint is ${is ?? 'gone'}, not ${should}`,
    ];
  }
  const edits = wanted.flatMap((object) => {
    const its = there.get(called(object));
    return its === undefined ? [] : editsOf(unscaled(object, its), its);
  });
  return [...missing, ...surplus, ...edits];
};
