/**
 * Supervisor: keeps one program running as a child process.
 *
 * Owns: start, restart with backoff, readiness, and stop. Programs end for good reasons: an API server gives up after
 * 20 s without etcd, a leading controller when it loses its lease. It starts again only when the old process is gone,
 * because that one holds the port.
 * Neighbours: `host.ts` says where files and logs are; `machine/order.ts` in which order components stop.
 * Invariant: I9 (says when a program ended, with what, and when it starts again).
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { dirname } from 'node:path';
import { readIfThere } from '../../agent/files.ts';
import type { BinaryComponent, RunningComponent } from '../../agent/host.ts';
import type { Log } from '../../agent/log.ts';
import { again, done, pause, persist } from '../../agent/persist.ts';
import { send } from '../../kubernetes/http.ts';
import type { Probe } from '../../machine/component.ts';
import { wholeMessageOf } from '../../words/failure.ts';
import { endProcess, identify, isAlive, type ProcessIdentity } from '../process.ts';

const PROBE_TIMEOUT_MILLIS = 2_000;
const PROBE_PACE = { firstMillis: 100, maxMillis: 500 };
const BACKOFF_MILLIS = [500, 1_000, 2_000, 5_000, 10_000] as const;
/** A program that ran this long starts again at once when it ends. */
const STEADY_MILLIS = 60_000;

export type SupervisorOptions = {
  readonly component: BinaryComponent;
  readonly executable: string;
  readonly logFile: string;
  readonly pidFile: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Verifies the component's own certificate in probes. */
  readonly probeAgent: () => Agent;
  /** Asked before a program that ended is started again: false leaves it ended. */
  readonly mayStartAgain?: () => Promise<boolean>;
  readonly log: Log;
};

const probeUrl = (probe: Probe): string => `${probe.scheme}://${probe.host}:${probe.port}${probe.path}`;

/** The process that a pid file of an earlier agent names, if it still runs. */
export const leftoverOf = async (pidFile: string): Promise<ProcessIdentity | undefined> => {
  const text = await readIfThere(pidFile);
  if (text === undefined) return undefined;
  const written = JSON.parse(text) as ProcessIdentity;
  return isAlive(written) ? written : undefined;
};

type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** Writes down which process it is, for the agent after this one. */
const noteIdentity = async (child: ChildProcess, pidFile: string): Promise<ProcessIdentity | undefined> => {
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity !== undefined) {
    await mkdir(dirname(pidFile), { recursive: true });
    await writeFile(pidFile, JSON.stringify(identity), { mode: 0o600 });
  }
  return identity;
};

const startChild = async (
  options: SupervisorOptions,
): Promise<{ readonly identity: ProcessIdentity | undefined; readonly ended: Promise<Ended> }> => {
  const { component } = options;
  await mkdir(dirname(options.logFile), { recursive: true });
  const output = await open(options.logFile, 'a', 0o600);
  try {
    const child = spawn(options.executable, component.program.arguments, {
      stdio: ['ignore', output.fd, output.fd],
      env: { ...options.environment, ...component.program.environment },
    });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', reject);
    });
    // Reported by whoever awaits `ended`, which comes a moment later.
    ended.catch(() => undefined);
    try {
      return { identity: await noteIdentity(child, options.pidFile), ended };
    } catch (thrown) {
      // Nobody would know of it, and it would hold the port against the one that is started in its place.
      child.kill('SIGKILL');
      await ended.catch(() => undefined);
      throw thrown;
    }
  } finally {
    await output.close();
  }
};

/** Runs the program until it ends, and says how it did. */
const runOnce = async (
  options: SupervisorOptions,
  onStarted: (identity: ProcessIdentity | undefined) => Promise<void>,
): Promise<string> => {
  try {
    const child = await startChild(options);
    await onStarted(child.identity);
    const { code, signal } = await child.ended;
    return signal === null ? `with status ${code}` : `by ${signal}`;
  } catch (thrown) {
    return `before it started: ${wholeMessageOf(thrown)}`;
  }
};

/** Resolves once the component's probe is answered as it should be; at once where it has none. */
const untilReady = async (
  { component, probeAgent }: SupervisorOptions,
  log: Log,
  signal: AbortSignal,
): Promise<void> => {
  const { probe } = component;
  if (probe === undefined) return;
  const startedAt = Date.now();
  await persist<void>({
    what: `Waiting for ${component.name} to be ready`,
    log: { ...log, info: () => undefined, warn: log.info },
    signal,
    pace: PROBE_PACE,
    attempt: async () => {
      if (Date.now() - startedAt < 100) return again('it was just started');
      const agent = probe.scheme === 'https' ? { agent: probeAgent() } : {};
      const answer = await send({ url: probeUrl(probe), timeoutMillis: PROBE_TIMEOUT_MILLIS, ...agent });
      if (answer.status === 200) return done(undefined);
      throw new Error(`${probe.path} answers ${answer.status}`);
    },
  });
  log.info(`${component.name} is ready`, { seconds: (Date.now() - startedAt) / 1000 });
};

export const supervise = (options: SupervisorOptions): RunningComponent => {
  const { component } = options;
  const log = options.log.with({ component: component.name });
  const stopping = new AbortController();
  let current: ProcessIdentity | undefined;
  let failures = 0;

  const mayStartAgain = async (): Promise<boolean> => {
    try {
      return (await options.mayStartAgain?.()) ?? true;
    } catch (thrown) {
      log.error(`${component.name} stays ended: whether it may start again cannot be told: ${wholeMessageOf(thrown)}`);
      return false;
    }
  };

  const onStarted = async (identity: ProcessIdentity | undefined): Promise<void> => {
    current = identity;
    // Told to stop while it was being started: whoever stops it did not see it yet.
    if (stopping.signal.aborted && current !== undefined) await endProcess(current, component.stopSeconds);
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const startedAt = Date.now();
      const said = await runOnce(options, onStarted);
      current = undefined;
      if (stopping.signal.aborted || !(await mayStartAgain())) break;
      const ran = Date.now() - startedAt;
      failures = ran > STEADY_MILLIS ? 0 : failures + 1;
      const wait = BACKOFF_MILLIS[Math.min(failures, BACKOFF_MILLIS.length - 1)] ?? 10_000;
      log.warn(`${component.name} ended ${said} after ${(ran / 1000).toFixed(1)} s; starts again in ${wait / 1000} s`, {
        logFile: options.logFile,
      });
      // It rejects only when it is told to stop, which the loop sees by itself.
      await pause(wait, stopping.signal).catch(() => undefined);
    }
    await rm(options.pidFile, { force: true });
  };

  const running = loop();
  const ready = untilReady(options, log, stopping.signal);
  // Whoever needs it to be ready awaits it; nobody has to.
  ready.catch(() => undefined);

  return {
    name: component.name,
    ready,
    stop: async () => {
      stopping.abort(new Error(`${component.name} is being stopped`));
      const at = Date.now();
      const killed = current === undefined ? false : await endProcess(current, component.stopSeconds);
      await running;
      log.info(`${component.name} ${killed ? 'was killed: it did not end by itself' : 'stopped'}`, {
        seconds: (Date.now() - at) / 1000,
      });
    },
  };
};
