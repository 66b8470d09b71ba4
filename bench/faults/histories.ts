/**
 * Histories: how the operations of a case went, as Temporal has it.
 *
 * Owns: the runs of an entity and of its operations, and all text of their histories. Neighbours: `checks.ts` judges.
 */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { operationIdOf } from '../../words/operations.ts';

export type OperationRun = {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly status: string;
  readonly startedAt: number;
  readonly closedAt: number | undefined;
};

const runOf = (run: WorkflowExecutionInfo): OperationRun => ({
  workflowId: run.workflowId,
  runId: run.runId,
  type: run.type,
  status: run.status.name,
  startedAt: run.startTime.getTime(),
  closedAt: run.closeTime?.getTime(),
});

/** Every run of the entity and of its operations, oldest first; waits until all have ended. */
export const runsOf = async (client: Client, entityId: string, limitMs: number): Promise<readonly OperationRun[]> => {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const runs: OperationRun[] = [];
    for (const id of [entityId, operationIdOf(entityId)]) {
      for await (const run of client.workflow.list({ query: `WorkflowId = "${id}"` })) {
        runs.push(runOf(run));
      }
    }
    const closed = runs.length > 1 && runs.every(({ status }) => status !== 'RUNNING');
    if (closed || Date.now() > deadline) return runs.sort((a, b) => a.startedAt - b.startedAt);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
};

/** Operations of the entity that began since, oldest first. */
export const runsSince = async (client: Client, entityId: string, since: number): Promise<readonly OperationRun[]> => {
  const runs: OperationRun[] = [];
  for await (const run of client.workflow.list({ query: `WorkflowId = "${operationIdOf(entityId)}"` })) {
    if (run.startTime.getTime() < since) continue;
    runs.push(runOf(run));
  }
  return runs.sort((a, b) => a.startedAt - b.startedAt);
};

/**
 * Waits until none of the entities has an operation. One may go on after its last status was written: a step that Temporal took
 * from a worker that was too busy to answer is done once more.
 */
export const untilNoOperation = async (client: Client, entities: readonly string[], limitMs: number): Promise<void> => {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const operations = entities.map((id) => client.workflow.getHandle(operationIdOf(id)).describe());
    const running = (await Promise.all(operations)).filter(({ status }) => status.name === 'RUNNING');
    if (running.length === 0) return;
    if (Date.now() > deadline) {
      throw new Error(
        `${running.map(({ type }) => type).join(' and ')} did not end although everything is provisioned`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

/** All payloads of these runs' histories, as one text. */
export const histories = async (client: Client, runs: readonly OperationRun[]): Promise<string> => {
  const texts = await Promise.all(
    runs.map(async ({ workflowId, runId }) => {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      return JSON.stringify(history, (_name, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
      );
    }),
  );
  return texts.join('\n');
};
