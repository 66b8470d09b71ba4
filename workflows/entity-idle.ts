/**
 * Idling: what an entity does while it rests.
 *
 * Owns: what wakes it; meanwhile it tells dependents and takes what people say. Neighbours: `entity-life.ts` says why it
 * rests and for how long; `entity-phases.ts` what comes before and after. Invariants: I10, E3 (no news is lost).
 */
import { condition } from '@temporalio/workflow';
import { retryDelay } from './activities.ts';
import { hasNews } from './entity-news.ts';
import type { EntityRun } from './entity-run.ts';
import type { Kept, LifeOf, RestingState } from './entity-states.ts';
import { viewOf } from './entity-view.ts';
import { asSummary } from './summaries.ts';

/** Waits for something newer than what the state rests on, for its time, or for the next try to write its status. */
export const idle = async (life: LifeOf<RestingState>, run: EntityRun): Promise<void> => {
  const { news, verbs, dependents, drift } = run;
  const wakesAt = Math.min(life.until ?? Number.POSITIVE_INFINITY, writesAgainAt(run.life().kept));
  const isUnshown = (): boolean => run.life().kept.counts.unwrittenStatuses === 0 && verbs.isUnshown();
  const isNews = (): boolean => hasNews(life.seen, news.seen()) || drift.isPending() || isUnshown() || run.isLeaving();
  for (;;) {
    verbs.carryOut();
    if (!dependents.allNotified()) await dependents.notify();
    if (isNews() || Date.now() >= wakesAt) return;
    const isAwake = (): boolean => isNews() || !dependents.allNotified() || verbs.pending.length > 0;
    if (Number.isFinite(wakesAt)) {
      const summary = asSummary(`look again: ${viewOf(run.object, life).reason ?? ''}`);
      await condition(isAwake, Math.max(1, wakesAt - Date.now()), { summary });
    } else await condition(isAwake);
  }
};

const writesAgainAt = ({ pacing, counts }: Kept): number =>
  counts.unwrittenStatuses === 0 ? Number.POSITIVE_INFINITY : Date.now() + retryDelay(pacing, counts.unwrittenStatuses);
