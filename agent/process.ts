/**
 * Process: starting, recognising and ending one child process.
 *
 * Owns: a process's identity across agents (its id together with its start time, since ids are used again), and ending
 * it politely first. Neighbours: `supervisor.ts` decides when.
 */

import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from './failure.ts';

export type ProcessIdentity = { readonly pid: number; readonly startedAt: string };

/** When the process with this id started, in the kernel's ticks, or undefined when it is gone or a zombie. */
const startTimeOf = async (pid: number): Promise<string | undefined> => {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command's name is in brackets and may hold spaces; fields are counted after it: state is 3, start time 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ESRCH')) {
      return undefined;
    }
    throw thrown;
  }
};

export const identityOf = async (pid: number): Promise<ProcessIdentity | undefined> => {
  const startedAt = await startTimeOf(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
};

export const isAlive = async (identity: ProcessIdentity): Promise<boolean> =>
  (await startTimeOf(identity.pid)) === identity.startedAt;

const POLL_MILLIS = 50;

const signalTo = (identity: ProcessIdentity, signal: NodeJS.Signals): void => {
  try {
    process.kill(identity.pid, signal);
  } catch (thrown) {
    // It ended between the look and the signal.
    if (!hasCode(thrown, 'ESRCH')) throw thrown;
  }
};

/** Ends a process and returns when it is gone: SIGTERM, and SIGKILL when its time is up. True if it had to be killed. */
export const endProcess = async (identity: ProcessIdentity, seconds: number): Promise<boolean> => {
  if (!(await isAlive(identity))) return false;
  signalTo(identity, 'SIGTERM');
  const deadline = Date.now() + seconds * 1000;
  let killed = false;
  while (await isAlive(identity)) {
    if (!killed && Date.now() > deadline) {
      signalTo(identity, 'SIGKILL');
      killed = true;
    }
    await delay(POLL_MILLIS);
  }
  return killed;
};
