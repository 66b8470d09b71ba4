/**
 * Plan change: what it would take to make of a node pool what a spec asks for that nobody has applied yet.
 *
 * Owns: which facts are gathered for that. The pool, its cluster and the account are looked at here, whatever the one who asks believes of
 * them; only the spec is theirs. Neighbours: `assess.ts` gathers the same to decide, `policy/pool-fields.ts` says what a change takes.
 * Invariants: I6 (reads only), I12 (what could not be read whole says nothing).
 */

import type { AWSNodePool } from '../api/nodepool.ts';
import { isDeleting } from '../api/object.ts';
import { clusterIdFor, nodePoolIdFor } from '../api/ownership.ts';
import { judgeIdentity, judgeInventory, judgePlace, wasProvisioned } from '../policy/facts.ts';
import { whatChanges } from '../policy/pool-fields.ts';
import { openingOf, updatePolicyOf } from '../policy/update-windows.ts';
import { present } from '../words/present.ts';
import { type AssessSources, poolRequest } from './assess.ts';
import type { ChangeRequest, PlannedChange } from './contract.ts';

const unknown = (reason: string): PlannedChange => ({ kind: 'unknown', reason });

type Sources = Pick<AssessSources, 'served' | 'findCluster' | 'findNodePool' | 'observe' | 'machines' | 'now'>;

/** Why nothing can be said of a change of it by now; undefined where something can. */
const notNow = (pool: AWSNodePool): string | undefined => {
  if (isDeleting(pool)) return 'it is being deleted';
  return wasProvisioned(pool) ? undefined : 'it is not provisioned yet';
};

export const createPlanChange =
  (sources: Sources) =>
  async ({ object, spec }: ChangeRequest, signal: AbortSignal): Promise<PlannedChange> => {
    const [pool, worker] = await Promise.all([sources.findNodePool(object, signal), sources.served(signal)]);
    const other = judgeIdentity(pool, object);
    if (pool === null || other !== undefined) return unknown('it is not there any more');
    const early = notNow(pool);
    if (early !== undefined) return unknown(early);
    const elsewhere = judgePlace(pool, pool.spec.region, worker);
    if (elsewhere !== undefined) return unknown(elsewhere.reason);
    const { namespace } = pool.metadata;
    const cluster = await sources.findCluster({ namespace, name: pool.spec.clusterName }, signal);
    if (cluster === null) return unknown(`AWSCluster ${namespace}/${pool.spec.clusterName} does not exist`);
    const inventory = await sources.observe(poolRequest(object, pool, cluster), signal);
    const partial = judgeInventory(inventory, pool, { account: worker.account, region: pool.spec.region });
    if (partial !== undefined) return unknown(partial.reason);
    const { endpoint } = cluster.status ?? {};
    const clusterId = clusterIdFor(cluster);
    const machines =
      endpoint === undefined
        ? undefined
        : await sources.machines({ namespace, clusterId, endpoint, poolId: nodePoolIdFor(pool) }, signal);
    const asked = { cluster, inventory: inventory.found, ...present({ machines }) };
    const after = { ...pool, spec };
    const changes = whatChanges(pool, after, asked);
    const opening = openingOf(updatePolicyOf(after, cluster), (sources.now ?? Date.now)());
    if (changes.replaces === 0 || opening.kind === 'open') return { kind: 'known', ...changes };
    return { kind: 'known', ...changes, waits: present({ opensAt: opening.opensAt }) };
  };
