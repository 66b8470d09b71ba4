/**
 * Decide, for a node pool: from facts to what its entity does next.
 *
 * Owns: how a pool stands to its cluster: it builds once the cluster's network is ready, builds nothing and says so while
 * the cluster is absent or going, and goes away whenever it is deleted, with or without a cluster.
 * Neighbours: `decide-cluster.ts`, `facts.ts`, `pool-rest.ts`, `remove.ts`. Pure.
 * Invariants: I1, I3, I12 (a cluster that isn't there is no order to remove its pools).
 */

import type { AWSCluster } from '../api/cluster.ts';
import { entityWorkflowId } from '../api/names.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { isDeleting, referenceTo } from '../api/object.ts';
import { adoptionAskedBy, clusterIdFor, nodePoolIdFor } from '../api/ownership.ts';
import { podProblem } from '../api/pod-ranges.ts';
import type { Release } from '../api/releases.ts';
import type { Found, Resource } from '../kinds/resource.ts';
import type { Outputs } from '../kinds/row.ts';
import { nodePoolTopology } from '../topology/nodepool.ts';
import type { ResourceKey } from '../words/keys.ts';
import { CLUSTER_OUTPUTS_FOR_POOLS, FINALIZER_KEY, LOAD_BALANCER, PREFLIGHT, poolOfKey } from '../words/keys.ts';
import { present } from '../words/present.ts';
import { ref } from '../words/references.ts';
import { isAdoptionDue, judgeHeld, judgeHeldCluster, judgeSecrets } from './adoption.ts';
import type { Assessment, OperationInput } from './assessment.ts';
import { decideMachines, type MachinesDecision } from './decide-pool-machines.ts';
import { hasOthers, tidied } from './decide-turns.ts';
import { differencesOf } from './differences.ts';
import { type Ensured, planEnsure } from './ensure.ts';
import {
  blocked,
  clusterIdOfPool,
  judgeDuplicates,
  judgeIdentity,
  judgeInventory,
  judgePlace,
  type NodePoolFacts,
  stayingCluster,
  wasProvisioned,
} from './facts.ts';
import { givingUp } from './given-up.ts';
import { heldStill } from './held-back.ts';
import { withInPlace } from './in-place.ts';
import { mendingOf, surplusIn } from './mending.ts';
import { endingInLook } from './node-look.ts';
import { NODE_REPAIR_AFTER_SECONDS } from './node-repair.ts';
import { type About, type Due, operationOf } from './operation.ts';
import type { Inventory, Plan } from './plan.ts';
import { whyOthersFirst } from './pool-order.ts';
import { decideRest } from './pool-rest.ts';
import { judgeVersion, ofVersion, whileWaiting } from './pool-version.ts';
import { recalledOf } from './recalled.ts';
import { planRemove } from './remove.ts';
import { releaseToPlan } from './revision.ts';
import { judgeUnguarded } from './unguarded.ts';

/** By its own status: a pool that waits for its cluster then costs no call to AWS. */
const hasNetwork = ({ status }: AWSCluster): boolean => status?.endpoint !== undefined || status?.established === true;

/** A pool whose nodes would find no pod addresses; one that stands is left as it is. */
const judgePods = (pool: AWSNodePool, cluster: AWSCluster): Assessment | undefined => {
  const [range] = cluster.spec.networking.podAddressCIDRBlocks;
  if (range === undefined || wasProvisioned(pool)) return undefined;
  const found = podProblem(range, { name: pool.metadata.name, ...pool.spec });
  return found && blocked(pool.metadata.generation, `spec.${found.field}: ${found.problem}`, found.cure);
};

/** How the pool's cluster stands in the way of building; undefined when it doesn't. */
const judgeItsCluster = ({ cluster, clusterProgressed }: NodePoolFacts, pool: AWSNodePool): Assessment | undefined => {
  const { generation, namespace } = pool.metadata;
  const name = `AWSCluster ${namespace}/${pool.spec.clusterName}`;
  if (cluster === null) {
    return {
      kind: 'waiting',
      generation,
      reason: `Waiting for ${name}, which does not exist: apply it, or delete this node pool.`,
    };
  }
  const adopts = adoptionAskedBy(cluster);
  if (adopts !== undefined && !isDeleting(cluster)) {
    return {
      kind: 'waiting',
      generation,
      reason: `Waiting for ${name}, which is to adopt ${adopts} first.`,
      entityId: entityWorkflowId(referenceTo(cluster)),
    };
  }
  const pinned = pool.status?.clusterID;
  if (pinned !== undefined && pinned !== clusterIdFor(cluster)) {
    return blocked(
      generation,
      `it belongs to cluster ${pinned}, and ${name} is another one now, ${clusterIdFor(cluster)}`,
      'delete this node pool and apply it again: its machines know only the cluster that they were made for',
    );
  }
  if (isDeleting(cluster)) {
    return {
      kind: 'waiting',
      generation,
      reason: `${name} is being deleted, so nothing is built for it.`,
      entityId: entityWorkflowId(referenceTo(cluster)),
    };
  }
  if (cluster.spec.region !== pool.spec.region) {
    return blocked(
      generation,
      `it is in region ${pool.spec.region}, and ${name} is in ${cluster.spec.region}`,
      `delete it and apply it again with region: ${cluster.spec.region}`,
    );
  }
  const room = judgePods(pool, cluster);
  if (room !== undefined) return room;
  if (clusterProgressed !== true && !hasNetwork(cluster)) {
    return {
      kind: 'waiting',
      generation,
      reason: `Waiting for ${name}, whose network is not ready yet.`,
      entityId: entityWorkflowId(referenceTo(cluster)),
    };
  }
  return undefined;
};

/** What can be decided without looking at AWS; undefined when an inventory is needed. */
export const decideNodePoolEarly = (facts: NodePoolFacts): Assessment | undefined => {
  const { object: pool, requested, worker } = facts;
  const identity = judgeIdentity(pool, requested);
  if (identity !== undefined || pool === null) return identity;
  const place = judgePlace(pool, pool.spec.region, worker);
  if (place !== undefined) return place;
  return isDeleting(pool) ? undefined : judgeItsCluster(facts, pool);
};

/** What runs until an upgrade is over, whatever else is done meanwhile. */
const runs = (pool: AWSNodePool, asked: About['release'], { type }: Due): About['release'] => {
  const { revision } = pool.status ?? {};
  const isOther = revision !== undefined && revision.version !== asked.version;
  return isOther && type !== 'UpgradeNodePool' && type !== 'DeleteNodePool' ? revision : asked;
};

const operation = (
  facts: NodePoolFacts,
  pool: AWSNodePool,
  asked: About['release'],
  due: Due,
): Extract<Assessment, { kind: 'operate' }> => {
  const about = { clusterId: clusterIdOfPool(pool, facts.cluster) ?? '', release: runs(pool, asked, due) };
  return operationOf(facts, pool, about, due);
};

/** Where the API of the cluster is that the pool's nodes are to leave in order; nothing where nobody could tell them to. */
const livingCluster = (pool: AWSNodePool, cluster: AWSCluster | null): { readonly living?: { endpoint?: string } } => {
  const { endpoint, established } = stayingCluster(clusterIdOfPool(pool, cluster), cluster)?.status ?? {};
  if (established !== true) return {};
  return { living: endpoint === undefined ? {} : { endpoint } };
};

const decideDelete = (facts: NodePoolFacts, pool: AWSNodePool, inventory: Inventory): Assessment => {
  const release = releaseToPlan(pool.spec.version, pool.status?.revision, true);
  const plan = planRemove({
    inventory: inventory.found,
    settleSeconds: facts.settleSeconds,
    subject: {
      kind: 'AWSNodePool',
      poolId: nodePoolIdFor(pool),
      ...livingCluster(pool, facts.cluster),
      ...(wasProvisioned(pool)
        ? { drain: { seconds: pool.spec.updateSettings.drainSeconds, clusterName: pool.spec.clusterName } }
        : {}),
    },
  });
  const versions = {
    version: release?.version ?? pool.spec.version,
    kubernetes: release?.kubernetes ?? pool.status?.kubernetesVersion ?? '',
  };
  return judgeUnguarded(pool, plan) ?? operation(facts, pool, versions, { type: 'DeleteNodePool', plan });
};

/** The outputs that the pool takes from its cluster, or what of them doesn't exist yet. */
const clusterOutputs = (
  inventory: Inventory,
): { readonly external: Readonly<Record<ResourceKey, Outputs>>; readonly missing: readonly ResourceKey[] } => {
  const found = new Map(inventory.found.map((one) => [one.key, one.outputs]));
  const entries = CLUSTER_OUTPUTS_FOR_POOLS.flatMap((key) => {
    const outputs = found.get(key);
    return outputs === undefined ? [] : [[key, outputs] as const];
  });
  const external = Object.fromEntries(entries);
  return { external, missing: CLUSTER_OUTPUTS_FOR_POOLS.filter((key) => external[key] === undefined) };
};

const isOwn = (found: Found, poolId: string): boolean =>
  found.key === FINALIZER_KEY || found.key === PREFLIGHT || poolOfKey(found.key) === poolId;

const USUAL_REPAIR = { afterSeconds: NODE_REPAIR_AFTER_SECONDS };

type Built = { readonly cluster: AWSCluster; readonly release: Release; readonly inventory: Inventory };

type FromCluster = ReturnType<typeof clusterOutputs>;

/** What the pool takes from its cluster is not there yet. */
const waitsFor = (pool: AWSNodePool, cluster: AWSCluster, missing: FromCluster['missing']): Assessment => ({
  kind: 'waiting',
  generation: pool.metadata.generation,
  reason: `Waiting for AWSCluster ${pool.metadata.namespace}/${cluster.metadata.name}, which does not have ${missing.join(', ')} yet.`,
  entityId: entityWorkflowId(referenceTo(cluster)),
});

type Left = Omit<Parameters<typeof withInPlace>[0], 'plan'> &
  Pick<Ensured, 'plan'> & {
    readonly topology: readonly Resource[];
    /** What differs of a pool at which nothing is under way. */
    readonly differing: () => Plan;
    readonly decided: Extract<MachinesDecision, { kind: 'none' }>;
  };

/** What is left to do where no machine has to go now, and whether machines may be others than anybody has looked at. */
const leftOf = ({ topology, decided, ...given }: Left) => {
  const { pool, inventory, machines } = given;
  const { attention, waits, tidies } = decided;
  const isHeld = waits?.heldBack !== undefined;
  const plan = isHeld ? given.differing() : given.plan;
  const tidy = waits === undefined ? tidied({ pool, inventory }, topology, plan, tidies) : plan;
  const changed = waits === undefined || isHeld ? withInPlace({ ...given, plan: tidy }, topology) : { plan };
  const left = waits === undefined ? changed : { plan: changed.plan, waits };
  // What is to be said of nodes is said by the next look.
  const mayHaveOthers =
    attention.nodePool !== undefined ||
    left.plan.steps.length > tidy.steps.length ||
    (machines === undefined && hasOthers(topology, inventory, pool));
  return { ...left, mayHaveOthers };
};

/** A node that fails is not left alone because machines wait for a window. */
const soonest = (...seconds: readonly (number | undefined)[]): { readonly lookAgainSeconds?: number } => {
  const known = seconds.filter((one) => one !== undefined);
  return known.length === 0 ? {} : { lookAgainSeconds: Math.min(...known) };
};

const decideEnsure = (facts: NodePoolFacts, pool: AWSNodePool, { cluster, release, inventory }: Built): Assessment => {
  const { generation } = pool.metadata;
  const { external, missing } = clusterOutputs(inventory);
  if (missing.length > 0) return waitsFor(pool, cluster, missing);
  const poolId = nodePoolIdFor(pool);
  const own = inventory.found.filter((found) => isOwn(found, poolId));
  const topology = nodePoolTopology(pool, cluster, release);
  const secrets = judgeSecrets(pool, topology, own);
  if (secrets !== undefined) return secrets;
  const ensure = (resources: readonly Resource[], provisioned = pool.status?.state === 'Provisioned'): Ensured =>
    planEnsure(resources, own, {
      external,
      fresh: pool.status?.lastOperation === undefined && !own.some((found) => poolOfKey(found.key) === poolId),
      provisioned,
      live: wasProvisioned(pool),
    });
  const { plan, postponed } = ensure(topology);
  const { machines, now, released, goesBack } = facts;
  const settings = facts.nodeRepair ?? USUAL_REPAIR;
  const mayNotTurn = whyOthersFirst(pool, facts.siblings);
  const decided = decideMachines({
    ...{ pool, cluster, inventory: own, machines, settings, now, released, goesBack, release, topology, external },
    ...present({ mayNotTurn }),
    ensured: (one) => ensure(one).plan,
  });
  const endpoint = cluster.status?.endpoint ?? ref(LOAD_BALANCER, 'dnsName');
  const begun = (due: Due) =>
    operation(facts, pool, release, { ...due, plan: endingInLook(due.plan, { poolId, endpoint }) });
  const givenUp = (due: Parameters<typeof givingUp>[1]): { readonly givenUp?: OperationInput } => {
    const back = givingUp({ pool, inventory: own, machines, endpoint: cluster.status?.endpoint }, due);
    return back === undefined ? {} : { givenUp: begun(back).operation };
  };
  // What of it takes another machine goes by turns as it would for a change of the spec.
  const mends = mendingOf(pool, cluster, [...differencesOf(plan, own, false), ...surplusIn(pool, own)]);
  if (decided.kind === 'turn') {
    const { kind: _, ...due } = decided;
    // A repair looks at its machine only, and what else differs comes after it.
    return { ...begun(due.type === 'RepairNodePool' ? due : { ...due, ...present({ mends }) }), ...givenUp(due) };
  }
  const differing = (): Plan => ensure(topology, true).plan;
  const rest = leftOf({ pool, cluster, inventory: own, external, machines, plan, topology, differing, decided });
  const due = decideRest(pool, release, { ...rest, postponed, now, ...present({ mends }) });
  if ('type' in due) return { ...begun(due), ...givenUp(due) };
  if (isAdoptionDue(pool, own)) return begun({ type: 'UpdateNodePool', plan });
  const clusterId = clusterIdFor(cluster);
  return {
    ...{ kind: 'settled', generation, clusterId, ...decided.attention, ...due },
    ...soonest(decided.attention.lookAgainSeconds, due.lookAgainSeconds),
    ...(rest.waits === undefined ? {} : givenUp({ type: rest.waits.type, plan })),
    ...(machines === undefined ? heldStill({ pool, cluster, now }, hasOthers(topology, own, pool)) : {}),
    ...recalledOf(pool, { account: inventory.account, release, inventory: own, ...present({ adopts: facts.adopts }) }),
  };
};

/** Another object acts on its machines, or on those of its cluster. */
const judgeHeldPool = ({ cluster, adopts }: NodePoolFacts, pool: AWSNodePool, { found }: Inventory) =>
  judgeHeld(pool, found, adopts === true) ??
  (cluster === null ? undefined : judgeHeldCluster(pool.metadata.generation, cluster, found));

/** What the pool's entity does next. Throws only if facts are missing that `decideNodePoolEarly` asked for. */
export const decideNodePool = (facts: NodePoolFacts): Assessment => {
  const judged = decideNodePoolEarly(facts);
  if (judged !== undefined) return judged;
  const { object: pool, cluster, inventory, worker } = facts;
  if (pool === null || inventory === undefined) {
    throw new Error('A node pool cannot be decided about without its inventory: look first.');
  }
  const { generation } = pool.metadata;
  const partial = judgeInventory(inventory, pool, { account: worker.account, region: pool.spec.region });
  if (partial !== undefined) return partial;
  const held = judgeHeldPool(facts, pool, inventory);
  if (held !== undefined) return held;
  if (isDeleting(pool)) return decideDelete(facts, pool, inventory);
  if (cluster === null) throw new Error('decideNodePoolEarly lets no pool without a cluster build.');
  const duplicates = judgeDuplicates(inventory, generation);
  if (duplicates !== undefined) return duplicates;
  const version = judgeVersion(pool, cluster, inventory.found);
  if ('problem' in version) return version.problem;
  const { release, waits } = version;
  const built = { cluster, release, inventory };
  return waits === undefined
    ? decideEnsure(facts, pool, built)
    : whileWaiting(decideEnsure(facts, ofVersion(pool, release.version), built), waits);
};
