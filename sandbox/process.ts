/**
 * Processes: who is who on this computer, and how a process with everything it started is ended.
 *
 * Owns: the identity of a process. A number alone is not one, since numbers are used again: `down` must end what the
 * sandbox started and nothing else, so every record carries the moment at which the process began. Neighbours: the
 * supervisor records identities; `lock.ts` says by them whether a lock is stale.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../words/failure.ts';

/** A process that cannot be taken for another one: its number, and when it began (boot and clock ticks since then). */
export type ProcessIdentity = { readonly pid: number; readonly began: string };

type ProcessStat = { readonly state: string; readonly ticks: string };

const statOf = (pid: number): ProcessStat | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold blanks and brackets itself: what follows its last bracket is regular.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', ticks: fields[19] ?? '' };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
};

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** The identity of a process that runs now, undefined where none has that number (or only its zombie is left). */
export const identify = (pid: number): ProcessIdentity | undefined => {
  const stat = statOf(pid);
  if (stat === undefined || stat.state === 'Z') return undefined;
  return { pid, began: `${bootId()}:${stat.ticks}` };
};

export const isAlive = (process: ProcessIdentity): boolean => identify(process.pid)?.began === process.began;

const signal = (target: number, name: NodeJS.Signals): void => {
  try {
    process.kill(target, name);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
};

/** Signals a leader together with its group. The leader's identity is proven first: a group is never hit by number alone. */
export const signalGroup = (leader: ProcessIdentity, name: NodeJS.Signals): void => {
  if (isAlive(leader)) signal(-leader.pid, name);
};

const whileAlive = async (process: ProcessIdentity, milliseconds: number): Promise<boolean> => {
  const deadline = Date.now() + milliseconds;
  while (isAlive(process)) {
    if (Date.now() >= deadline) return true;
    await delay(20);
  }
  return false;
};

/**
 * Kills what is left of a group whose leader has ended. The kernel gives a leader's number to nobody while its group
 * lives, so another process of that number means that the group is gone.
 */
export const killRemains = (leader: ProcessIdentity): void => {
  const now = identify(leader.pid);
  if (now === undefined || now.began === leader.began) signal(-leader.pid, 'SIGKILL');
};

/** Ends one process, and no other of its group: asks first, and makes it when its time is up. True if it had to be made. */
export const endProcess = async (process: ProcessIdentity, seconds: number): Promise<boolean> => {
  if (!isAlive(process)) return false;
  signal(process.pid, 'SIGTERM');
  if (!(await whileAlive(process, seconds * 1000))) return false;
  // It may have ended just now: a number alone is not enough.
  if (isAlive(process)) signal(process.pid, 'SIGKILL');
  while (isAlive(process)) await delay(20);
  return true;
};

/** Ends a leader and its group: asks first, and after the grace (none: at once) makes them. */
export const endGroup = async (leader: ProcessIdentity, graceMilliseconds: number): Promise<void> => {
  if (!isAlive(leader)) return;
  if (graceMilliseconds > 0) {
    signalGroup(leader, 'SIGTERM');
    await whileAlive(leader, graceMilliseconds);
  }
  killRemains(leader);
  if (await whileAlive(leader, 10_000)) {
    throw new Error(
      `process ${leader.pid} is still there ten seconds after SIGKILL; look at /proc/${leader.pid}/stack`,
    );
  }
};

/** Processes of this user whose environment holds `name=value`: what parts started, whatever group it moved to. */
export const withEnvironment = (name: string, value: string): readonly ProcessIdentity[] => {
  const wanted = `${name}=${value}`;
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted)) return [];
    } catch (error) {
      // Processes of other users, and those that just ended.
      if (hasCode(error, 'EACCES', 'EPERM', 'ENOENT', 'ESRCH')) return [];
      throw error;
    }
    const identity = identify(pid);
    return identity === undefined ? [] : [identity];
  });
};
