/**
 * Lane: one worker process on a task queue of its own, started again whenever it dies.
 *
 * Owns: the process and what it tells. Neighbours: `worker.ts` runs in it; `life.ts` lives a case in a lane. Cases that let
 * the worker die have a lane to themselves; all others share one.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HeardCall } from './calls.ts';
import { type ActivityNews, type FromWorker, isSameTarget, type Target, type ToWorker } from './messages.ts';

export type Lane = {
  readonly queue: string;
  /** Makes calls of a life fail. */
  readonly arm: (ofCase: string, targets: readonly Target[], lateMs: number) => void;
  readonly disarm: (ofCase: string) => void;
  /** Those that met their fault. */
  readonly metBy: (ofCase: string) => readonly Target[];
  /** Calls of a case so far, in order; without those that died with their process before it could tell. */
  readonly callsOf: (ofCase: string) => readonly HeardCall[];
  /** Executions of this activity of this workflow that have ended well, and that failed. */
  readonly endedOf: (workflowId: string, activity: string) => number;
  readonly failedOf: (workflowId: string, activity: string) => number;
  /** Whether its last execution failed. */
  readonly failedLast: (workflowId: string, activity: string) => boolean;
  /** Milliseconds since anything of the case began or ended; negative while something runs. */
  readonly quietFor: (ofCase: string) => number;
  /** Drops what is remembered of a case. */
  readonly forget: (ofCase: string) => void;
  /** A process that has seen nothing. */
  readonly restart: () => Promise<void>;
  readonly deaths: () => number;
  readonly end: () => Promise<void>;
};

type Heard = {
  calls: HeardCall[];
  met: readonly Target[];
  running: number;
  changedAt: number;
  counts: Map<string, number>;
  last: Map<string, string>;
};

export const startLane = async (options: {
  readonly queue: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly bundle: string;
  readonly log: string;
}): Promise<Lane> => {
  const heard = new Map<string, Heard>();
  const armedNow = new Map<string, Extract<ToWorker, { kind: 'arm' }>>();
  const state: { child: ChildProcess | undefined; ending: boolean; deaths: number } = {
    child: undefined,
    ending: false,
    deaths: 0,
  };
  const of = (ofCase: string): Heard => {
    const known = heard.get(ofCase) ?? {
      calls: [],
      met: [],
      running: 0,
      changedAt: Date.now(),
      counts: new Map(),
      last: new Map(),
    };
    heard.set(ofCase, known);
    return known;
  };
  const hearActivity = ({ ofCase, workflowId, activity, phase }: ActivityNews): void => {
    const one = of(ofCase);
    one.changedAt = Date.now();
    one.running += phase === 'began' ? 1 : -1;
    const key = `${phase}|${workflowId}|${activity}`;
    if (phase !== 'began') one.last.set(`${workflowId}|${activity}`, phase);
    one.counts.set(key, (one.counts.get(key) ?? 0) + 1);
  };
  /** Another process must not make the same fault again. */
  const hearMet = (ofCase: string, target: Target): void => {
    const one = of(ofCase);
    one.met = [...one.met, target];
    const armed = armedNow.get(ofCase);
    if (armed === undefined) return;
    armedNow.set(ofCase, { ...armed, targets: armed.targets.filter((other) => !isSameTarget(other, target)) });
  };
  const countOf = (key: string): number =>
    [...heard.values()].reduce((sum, one) => sum + (one.counts.get(key) ?? 0), 0);
  const hear = (message: FromWorker, ready: () => void): void => {
    switch (message.kind) {
      case 'ready':
        return ready();
      case 'calls':
        for (const { ofCase, ...call } of message.calls) of(ofCase).calls.push(call);
        return;
      case 'met':
        return hearMet(message.ofCase, message.target);
      case 'activity':
        return hearActivity(message.news);
    }
  };
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const log = openSync(options.log, 'a');
      const child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [options.bundle], {
        env: { ...options.environment, SLIPWAY_TASK_QUEUE: options.queue },
        execArgv: [],
        stdio: ['ignore', log, log, 'ipc'],
      });
      state.child = child;
      child.on('message', (message: FromWorker) => hear(message, resolve));
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        for (const one of heard.values()) Object.assign(one, { running: 0, changedAt: Date.now() });
        if (state.ending || state.child !== child) return;
        state.deaths += 1;
        if (signal !== 'SIGKILL')
          reject(new Error(`the worker of ${options.queue} ended with ${code}: see ${options.log}`));
        start().catch(reject);
      });
      for (const message of armedNow.values()) child.send(message);
    });
  const stop = async (): Promise<void> => {
    const { child } = state;
    state.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    queue: options.queue,
    arm: (ofCase, targets, lateMs) => {
      const message = { kind: 'arm', ofCase, targets, lateMs } as const;
      armedNow.set(ofCase, message);
      state.child?.send(message);
    },
    disarm: (ofCase) => {
      armedNow.delete(ofCase);
      if (state.child?.connected === true) state.child.send({ kind: 'disarm', ofCase } satisfies ToWorker);
    },
    metBy: (ofCase) => of(ofCase).met,
    callsOf: (ofCase) => of(ofCase).calls,
    endedOf: (workflowId, activity) => countOf(`ended|${workflowId}|${activity}`),
    failedLast: (workflowId, activity) =>
      [...heard.values()].some(({ last }) => last.get(`${workflowId}|${activity}`) === 'failed'),
    failedOf: (workflowId, activity) => countOf(`failed|${workflowId}|${activity}`),
    quietFor: (ofCase) => {
      const one = of(ofCase);
      return one.running > 0 ? Number.NEGATIVE_INFINITY : Date.now() - one.changedAt;
    },
    forget: (ofCase) => {
      heard.delete(ofCase);
    },
    restart: async () => {
      await stop();
      await start();
    },
    deaths: () => state.deaths,
    end: async () => {
      state.ending = true;
      await stop();
    },
  };
};
