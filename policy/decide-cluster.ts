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
import { isDeleting } from '../api/object.ts';
import { RELEASES, type Release, unknownVersion } from '../api/releases.ts';
import type { Found, Resource } from '../kinds/resource.ts';
import { clusterTopology } from '../topology/cluster.ts';
import { hasLastingName } from '../topology/values.ts';
import { ESTABLISHED, poolOfKey } from '../words/keys.ts';
import { present } from '../words/present.ts';
import { type AskedRevision, askedRevision, withAddons } from './addon-revision.ts';
import type { Assessment, OperationInput } from './assessment.ts';
import { conditionOf } from './conditions.ts';
import { type Attention, decideRepair, type RepairDecision } from './decide-repair.ts';
import { decideUpgrade, releaseOfReplica, type UpgradeDecision } from './decide-upgrade.ts';
import { differencesOf, replacedIn } from './differences.ts';
import { type Ensured, planEnsure } from './ensure.ts';
import {
  blocked,
  type ClusterFacts,
  judgeDuplicates,
  judgeIdentity,
  judgeInventory,
  judgePlace,
  wasProvisioned,
} from './facts.ts';
import { formerAddons } from './former-addons.ts';
import { formerReplicaTemplates } from './former-templates.ts';
import { ADDONS_UNKNOWN, addonsRead, insideSeen } from './inside.ts';
import { mendingOf } from './mending.ts';
import { type Due, noteOf, operationOf } from './operation.ts';
import { orderedSteps } from './order.ts';
import type { Inventory, Plan, Step } from './plan.ts';
import { recalledOf } from './recalled.ts';
import { releaseItRuns } from './release-it-runs.ts';
import { planRemove } from './remove.ts';
import {
  decideReplicaTurns,
  NO_TURNS,
  noteBeside,
  type ReplicaTurns,
  turnBeside,
  whileWaiting,
} from './replica-turns.ts';
import { decideRestore } from './restore.ts';
import { asMade, releaseToPlan } from './revision.ts';
import { decideCommit } from './soak.ts';
import { judgeUnguarded } from './unguarded.ts';
import { whyUnreachable } from './unreachable.ts';
import { type ReplicaState, replicaStates } from './upgrade-state.ts';
import { upgradeView } from './upgrade-view.ts';

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

const operation = (facts: ClusterFacts, cluster: AWSCluster, release: Release, due: Due): Assessment =>
  operationOf(facts, cluster, { clusterId: clusterIdOf(cluster.metadata.uid), release }, due);

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
  return judgeUnguarded(cluster, plan) ?? operation(facts, cluster, release, { type: 'DeleteCluster', plan });
};

/** Before a cluster is established its replicas are only being made. */
const HEALTHY: RepairDecision = { kind: 'none', attention: {} };

/** The rollout that is open, and whose next turn has to wait. */
const betweenTurns = (
  { status }: AWSCluster,
  { controlPlane }: Attention,
): { readonly rollout?: OperationInput['type'] } =>
  status?.rollout?.type === 'RepairCluster' && controlPlane !== undefined ? { rollout: status.rollout.type } : {};

type Versions = {
  /** What runs, with the add-ons that are asked for. */
  readonly release: Release;
  readonly upgrade: UpgradeDecision;
  /** Each replica as its group launches it by now. */
  readonly topology: readonly Resource[];
  /** All replicas as they are to be. */
  readonly target: readonly Resource[];
};

/** Whose machine is what it is to be has its group launch that, too: of a turn that broke off, or was taken back, it may launch the other. */
const versionOf = (state: ReplicaState | undefined, upgrade: UpgradeDecision): string | undefined =>
  upgrade.kind === 'turns' && state?.runs === upgrade.target.version ? state.runs : state?.launches;

/** Which versions there are: of the cluster, of each replica, and of what machines are to be. */
const versionsOf = (
  { now, catalogue }: ClusterFacts,
  cluster: AWSCluster,
  { runs, found, live }: { readonly runs: Release; readonly found: readonly Found[]; readonly live: boolean },
): Versions => {
  const made = asMade(runs, found, catalogue);
  const asked = { cluster, runs: made, inventory: found, now, ...present({ catalogue }) };
  // What is still being made is made as its newest spec says once it is there.
  const upgrade: UpgradeDecision = live && wasProvisioned(cluster) ? decideUpgrade(asked) : { kind: 'none' };
  const base = upgrade.kind === 'done' ? upgrade.to : runs;
  const { addons, rendering } = withAddons(cluster, base, catalogue);
  const machines = { ...(upgrade.kind === 'done' ? upgrade.to : made), addons, rendering };
  const states = replicaStates(found);
  const topology = clusterTopology(cluster, machines, (index) =>
    live ? releaseOfReplica(versionOf(states[index], upgrade), machines, catalogue) : machines,
  );
  const target =
    upgrade.kind === 'turns' ? clusterTopology(cluster, { ...upgrade.target, addons, rendering }) : topology;
  return { release: { ...base, addons }, upgrade, topology, target };
};

/** Which machine goes next, or whether a commit is due, once all have. */
const turnsOf = (
  facts: ClusterFacts,
  cluster: AWSCluster,
  { upgrade, topology, target }: Versions,
  inventory: readonly Found[],
): { readonly turns: ReplicaTurns; readonly commit?: Plan } => {
  const asked = { facts, cluster, inventory };
  const moving = upgrade.kind === 'turns' ? { upgrade } : {};
  const turns = decideReplicaTurns({ ...asked, topology: target, ...moving });
  if (turns.kind !== 'none' || (upgrade.kind !== 'soak' && upgrade.kind !== 'commit')) return { turns };
  const decided = decideCommit(upgrade, { ...asked, topology });
  return decided.kind === 'commit'
    ? { turns, commit: decided.plan }
    : { turns: { ...decided, rewritable: turns.rewritable } };
};

/** A restore comes before everything else that the spec or the control plane's state asks for. */
const restoreNow = (
  facts: ClusterFacts,
  cluster: AWSCluster,
  { topology, release }: Versions,
  { found, live }: { readonly found: readonly Found[]; readonly live: boolean },
): Assessment | undefined => {
  if (!live) return undefined;
  const decided = decideRestore(cluster, { topology, inventory: found, release });
  switch (decided.kind) {
    case 'none':
      return undefined;
    case 'blocked':
      return decided.blocked;
    case 'restore':
      return operation(facts, cluster, release, {
        type: 'RestoreCluster',
        plan: decided.plan,
        restores: decided.restores,
      });
  }
};

const decideEnsure = (facts: ClusterFacts, cluster: AWSCluster, inventory: Inventory): Assessment => {
  const { generation } = cluster.metadata;
  const duplicates = judgeDuplicates(inventory, generation);
  if (duplicates !== undefined) return duplicates;
  const live = hasHadQuorum(cluster, inventory);
  const { found } = inventory;
  const runs = releaseItRuns(cluster, { found, live }, facts.catalogue);
  if (runs === undefined) {
    const { reason, cure } = unknownVersion(cluster.spec.controlPlane.version, facts.catalogue);
    return blocked(generation, reason, cure);
  }
  const versions = versionsOf(facts, cluster, { runs, found, live });
  const { release, upgrade, topology } = versions;
  const restoring = restoreNow(facts, cluster, versions, { found, live });
  if (restoring !== undefined) return restoring;
  const { turns, commit } = live ? turnsOf(facts, cluster, versions, found) : { turns: NO_TURNS };
  const repair = live ? decideRepair(facts, cluster, { ...versions, inventory: found, turns }) : HEALTHY;
  if (repair.kind === 'blocked') return repair.blocked;
  if (repair.kind === 'confirm') {
    // What was asked for since waits for it, and is not said to be done.
    const observed = cluster.status?.observedGeneration ?? generation;
    return { kind: 'settled', generation: observed, ...repair.attention, ...betweenTurns(cluster, repair.attention) };
  }
  if (repair.kind === 'repair') {
    return operation(facts, cluster, release, { type: 'RepairCluster', plan: repair.plan, turn: repair.turn });
  }
  const { attention } = repair;
  if (upgrade.kind === 'refused') return { ...blocked(generation, upgrade.reason, upgrade.cure), ...attention };
  const seen = { inventory, release, live, attention, turns, upgrade, ...present({ commit }) };
  return decideChanges(facts, cluster, topology, seen);
};

/** Soon enough for who waits for a revision, and rare enough for an API that is down for long. */
const LOOK_AGAIN_SECONDS = 300;

/** The revision that the plan brings to add-ons; while they can't be read it waits, and is looked for again. */
const bringing = (
  asked: AskedRevision,
  inside: Inventory['inside'],
): { readonly revision?: number; readonly lookAgainSeconds?: number } => {
  if (asked.kind !== 'newer' || inside === undefined) return {};
  return 'unread' in inside ? { lookAgainSeconds: LOOK_AGAIN_SECONDS } : { revision: asked.release.revision };
};

/** Nothing is said to be unknown, or will have to be. */
const isInsideKnown = (cluster: AWSCluster, inside: Inventory['inside']): boolean =>
  conditionOf(cluster, ADDONS_UNKNOWN) === undefined && (inside === undefined || !('unread' in inside));

type SeenCluster = {
  readonly inventory: Inventory;
  readonly release: Release;
  readonly live: boolean;
  readonly attention: Attention;
  readonly turns: ReplicaTurns;
  readonly upgrade: UpgradeDecision;
  /** The new minor is to be what it serves as, for good. */
  readonly commit?: Plan;
};

/** Nobody listed what the cluster owns: its preflight comes before everything that changes AWS, and proves that it owns nothing. */
const provingNothing = (step: Step, { metadata }: AWSCluster): Step =>
  step.verb === 'ensure' && step.resource.kind === 'preflight'
    ? {
        ...step,
        resource: {
          ...step.resource,
          properties: { ...step.resource.properties, nothingOf: clusterIdOf(metadata.uid) },
        },
      }
    : step;

/** Only what was provisioned is ever said to be in repair, and what comes after turns is for who looks after the last of them. */
const isBuilt = ({ status }: AWSCluster, { turns, commit }: SeenCluster): boolean =>
  status?.state === 'Provisioned' || status?.state === 'Repairing' || turns.kind !== 'none' || commit !== undefined;

/** The plan that makes what is into what should be, in AWS and, where it was read, inside. */
const planChanges = (cluster: AWSCluster, topology: readonly Resource[], seen: SeenCluster): Ensured => {
  const { inventory, release, live, turns, upgrade } = seen;
  const { status } = cluster;
  const own = inventory.found.filter((found) => poolOfKey(found.key) === undefined);
  const addons = addonsRead(inventory.inside);
  const { plan, postponed } = planEnsure(topology, [...own, ...(addons ?? [])], {
    fresh: status?.lastOperation === undefined && !own.some((found) => found.kind === 'security-group'),
    provisioned: isBuilt(cluster, seen),
    live,
    rewritable: turns.rewritable,
    ...(addons === undefined ? {} : { inside: true as const }),
  });
  const making = plan.steps.filter(({ resource }) => resource.kind === 'addon').map(({ id }) => id);
  const settled = upgrade.kind === 'none' || upgrade.kind === 'done';
  const steps = orderedSteps([
    ...(settled ? formerReplicaTemplates(topology, own, plan) : []),
    ...plan.steps.map((step) => (inventory.unlisted === true ? provingNothing(step, cluster) : step)),
    ...formerAddons(topology, addons ?? [], release, making),
  ]);
  return { plan: { ...plan, steps }, postponed };
};

const typeOf = (cluster: AWSCluster, mends: OperationInput['mends']): OperationInput['type'] => {
  if (!wasProvisioned(cluster)) return 'CreateCluster';
  return mends === undefined ? 'UpdateCluster' : 'MendCluster';
};

type Changing = { readonly facts: ClusterFacts; readonly cluster: AWSCluster; readonly seen: SeenCluster };

/** Nothing is to be changed in place: the next machine goes, or waits, or all is as it should be. */
const decideTurn = (
  { facts, cluster, seen }: Changing,
  note: ReturnType<typeof noteOf>,
  brings: object,
): Assessment => {
  const { release, attention, turns, live, upgrade, commit } = seen;
  const { inside, found, account } = seen.inventory;
  const upgrading = upgradeView(upgrade, commit !== undefined);
  if (commit !== undefined && (upgrade.kind === 'soak' || upgrade.kind === 'commit')) {
    return operation(facts, cluster, upgrade.to, { type: 'CommitUpgrade', plan: commit, ...present({ upgrading }) });
  }
  if (turns.kind === 'turn') {
    const { type, plan, turn } = turns;
    const mends = mendingOf(cluster, cluster, [...differencesOf(plan, found, false), ...replacedIn(plan)]);
    const of = upgrade.kind === 'turns' ? upgrade.target : release;
    return operation(facts, cluster, of, { type, plan, turn, ...present({ mends, upgrading }) });
  }
  const told = {
    ...note,
    ...brings,
    ...(inside === undefined ? {} : { inside: insideSeen(inside) }),
    ...recalledOf(cluster, { account, release: asMade(release, found, facts.catalogue), inventory: found, live }),
    ...present({ upgrading }),
  };
  const { generation } = cluster.metadata;
  const waiting = whileWaiting(turns, { ...note, ...attention });
  return { kind: 'settled', generation, ...told, ...attention, ...waiting, ...betweenTurns(cluster, attention) };
};

/** No replica is to be repaired, or none may be now: whatever else differs, and machines after that. */
const decideChanges = (
  facts: ClusterFacts,
  cluster: AWSCluster,
  topology: readonly Resource[],
  seen: SeenCluster,
): Assessment => {
  const { release, attention, turns, upgrade, commit } = seen;
  const { inside } = seen.inventory;
  const { plan, postponed } = planChanges(cluster, topology, seen);
  const note = noteOf(noteBeside(turns, postponed));
  const brings = bringing(askedRevision(cluster, facts.catalogue), inside);
  if (plan.steps.length === 0) return decideTurn({ facts, cluster, seen }, note, brings);
  // What is to be said of replicas, or of what could not be read, is said by the next look.
  // So is what an upgrade brings inside, once all machines are of it.
  const isAll = note.note === undefined && turns.kind === 'none' && commit === undefined && upgrade.kind !== 'done';
  const settles = isAll && attention.controlPlane === undefined && isInsideKnown(cluster, inside);
  const { revision } = brings;
  const unreachable = wasProvisioned(cluster) ? whyUnreachable(plan, hasLastingName(release)) : undefined;
  const differences = differencesOf(plan, seen.inventory.found, addonsRead(inside) !== undefined);
  const mends = revision === undefined ? mendingOf(cluster, cluster, differences) : undefined;
  const turn = upgrade.kind === 'none' ? turnBeside(turns, cluster, { settles, now: facts.now }) : undefined;
  return operation(facts, cluster, release, {
    type: turn === undefined ? typeOf(cluster, mends) : 'UpdateCluster',
    plan,
    ...present({ revision, unreachable, mends, turn, upgrading: upgradeView(upgrade) }),
    ...(settles ? { settles: true as const } : {}),
  });
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
  const partial = judgeInventory(inventory, cluster, place);
  if (partial !== undefined) return partial;
  return isDeleting(cluster) ? decideDelete(facts, cluster, inventory) : decideEnsure(facts, cluster, inventory);
};
