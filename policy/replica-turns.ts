/**
 * Replica turns: machines of a control plane that are not what its spec asks for give way to others, one of them in each turn.
 *
 * Owns: which replica is next (one that does not serve, then one whose turn broke off, then by number), when a turn may begin, and what
 * waits meanwhile. A turn is a replacement behind the same gate as a repair: template and group of this one replica, its machine leaves
 * and ends, and another one serves in its place; those of the others stay as they were, so that a machine which AWS replaces meanwhile is
 * of a kind that has served. Neighbours: `replica-origins.ts` says which are outdated, `replacement.ts` plans, `rollout.ts` counts,
 * `decide-repair.ts` comes first; `decide-cluster.ts` asks. Pure.
 * Invariants: I2 (a turn that broke off is planned again from what is there), I5, I6 (nothing is replaced while it is not known which
 * revision runs).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { Found, Resource } from '../kinds/resource.ts';
import { fingerprintOf } from '../machine/envelope.ts';
import type { ReplicaIndex } from '../topology/values.ts';
import { kindOf, type ResourceKey } from '../words/keys.ts';
import type { OperationType } from '../words/operations.ts';
import type { Assessment } from './assessment.ts';
import type { Postponed } from './ensure.ts';
import { type ClusterFacts, wasProvisioned } from './facts.ts';
import { heldBackBy, isReleased, type Waiting } from './held-back.ts';
import type { Plan } from './plan.ts';
import { planReplacement, whyNotReplaceable } from './replacement.ts';
import { originsOf, type ReplicaOrigin, rewritableIn } from './replica-origins.ts';
import { type Replica, replicasOf, serves } from './replicas.ts';
import { choose, type Due, lastOf, rememberedOf, type Turn, turnAfter } from './rollout.ts';
import { updatePolicyOfCluster } from './update-windows.ts';

const TYPE: OperationType = 'UpdateCluster';

type Settled = Extract<Assessment, { kind: 'settled' }>;

/** Templates that need no rollout to say what the spec asks for. */
type Rewritable = { readonly rewritable: ReadonlySet<ResourceKey> };

export type ReplicaTurns = Rewritable &
  (
    | { readonly kind: 'none' }
    | {
        readonly kind: 'turn';
        readonly type: OperationType;
        readonly index: ReplicaIndex;
        readonly plan: Plan;
        readonly turn: Turn;
        /** How many turns are to come, this one among them. */
        readonly left: number;
      }
    | (Pick<Waiting, 'type' | 'why' | 'lookAgainSeconds'> & {
        readonly kind: 'wait';
        readonly heldBack?: Waiting['heldBack'];
        readonly left: number;
      })
  );

/** How soon it is looked at again whose machine can't go yet. */
const TURN_AGAIN_SECONDS = 30;

/** What is told and done while a turn has to wait: what waits for its window, or for a person's word, is not under way. */
export const whileWaiting = (
  turns: ReplicaTurns,
  said: { readonly note?: string; readonly lookAgainSeconds?: number },
): Pick<Settled, 'note' | 'rollout' | 'heldBack' | 'lookAgainSeconds'> => {
  if (turns.kind !== 'wait') return {};
  const { type, why, heldBack } = turns;
  const again = heldBack === undefined ? TURN_AGAIN_SECONDS : turns.lookAgainSeconds;
  const times = [again, said.lookAgainSeconds].filter((one) => one !== undefined);
  return {
    note: said.note === undefined ? why : `${said.note}; ${why}`,
    ...(heldBack === undefined ? { rollout: type } : { heldBack }),
    ...(times.length === 0 ? {} : { lookAgainSeconds: Math.min(...times) }),
  };
};

/** What machines are not told yet comes with their turns, and is no news of its own. */
export const noteBeside = (turns: ReplicaTurns, postponed: readonly Postponed[]): readonly Postponed[] =>
  turns.kind === 'none' ? postponed : postponed.filter(({ key }) => kindOf(key) !== 'launch-template');

/**
 * What is changed in place counts as a turn where machines are replaced after it, so that who watches sees one change. `settles`: nothing
 * comes after it; `now` in epoch milliseconds.
 */
export const turnBeside = (
  turns: ReplicaTurns,
  { status }: AWSCluster,
  { settles, now }: { readonly settles: boolean; readonly now: number },
): Turn | undefined => {
  const remembered = rememberedOf(TYPE, status);
  if (turns.kind === 'none') {
    if (remembered === undefined) return undefined;
    const turn = turnAfter(remembered, 1, now);
    return settles ? lastOf(turn) : turn;
  }
  if (turns.kind === 'turn' || turns.heldBack === undefined) return turnAfter(remembered, turns.left + 1, now);
  if (remembered === undefined) return undefined;
  // Between two windows a rollout keeps its place.
  const { turn: number, of, startedAt: since } = remembered.rollout;
  return { number, of: Math.max(of, number + 1), since };
};

export const NO_TURNS: ReplicaTurns = { kind: 'none', rewritable: new Set() };

type Outdated = { readonly origin: ReplicaOrigin; readonly replica: Replica };

/** Who does not serve has nothing to lose; of a turn that broke off half is done. */
const rank = ({ origin, replica }: Outdated): number => (serves(replica) ? (origin.launchesWanted ? 1 : 2) : 0);

const inOrder = (outdated: readonly Outdated[]): readonly Outdated[] =>
  outdated.toSorted((one, other) => rank(one) - rank(other) || one.origin.index - other.origin.index);

/** What machines are to be, whichever disk and interface each has: a repair between two turns changes nothing about it. */
const targetOf = (origins: readonly ReplicaOrigin[]): string =>
  fingerprintOf(
    origins.map(({ told: { tags: _tags, formerTags: _former, userData, ...told } }) => {
      const {
        volumeId: _volume,
        networkInterfaceId: _interface,
        ...configuration
      } = userData.configuration as Readonly<Record<string, unknown>>;
      return { ...told, userData: { ...userData, configuration } };
    }),
  );

type Asked = {
  readonly facts: Pick<ClusterFacts, 'now' | 'released'>;
  readonly cluster: AWSCluster;
  readonly topology: readonly Resource[];
  readonly inventory: readonly Found[];
};

export const decideReplicaTurns = ({ facts, cluster, topology, inventory }: Asked): ReplicaTurns => {
  const { status } = cluster;
  // What is still being made is made as its newest spec says once it is there.
  if (!wasProvisioned(cluster)) return NO_TURNS;
  const origins = originsOf(topology, inventory);
  const rewritable = rewritableIn(origins);
  const replicas = replicasOf(inventory);
  const outdated = origins.flatMap((origin): Outdated[] => {
    const replica = replicas.find(({ index }) => index === origin.index);
    return origin.isOutdated && replica !== undefined ? [{ origin, replica }] : [];
  });
  if (outdated.length === 0 || status?.revision === undefined) return { kind: 'none', rewritable };
  const due = inOrder(outdated).map(({ replica }): Due => {
    const forbidden = whyNotReplaceable(replica, replicas);
    return { replacement: { replica, cause: 'outdated' }, ...(forbidden === undefined ? {} : { forbidden }) };
  });
  const left = due.length;
  const target = targetOf(origins);
  const asked = { ...facts, object: cluster, policy: updatePolicyOfCluster(cluster) };
  const hasBegun = outdated.some(({ origin }) => origin.launchesWanted);
  const held = heldBackBy(asked, { type: TYPE, target, count: left, hasBegun });
  if (held !== undefined) return { ...held, left, rewritable };
  const choice = choose(due, rememberedOf(TYPE, status), facts.now);
  switch (choice.kind) {
    case 'done':
      return { kind: 'none', rewritable };
    case 'wait':
      return { kind: 'wait', type: TYPE, why: choice.why, left, rewritable };
    case 'replacement': {
      const { replacement } = choice;
      const incarnations = status.incarnations ?? {};
      const plan = planReplacement({ replacement, topology, inventory, replicas, incarnations });
      const turn = { ...choice.turn, ...(isReleased(asked, target) ? { released: target } : {}) };
      return { kind: 'turn', type: TYPE, index: replacement.replica.index, plan, turn, left, rewritable };
    }
  }
};
