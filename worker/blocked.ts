/**
 * What is blocked, as Temporal lists it.
 *
 * Owns: one listing by search attribute, which asks no workflow: what is blocked comes with it, as a memo. Neighbours:
 * `workflows/blocked.ts` writes both, `metrics.ts` counts, `client/blocked.ts` lists the same for people.
 */
import type { Client } from '@temporalio/client';
import { BLOCKED_MEMO, type BlockedMemo, SEARCH_ATTRIBUTES } from '../workflows/messages.ts';

const QUERY = `ExecutionStatus = 'Running' AND ${SEARCH_ATTRIBUTES.blockedStep.name} IS NOT NULL`;
const DEADLINE_MS = 5_000;

export const listBlocked = (client: Client): Promise<BlockedMemo> =>
  client.connection.withDeadline(Date.now() + DEADLINE_MS, async () => {
    const steps: BlockedMemo[number][] = [];
    for await (const { memo } of client.workflow.list({ query: QUERY, pageSize: 1_000 })) {
      steps.push(...((memo?.[BLOCKED_MEMO] as BlockedMemo | undefined) ?? []));
    }
    return steps;
  });
