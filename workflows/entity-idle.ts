/**
 * Idling: what an entity does while no operation runs and there is nothing to look at.
 *
 * Owns: how long it waits and what wakes it; meanwhile it tells dependents, takes what people say, and writes what sweeps
 * report. Neighbours: `entity.ts` says why it waits. Invariants: I6 (a report never makes a plan), I9, I10.
 */
import { condition } from '@temporalio/workflow';
import type { Pacing } from '../activities/contract.ts';
import { retryDelay } from './activities.ts';
import type { Dependents } from './dependents.ts';
import type { DriftReports, SettledSubject } from './drift-reports.ts';
import type { News, Seen } from './entity-news.ts';
import type { Telling } from './entity-telling.ts';
import type { EntityVerbs } from './entity-verbs.ts';

/** What an entity lends to its waiting. */
type Idling = {
  readonly news: News;
  readonly telling: Telling;
  readonly verbs: EntityVerbs;
  readonly dependents: Dependents;
  readonly drift: DriftReports;
  readonly pacing: () => Pacing;
  /** This run is about to end. */
  readonly leaving: () => boolean;
};

export const entityIdling = ({ news, telling, verbs, dependents, drift, pacing, leaving }: Idling) => {
  const { enter, unwritten, write } = telling;

  /** Waits for something newer than `seen`, or for `milliseconds`. */
  const idle = async (seen: Seen, milliseconds?: number): Promise<void> => {
    const tellAgain = unwritten() === 0 ? undefined : retryDelay(pacing(), unwritten());
    const least = Math.min(milliseconds ?? Number.POSITIVE_INFINITY, tellAgain ?? Number.POSITIVE_INFINITY);
    const deadline = Number.isFinite(least) ? Date.now() + least : undefined;
    const isNews = (): boolean => news.isOver(seen) || drift.isPending();
    for (;;) {
      verbs.settle();
      if (!dependents.toldAll()) await dependents.tell();
      const due = deadline !== undefined && Date.now() >= deadline;
      if (isNews() || due || leaving()) return;
      const awake = (): boolean => isNews() || !dependents.toldAll() || verbs.pending.length > 0 || leaving();
      if (deadline === undefined) await condition(awake);
      else {
        const summary = `look again: ${telling.view().reason ?? ''}`.slice(0, 190);
        await condition(awake, Math.max(1, deadline - Date.now()), { summary });
      }
    }
  };

  /** Settled until something newer than `seen`. What a sweep reports meanwhile is written, and never makes a plan. */
  const settle = async (
    seen: Seen,
    generation: number,
    first?: SettledSubject,
    milliseconds?: number,
  ): Promise<void> => {
    const deadline = milliseconds === undefined ? undefined : Date.now() + milliseconds;
    drift.begin();
    for (let subject = first; ; ) {
      enter('settled', subject?.drift === undefined ? {} : { drifted: true });
      if (subject !== undefined) await write(subject, generation);
      const left = deadline === undefined ? undefined : Math.max(1, deadline - Date.now());
      await idle(seen, left);
      const report = drift.take();
      const over = news.isOver(seen) || leaving() || (deadline !== undefined && Date.now() >= deadline);
      if (report !== undefined) {
        // A sweep says nothing of replicas.
        const controlPlane = subject?.controlPlane;
        subject = controlPlane === undefined ? report : { ...report, controlPlane };
      } else if (subject === undefined || unwritten() === 0 || over) break;
    }
    drift.end();
  };

  return { idle, settle };
};
