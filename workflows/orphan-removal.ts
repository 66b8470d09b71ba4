/**
 * The removal of what belongs to no object, that a person asked for: it is planned, and runs as a deletion does.
 *
 * Owns: that there is one at a time of a cluster, by the id that its entity's operation had (I1). Neighbours: `activities/orphan-removal.ts` plans, and
 * refuses; `operation.ts` runs it. Its object is gone, so nothing is written to a status; what it does is in its history.
 */
import { executeChild, ParentClosePolicy, setHandler } from '@temporalio/workflow';
import type { OrphanRemoval } from '../activities/contract.ts';
import { operationIdOf } from '../words/operations.ts';
import { planOrphanRemoval } from './activities.ts';
import { getBackupProgress, type OperationResult, SEARCH_ATTRIBUTES } from './messages.ts';
import type { runOperation } from './operation.ts';

export const runOrphanRemoval = async (removal: OrphanRemoval): Promise<OperationResult> => {
  const said: string[] = [];
  setHandler(getBackupProgress, () => said, { description: 'What was done so far, as sentences' });
  const operation = await planOrphanRemoval(removal);
  const { object, owner, plan, type } = operation;
  const workflowId = operationIdOf(operation.entityId);
  said.push(`${plan.steps.length === 1 ? '1 step' : `${plan.steps.length} steps`}, as workflow ${workflowId}.`);
  return executeChild<typeof runOperation>(type, {
    workflowId,
    args: [operation],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `${type} ${object.namespace}/${object.name}, whose object is gone`,
    typedSearchAttributes: [
      { key: SEARCH_ATTRIBUTES.cluster, value: owner.clusterId },
      { key: SEARCH_ATTRIBUTES.operation, value: type },
    ],
  });
};
