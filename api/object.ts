/**
 * Object references: the plain identity of an AWSCluster or AWSNodePool as it travels through workflows and activities.
 *
 * Owns: the shapes that say *which* object and *whose* account. Neighbours: the schemas say what an object contains.
 */

export type ObjectKind = 'AWSCluster' | 'AWSNodePool';

/** Which Kubernetes object. The uid makes an object that was deleted and made again another one. */
export type ObjectRef = {
  readonly kind: ObjectKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
};

/** Whose AWS resource: every call that creates, finds or removes is scoped by this (I4, I12). */
export type Owner = {
  /** AWS account number that the worker serves, checked against the one pinned in status. */
  readonly account: string;
  readonly region: string;
  /** `gke-` and eight hex digits. */
  readonly clusterId: string;
  /** uid of the object that owns the resource: the cluster's or the node pool's. */
  readonly uid: string;
};
