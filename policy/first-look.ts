/**
 * First look: what the preflight of an object that is new will ask about, before anything was decided.
 *
 * Owns: whether an object is new, and the properties of its preflight. Neighbours: `activities/assess.ts` asks AWS about
 * them while it still observes, so that the step finds the answers there; `topology/` says what preflight looks at. Pure.
 * Invariants: I3, I12 (that a finalizer is missing proves nothing: others may have taken it. A new cluster's preflight proves that
 * it owns nothing, before anything is made. A new node pool's things have names of their own, so that what is there is met.)
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { hasFinalizer, isDeleting } from '../api/object.ts';
import { clusterIdFor } from '../api/ownership.ts';
import { releaseOf } from '../api/releases.ts';
import type { Resource, ResourceProperties } from '../kinds/resource.ts';
import { clusterTopology } from '../topology/cluster.ts';
import { nodePoolTopology } from '../topology/nodepool.ts';
import type { StoredObject } from './views.ts';

type Properties = ResourceProperties['preflight'];

/** Status tells of an operation, or of what one made. */
const wasBegun = ({ status }: StoredObject): boolean =>
  status !== undefined &&
  (status.established === true ||
    [status.adopted, status.aws, status.lastOperation, status.revision].some((one) => one !== undefined));

/** Neither our finalizer nor its status tells that anything was begun for it. */
export const isNew = (object: StoredObject): boolean =>
  !isDeleting(object) && !hasFinalizer(object) && !wasBegun(object);

const preflightIn = (topology: readonly Resource[]): Properties | undefined => {
  for (const resource of topology) if (resource.kind === 'preflight') return resource.properties;
  return undefined;
};

/** Undefined where there is nothing to foresee: the object isn't new, or no release stands for its version. */
export const firstLookOfCluster = (cluster: AWSCluster): Properties | undefined => {
  const release = releaseOf(cluster.spec.controlPlane.version);
  if (!isNew(cluster) || release === undefined) return undefined;
  const properties = preflightIn(clusterTopology(cluster, release));
  return properties && { ...properties, nothingOf: clusterIdFor(cluster) };
};

export const firstLookOfNodePool = (pool: AWSNodePool, cluster: AWSCluster): Properties | undefined => {
  const release = releaseOf(pool.spec.version);
  return isNew(pool) && release !== undefined ? preflightIn(nodePoolTopology(pool, cluster, release)) : undefined;
};
