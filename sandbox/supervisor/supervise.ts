/**
 * Supervise: the life of one part, from its first start until the sandbox goes down.
 *
 * Owns: start, readiness, coming back after a death, and staying down where somebody stopped it. A process that an earlier
 * supervisor started is taken up as it is. Neighbours: `part.ts` says what is run, `main.ts` wires the parts together.
 */
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../words/failure.ts';
import { endGroup, identify, isAlive, killRemains, type ProcessIdentity, signalGroup } from '../process.ts';
import type { Part } from './part.ts';
import { endOf, untilSuccess } from './probe.ts';
import { type PartRecord, type PartState, without } from './state.ts';

const FIRST_PAUSE_MILLISECONDS = 200;
const LONGEST_PAUSE_MILLISECONDS = 10_000;
/** A part that was ready for so long starts again at once, whatever it did before. */
const HEALTHY_MILLISECONDS = 30_000;

export type Supervised = {
  readonly part: Part;
  readonly record: () => PartRecord;
  /** Starts it and keeps it up; nothing happens when it is up. */
  readonly start: () => void;
  /** Ends it; it stays down. */
  readonly stop: () => Promise<void>;
  /** Kills its processes, as a fault would: what is kept on disk comes back by itself. */
  readonly kill: () => void;
  /** Does not bring it back any more when it ends; answers once it has ended. */
  readonly letGo: () => Promise<void>;
  readonly untilReady: () => Promise<void>;
};

type Running = { readonly process: ProcessIdentity; readonly ended: Promise<string>; readonly logFrom: number };

/** Starts the program as leader of a group of its own, so that it ends with everything that it started. */
const launch = (part: Part): Running | { readonly failed: string } => {
  const logFrom = endOf(part.log);
  const log = openSync(part.log, 'a');
  try {
    const child = spawn(part.file, part.args, { env: part.env, detached: true, stdio: ['ignore', log, log] });
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(messageOf(error)));
      child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with status ${code}`));
    });
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    return identity ? { process: identity, ended, logFrom } : { failed: `${part.file} could not be started` };
  } finally {
    closeSync(log);
  }
};

/** Takes up a process that somebody else started: it is no child of ours, so its end is seen by looking. */
const takeUp = (process: ProcessIdentity): Running => ({
  process,
  logFrom: 0,
  ended: (async () => {
    while (isAlive(process)) await delay(200);
    return 'ended';
  })(),
});

/** What is on record of a part, told to whoever asks and to whoever waits. */
type Standing = {
  readonly record: () => PartRecord;
  readonly become: (state: PartState, more?: Partial<PartRecord>) => void;
  readonly drop: (field: 'reason' | 'process') => void;
  readonly untilReady: () => Promise<void>;
};

const createStanding = (part: Part, left: ProcessIdentity | undefined, changed: () => void): Standing => {
  const changes = new EventEmitter();
  changes.setMaxListeners(0);
  // A process that runs already is on record from the start: nobody may lose it, whatever happens to this supervisor.
  let record: PartRecord = {
    name: part.name,
    state: 'stopped',
    log: part.log,
    needs: part.needs,
    restarts: 0,
    ...(left ? { process: left } : {}),
  };
  return {
    record: () => record,
    become: (state, more = {}) => {
      record = { ...record, state, ...more };
      changes.emit('change');
      changed();
    },
    drop: (field) => {
      record = without(record, field);
    },
    untilReady: async () => {
      while (record.state !== 'ready') await once(changes, 'change');
    },
  };
};

const becomeReady = async (part: Part, standing: Standing, running: Running, signal: AbortSignal): Promise<void> => {
  const began = performance.now();
  await untilSuccess(part.probe, running.logFrom, signal);
  while (part.prepare !== undefined) {
    try {
      await part.prepare();
      break;
    } catch (error) {
      standing.become('starting', { reason: messageOf(error) });
      await delay(500, undefined, { signal });
    }
  }
  signal.throwIfAborted();
  standing.drop('reason');
  standing.become('ready', { startMilliseconds: Math.round(performance.now() - began) });
};

type Ended = { readonly reason: string; readonly readyFor: number };

/** One process, from its start to its end; answers why it ended and how long it had been ready. */
const liveOnce = async (
  part: Part,
  standing: Standing,
  left: ProcessIdentity | undefined,
  over: AbortSignal,
): Promise<Ended> => {
  const running = left && isAlive(left) ? takeUp(left) : launch(part);
  if ('failed' in running) return { reason: running.failed, readyFor: 0 };
  standing.become('starting', { process: running.process });
  const gone = new AbortController();
  const ended = running.ended.finally(() => gone.abort());
  let readyAt = Number.POSITIVE_INFINITY;
  const ready = becomeReady(part, standing, running, AbortSignal.any([gone.signal, over])).then(
    () => {
      readyAt = performance.now();
    },
    (error: unknown) => {
      if (!gone.signal.aborted && !over.aborted) throw error;
    },
  );
  const [reason] = await Promise.all([ended, ready]);
  // What it started must be gone before it starts again, or it finds its own addresses taken.
  killRemains(running.process);
  return { reason, readyFor: Math.max(0, performance.now() - readyAt) };
};

type Context = {
  readonly before?: PartRecord | undefined;
  readonly needed: () => Promise<unknown>;
  readonly changed: () => void;
};

/** What was ordered of a part while it lives. */
type Orders = {
  /** The whole sandbox goes down: then what is lost with a process is lost on purpose. */
  letGo: boolean;
  killed: boolean;
};

/** One process after the other, until it is over. `liveNext` lives one. */
const live = async (
  part: Part,
  standing: Standing,
  {
    orders,
    needed,
    liveNext,
  }: Pick<Context, 'needed'> & {
    readonly orders: Orders;
    readonly liveNext: (over: AbortSignal) => Promise<Ended>;
  },
  over: AbortSignal,
): Promise<void> => {
  standing.become('waiting');
  const called = new Promise<void>((resolve) => over.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([needed(), called]);
  let pause = FIRST_PAUSE_MILLISECONDS;
  while (!over.aborted) {
    const { reason, readyFor } = await liveNext(over);
    standing.drop('process');
    if (part.keeps === 'in memory' && !orders.letGo) return standing.become('account lost', { reason });
    if (over.aborted) break;
    // Who dies by order, however often, is not failing.
    if (orders.killed || readyFor > HEALTHY_MILLISECONDS) pause = FIRST_PAUSE_MILLISECONDS;
    orders.killed = false;
    standing.become('restarting', { reason, restarts: standing.record().restarts + 1 });
    await Promise.race([delay(pause), called]);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS);
  }
  standing.drop('process');
  standing.become('stopped');
};

export const supervise = (part: Part, { before, needed, changed }: Context): Supervised => {
  let left = before?.process && isAlive(before.process) ? before.process : undefined;
  const standing = createStanding(part, left, changed);
  const orders: Orders = { letGo: false, killed: false };
  let life: { readonly over: AbortController; readonly lived: Promise<void> } | undefined;

  const liveNext = (over: AbortSignal): Promise<Ended> => {
    const takenUp = left;
    left = undefined;
    return liveOnce(part, standing, takenUp, over);
  };

  return {
    part,
    record: standing.record,
    untilReady: standing.untilReady,
    start: () => {
      if (life !== undefined) return;
      const over = new AbortController();
      const lived = live(part, standing, { orders, needed, liveNext }, over.signal).finally(() => {
        life = undefined;
      });
      life = { over, lived };
    },
    stop: async () => {
      const current = life;
      if (current === undefined) return;
      current.over.abort();
      const { process } = standing.record();
      if (process !== undefined) {
        standing.become('stopping');
        await endGroup(process, part.graceMilliseconds);
      }
      await current.lived;
    },
    kill: () => {
      const { process } = standing.record();
      if (process === undefined) return;
      orders.killed = true;
      signalGroup(process, 'SIGKILL');
    },
    letGo: async () => {
      orders.letGo = true;
      life?.over.abort();
      await life?.lived;
    },
  };
};
