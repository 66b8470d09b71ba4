/**
 * Verbs: how a person's retry, skip, pause, resume or abort reaches the workflow that it concerns.
 *
 * Owns: which workflow that is (the operation while one runs, else the entity), and what happens when nobody answers: an
 * update needs a worker, a signal waits for one. Neighbours: `workflows/verbs.ts` answers, `cli/operations-commands.ts`
 * are the commands. A refusal is the workflow's own sentence.
 */
import {
  type Client,
  isGrpcDeadlineError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { entityWorkflowId } from '../api/names.ts';
import type { ObjectRef } from '../api/object.ts';
import { messagesOf, wholeMessageOf } from '../words/failure.ts';
import { operationIdOf } from '../words/operations.ts';
import { ended } from '../words/text.ts';
import type { Verb } from '../words/verbs.ts';
import { type Ask, verbSignals, verbUpdates } from '../workflows/messages.ts';
import { SLIPWAY, UserError } from './user-error.ts';

export type Said = {
  readonly verb: Verb;
  readonly object: ObjectRef;
  readonly step?: string;
  readonly workflowId: string;
  /** `update`: a worker answered. `signal`: none did, so it is kept until one is up. */
  readonly by: 'update' | 'signal';
  readonly answer: string;
};

/** How long a worker may take to do what it accepted: a skip looks at what is there. */
const RESULT_MS = 60_000;

const isRunning = async (client: Client, workflowId: string): Promise<boolean> => {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
};

const targetOf = async (client: Client, object: ObjectRef): Promise<string> => {
  const entityId = entityWorkflowId(object);
  const operationId = operationIdOf(entityId);
  if (await isRunning(client, operationId)) return operationId;
  if (await isRunning(client, entityId)) return entityId;
  throw new UserError(
    `No workflow owns ${object.kind} ${object.namespace}/${object.name}: is the watcher (slipway-client) up, and does it see this namespace? See ${SLIPWAY} clusters describe.`,
  );
};

type VerbRequest = {
  readonly verb: Verb;
  readonly object: ObjectRef;
  readonly step?: string;
  /** How long a worker may take to accept or refuse. */
  readonly acceptMs: number;
};

/** Says it and answers what came of it. Throws a `UserError` with the reason when it is refused. */
export const sayVerb = async (client: Client, { verb, object, step, acceptMs }: VerbRequest): Promise<Said> => {
  const workflowId = await targetOf(client, object);
  const handle = client.workflow.getHandle(workflowId);
  const ask: Ask = step === undefined ? {} : { step };
  const said = { verb, object, workflowId, ...ask };
  const within = <T>(milliseconds: number, call: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(Date.now() + milliseconds, call);
  let accepted = false;
  try {
    const update = await within(acceptMs, () =>
      handle.startUpdate(verbUpdates[verb], { args: [ask], waitForStage: 'ACCEPTED' }),
    );
    accepted = true;
    const answer = await within(RESULT_MS, () => update.result());
    return { ...said, by: 'update', answer };
  } catch (error) {
    const name = `${object.kind} ${object.namespace}/${object.name}`;
    if (error instanceof WorkflowUpdateFailedError) {
      const reason = messagesOf(error.cause).at(-1) ?? error.message;
      throw new UserError(`${verb} of ${name} was refused: ${reason}`, { cause: error });
    }
    if (accepted) {
      throw new UserError(
        `${verb} of ${name} was accepted, and its end was not seen: ${ended(wholeMessageOf(error))} See ${SLIPWAY} operations list.`,
        { cause: error },
      );
    }
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) && !isGrpcDeadlineError(error)) throw error;
    await handle.signal(verbSignals[verb], ask);
    return {
      ...said,
      by: 'signal',
      answer: `No worker answered within ${acceptMs / 1_000} s, so it was sent as a signal: it is taken as soon as a worker is up, and ignored if it makes no sense by then.`,
    };
  }
};
