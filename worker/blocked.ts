/**
 * What is stuck, as Temporal lists it.
 *
 * Owns: one listing by search attribute, which asks no workflow: what is blocked comes with it, as a memo. Neighbours:
 * `workflows/blocked.ts` writes both, `metrics.ts` counts, `client/blocked.ts` lists the same for people.
 */
import type { Client } from '@temporalio/client';
import { objectInWorkflowId } from '../api/names.ts';
import { BLOCKED_MEMO, type BlockedMemo, SEARCH_ATTRIBUTES, STUCK_QUERY } from '../workflows/messages.ts';
import type { StuckListing } from './metrics.ts';

const DEADLINE_MS = 5_000;

export const listStuck = (client: Client): Promise<readonly StuckListing[]> =>
  client.connection.withDeadline(Date.now() + DEADLINE_MS, async () => {
    const found: StuckListing[] = [];
    for await (const one of client.workflow.list({ query: STUCK_QUERY, pageSize: 1_000 })) {
      const object = objectInWorkflowId(one.workflowId);
      if (object === undefined) continue;
      const phase = one.typedSearchAttributes.get(SEARCH_ATTRIBUTES.phase) ?? '';
      found.push({ object: object.kind, phase, blocked: (one.memo?.[BLOCKED_MEMO] as BlockedMemo | undefined) ?? [] });
    }
    return found;
  });
