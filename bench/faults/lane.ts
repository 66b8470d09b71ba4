/**
 * Lane: one worker process on a task queue of its own, started again whenever it dies.
 *
 * Owns: the process. Neighbours: `worker.ts` runs in it, `heard.ts` remembers what it tells; `life.ts` lives a case in a lane.
 * Cases that let the worker die have a lane to themselves; all others share one.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HeardCall } from './calls.ts';
import { createHeard } from './heard.ts';
import { type FromWorker, isSameTarget, type Target, type ToWorker } from './messages.ts';

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

type Arm = Extract<ToWorker, { kind: 'arm' }>;

type LaneOptions = {
  readonly queue: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly bundle: string;
  readonly log: string;
};

const forkWorker = ({ queue, environment, bundle, log }: LaneOptions): ChildProcess => {
  const output = openSync(log, 'a');
  return fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [bundle], {
    env: { ...environment, SLIPWAY_TASK_QUEUE: queue },
    execArgv: [],
    stdio: ['ignore', output, output, 'ipc'],
  });
};

/** A process that is there again whenever it died, until it is told to end. */
const keepWorker = (
  options: LaneOptions,
  on: {
    /** Resolves `ready` when the worker says so. */
    readonly message: (message: FromWorker, ready: () => void) => void;
    readonly death: () => void;
    /** What each new process is told first. */
    readonly first: () => Iterable<ToWorker>;
  },
) => {
  const state: { child: ChildProcess | undefined; ending: boolean; deaths: number } = {
    child: undefined,
    ending: false,
    deaths: 0,
  };
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = forkWorker(options);
      state.child = child;
      child.on('message', (message: FromWorker) => on.message(message, resolve));
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        on.death();
        if (state.ending || state.child !== child) return;
        state.deaths += 1;
        if (signal !== 'SIGKILL')
          reject(new Error(`the worker of ${options.queue} ended with ${code}: see ${options.log}`));
        start().catch(reject);
      });
      for (const message of on.first()) child.send(message);
    });
  const stop = async (): Promise<void> => {
    const { child } = state;
    state.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    start,
    tell: (message: ToWorker): void => {
      if (state.child?.connected === true) state.child.send(message);
    },
    restart: async (): Promise<void> => {
      await stop();
      await start();
    },
    deaths: (): number => state.deaths,
    end: async (): Promise<void> => {
      state.ending = true;
      await stop();
    },
  };
};

export const startLane = async (options: LaneOptions): Promise<Lane> => {
  const heard = createHeard();
  const armed = new Map<string, Arm>();
  /** Another process must not make the same fault again. */
  const hearMet = (ofCase: string, target: Target): void => {
    heard.met(ofCase, target);
    const message = armed.get(ofCase);
    if (message === undefined) return;
    armed.set(ofCase, { ...message, targets: message.targets.filter((other) => !isSameTarget(other, target)) });
  };
  const hear = (message: FromWorker, ready: () => void): void => {
    switch (message.kind) {
      case 'ready':
        return ready();
      case 'calls':
        for (const { ofCase, ...call } of message.calls) heard.call(ofCase, call);
        return;
      case 'met':
        return hearMet(message.ofCase, message.target);
      case 'activity':
        return heard.activity(message.news);
    }
  };
  const worker = keepWorker(options, { message: hear, death: heard.died, first: () => armed.values() });
  await worker.start();
  const { metBy, callsOf, endedOf, failedOf, failedLast, quietFor, forget } = heard;
  return {
    queue: options.queue,
    arm: (ofCase, targets, lateMs) => {
      const message = { kind: 'arm', ofCase, targets, lateMs } as const;
      armed.set(ofCase, message);
      worker.tell(message);
    },
    disarm: (ofCase) => {
      armed.delete(ofCase);
      worker.tell({ kind: 'disarm', ofCase });
    },
    ...{ metBy, callsOf, endedOf, failedOf, failedLast, quietFor, forget },
    restart: worker.restart,
    deaths: worker.deaths,
    end: worker.end,
  };
};
