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
import { present } from '../words/present.ts';
import type { Assessment } from './assessment.ts';
import type { UpgradeDecision } from './decide-upgrade.ts';
import type { Postponed } from './ensure.ts';
import { type ClusterFacts, wasProvisioned } from './facts.ts';
import { heldBackBy, isReleased, type Waiting } from './held-back.ts';
import type { Plan } from './plan.ts';
import { planReplacement, type Replacement, whyNotReplaceable } from './replacement.ts';
import { originsOf, type ReplicaOrigin, rewritableIn } from './replica-origins.ts';
import { type Replica, replicasOf, serves } from './replicas.ts';
import { choose, type Due, lastOf, rememberedOf, type Turn, turnAfter } from './rollout.ts';
import { updatePolicyOfCluster } from './update-windows.ts';
import { beforeTurn } from './upgrade-plan.ts';

/** What is changed in place, and machines of the same version, are of one rollout. */
const UPDATE: OperationType = 'UpdateCluster';

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
        /** What may still go back is under way, though nothing moves, and whatever it waits for. */
        readonly isOpen?: true;
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
  const { type, why, heldBack, isOpen = heldBack === undefined } = turns;
  const again = heldBack === undefined ? TURN_AGAIN_SECONDS : turns.lookAgainSeconds;
  const times = [again, said.lookAgainSeconds].filter((one) => one !== undefined);
  return {
    note: said.note === undefined ? why : `${said.note}; ${why}`,
    ...(isOpen ? { rollout: type } : {}),
    ...(heldBack === undefined ? {} : { heldBack }),
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
  const remembered = rememberedOf(UPDATE, status);
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

const outdatedAmong = (origins: readonly ReplicaOrigin[], replicas: readonly Replica[]): readonly Outdated[] =>
  origins.flatMap((origin): Outdated[] => {
    const replica = replicas.find(({ index }) => index === origin.index);
    return origin.isOutdated && replica !== undefined ? [{ origin, replica }] : [];
  });

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
  /** As all replicas are to be. */
  readonly topology: readonly Resource[];
  readonly inventory: readonly Found[];
  /** What turns are to another version, or back from one. */
  readonly upgrade?: Extract<UpgradeDecision, { kind: 'turns' }> | undefined;
};

const dueAmong = (outdated: readonly Outdated[], replicas: readonly Replica[]): readonly Due[] =>
  inOrder(outdated).map(({ replica }) => ({
    replacement: { replica, cause: 'outdated' },
    ...present({ forbidden: whyNotReplaceable(replica, replicas) }),
  }));

/** Of an upgrade with what has to be done before a machine goes. */
const planTurn = (
  { cluster, topology, inventory, upgrade }: Pick<Asked, 'cluster' | 'topology' | 'inventory' | 'upgrade'>,
  replacement: Replacement,
  replicas: readonly Replica[],
): Plan => {
  const incarnations = cluster.status?.incarnations ?? {};
  const plan = planReplacement({ replacement, topology, inventory, replicas, incarnations });
  return upgrade === undefined ? plan : beforeTurn(upgrade, { cluster, index: replacement.replica.index }, plan);
};

/** Who goes back does not wait for a window. */
const isReturning = (upgrade: Asked['upgrade']): { readonly goesBack?: true } =>
  upgrade?.returns === true ? { goesBack: true } : {};

export const decideReplicaTurns = ({ facts, cluster, topology, inventory, upgrade }: Asked): ReplicaTurns => {
  const { status } = cluster;
  // What is still being made is made as its newest spec says once it is there.
  if (!wasProvisioned(cluster)) return NO_TURNS;
  const origins = originsOf(topology, inventory);
  const rewritable = rewritableIn(origins);
  const replicas = replicasOf(inventory);
  const outdated = outdatedAmong(origins, replicas);
  if (outdated.length === 0 || status?.revision === undefined) return { kind: 'none', rewritable };
  const due = dueAmong(outdated, replicas);
  const left = due.length;
  const target = targetOf(origins);
  const type = upgrade?.type ?? UPDATE;
  const asked = { ...facts, ...isReturning(upgrade), object: cluster, policy: updatePolicyOfCluster(cluster) };
  const hasBegun = outdated.some(({ origin }) => origin.launchesWanted);
  const held = heldBackBy(asked, { type, target, count: left, hasBegun });
  if (held !== undefined) return { ...held, left, rewritable };
  const choice = choose(due, rememberedOf(type, status), facts.now);
  if (choice.kind === 'done') return { kind: 'none', rewritable };
  if (choice.kind === 'wait') return { kind: 'wait', type, why: choice.why, left, rewritable };
  const { index } = choice.replacement.replica;
  const plan = planTurn({ cluster, topology, inventory, upgrade }, choice.replacement, replicas);
  const turn = { ...choice.turn, ...(isReleased(asked, target) ? { released: target } : {}) };
  return { kind: 'turn', type, index, plan, turn, left, rewritable };
};
