/**
 * Deliveries: in the tests' worker each attempt of an activity runs once.
 *
 * Temporal delivers at least once: where a busy computer lets an answer, or a heartbeat, come too late, the same work is handed
 * out again, and a test that counts calls would count how busy the computer is. Owns: answering such a delivery with what the
 * one before it comes to, or came to. What failed is tried again as ever; what a workflow schedules anew is another execution.
 * Limit: that Slipway's own activities bear it (I2) is not for tests on this worker to show; the fault matrix does.
 */
import type { Info } from '@temporalio/activity';

export type Deliveries = <T>(info: Info, run: () => Promise<T>) => Promise<T>;

const executionOf = ({ workflowExecution, activityId, scheduledTimestampMs }: Info): string =>
  [workflowExecution?.workflowId, workflowExecution?.runId, activityId, scheduledTimestampMs].join(' ');

export const deliveredOnce = (): Deliveries => {
  const answers = new Map<string, Promise<unknown>>();
  return async <T>(info: Info, run: () => Promise<T>): Promise<T> => {
    const execution = executionOf(info);
    const answer = (answers.get(execution) as Promise<T> | undefined) ?? run();
    answers.set(execution, answer);
    try {
      return await answer;
    } catch (error) {
      answers.delete(execution);
      throw error;
    }
  };
};
