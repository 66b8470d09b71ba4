/**
 * An entity's life: the states of an object's entity, and what each event makes of them.
 *
 *   assessing --assessed--> beginning --asked--> operating --ended--> any of those below
 *       ^          |            +-------------------------------------> held
 *       |          +--> settled, waiting, blocked;  orphaned, finished
 *       +--woken-- settled, waiting, outdated, blocked, held
 *
 * Owns: `next`, which is pure: time, assessments, outcomes and what people say come as events. Neighbours:
 * `entity-states.ts` has the states and events; `entity-outcomes.ts` says where an assessment and an operation's end lead;
 * `entity.ts` does what each state stands for, and continues as new.
 *
 * Invariants of the mechanism:
 *   E1  An operation begins only from `beginning`, and there only by an assessment: none runs whose plan nobody asked for.
 *   E2  `orphaned` and `finished` come of an assessment, `finished` also of a delete that succeeded, and of nothing else
 *       (I12). Both are final.
 *   E3  No news is lost. `seen` says how much had arrived when the assessment that a state rests on began; it moves on
 *       only with an assessment, and never past one that supersedes the operation: that is assessed again afterwards.
 *   E4  An abort is kept until a resume, or until an assessment asks for something else or for nothing. A repair comes between.
 *   E5  What stands in the way keeps its `since` until an assessment finds the way clear: it doesn't come and go.
 *   E6  What fails, is blocked or is out of date again and again is assessed ever more rarely, each counted by itself.
 *   E7  A drift report changes what a settled entity tells, and nothing else (I6), but for one that says that what differs is
 *       to be mended: that is a reason to look, unless a person skipped all of it.
 *   E8  An event that a state doesn't know changes nothing.
 */
import { present } from '../words/present.ts';
import { stepId } from '../words/steps.ts';
import { abortedBy, goesBack } from './entity-aborts.ts';
import { hasNews } from './entity-news.ts';
import { afterAsking, afterAssessment, afterFailedAssessment, afterOperation } from './entity-outcomes.ts';
import { assessing, counted, type EntityEvent, type EntityLife, type EventOf, type LifeOf } from './entity-states.ts';
import { supersedes } from './judgements.ts';

/** What an event makes of an entity's life. */
export const next = (life: EntityLife, event: EntityEvent): EntityLife => {
  switch (life.state) {
    case 'assessing':
      return fromAssessing(life, event);
    case 'beginning':
      return fromBeginning(life, event);
    case 'operating':
      return fromOperating(life, event);
    case 'settled':
      return fromSettled(life, event);
    case 'waiting':
    case 'outdated':
    case 'blocked':
    case 'held':
      return fromRest(life, event);
    case 'finished':
    case 'orphaned':
      return life;
  }
};

/** What concerns no state more than another. */
const inAnyState = (life: EntityLife, { kind }: EntityEvent): EntityLife => {
  const { kept } = life;
  switch (kind) {
    case 'written':
      return { ...life, kept: counted(kept, { unwrittenStatuses: 0 }) };
    case 'unwritten':
      return { ...life, kept: counted(kept, { unwrittenStatuses: kept.counts.unwrittenStatuses + 1 }) };
    case 'retry': {
      const { skipped: _, ...others } = kept;
      return { ...life, kept: counted(others, { blockedAssessments: 0 }) };
    }
    case 'resume': {
      const { held: _, ...others } = kept;
      // What is paused, too, is no more paused; once more lets it begin.
      const word = life.state === 'settled' && !kept.paused ? present({ released: life.heldBack }) : {};
      return { ...life, kept: counted({ ...others, ...word, paused: false }, { blockedAssessments: 0 }) };
    }
    case 'pause':
      return { ...life, kept: { ...kept, paused: true } };
    // Each of these concerns some states only.
    default:
      return life;
  }
};

const fromAssessing = (life: LifeOf<'assessing'>, event: EntityEvent): EntityLife => {
  switch (event.kind) {
    case 'assessed':
      return afterAssessment(life.kept, event);
    case 'unassessed':
      return afterFailedAssessment(life.kept, event);
    default:
      return inAnyState(life, event);
  }
};

const fromBeginning = (life: LifeOf<'beginning'>, event: EntityEvent): EntityLife =>
  event.kind === 'asked' ? afterAsking(life, event) : inAnyState(life, event);

const fromOperating = (life: LifeOf<'operating'>, event: EntityEvent): EntityLife => {
  switch (event.kind) {
    case 'started':
      return { ...life, operationId: event.operationId };
    case 'assessed': {
      const { assessment, seen } = event;
      const now = { ...life, failures: 0, kept: { ...life.kept, pacing: assessment.pacing ?? life.kept.pacing } };
      const superseded = supersedes(assessment, life.operation);
      return superseded === undefined ? { ...now, seen } : { ...now, superseded };
    }
    case 'unassessed':
      return { ...life, failures: life.failures + 1 };
    case 'ended':
      return afterOperation(life, event);
    default:
      return inAnyState(life, event);
  }
};

/** Its status could not be written: once more, with no need to look. */
const isAtRestStill = (life: LifeOf<'settled'>, { at, news, leaving }: EventOf<'woken'>): boolean => {
  const isOver = hasNews(life.seen, news) || leaving || (life.until !== undefined && at >= life.until);
  return !isOver && life.status !== undefined && life.kept.counts.unwrittenStatuses > 0;
};

/** Something is to be mended, and more than what a person skipped: that differs still, and a look would find nothing else. */
const isLookedAt = (
  { kept: { skipped }, rollout }: LifeOf<'settled'>,
  { report, mends }: EventOf<'reported'>,
): boolean => {
  if (mends !== true || rollout !== undefined) return false;
  const { drift = [] } = report;
  return skipped === undefined || drift.some(({ key }) => !skipped.steps.includes(stepId('ensure', key)));
};

/** Between two turns: the rollout goes no further, and what it left is looked at anew, to be taken back. */
const abortedBetween = (life: LifeOf<'settled'>): EntityLife => {
  const { kept, generation, rollout, seen, leaves } = life;
  if (rollout === undefined) return life;
  const order = { type: rollout, generation };
  return leaves === true && !goesBack(kept, order)
    ? assessing({ ...kept, held: { operation: rollout, generation } })
    : abortedBy(kept, order, seen);
};

const fromSettled = (life: LifeOf<'settled'>, event: EntityEvent): EntityLife => {
  switch (event.kind) {
    case 'reported': {
      if (isLookedAt(life, event)) return assessing(life.kept);
      // A sweep says nothing of single replicas and nodes, and of a rollout that waits.
      const { controlPlane, nodePool, rollout, heldBack, upgrading } = life.status ?? {};
      return {
        ...life,
        status: { ...event.report, ...present({ controlPlane, nodePool, heldBack, rollout, upgrading }) },
      };
    }
    case 'abort':
      return abortedBetween(life);
    case 'woken':
      return isAtRestStill(life, event) ? life : assessing(life.kept);
    default:
      return inAnyState(life, event);
  }
};

const fromRest = (life: LifeOf<'waiting' | 'outdated' | 'blocked' | 'held'>, event: EntityEvent): EntityLife => {
  if (event.kind !== 'woken') return inAnyState(life, event);
  const { state, seen } = life;
  const { changes, progress } = event.news;
  // It was told of its cluster's progress, or waited long: what the cluster's status says may be older.
  const progressed = state === 'waiting' && (progress > seen.progress || changes === seen.changes);
  return assessing(life.kept, progressed);
};
