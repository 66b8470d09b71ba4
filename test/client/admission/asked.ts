/** Requests of an API server about the seed's objects, others that they meet, and catalogues with more than one minor. */

import type { Release } from '../../../api/releases.ts';
import type { Asked, Others } from '../../../client/admission/judge.ts';
import {
  type OtherCluster,
  type OtherNodePool,
  readOtherCluster,
  readOtherNodePool,
  valueOf,
} from '../../../client/admission/objects.ts';
import { release, seedCluster, seedPool } from '../../topology/objects.ts';

const today = release('1.36.3-gke.1');

/** Five minors, each with a release of its own, and one release that stands for another Kubernetes. */
export const CATALOGUE: readonly Release[] = [
  ...[38, 37, 36, 35, 34].map((minor) => ({ ...today, version: `1.${minor}.0-gke.1`, kubernetes: `1.${minor}.0` })),
  { ...today, version: '1.16.9-gke.12', kubernetes: '1.36.0' },
];

export type ClusterChanges = Parameters<typeof seedCluster>[0];
export type PoolChanges = Parameters<typeof seedPool>[0];

const by = { namespace: 'default', username: 'somebody' };

/** An object as JSON carries it. */
const sent = (object: object): unknown => JSON.parse(JSON.stringify(object));

export const createCluster = (changes: ClusterChanges = {}): Asked => ({
  ...by,
  kind: 'AWSCluster',
  operation: 'CREATE',
  name: 'cluster-0',
  object: sent(seedCluster(changes)),
  oldObject: null,
});

export const updateCluster = (before: ClusterChanges, after: ClusterChanges): Asked => ({
  ...createCluster(after),
  operation: 'UPDATE',
  oldObject: sent(seedCluster(before)),
});

export const createPool = (changes: PoolChanges = {}): Asked => ({
  ...by,
  kind: 'AWSNodePool',
  operation: 'CREATE',
  name: 'cluster-0-pool-0',
  object: sent(seedPool(changes)),
  oldObject: null,
});

export const updatePool = (before: PoolChanges, after: PoolChanges): Asked => ({
  ...createPool(after),
  operation: 'UPDATE',
  oldObject: sent(seedPool(before)),
});

export const deleteCluster = (changes: ClusterChanges = {}): Asked => ({
  ...createCluster(),
  operation: 'DELETE',
  object: null,
  oldObject: sent(seedCluster(changes)),
});

export const otherCluster = (changes: ClusterChanges = {}): OtherCluster => {
  const read = valueOf(readOtherCluster(sent(seedCluster(changes))));
  if (read === undefined) throw new Error('the cluster of a test cannot be read');
  return read;
};

export const otherPool = (name: string, changes: PoolChanges = {}): OtherNodePool => {
  const pool = sent(seedPool({ ...changes, metadata: { name, ...changes.metadata } }));
  const read = valueOf(readOtherNodePool(pool));
  if (read === undefined) throw new Error('the node pool of a test cannot be read');
  return read;
};

/** A management API that holds these; nothing else is ever asked of it. */
export const holding = (cluster?: OtherCluster, pools: readonly OtherNodePool[] = []): Others => ({
  cluster: () => Promise.resolve(cluster),
  poolsOf: () => Promise.resolve(pools),
});
