/** Workflow code as a careless change would leave it: an operation that does one thing more than it did when it was recorded. */
import { sleep } from '@temporalio/workflow';
import type { OperationInput } from '../../activities/contract.ts';
import * as real from '../../workflows/index.ts';
import type { OperationResult } from '../../workflows/messages.ts';

export async function CreateCluster(input: OperationInput): Promise<OperationResult> {
  await sleep(1);
  return real.CreateCluster(input);
}
