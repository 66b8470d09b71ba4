/**
 * Kubernetes objects: the shape that all of them have, as JSON.
 *
 * Owns: types. Neighbours: `metadata.ts` checks the metadata of our own kinds; `activities/kubernetes/` writes objects of all
 * kinds, and the sandbox's stub keeps them.
 */

/** Which fields were set by whom, as the API server keeps it: `f:<field>`, `k:<keys of an item>` and `v:<value>`, and `.` for itself. */
type ManagedFields = {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
};

/** Metadata as far as it is read or written. */
type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly managedFields?: readonly ManagedFields[];
};

/** Any Kubernetes object. */
export type KubernetesObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
};
