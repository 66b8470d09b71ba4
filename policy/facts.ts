/**
 * Facts: everything that a decision rests on, gathered by `assess` before anything is decided.
 *
 * Owns: the shapes, and the judgements that clusters and node pools share: whose object it is, whether the worker may
 * speak about it, and whether what it saw is all there is. Neighbours: `activities/` gather, `decide-cluster.ts` and
 * `decide-nodepool.ts` decide. Invariants: I12 (an object that isn't there, another account and a partial listing are
 * three different things, and none of them is an order).
 */

import type { AWSCluster } from '../api/cluster.ts';
import { KEY_TAG } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { isDeleting, type ObjectRef } from '../api/object.ts';
import { clusterIdFor } from '../api/ownership.ts';
import type { Release } from '../api/releases.ts';
import type { State } from '../api/status.ts';
import { type Found, idOf } from '../kinds/resource.ts';
import type { ResourceKey } from '../words/keys.ts';
import type { Assessment } from './assessment.ts';
import { isNew } from './first-look.ts';
import type { Inventory } from './plan.ts';
import type { PoolMachines } from './pool-machines.ts';
import type { Sibling } from './pool-order.ts';
import type { RepairSettings } from './repair.ts';
import type { StoredObject } from './views.ts';

/** Whom the worker serves: the account its credentials belong to, as STS says, and the regions it was given. */
export type Served = { readonly account: string; readonly regions: readonly string[] };

type Common = {
  /** The object that was asked about, by uid. */
  readonly requested: ObjectRef;
  readonly worker: Served;
  readonly entityId: string;
  readonly settleSeconds: number;
  /** Epoch milliseconds of this look. */
  readonly now: number;
  /** That the object adopts what is there was proven by this look, and its own status does not say so yet. */
  readonly adopts?: true;
};

/**
 * `inventory` is that of the whole cluster id, of AWS, the management API and the hub together.
 * Absent until `judge…` said that it is needed.
 */
export type ClusterFacts = Common & {
  /** The object as it is now: null only if the API server said that there is none. */
  readonly object: AWSCluster | null;
  readonly repair: RepairSettings;
  /** The releases that count: today's unless given. */
  readonly catalogue?: readonly Release[];
  readonly inventory?: Inventory;
  /** What somebody said `resume` to while turns were held back, by its fingerprint. */
  readonly released?: string;
};

export type NodePoolFacts = Common & {
  readonly object: AWSNodePool | null;
  /** The AWSCluster that it names, in its namespace; null only if the API server said that there is none. */
  readonly cluster: AWSCluster | null;
  /** The pool heard that its cluster made progress: what the cluster's status says may be older than that. */
  readonly clusterProgressed?: boolean;
  readonly inventory?: Inventory;
  /** Its machines one by one, where one of them is to go, or may be. */
  readonly machines?: PoolMachines;
  /** When a node that does not serve is repaired; policy's own limit unless given. */
  readonly nodeRepair?: RepairSettings;
  /** What somebody said `resume` to while turns were held back, by its fingerprint. */
  readonly released?: string;
  /** Somebody aborted an upgrade, which goes back: that is a word, too. */
  readonly goesBack?: true;
  /** All node pools of its cluster, where they replace machines one after the other. */
  readonly siblings?: readonly Sibling[];
};

export type BlockedAssessment = Extract<Assessment, { kind: 'blocked' }>;

export const blocked = (generation: number, reason: string, cure: string): BlockedAssessment => ({
  kind: 'blocked',
  generation,
  reason,
  cure,
});

/**
 * Decided by identity alone: gone, or another one. Undefined: go on. That it says of itself that nothing was begun for it decides
 * nothing: others may have taken that from it, and whoever deletes it may hold it meanwhile.
 */
export const judgeIdentity = (object: StoredObject | null, requested: ObjectRef): Assessment | undefined => {
  const name = `${requested.kind} ${requested.namespace}/${requested.name}`;
  if (object === null) {
    return {
      kind: 'orphaned',
      reason: `${name} (uid ${requested.uid}) is not in the API server. Nothing was changed.`,
    };
  }
  if (object.metadata.uid !== requested.uid) {
    return {
      kind: 'orphaned',
      reason: `${name} is another object now (uid ${object.metadata.uid}, not ${requested.uid}). Nothing was changed.`,
    };
  }
  return undefined;
};

type Provisioned = { readonly status?: { readonly state?: State } };

/** Once it was, what it lacks is a change: its machines run, and what comes of them is told apart from a create. */
export const wasProvisioned = ({ status }: Provisioned): boolean =>
  status?.state !== undefined && status.state !== 'Provisioning';

/** The id of a pool's cluster: pinned in status, so that a pool can be removed after its cluster's object is gone. */
export const clusterIdOfPool = (pool: AWSNodePool, cluster: AWSCluster | null): string | undefined =>
  pool.status?.clusterID ?? (cluster === null ? undefined : clusterIdFor(cluster));

/** The cluster of this id, unless it is gone or going, or another one has its name by now. */
export const stayingCluster = (clusterId: string | undefined, cluster: AWSCluster | null): AWSCluster | undefined =>
  cluster === null || isDeleting(cluster) || clusterIdFor(cluster) !== clusterId ? undefined : cluster;

/** Blocked where the worker serves another account or region than the object lives in (I12). */
export const judgePlace = (object: StoredObject, region: string, worker: Served): BlockedAssessment | undefined => {
  const { generation } = object.metadata;
  const pinned = object.status?.aws;
  if (pinned !== undefined && pinned.account !== worker.account) {
    return blocked(
      generation,
      `it lives in AWS account ${pinned.account}, and this worker's credentials belong to account ${worker.account}`,
      `give the worker credentials of account ${pinned.account}, or run a worker for that account; nothing was touched`,
    );
  }
  const home = pinned?.region ?? region;
  if (!worker.regions.includes(home) || home !== region) {
    return blocked(
      generation,
      home === region
        ? `it is in region ${home}, and this worker serves ${worker.regions.join(', ') || 'no region'}`
        : `it lives in region ${home}, and its spec says ${region}`,
      home === region
        ? `start a worker with AWS_REGION=${home}; nothing was touched`
        : `set spec.region back to ${home}; nothing was touched`,
    );
  }
  return undefined;
};

/** Blocked where an inventory doesn't cover all of the right place: what it lacks need not be absent (I12). */
export const judgeInventory = (
  inventory: Inventory,
  object: StoredObject,
  place: { readonly account: string; readonly region: string },
): BlockedAssessment | undefined => {
  const { generation } = object.metadata;
  if (inventory.account !== place.account || inventory.region !== place.region) {
    return blocked(
      generation,
      `what was seen is of account ${inventory.account} in ${inventory.region}, not of account ${place.account} in ${place.region}`,
      `let the worker's credentials and AWS_REGION point at account ${place.account} in ${place.region}; nothing was touched`,
    );
  }
  if (!inventory.complete) {
    const unread = inventory.unread ?? [];
    return blocked(
      generation,
      `not everything could be read${unread.length === 0 ? '' : `: ${unread.join('; ')}`}; what was not seen need not be absent`,
      'see that the worker may list and describe all of it, then it goes on by itself',
    );
  }
  if (inventory.unlisted === true && !isNew(object)) {
    return blocked(
      generation,
      'nothing of it was listed, though it is not new; what was not looked for need not be absent',
      'nothing: it is looked at again by itself',
    );
  }
  return undefined;
};

/** Keys that the inventory holds more than once, with the ids behind them. */
export const judgeDuplicates = (inventory: Inventory, generation: number): BlockedAssessment | undefined => {
  const byKey = new Map<ResourceKey, Found[]>();
  for (const found of inventory.found) byKey.set(found.key, [...(byKey.get(found.key) ?? []), found]);
  const twice = [...byKey].filter(([, found]) => found.length > 1).sort(([a], [b]) => (a < b ? -1 : 1));
  if (twice.length === 0) return undefined;
  const list = twice.map(([key, found]) => {
    const ids = found.map((one) => idOf(one) ?? 'no id');
    return `${key} is ${[...ids].sort().join(' and ')}`;
  });
  return blocked(
    generation,
    `there is more than one of a thing that must be one: ${list.join('; ')}`,
    `remove the tag ${KEY_TAG} from, or delete, those that the cluster does not use`,
  );
};
