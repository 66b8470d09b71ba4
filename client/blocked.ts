/**
 * What runs, and what is blocked, over all objects.
 *
 * Owns: one listing by Temporal's search attributes, which needs no worker and no question to any workflow: what is blocked
 * comes with the listing, as a memo. Neighbours: `workflows/blocked.ts` writes both.
 */
import type { Client } from '@temporalio/client';
import { objectInWorkflowId } from '../api/names.ts';
import { BLOCKED_MEMO, type BlockedMemo, LISTED_QUERY, SEARCH_ATTRIBUTES } from '../workflows/messages.ts';

export type Listed = {
  readonly kind: 'AWSCluster' | 'AWSNodePool';
  readonly namespace: string;
  readonly name: string;
  readonly workflowId: string;
  /** The operation's type; absent where no operation runs. */
  readonly operation?: string;
  /** `Running`, `Paused`, or of an entity `blocked`. */
  readonly phase: string;
  readonly startedAt: string;
  readonly blocked: BlockedMemo;
};

const keyOf = ({ namespace, kind, name }: Listed): string => `${namespace}/${kind}/${name}`;

/** Operations that run, and objects that none runs for because of what is blocked; of one namespace, or of all. */
export const listOperations = async (client: Client, namespace: string | undefined): Promise<readonly Listed[]> => {
  const found: Listed[] = [];
  for await (const one of client.workflow.list({ query: LISTED_QUERY, pageSize: 1_000 })) {
    const object = objectInWorkflowId(one.workflowId);
    if (object === undefined || (namespace !== undefined && object.namespace !== namespace)) continue;
    const operation = one.typedSearchAttributes.get(SEARCH_ATTRIBUTES.operation);
    found.push({
      ...object,
      workflowId: one.workflowId,
      ...(operation === undefined ? {} : { operation }),
      phase: one.typedSearchAttributes.get(SEARCH_ATTRIBUTES.phase) ?? 'Running',
      startedAt: one.startTime.toISOString(),
      blocked: (one.memo?.[BLOCKED_MEMO] as BlockedMemo | undefined) ?? [],
    });
  }
  return found.sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
};
