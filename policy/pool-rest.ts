/**
 * Pool rest: what is left to do about a node pool once none of its machines has to go now.
 *
 * Owns: what the operation is called that mends the other differences, whether the pool is as its spec asks for after it, and what is
 * said while a turn has to wait. Neighbours: `decide-shrink.ts` and `decide-turns.ts` come before; `decide-nodepool.ts` asks. Pure.
 */
import type { AWSNodePool } from '../api/nodepool.ts';
import type { Release } from '../api/releases.ts';
import type { OperationType } from '../words/operations.ts';
import { present } from '../words/present.ts';
import type { Assessment } from './assessment.ts';
import { changesIn, isResize } from './changes.ts';
import type { Waits } from './decide-pool-machines.ts';
import { isUpgrade, upgrades } from './decide-turns.ts';
import type { Ensured } from './ensure.ts';
import { wasProvisioned } from './facts.ts';
import { type Due, noteOf } from './operation.ts';
import type { Plan } from './plan.ts';
import { revisionOf } from './revision.ts';
import { lastOf, rememberedOf, turnAfter } from './rollout.ts';

/** Which operation the plan is: nothing but numbers of nodes is a resize, and what is left of one, too; or of an update in turns. */
const typeOf = (pool: AWSNodePool, release: Release, plan: Plan, mends: Due['mends']): OperationType => {
  if (!wasProvisioned(pool)) return 'CreateNodePool';
  if (isUpgrade(pool, release)) return 'UpgradeNodePool';
  if (rememberedOf('UpdateNodePool', pool.status) !== undefined) return 'UpdateNodePool';
  if (mends !== undefined) return 'MendNodePool';
  const changes = changesIn(plan);
  const resizes = changes.length === 0 ? pool.status?.state === 'Resizing' : changes.every(isResize);
  return resizes ? 'ResizeNodePool' : 'UpdateNodePool';
};

/** How soon a pool is looked at again whose next node can't go yet. */
const TURN_AGAIN_SECONDS = 30;

/** What waits for its window, or for a person's word, is not under way, and nobody looks again before. */
const waitingForTurn = ({ type, why, heldBack, lookAgainSeconds }: Waits, note: string | undefined): AtRest => ({
  note: note === undefined ? why : `${note}; ${why}`,
  ...(heldBack === undefined
    ? { rollout: type, lookAgainSeconds: TURN_AGAIN_SECONDS }
    : { heldBack, ...present({ lookAgainSeconds }) }),
});

type Given = Ensured & {
  /** Machines run that were launched from another version of their template, and that nobody has looked at. */
  readonly mayHaveOthers: boolean;
  readonly waits?: Waits;
  readonly now: number;
  /** What others changed, where it is mended unasked. */
  readonly mends?: NonNullable<Due['mends']>;
};

/** Whether the object is as its spec asks for once the plan is done: where machines may have been told something else, it is looked at again. */
const settlesWith = ({ steps }: Plan, mayHaveOthers: boolean, note: string | undefined): boolean => {
  const rewrites = steps.some(
    (step) => step.verb === 'ensure' && step.resource.kind === 'launch-template' && step.found !== undefined,
  );
  return note === undefined && !rewrites && !mayHaveOthers;
};

type Settled = Extract<Assessment, { kind: 'settled' }>;

/** What is said of a pool about which nothing is done now. */
export type AtRest = Pick<Settled, 'note' | 'rollout' | 'heldBack' | 'lookAgainSeconds' | 'recalled'>;

/** A version whose machines are all there is pinned, where the operation that brought it could not say so. */
const pinnedBy = (pool: AWSNodePool, release: Release): Pick<AtRest, 'recalled'> =>
  upgrades(pool, release) ? { recalled: { revision: revisionOf(release) } } : {};

/** What needs no window is done while turns wait for theirs: machines that come are told, and those that run are changed in place. */
const besides = (pool: AWSNodePool, plan: Plan, { type }: Waits): Due => {
  const { rollout } = rememberedOf(type, pool.status) ?? {};
  // Between two windows a rollout keeps its place.
  if (rollout !== undefined) {
    const { turn: number, of, startedAt: since } = rollout;
    return { type, plan, turn: { number, of: Math.max(of, number + 1), since } };
  }
  return { type: changesIn(plan).every(isResize) ? 'ResizeNodePool' : 'UpdateNodePool', plan };
};

export const decideRest = (
  pool: AWSNodePool,
  release: Release,
  { plan, postponed, waits, mayHaveOthers, now, mends }: Given,
): Due | AtRest => {
  const noted = noteOf(postponed);
  if (waits?.heldBack !== undefined && plan.steps.length > 0) return besides(pool, plan, waits);
  if (waits !== undefined) return waitingForTurn(waits, noted.note);
  if (plan.steps.length === 0) return { ...noted, ...pinnedBy(pool, release) };
  const settles = settlesWith(plan, mayHaveOthers, noted.note);
  const type = typeOf(pool, release, plan, mends);
  const remembered = rememberedOf(type, pool.status);
  // What is left of turns once their machines have gone.
  const turn = remembered === undefined ? undefined : turnAfter(remembered, 1, now);
  return {
    ...{ type, plan },
    ...present({ mends }),
    ...(settles ? { settles } : {}),
    ...(turn === undefined ? {} : { turn: settles ? lastOf(turn) : turn }),
  };
};
