/**
 * Up: starts the sandbox, or what is missing of it, and shows how far it is.
 *
 * Owns: starting a supervisor, or taking up the one that runs. Neighbours: `readiness.ts` waits for each part; the supervisor
 * does the work, so that whoever only looks may go away at any moment.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { releaseOf, revisionsOf } from '../../api/releases.ts';
import { keepsRequests } from '../aws/proxy/requests.ts';
import { SandboxFailure } from '../failure.ts';
import { folders } from '../layout.ts';
import { paceOf } from '../pace.ts';
import { identify, isAlive, type ProcessIdentity } from '../process.ts';
import { runTasks, type Task } from '../progress.ts';
import { SUPERVISOR_LOG } from '../supervisor/beginning.ts';
import { giveOrder } from '../supervisor/control.ts';
import type { SupervisorOptions } from '../supervisor/main.ts';
import { readLayout, readState, type SandboxState } from '../supervisor/state.ts';
import { ensureTools } from '../tools/build.ts';
import { lackingOf, toolsOf } from '../tools/wanted.ts';
import { down } from './down.ts';
import { supervisorFailure, untilReady } from './readiness.ts';
import { CHECKOUT, homeFolder } from './sandbox.ts';
import { printStatus } from './status.ts';

const SUPERVISOR_SECONDS = 120;

/** What a sandbox is to be like. */
export type Kind = {
  /** Machines are objects of one process. */
  readonly stub: boolean;
  /** Versions of the catalogue whose programs its machines are to find, beside today's. */
  readonly releases: readonly string[];
};

const USUAL: Kind = { stub: false, releases: [] };

/** Those that are asked for, and those that were: a machine of an earlier day still runs them. The stub runs no programs. */
const releasesIn = (home: string, { stub, releases }: Kind): readonly string[] => {
  const before = readLayout(home)?.releases ?? [];
  return stub ? [] : [...new Set([...before.filter((version) => releaseOf(version) !== undefined), ...releases])];
};

/** Starts a supervisor that outlives this command. */
const startSupervisor = async (home: string, kind: Kind, attachedTo?: ProcessIdentity): Promise<ProcessIdentity> => {
  const { stub } = kind;
  const releases = releasesIn(home, kind);
  const { bin, python } = await ensureTools(releases);
  const { logs } = folders(home);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const attached = attachedTo ? { attachedTo } : {};
  const options: SupervisorOptions = { home, bin, python, checkout: CHECKOUT, stub, releases, ...attached };
  const log = openSync(`${logs}/${SUPERVISOR_LOG}`, 'w');
  const program = `${CHECKOUT}/sandbox/supervisor/main.ts`;
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    cwd: home,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  const supervisor = child.pid === undefined ? undefined : identify(child.pid);
  if (supervisor === undefined) throw new Error(`${process.execPath} could not be started as the supervisor`);
  return supervisor;
};

const whenWritten = async (home: string, supervisor: ProcessIdentity): Promise<SandboxState> => {
  const deadline = Date.now() + SUPERVISOR_SECONDS * 1000;
  for (;;) {
    const state = readState(home);
    // Another `up` may have been first: then its supervisor is the one.
    if (state !== undefined && state.parts.length > 0 && isAlive(state.supervisor)) return state;
    if (!isAlive(supervisor) || Date.now() > deadline) throw supervisorFailure(home);
    await delay(50);
  }
};

/** A sandbox keeps the kind of machines that it began with; without the option any kind is taken up. */
const refuseOtherKind = (home: string, stub: boolean): void => {
  if (!stub || readLayout(home)?.stub !== undefined) return;
  throw new SandboxFailure(
    'refused',
    `the sandbox in ${home} has real machines already`,
    'end it with `npm run sandbox -- reset`, or set SLIPWAY_HOME to another home for the stub',
  );
};

/** What runs has the programs that it began with. */
const refuseLacking = (home: string, { releases }: Kind): void => {
  const layout = readLayout(home);
  if (layout === undefined || layout.stub !== undefined) return;
  const missing = releases.filter((version) =>
    revisionsOf(version).some((release) => lackingOf(release, layout.bin).length > 0),
  );
  if (missing.length === 0) return;
  throw new SandboxFailure(
    'refused',
    `the sandbox in ${home} runs without the programs of ${missing.join(' and ')}`,
    'end it with `npm run sandbox -- down`, which ends its clusters with it, and start it again with the same options; or set SLIPWAY_HOME to another home for another sandbox',
  );
};

/** Brings everything up, and returns when it is ready. */
export const bringUp = async (attachedTo?: ProcessIdentity, kind: Kind = USUAL): Promise<void> => {
  const home = homeFolder();
  toolsOf(kind.releases);
  // Said here, not by a part that dies of it.
  paceOf(process.env);
  keepsRequests(process.env);
  const before = readState(home);
  let state = before !== undefined && isAlive(before.supervisor) ? before : undefined;
  if (state?.parts.some((part) => part.state === 'account lost')) {
    process.stderr.write('The account of this sandbox is lost with the process that held it: beginning anew.\n');
    await down();
    state = undefined;
  }
  if (state !== undefined) await giveOrder(home, { verb: 'start-all' });
  else state = await whenWritten(home, await startSupervisor(home, kind, attachedTo));
  refuseOtherKind(home, kind.stub);
  refuseLacking(home, kind);
  const tasks = state.parts.map(({ name }): Task => ({ title: name, run: (note) => untilReady(home, name, note) }));
  await runTasks(tasks);
};

/** Until Ctrl-C, or until somebody else takes the sandbox down. */
const untilInterrupted = async (home: string, interrupted: AbortSignal): Promise<void> => {
  for (;;) {
    const state = readState(home);
    if (interrupted.aborted || state === undefined || !isAlive(state.supervisor)) return;
    await delay(300);
  }
};

/** Set by whoever wants a detached sandbox to end with them, such as a test that may be killed. */
const attachment = (): ProcessIdentity | undefined => {
  const pid = process.env['SLIPWAY_ATTACHED_TO'];
  return pid === undefined ? undefined : identify(Number(pid));
};

export const up = async ({ detach, ...kind }: Kind & { readonly detach: boolean }): Promise<void> => {
  const home = homeFolder();
  if (detach) {
    await bringUp(attachment(), kind);
    return printStatus();
  }
  const interruption = new AbortController();
  const asked = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        interruption.abort();
        resolve();
      });
    }
  });
  try {
    const ready = bringUp(identify(process.pid), kind).then(() => {
      if (interruption.signal.aborted) return;
      printStatus();
      process.stderr.write('\nCtrl-C ends the sandbox.\n');
    });
    await Promise.race([ready, asked]);
    await untilInterrupted(home, interruption.signal);
  } finally {
    process.stderr.write('\nTaking the sandbox down.\n');
    await down();
  }
};
