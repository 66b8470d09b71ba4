/**
 * Pool rest: what is left to do about a node pool once none of its machines has to go now.
 *
 * Owns: what the operation is called that mends the other differences, whether the pool is as its spec asks for after it, and what is
 * said while a turn has to wait. Neighbours: `decide-shrink.ts` and `decide-turns.ts` come before; `decide-nodepool.ts` asks. Pure.
 */
import type { AWSNodePool } from '../api/nodepool.ts';
import type { Release } from '../api/releases.ts';
import type { OperationType } from '../words/operations.ts';
import type { Assessment } from './assessment.ts';
import { changesIn, isResize } from './changes.ts';
import { upgrades } from './decide-turns.ts';
import type { Ensured } from './ensure.ts';
import { wasProvisioned } from './facts.ts';
import { type Due, noteOf } from './operation.ts';
import type { Plan } from './plan.ts';
import { revisionOf } from './revision.ts';
import { lastOf, rememberedOf, turnAfter } from './rollout.ts';

/** Which operation the plan is: nothing but numbers of nodes is a resize, and what is left of one, too; or of an update in turns. */
const typeOf = (pool: AWSNodePool, release: Release, plan: Plan): OperationType => {
  if (!wasProvisioned(pool)) return 'CreateNodePool';
  if (upgrades(pool, release)) return 'UpgradeNodePool';
  if (rememberedOf('UpdateNodePool', pool.status) !== undefined) return 'UpdateNodePool';
  const changes = changesIn(plan);
  const resizes = changes.length === 0 ? pool.status?.state === 'Resizing' : changes.every(isResize);
  return resizes ? 'ResizeNodePool' : 'UpdateNodePool';
};

/** How soon a pool is looked at again whose next node can't go yet. */
const TURN_AGAIN_SECONDS = 30;

const waitingForTurn = (rollout: OperationType, note: string | undefined, why: string) => ({
  note: note === undefined ? why : `${note}; ${why}`,
  rollout,
  lookAgainSeconds: TURN_AGAIN_SECONDS,
});

type Given = Ensured & {
  /** Machines run that were launched from another version of their template, and that nobody has looked at. */
  readonly mayHaveOthers: boolean;
  readonly waits?: { readonly type: OperationType; readonly why: string };
  readonly now: number;
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
export type AtRest = Pick<Settled, 'note' | 'rollout' | 'lookAgainSeconds' | 'recalled'>;

/** A version whose machines are all there is pinned, where the operation that brought it could not say so. */
const pinnedBy = (pool: AWSNodePool, release: Release): Pick<AtRest, 'recalled'> =>
  upgrades(pool, release) ? { recalled: { revision: revisionOf(release) } } : {};

export const decideRest = (
  pool: AWSNodePool,
  release: Release,
  { plan, postponed, waits, mayHaveOthers, now }: Given,
): Due | AtRest => {
  const noted = noteOf(pool.spec.version, release, postponed);
  if (waits !== undefined) return waitingForTurn(waits.type, noted.note, waits.why);
  if (plan.steps.length === 0) return { ...noted, ...pinnedBy(pool, release) };
  const settles = settlesWith(plan, mayHaveOthers, noted.note);
  const type = typeOf(pool, release, plan);
  const remembered = rememberedOf(type, pool.status);
  // What is left of turns once their machines have gone.
  const turn = remembered === undefined ? undefined : turnAfter(remembered, 1, now);
  return {
    ...{ type, plan },
    ...(settles ? { settles } : {}),
    ...(turn === undefined ? {} : { turn: settles ? lastOf(turn) : turn }),
  };
};
