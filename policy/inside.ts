/**
 * Inside: what is looked at in the user cluster itself, which is a scope of its own in an inventory.
 *
 * Owns: when a cluster's own API is asked, for what, and what is said of the answer. It is asked about add-ons only, of a cluster that
 * was provisioned and is to stay, once nothing else has to be done first: never for a deletion or a repair, which must not depend on
 * it. What was not read is not absent (I12): then there is no step of an add-on, and the condition AddonsUnknown says so.
 * Neighbours: `activities/` read; `decide-cluster.ts` plans with the answer, `specific-conditions.ts` tells the rest. Pure.
 */
import type { AWSCluster } from '../api/cluster.ts';
import { isDeleting } from '../api/object.ts';
import { clusterIdFor } from '../api/ownership.ts';
import { RELEASES, type Release } from '../api/releases.ts';
import type { FoundOf, ResourceOf } from '../kinds/resource.ts';
import type { Outputs } from '../kinds/row.ts';
import { addonResources, knowsAddons } from '../topology/addons.ts';
import { purposeOf } from '../words/operations.ts';
import { withAddons } from './addon-revision.ts';
import type { Assessment } from './assessment.ts';
import { type Claim, conditionOf, cut } from './conditions.ts';
import { wasProvisioned } from './facts.ts';
import type { Inside, InsideSeen, StorageSeen } from './plan.ts';
import { releaseToPlan } from './revision.ts';
import type { StoredObject, Subject } from './views.ts';

export type WantedAddon = Pick<ResourceOf<'addon'>, 'key'> &
  Pick<ResourceOf<'addon'>['properties'], 'addon' | 'parameters' | 'rendering'>;

/** Which cluster is asked, and what it should have. */
export type InsideRequest = {
  readonly namespace: string;
  readonly clusterId: string;
  readonly endpoint: string;
  readonly addons: readonly WantedAddon[];
};

/** What a cluster is asked that is as it should be otherwise; undefined where it is not to be asked. */
export const insideRequest = (
  cluster: AWSCluster,
  catalogue: readonly Release[] = RELEASES,
): InsideRequest | undefined => {
  const { status, metadata, spec } = cluster;
  if (isDeleting(cluster) || !wasProvisioned(cluster) || status?.endpoint === undefined) return undefined;
  const release = releaseToPlan(spec.controlPlane.version, status.revision, true, catalogue);
  if (release === undefined) return undefined;
  const wanted = withAddons(cluster, release, catalogue);
  // One that a newer release of Slipway looks after: whoever decides about it says so, and a sweep goes on with the others.
  if (!knowsAddons(wanted)) return undefined;
  const addons = addonResources(cluster, wanted);
  return {
    namespace: metadata.namespace,
    clusterId: clusterIdFor(cluster),
    endpoint: status.endpoint,
    addons: addons.map(({ key, properties: { endpoint: _endpoint, ...properties } }) => ({ key, ...properties })),
  };
};

/** Whether add-ons come next: nothing is to be repaired, no replica is in trouble, and nothing stands in the way. */
export const isInsideNext = (decided: Assessment): boolean => {
  switch (decided.kind) {
    case 'settled':
      return decided.controlPlane === undefined;
    case 'operate':
      return purposeOf(decided.operation) === 'make';
    case 'orphaned':
    case 'finished':
    case 'waiting':
    case 'blocked':
      return false;
  }
};

const storageIn = (outputs: readonly Outputs[]): StorageSeen | undefined => {
  const { storageClass, missingDriver } = outputs.find((one) => one['storageClass'] !== undefined) ?? {};
  return storageClass === undefined
    ? undefined
    : { storageClass, ...(missingDriver === undefined ? {} : { missingDriver }) };
};

/** The add-ons that were seen; undefined where nobody looked, or could. */
export const addonsRead = (inside: Inside | undefined): readonly FoundOf<'addon'>[] | undefined =>
  inside === undefined || 'unread' in inside ? undefined : inside.found;

export const insideSeen = (inside: Inside): InsideSeen => {
  if ('unread' in inside) return inside;
  const storage = storageIn(inside.found.map(({ outputs }) => outputs));
  return storage === undefined ? {} : { storage };
};

export const ADDONS_UNKNOWN = 'AddonsUnknown';
export const STORAGE_DRIVER_MISSING = 'StorageDriverMissing';

/** Said until a look inside knows better. */
export const addonsUnknown = (subject: Subject, object: StoredObject): Claim | undefined => {
  if (subject.kind !== 'settled' || subject.inside === undefined) return conditionOf(object, ADDONS_UNKNOWN);
  if (!('unread' in subject.inside)) return undefined;
  const message = `Whether add-ons are as they should be is not known: ${subject.inside.unread}. Nothing was done about them; every sweep asks again.`;
  return { status: 'True', reason: 'ClusterNotRead', message: cut(message) };
};

/** What was last seen of the default StorageClass: by a look inside, or by the step that made it. */
const lastSeen = (subject: Subject): StorageSeen | undefined => {
  if (subject.kind === 'operation') return storageIn(Object.values(subject.operation.outputs));
  if (subject.kind !== 'settled' || subject.inside === undefined || 'unread' in subject.inside) return undefined;
  return subject.inside.storage;
};

export const storageDriverMissing = (subject: Subject, object: StoredObject): Claim | undefined => {
  const storage = lastSeen(subject);
  if (storage === undefined) return conditionOf(object, STORAGE_DRIVER_MISSING);
  const { storageClass, missingDriver } = storage;
  if (missingDriver === undefined) return undefined;
  const message = `The default StorageClass ${storageClass} names the driver ${missingDriver}, and the cluster has no CSIDriver of that name: a PersistentVolumeClaim without a class of its own stays Pending. Install that driver (see docs/operations.md), or make a StorageClass of a driver that is there the default.`;
  return { status: 'True', reason: 'NoCSIDriver', message: cut(message) };
};
