/**
 * News: what reached an entity since it last looked at its object.
 *
 * Owns: which signals count, and how many did. Neighbours: the watcher and the cluster's entity send them; `entity-phases.ts`
 * looks, and never trusts what they say of the object: lost, doubled and reordered ones do no harm. Invariants: I10.
 */
import { setHandler } from '@temporalio/workflow';
import { clusterProgressed, type EntityView, specChanged } from './messages.ts';

/** How much had arrived at some moment: about the object itself, and about the cluster that a pool waits for. */
export type Seen = { readonly changes: number; readonly progress: number };

/** Whether anything has arrived since. */
export const hasNews = (seen: Seen, now: Seen): boolean => now.changes > seen.changes || now.progress > seen.progress;

export type News = {
  readonly seen: () => Seen;
  /** The object is about to be looked at. */
  readonly looking: () => void;
  /** Somebody asks for another look. */
  readonly add: () => void;
};

export const followNews = (phase: () => EntityView['phase']): News => {
  let changes = 0;
  let progress = 0;
  /** Which news was heard last, and which the last look came after. */
  let heard: string | undefined;
  let lookedAfter: string | undefined;
  setHandler(
    specChanged,
    (told) => {
      // A watcher that starts tells everything: what was looked at already is no news to whom nothing is missing.
      if (phase() === 'settled' && told !== undefined && told.news === lookedAfter) return;
      heard = told?.news;
      changes += 1;
    },
    { description: 'The object may have changed: read it again' },
  );
  setHandler(
    clusterProgressed,
    () => {
      // A pool that builds, or is done, took what it needs already: looking again would only cost calls.
      if (phase() === 'waiting' || phase() === 'assessing') progress += 1;
    },
    { description: 'The cluster that this pool waits for made progress' },
  );
  return {
    seen: () => ({ changes, progress }),
    looking: () => void (lookedAfter = heard),
    add: () => void (changes += 1),
  };
};
