/**
 * Telling: what an entity says of itself, from all sides, while no operation runs.
 *
 * Owns: its view, and that query, search attributes, memo, current details and status say the same. Neighbours: `entity.ts`
 * says what it is at; while an operation runs, that one writes the status. Invariants: I9 (what is blocked says so, since
 * when and why).
 */
import { log, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { MirrorRequest, ObjectRef } from '../activities/contract.ts';
import { mirrorBriefly } from './activities.ts';
import { blockedPublisher } from './blocked.ts';
import { entityDetails } from './entity-details.ts';
import { type EntityView, SEARCH_ATTRIBUTES } from './messages.ts';

/** Why no operation runs: a person must see to it, or it is tried again by itself. */
export type Obstacle = {
  readonly verdict: 'blocked' | 'retry';
  readonly reason: string;
  readonly attempt: number;
  readonly retryAt: number;
};

export type Telling = {
  readonly view: () => EntityView;
  readonly enter: (phase: EntityView['phase'], more?: Partial<EntityView>) => void;
  readonly block: (obstacle: Obstacle) => void;
  /** Nothing stands in the way any more. */
  readonly clear: () => void;
  readonly write: (subject: MirrorRequest['subject'], generation: number) => Promise<void>;
  /** How often in a row the status could not be written. */
  readonly unwritten: () => number;
};

export const entityTelling = (object: ObjectRef, entityId: string): Telling => {
  const publishBlocked = blockedPublisher();
  let view: EntityView = { object, phase: 'assessing' };
  let blockedSince: number | undefined;
  let unwritten = 0;

  const enter = (phase: EntityView['phase'], more: Partial<EntityView> = {}): void => {
    if (view.phase !== phase) upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.phase, value: phase }]);
    view = { object, phase, ...more };
    setCurrentDetails(entityDetails(view, entityId, blockedSince));
  };
  return {
    view: () => view,
    enter,
    block: ({ verdict, reason, attempt, retryAt }) => {
      blockedSince ??= Date.now();
      const status = { state: 'blocked', since: blockedSince, attempt, verdict, message: reason, retryAt } as const;
      publishBlocked([{ id: 'assess', key: 'assess', status }]);
      enter('blocked', { reason });
    },
    clear: () => {
      blockedSince = undefined;
      publishBlocked([]);
    },
    // What can't be written, by CRDs of another release, say, must not end the entity: it is told again later.
    write: async (subject, generation) => {
      try {
        await mirrorBriefly({ object, generation, subject, events: [] });
        unwritten = 0;
      } catch (error) {
        unwritten += 1;
        log.error('The status could not be written', { error: String(error) });
      }
    },
    unwritten: () => unwritten,
  };
};
