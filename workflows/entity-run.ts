/**
 * One run of an entity: its life, and what reaches it.
 *
 * Owns: that every event goes through `next`, and that what comes of it is published. Neighbours: `entity-life.ts` has
 * `next`; the handlers of signals, updates and queries are registered by the files that own what they tell.
 */
import { setHandler, workflowInfo } from '@temporalio/workflow';
import type { ObjectRef } from '../activities/contract.ts';
import { type Dependents, followDependents } from './dependents.ts';
import { type DriftReports, followDrift } from './drift-reports.ts';
import { next } from './entity-life.ts';
import { followNews, type News } from './entity-news.ts';
import { entityPublisher } from './entity-publishing.ts';
import { begin, type EntityEvent, type EntityLife } from './entity-states.ts';
import { type EntityVerbs, takeEntityVerbs } from './entity-verbs.ts';
import { viewOf } from './entity-view.ts';
import { type EntityState, type EntityView, getEntityState } from './messages.ts';

export type EntityRun = {
  readonly object: ObjectRef;
  readonly entityId: string;
  readonly life: () => EntityLife;
  readonly dispatch: (event: EntityEvent) => void;
  readonly news: News;
  readonly drift: DriftReports;
  readonly dependents: Dependents;
  readonly verbs: EntityVerbs;
  /** What runs is to be aborted, and this run to end. */
  readonly isCancelled: () => boolean;
  /** This run is to end, and the next to go on. */
  readonly isLeaving: () => boolean;
};

export const entityRun = (initial: EntityState, isCancelled: () => boolean): EntityRun => {
  const { object } = initial;
  const publish = entityPublisher(object);
  let life: EntityLife = begin(initial);
  const dispatch = (event: EntityEvent): void => {
    life = next(life, event);
    publish(life);
  };
  const view = (): EntityView => viewOf(object, life);

  setHandler(getEntityState, view, { description: 'What this entity is doing, and why' });
  const news = followNews(() => view().phase);
  const dependents = followDependents(initial.dependents);
  const drift = followDrift(() => (life.state === 'settled' ? life.since : undefined));
  const verbs = takeEntityVerbs(initial.handled ?? {}, {
    view,
    skipped: () => life.kept.skipped?.steps ?? [],
    say: (verb) => {
      dispatch({ kind: verb });
      news.add();
    },
  });
  publish(life);
  return {
    object,
    entityId: workflowInfo().workflowId,
    life: () => life,
    dispatch,
    news,
    drift,
    dependents,
    verbs,
    isCancelled,
    isLeaving: () => {
      const { continueAsNewSuggested, targetWorkerDeploymentVersionChanged } = workflowInfo();
      return isCancelled() || continueAsNewSuggested || targetWorkerDeploymentVersionChanged;
    },
  };
};
