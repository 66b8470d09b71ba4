/**
 * Connections to Temporal, for the watcher and the command line.
 *
 * Owns: how to connect, when to give up, and what is said then; workflows that a person waits for. Neighbours:
 * `operations.ts` reads, `cli/credentials.ts` and `cli/plan.ts` start workflows, `watcher/` signals.
 */
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import {
  Client,
  Connection,
  type ConnectionOptions,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { addressProblem } from '../words/addresses.ts';
import { messagesOf, wholeMessageOf } from '../words/failure.ts';
import { ended } from '../words/text.ts';
import { getBackupProgress, TASK_QUEUE } from '../workflows/messages.ts';
import type { ClientConfiguration } from './configuration.ts';
import { UserError } from './user-error.ts';

type Where = Pick<ClientConfiguration, 'temporalAddress' | 'temporalNamespace'>;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?):\d+$/;

/**
 * gRPC takes `https_proxy` for every address, where kubectl and curl never ask a proxy for this very computer: people who
 * reach a cluster through a proxy have the variable set.
 */
export const connectionOptions = (address: string): ConnectionOptions => {
  const problem = addressProblem(address);
  if (problem !== undefined) throw new UserError(`The address of Temporal is "${address}": it ${problem}.`);
  return {
    address,
    ...(LOOPBACK.test(address) ? { channelArgs: { 'grpc.enable_http_proxy': 0 } } : {}),
  };
};

/** Why Temporal was of no help, in words for people. */
export const explainTemporal = (error: unknown, { temporalAddress, temporalNamespace }: Where): Error => {
  if (error instanceof UserError) return error;
  const said = wholeMessageOf(error);
  if (/namespace.*not found/i.test(said)) {
    return new UserError(
      `Temporal at ${temporalAddress} has no namespace "${temporalNamespace}". Set TEMPORAL_NAMESPACE, or create it: temporal operator namespace create --address ${temporalAddress} --namespace ${temporalNamespace}`,
      { cause: error },
    );
  }
  return new UserError(
    `Temporal at ${temporalAddress} did not answer: ${ended(said)} Is it up (npm run sandbox -- status)? Set TEMPORAL_ADDRESS if it is elsewhere.`,
    { cause: error },
  );
};

/**
 * All answers, or the first failure, but only when every call has ended: closing a connection on which Temporal's client
 * is about to try again throws where nobody can catch it.
 */
export const allOf = async <T extends readonly unknown[]>(
  calls: {
    readonly [Index in keyof T]: Promise<T[Index]>;
  },
): Promise<T> => {
  await Promise.allSettled(calls);
  return (await Promise.all(calls)) as unknown as T;
};

/** How long somebody who is there may take to answer, on a busy computer; and where nobody is, how long for somebody to come. */
const PATIENCE_MS = { busy: 30_000, absent: 5_000 } as const;

/** Whether anybody takes connections there. One that is reached through a proxy only is not seen. */
export const isThere = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const url = URL.parse(`tcp://${address}`);
    if (url === null) return resolve(false);
    const { hostname, port } = url;
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = connect({ host, port: Number(port), timeout: PATIENCE_MS.absent });
    const end = (there: boolean) => (): void => {
      socket.destroy();
      resolve(there);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });

/** Runs `use` with a connection to Temporal, and closes it. */
export const withTemporal = async <T>(where: Where, use: (client: Client) => Promise<T>): Promise<T> => {
  const known = connectionOptions(where.temporalAddress);
  const connectTimeout = (await isThere(where.temporalAddress)) ? PATIENCE_MS.busy : PATIENCE_MS.absent;
  const options = { ...known, connectTimeout };
  const connection = await Connection.connect(options).catch((error: unknown) => {
    throw explainTemporal(error, where);
  });
  try {
    return await use(new Client({ connection, namespace: where.temporalNamespace }));
  } finally {
    await connection.close();
  }
};

export type BriefWorkflow = {
  readonly type: string;
  /** What its id begins with. */
  readonly id: string;
  readonly args: unknown[];
  readonly summary: string;
  readonly deadline: '30 s' | '60 s' | '45 minutes';
  /** The sentence for people when it came to nothing, with the reason, without Temporal's own words around it. */
  readonly failed: (why: string, unmanned: boolean) => string;
  /** Hears what the workflow says of itself meanwhile, each sentence once. */
  readonly onProgress?: (sentence: string) => void;
};

const PROGRESS_MS = 1_000;

/** Asks a workflow how far it is until it is over. A question that nobody answers is put again: how it ends is told by its end. */
const followProgress = async (
  handle: WorkflowHandle,
  onProgress: (sentence: string) => void,
  over: AbortSignal,
): Promise<void> => {
  let heard = 0;
  while (!over.aborted) {
    // What it says meanwhile is a courtesy: whether it fails is said by its result.
    const said = await handle.query(getBackupProgress).catch((): readonly string[] => []);
    for (const sentence of said.slice(heard)) onProgress(sentence);
    heard = Math.max(heard, said.length);
    await setTimeout(PROGRESS_MS, undefined, { signal: over }).catch(() => undefined);
  }
};

/** Runs a short workflow to its end. */
export const runBriefly = <Result>(
  configuration: ClientConfiguration,
  { type, id, args, summary, deadline, failed, onProgress }: BriefWorkflow,
): Promise<Result> =>
  withTemporal(configuration, async (client) => {
    const over = new AbortController();
    let following: Promise<void> | undefined;
    try {
      const handle = await client.workflow.start<(...given: unknown[]) => Promise<Result>>(type, {
        taskQueue: configuration.taskQueue ?? TASK_QUEUE,
        workflowId: `${id}/${crypto.randomUUID()}`,
        args,
        workflowExecutionTimeout: deadline,
        staticSummary: summary,
      });
      if (onProgress !== undefined) following = followProgress(handle, onProgress, over.signal);
      return await handle.result();
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw explainTemporal(error, configuration);
      const messages = messagesOf(error);
      const unmanned = messages.some((message) => /timed out/i.test(message));
      const why = unmanned ? `no worker took it within ${deadline}` : (messages.at(-1) ?? String(error));
      throw new UserError(failed(why, unmanned), { cause: error });
    } finally {
      over.abort();
      await following;
    }
  });
