/**
 * Processes of an instance: which ones belong to it, and how all of them are ended.
 *
 * Owns: membership. Neighbours: `sandbox/process.ts` owns the identity of one process; `power.ts` and `sandbox/pods`
 * start what is ended here. An agent's children may make groups and sessions of their own, so a group alone is not
 * enough: whatever carries the instance's mark in its environment counts, and every descendant.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../../words/failure.ts';
import { identify, isAlive, type ProcessIdentity, withEnvironment } from '../process.ts';

/** An environment variable that everything started for one instance inherits. */
export type Mark = { readonly name: string; readonly value: string };

type Kinship = { readonly pid: number; readonly parent: number; readonly group: number; readonly session: number };

/** The family of every live process of this computer. A zombie is dead: it only waits for a parent that may be gone. */
const kinships = (): readonly Kinship[] =>
  readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [state, parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z' || state === 'X') return [];
      return [{ pid, parent: Number(parent), group: Number(group), session: Number(session) }];
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ESRCH')) return [];
      throw error;
    }
  });

/** Everything that belongs to a leader, itself included: its group, its session, its mark's bearers, and descendants. */
export const membersOf = (leader: ProcessIdentity, mark: Mark): readonly number[] => {
  const all = kinships();
  // The kernel gives a leader's number to nobody while its group lives. So another process of that number means that
  // the group is gone, and that the group of this number is a stranger's.
  const groupIsOurs = isAlive(leader) || identify(leader.pid) === undefined;
  const members = new Set(withEnvironment(mark.name, mark.value).map((process) => process.pid));
  for (const { pid, group, session } of groupIsOurs ? all : []) {
    if (group === leader.pid || session === leader.pid) members.add(pid);
  }
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  members.delete(process.pid);
  return [...members].sort((a, b) => a - b);
};

/** Group leaders that carry a mark: what a host started and died before it wrote that down. The oldest first. */
export const leadersWithMark = (mark: Mark): readonly ProcessIdentity[] => {
  const marked = withEnvironment(mark.name, mark.value);
  const pids = new Set(marked.map((process) => process.pid));
  const leaders = new Set(
    kinships()
      .filter(({ pid, group, parent }) => pids.has(pid) && group === pid && !pids.has(parent))
      .map(({ pid }) => pid),
  );
  return marked.filter(({ pid }) => leaders.has(pid));
};

/** Sends a signal; nothing happens when the process has just gone. */
export const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
};

const KILL_ROUNDS = 250;
const KILL_PAUSE_MS = 20;

/** Kills every member until none is left: a supervisor among them may start others while it is being killed. */
export const killAll = async (leader: ProcessIdentity, mark: Mark): Promise<void> => {
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const members = membersOf(leader, mark);
    if (members.length === 0) return;
    for (const pid of members) signal(pid, 'SIGKILL');
    await delay(KILL_PAUSE_MS);
  }
  throw new Error(
    `Processes ${membersOf(leader, mark).join(', ')} are still there ${(KILL_ROUNDS * KILL_PAUSE_MS) / 1000} s after ` +
      'SIGKILL, probably stuck in the kernel: see /proc/<pid>/stack. Their addresses and disks are not free yet.',
  );
};
