/**
 * Blocked, for listings: the search attribute and the memo by which what is blocked is found without asking a workflow.
 *
 * Owns: both, and that they are written only when they change, since each write is an event of history. A run that goes on for
 * another begins with what is left of what that one wrote, of which each may be there without the other. Neighbours: `listing.ts` says what is blocked; the command line lists it, the worker counts it.
 * Invariants: I9.
 */
import { upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { worstOf } from '../words/steps.ts';
import { BLOCKED_MEMO, type BlockedMemo, SEARCH_ATTRIBUTES } from './messages.ts';

export type BlockedPublisher = {
  readonly published: () => BlockedMemo;
  readonly publish: (entries: BlockedMemo) => void;
};

/** A message that changes from try to try is no reason to write. */
const gistOf = (entries: BlockedMemo): string =>
  JSON.stringify(entries.map(({ message: _message, ...entry }) => entry));

export const blockedPublisher = (): BlockedPublisher => {
  const { memo, typedSearchAttributes } = workflowInfo();
  let published = (memo?.[BLOCKED_MEMO] as BlockedMemo | undefined) ?? [];
  let worst: string | undefined = typedSearchAttributes.get(SEARCH_ATTRIBUTES.blockedStep);
  return {
    published: () => published,
    publish: (entries) => {
      if (gistOf(entries) !== gistOf(published)) {
        published = entries;
        upsertMemo({ [BLOCKED_MEMO]: entries });
      }
      const now = worstOf(entries)?.step;
      if (now === worst) return;
      worst = now;
      upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.blockedStep, value: now ?? null }]);
    },
  };
};
