/**
 * Kills: ends a part's process with SIGKILL at moments that are chosen by the AWS calls that were made.
 *
 * Owns: finding the moment within milliseconds, and waiting until the part is back. Neighbours: the sandbox's supervisor
 * brings it back; the proxy in front of AWS records calls and makes faults.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordedCall } from '../../sandbox/aws/proxy/call.ts';
import { AWS_CREDENTIALS } from '../../sandbox/layout.ts';
import { giveOrder } from '../../sandbox/supervisor/control.ts';
import type { SandboxForTests } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';

const LOOK_MS = 10;

export type Part = 'slipway-worker' | 'slipway-client';

/** Kills the part now, and answers once another process stands in its place and says that it is ready. */
export const kill = async (sandbox: SandboxForTests, part: Part): Promise<void> => {
  const pid = sandbox.pidOf(part);
  await giveOrder(sandbox.home, { verb: 'kill', part });
  await waitFor(
    `${part} is back`,
    async () => {
      const now = sandbox.status().parts.find(({ name }) => name === part);
      return now?.state === 'ready' && now.pid !== null && now.pid !== pid ? true : undefined;
    },
    UNHURRIED,
  );
};

/** Changing calls of the worker after the given one, in the order in which they were answered. */
export const mutationsSince = async (sandbox: SandboxForTests, since: number): Promise<readonly RecordedCall[]> =>
  (await sandbox.callsSince(since, { mutating: true })).calls.filter(
    ({ accessKey }) => accessKey === AWS_CREDENTIALS.accessKeyId,
  );

export const lastCall = async (sandbox: SandboxForTests): Promise<number> => (await sandbox.callsSince(0)).next;

/**
 * Kills the worker as soon as `due` says so of the changing calls so far, again and again, until `life` is over.
 * Answers after which call each kill came.
 */
export const killWhenever = async (
  sandbox: SandboxForTests,
  life: Promise<unknown>,
  due: (calls: readonly RecordedCall[]) => boolean,
): Promise<readonly string[]> => {
  const since = await lastCall(sandbox);
  const kills: string[] = [];
  let over = false;
  const ended = life.finally(() => {
    over = true;
  });
  const killing = async (): Promise<void> => {
    while (!over) {
      const calls = await mutationsSince(sandbox, since);
      if (due(calls)) {
        kills.push(`${calls.length} ${calls.at(-1)?.operation ?? 'none'}`);
        await kill(sandbox, 'slipway-worker');
      } else await delay(LOOK_MS);
    }
  };
  await Promise.all([ended, killing()]);
  return kills;
};

/** Due after the given numbers of calls, each once. */
export const afterCalls = (numbers: readonly number[]): ((calls: readonly RecordedCall[]) => boolean) => {
  const left = [...new Set(numbers)].sort((a, b) => a - b);
  return (calls) => {
    const [next] = left;
    if (next === undefined || calls.length < next) return false;
    while (left[0] !== undefined && left[0] <= calls.length) left.shift();
    return true;
  };
};

/** Due whenever one more call has lost its answer. */
export const afterLostAnswers = (): ((calls: readonly RecordedCall[]) => boolean) => {
  let seen = 0;
  return (calls) => {
    const lost = calls.filter(({ error }) => error === 'LostAnswer').length;
    const more = lost > seen;
    seen = lost;
    return more;
  };
};

export type FaultOrder = {
  readonly operation: string;
  readonly kind: 'delay' | 'lost-answer';
  readonly ms?: number;
  readonly count?: number;
};

const faultsOf = (sandbox: SandboxForTests): string => `${sandbox.status().aws.endpoint}/_proxy/faults`;

/** Faults that only the worker's calls meet. */
export const orderFaults = async (sandbox: SandboxForTests, orders: readonly FaultOrder[]): Promise<void> => {
  for (const order of orders) {
    const body = JSON.stringify({ ...order, accessKey: AWS_CREDENTIALS.accessKeyId });
    const answer = await fetch(faultsOf(sandbox), { method: 'POST', body });
    if (!answer.ok) throw new Error(`the fault was refused: ${await answer.text()}`);
  }
};

/** How many ordered faults no call has met yet. */
export const faultsLeft = async (sandbox: SandboxForTests): Promise<number> =>
  ((await (await fetch(faultsOf(sandbox))).json()) as readonly unknown[]).length;

/** Numbers between 0 and 1 that a seed determines, so that a run can be repeated. */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};
