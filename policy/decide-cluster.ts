/**
 * Decide, for a cluster: from facts to what its entity does next.
 *
 * Owns: the order of questions: is it ours to speak about, what is asked for, may it be done, what differs.
 * Neighbours: `facts.ts` has the questions that pools share, `ensure.ts` and `remove.ts` make the plans, `activities/`
 * gather the facts and pass the answer to the entity. Pure.
 * Invariants: I1, I3, I5 (an established cluster never gets a new authority, volume or member address), I12.
 */

import type { AWSCluster } from '../api/cluster.ts';
import { clusterIdOf } from '../api/names.ts';
import { RELEASES, type Release, unknownVersion } from '../api/releases.ts';
import type { Resource } from '../kinds/resource.ts';
import { clusterTopology } from '../topology/cluster.ts';
import { ESTABLISHED, poolOfKey } from '../words/keys.ts';
import { purposeOf } from '../words/operations.ts';
import { tagKeysOf } from './applied-tags.ts';
import type { Assessment, OperationInput } from './assessment.ts';
import { type Attention, decideRepair, type RepairDecision } from './decide-repair.ts';
import { type Postponed, planEnsure } from './ensure.ts';
import {
  blocked,
  type ClusterFacts,
  isDeleting,
  judgeDuplicates,
  judgeIdentity,
  judgeInventory,
  judgePlace,
  wasProvisioned,
} from './facts.ts';
import type { Inventory } from './plan.ts';
import { planRemove } from './remove.ts';
import { asMade, releaseToPlan } from './revision.ts';

/** What can be decided without looking at AWS; undefined when an inventory is needed. */
export const decideClusterEarly = (facts: ClusterFacts): Assessment | undefined => {
  const identity = judgeIdentity(facts.object, facts.requested);
  if (identity !== undefined || facts.object === null) return identity;
  return judgePlace(facts.object, facts.object.spec.region, facts.worker);
};

/** Etcd has had quorum: status says so, or a volume's own tag does (I5). */
const hasHadQuorum = (cluster: AWSCluster, inventory: Inventory): boolean =>
  cluster.status?.established === true ||
  inventory.found.some(
    (found) => found.key === ESTABLISHED || (found.kind === 'etcd-volume' && found.state.emptyDisk !== 'bootstrap'),
  );

/** Told when nothing can be done by a plan: a version or a setting that takes a rollout. */
export const noteOf = (
  asked: string,
  release: Release,
  postponed: readonly Postponed[],
): { readonly note?: string } => {
  const notes = [
    ...(asked === release.version
      ? []
      : [`version ${asked} is asked for and ${release.version} runs; this release of Slipway does not upgrade`]),
    ...postponed.map(({ key, reason }) => `${key}: ${reason}`),
  ];
  return notes.length === 0 ? {} : { note: notes.join('; ') };
};

/** What an operation says of the tags that it may set; nothing where the spec has none. */
export const tagging = (
  { type }: Pick<OperationInput, 'type'>,
  object: Parameters<typeof tagKeysOf>[0],
): Pick<OperationInput, 'tagKeys'> => {
  const tagKeys = tagKeysOf(object);
  return purposeOf({ type }) === 'delete' || tagKeys.length === 0 ? {} : { tagKeys };
};

type Due = Pick<OperationInput, 'type' | 'plan' | 'settles' | 'turn'>;

const operation = (facts: ClusterFacts, cluster: AWSCluster, release: Release, due: Due): Assessment => ({
  kind: 'operate',
  operation: {
    v: 1,
    ...due,
    object: facts.requested,
    owner: {
      account: facts.worker.account,
      region: cluster.spec.region,
      clusterId: clusterIdOf(cluster.metadata.uid),
      uid: cluster.metadata.uid,
    },
    generation: cluster.metadata.generation,
    version: release.version,
    kubernetesVersion: release.kubernetes,
    entityId: facts.entityId,
    ...tagging(due, cluster),
  },
});

/** Some release, for an operation to name: removal never depends on versions. */
const anyRelease = (facts: Release | undefined): Release => {
  const release = facts ?? RELEASES[0];
  if (release === undefined) throw new Error('The release catalogue is empty: this build of Slipway is broken.');
  return release;
};

const decideDelete = (facts: ClusterFacts, cluster: AWSCluster, inventory: Inventory): Assessment => {
  const release = anyRelease(releaseToPlan(cluster.spec.controlPlane.version, cluster.status?.revision, true));
  const plan = planRemove({
    inventory: inventory.found,
    settleSeconds: facts.settleSeconds,
    subject: { kind: 'AWSCluster', clusterName: cluster.metadata.name },
  });
  return operation(facts, cluster, release, { type: 'DeleteCluster', plan });
};

/** Before a cluster is established its replicas are only being made. */
const HEALTHY: RepairDecision = { kind: 'none', attention: {} };

/** The rollout that is open, and whose next turn has to wait. */
const betweenTurns = (
  { status }: AWSCluster,
  { controlPlane }: Attention,
): { readonly rollout?: OperationInput['type'] } =>
  status?.rollout?.type === 'RepairCluster' && controlPlane !== undefined ? { rollout: status.rollout.type } : {};

const decideEnsure = (facts: ClusterFacts, cluster: AWSCluster, inventory: Inventory): Assessment => {
  const { generation } = cluster.metadata;
  const duplicates = judgeDuplicates(inventory, generation);
  if (duplicates !== undefined) return duplicates;
  const asked = cluster.spec.controlPlane.version;
  const live = hasHadQuorum(cluster, inventory);
  const release = releaseToPlan(asked, cluster.status?.revision, live);
  if (release === undefined) {
    const { reason, cure } = unknownVersion(asked);
    return blocked(generation, reason, cure);
  }
  const topology = clusterTopology(cluster, asMade(release, inventory.found));
  const repair = live ? decideRepair(facts, cluster, topology, inventory.found) : HEALTHY;
  if (repair.kind === 'blocked') return repair.blocked;
  if (repair.kind === 'repair') {
    return operation(facts, cluster, release, { type: 'RepairCluster', plan: repair.plan, turn: repair.turn });
  }
  const seen = { inventory, release, live, attention: repair.attention };
  return decideChanges(facts, cluster, topology, seen);
};

type SeenCluster = {
  readonly inventory: Inventory;
  readonly release: Release;
  readonly live: boolean;
  readonly attention: Attention;
};

/** No replica is to be repaired, or none may be now: whatever else differs. */
const decideChanges = (
  facts: ClusterFacts,
  cluster: AWSCluster,
  topology: readonly Resource[],
  { inventory, release, live, attention }: SeenCluster,
): Assessment => {
  const { status, metadata, spec } = cluster;
  const own = inventory.found.filter((found) => poolOfKey(found.key) === undefined);
  const { plan, postponed } = planEnsure(topology, own, {
    fresh: status?.lastOperation === undefined && !own.some((found) => found.kind === 'security-group'),
    // Only what was provisioned is ever said to be in repair.
    provisioned: status?.state === 'Provisioned' || status?.state === 'Repairing',
    live,
  });
  const { generation } = metadata;
  const note = noteOf(spec.controlPlane.version, release, postponed);
  if (plan.steps.length === 0) {
    return { kind: 'settled', generation, ...note, ...attention, ...betweenTurns(cluster, attention) };
  }
  // What is to be said of replicas is said by the next look.
  const settles = note.note === undefined && attention.controlPlane === undefined;
  const type = wasProvisioned(cluster) ? 'UpdateCluster' : 'CreateCluster';
  return operation(facts, cluster, release, { type, plan, ...(settles ? { settles: true as const } : {}) });
};

/** What the cluster's entity does next. Throws only if facts are missing that `decideClusterEarly` asked for. */
export const decideCluster = (facts: ClusterFacts): Assessment => {
  const judged = decideClusterEarly(facts);
  if (judged !== undefined) return judged;
  const { object: cluster, inventory, worker } = facts;
  if (cluster === null || inventory === undefined) {
    throw new Error('A cluster cannot be decided about without its inventory: look first.');
  }
  const place = { account: worker.account, region: cluster.spec.region };
  const partial = judgeInventory(inventory, cluster.metadata.generation, place);
  if (partial !== undefined) return partial;
  return isDeleting(cluster) ? decideDelete(facts, cluster, inventory) : decideEnsure(facts, cluster, inventory);
};
