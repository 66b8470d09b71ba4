/**
 * Objects: the plain identity of an AWSCluster or AWSNodePool as it travels through workflows and activities.
 *
 * Owns: the shapes that say *which* object and *whose* account, and what any object's metadata says of its life. Neighbours: the
 * schemas say what an object contains.
 */
import { FINALIZER } from './names.ts';

export type ObjectKind = 'AWSCluster' | 'AWSNodePool';

/** What the API server calls many of them. */
export const PLURALS = { AWSCluster: 'awsclusters', AWSNodePool: 'awsnodepools' } as const satisfies Record<
  ObjectKind,
  string
>;

/** Which Kubernetes object. The uid makes an object that was deleted and made again another one. */
export type ObjectRef = {
  readonly kind: ObjectKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
};

/** Which object it is, also after another one of its name. */
export const referenceTo = ({
  kind,
  metadata: { namespace, name, uid },
}: {
  readonly kind: ObjectKind;
  readonly metadata: Omit<ObjectRef, 'kind'>;
}): ObjectRef => ({ kind, namespace, name, uid });

export const isDeleting = ({ metadata }: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean =>
  metadata.deletionTimestamp !== undefined;

/** Without it an object owns nothing (I3). */
export const hasFinalizer = ({
  metadata,
}: {
  readonly metadata: { readonly finalizers?: readonly string[] };
}): boolean => metadata.finalizers?.includes(FINALIZER) === true;

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
