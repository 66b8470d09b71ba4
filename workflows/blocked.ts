/**
 * Blocked, for listings: the search attribute and the memo by which what is blocked is found without asking a workflow.
 *
 * Owns: both, and that they are written only when they change, since each write is an event of history. Neighbours:
 * `operation-publishing.ts` and `entity-publishing.ts` say what is blocked; the command line lists it, the worker counts it.
 * Invariants: I9.
 */
import { upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import type { StepView } from '../activities/contract.ts';
import { kindOf } from '../words/keys.ts';
import { beginningOf } from '../words/text.ts';
import { BLOCKED_MEMO, type BlockedMemo, SEARCH_ATTRIBUTES } from './messages.ts';

/** A memo is for a line in a table. */
const MESSAGE_LENGTH = 300;
const LISTED = 20;

const entriesOf = (steps: readonly Pick<StepView, 'id' | 'key' | 'status'>[]): BlockedMemo =>
  steps
    .flatMap(({ id, key, status }) =>
      status.state === 'blocked'
        ? [
            {
              step: id,
              kind: kindOf(key),
              verdict: status.verdict,
              since: status.since,
              message: beginningOf(status.message, MESSAGE_LENGTH),
            },
          ]
        : [],
    )
    .slice(0, LISTED);

/** Answers a function that publishes which of the steps are blocked. */
export const blockedPublisher = (): ((steps: readonly Pick<StepView, 'id' | 'key' | 'status'>[]) => void) => {
  let published = '[]';
  let first: string | undefined;
  return (steps) => {
    const entries = entriesOf(steps);
    // A message that changes from try to try is no reason to write.
    const now = JSON.stringify(entries.map(({ message: _message, ...entry }) => entry));
    if (now === published) return;
    published = now;
    upsertMemo({ [BLOCKED_MEMO]: entries });
    if (entries[0]?.step === first) return;
    first = entries[0]?.step;
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.blockedStep, value: first ?? null }]);
  };
};
