/**
 * Decide, for the control plane of an established cluster: is something lost, is something to be repaired.
 *
 * Owns: the order of these questions, which come before any other difference: a plan that makes what is missing must never
 * make what holds data. Neighbours: `loss.ts` names what only a person restores, `repair.ts` says what is due, `rollout.ts` what is
 * next, `replacement.ts` has the steps; `decide-cluster.ts` asks. Pure. Invariants: I5.
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { Found, Resource } from '../kinds/resource.ts';
import { etcdVolumeKey } from '../words/keys.ts';
import type { BlockedAssessment, ClusterFacts } from './facts.ts';
import { blocked } from './facts.ts';
import { lossOf } from './loss.ts';
import type { Plan } from './plan.ts';
import { type ControlPlane, type ControlPlaneReport, judgeControlPlane } from './repair.ts';
import { planReplacement, type Replacement } from './replacement.ts';
import type { ReplicaTurns } from './replica-turns.ts';
import { replicasOf } from './replicas.ts';
import { type Choice, choose, rememberedOf, type Turn } from './rollout.ts';

/** What an assessment says of a control plane with which something is wrong; nothing where all is well. */
export type Attention = { readonly controlPlane?: ControlPlaneReport; readonly lookAgainSeconds?: number };

export type RepairDecision =
  | { readonly kind: 'blocked'; readonly blocked: BlockedAssessment }
  | { readonly kind: 'repair'; readonly plan: Plan; readonly turn: Turn }
  /** A disk is looked for once more: until then nothing is made, since a plan of differences would make what is missing. */
  | { readonly kind: 'confirm'; readonly attention: Attention }
  /** Nothing to repair, or not now: other differences may be mended. */
  | { readonly kind: 'none'; readonly attention: Attention };

const attentionOf = ({ replicas, quorumLost, lookAgainSeconds }: ControlPlane): Attention =>
  replicas.length === 0
    ? {}
    : {
        controlPlane: { replicas, quorumLost },
        ...(lookAgainSeconds === undefined ? {} : { lookAgainSeconds }),
      };

/** What only a person brings back, unless nothing of that kind is lost. */
const blockedByLoss = (
  cluster: AWSCluster,
  { keys, hints }: ReturnType<typeof lossOf>,
  choice: Choice,
): BlockedAssessment | undefined => {
  if (keys.length === 0) return undefined;
  const reason = `the cluster is established and has lost ${keys.join(', ')}; a new one would not be the old cluster's, so none is made`;
  const why = choice.kind === 'wait' ? `${reason}: ${choice.why}` : reason;
  return blocked(cluster.metadata.generation, why, hints.join('; '));
};

/**
 * Where its turn has come anyway, its group would go on launching what the spec no longer asks for, and what may never have served. So it
 * would where its turn broke off before its machine ended, and machines go back: turns wait for that one alone, which is as it is to be.
 */
const isOfTurns = (turns: ReplicaTurns, { index }: Replacement['replica']): boolean =>
  turns.kind === 'turn'
    ? turns.index === index
    : turns.kind === 'wait' && turns.heldBack === undefined && turns.left > 0;

const asTurned = (replacement: Replacement, turns: ReplicaTurns): Replacement =>
  replacement.cause === 'machine' && isOfTurns(turns, replacement.replica)
    ? { ...replacement, cause: 'outdated' }
    : replacement;

/** Its machine has left for the sake of a turn, which comes next and ends it. */
const isDoneByTurn = ({ left, index }: Replacement['replica'], turns: ReplicaTurns): boolean =>
  left !== undefined && turns.kind === 'turn' && turns.index === index;

type Seen = {
  readonly topology: readonly Resource[];
  /** As all replicas are to be. */
  readonly target: readonly Resource[];
  readonly inventory: readonly Found[];
  /** What is due because the spec asks for other machines. */
  readonly turns: ReplicaTurns;
};

/** Another version comes with its turn only: until then a replica is repaired as it is. */
const planOf = (
  replacement: Replacement,
  { topology, target, inventory, turns }: Seen,
  { replicas, status }: { readonly replicas: ReturnType<typeof replicasOf>; readonly status: AWSCluster['status'] },
): Plan => {
  const due = asTurned(replacement, turns);
  const wanted = due.cause === 'outdated' ? target : topology;
  const incarnations = status?.incarnations ?? {};
  return planReplacement({ topology: wanted, inventory, replicas, incarnations, replacement: due });
};

export const decideRepair = (
  facts: Pick<ClusterFacts, 'repair' | 'now'>,
  cluster: AWSCluster,
  { topology, target, inventory, turns }: Seen,
): RepairDecision => {
  const { status } = cluster;
  const controlPlane = judgeControlPlane(inventory, status?.unhealthyReplicas ?? [], facts.repair, facts.now);
  const attention = attentionOf(controlPlane);
  const due = controlPlane.due.filter(({ replacement: { replica } }) => !isDoneByTurn(replica, turns));
  const choice = choose(due, rememberedOf('RepairCluster', status), facts.now);
  const replacement = choice.kind === 'replacement' ? choice.replacement : undefined;
  const replicas = replicasOf(inventory);
  const replaced = replacement?.cause === 'volume' ? replacement.replica.index : controlPlane.confirming;
  const replacedKey = replaced === undefined ? undefined : etcdVolumeKey(replaced);
  const lost = blockedByLoss(cluster, lossOf({ cluster, inventory, replicas }, topology, replacedKey), choice);
  if (lost !== undefined) return { kind: 'blocked', blocked: { ...lost, ...attention } };
  if (controlPlane.confirming !== undefined) return { kind: 'confirm', attention };
  if (choice.kind !== 'replacement') return { kind: 'none', attention };
  const plan = planOf(choice.replacement, { topology, target, inventory, turns }, { replicas, status });
  return { kind: 'repair', plan, turn: choice.turn };
};
