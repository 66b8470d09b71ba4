/**
 * First look: what the preflight of an object that is new will ask about, before anything was decided.
 *
 * Owns: whether an object is new, and the properties of its preflight. Neighbours: `activities/assess.ts` asks AWS about
 * them while it still observes, so that the step finds the answers there; `topology/` says what preflight looks at. Pure.
 * Invariants: I3 (an object without our finalizer owns nothing in AWS yet).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { hasFinalizer, isDeleting } from '../api/object.ts';
import { releaseOf } from '../api/releases.ts';
import type { Resource, ResourceProperties } from '../kinds/resource.ts';
import { clusterTopology } from '../topology/cluster.ts';
import { nodePoolTopology } from '../topology/nodepool.ts';
import type { StoredObject } from './views.ts';

type Properties = ResourceProperties['preflight'];

/** Nothing was begun for it: our finalizer comes before anything in AWS. */
export const isNew = (object: StoredObject): boolean => !isDeleting(object) && !hasFinalizer(object);

const preflightIn = (topology: readonly Resource[]): Properties | undefined => {
  for (const resource of topology) if (resource.kind === 'preflight') return resource.properties;
  return undefined;
};

/** Undefined where there is nothing to foresee: the object isn't new, or no release stands for its version. */
export const firstLookOfCluster = (cluster: AWSCluster): Properties | undefined => {
  const release = releaseOf(cluster.spec.controlPlane.version);
  return isNew(cluster) && release !== undefined ? preflightIn(clusterTopology(cluster, release)) : undefined;
};

export const firstLookOfNodePool = (pool: AWSNodePool, cluster: AWSCluster): Properties | undefined => {
  const release = releaseOf(pool.spec.version);
  return isNew(pool) && release !== undefined ? preflightIn(nodePoolTopology(pool, cluster, release)) : undefined;
};
