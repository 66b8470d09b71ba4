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
import { messageOf } from '../failure.ts';
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

export const supervise = (
  part: Part,
  context: {
    readonly before?: PartRecord | undefined;
    readonly needed: () => Promise<unknown>;
    readonly changed: () => void;
  },
): Supervised => {
  const changes = new EventEmitter();
  changes.setMaxListeners(0);
  const before = context.before?.process;
  let left = before && isAlive(before) ? before : undefined;
  // A process that runs already is on record from the start: nobody may lose it, whatever happens to this supervisor.
  let record: PartRecord = {
    name: part.name,
    state: 'stopped',
    log: part.log,
    restarts: 0,
    ...(left ? { process: left } : {}),
  };
  /** The whole sandbox goes down: then what is lost with a process is lost on purpose. */
  let letGo = false;
  let killed = false;
  let life: { readonly over: AbortController; readonly lived: Promise<void> } | undefined;

  const become = (state: PartState, more: Partial<PartRecord> = {}): void => {
    record = { ...record, state, ...more };
    changes.emit('change');
    context.changed();
  };

  const becomeReady = async (running: Running, signal: AbortSignal): Promise<void> => {
    const began = performance.now();
    await untilSuccess(part.probe, running.logFrom, signal);
    while (part.settle !== undefined) {
      try {
        await part.settle();
        break;
      } catch (error) {
        become('starting', { reason: messageOf(error) });
        await delay(500, undefined, { signal });
      }
    }
    signal.throwIfAborted();
    record = without(record, 'reason');
    become('ready', { startMilliseconds: Math.round(performance.now() - began) });
  };

  /** One process, from its start to its end; answers why it ended and how long it had been ready. */
  const liveOnce = async (over: AbortSignal): Promise<{ reason: string; readyFor: number }> => {
    const running = left && isAlive(left) ? takeUp(left) : launch(part);
    left = undefined;
    if ('failed' in running) return { reason: running.failed, readyFor: 0 };
    become('starting', { process: running.process });
    const gone = new AbortController();
    const ended = running.ended.finally(() => gone.abort());
    let readyAt = Number.POSITIVE_INFINITY;
    const ready = becomeReady(running, AbortSignal.any([gone.signal, over])).then(
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

  const live = async (over: AbortSignal): Promise<void> => {
    become('waiting');
    const called = new Promise<void>((resolve) => over.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([context.needed(), called]);
    let pause = FIRST_PAUSE_MILLISECONDS;
    while (!over.aborted) {
      const { reason, readyFor } = await liveOnce(over);
      record = without(record, 'process');
      if (part.keeps === 'in memory' && !letGo) return become('account lost', { reason });
      if (over.aborted) break;
      // Who dies by order, however often, is not failing.
      if (killed || readyFor > HEALTHY_MILLISECONDS) pause = FIRST_PAUSE_MILLISECONDS;
      killed = false;
      become('restarting', { reason, restarts: record.restarts + 1 });
      await Promise.race([delay(pause), called]);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS);
    }
    record = without(record, 'process');
    become('stopped');
  };

  return {
    part,
    record: () => record,
    start: () => {
      if (life !== undefined) return;
      const over = new AbortController();
      const lived = live(over.signal).finally(() => {
        life = undefined;
      });
      life = { over, lived };
    },
    stop: async () => {
      const current = life;
      if (current === undefined) return;
      current.over.abort();
      if (record.process !== undefined) {
        become('stopping');
        await endGroup(record.process, part.graceMilliseconds);
      }
      await current.lived;
    },
    kill: () => {
      if (record.process === undefined) return;
      killed = true;
      signalGroup(record.process, 'SIGKILL');
    },
    letGo: async () => {
      letGo = true;
      life?.over.abort();
      await life?.lived;
    },
    untilReady: async () => {
      while (record.state !== 'ready') await once(changes, 'change');
    },
  };
};
