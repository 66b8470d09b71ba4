/**
 * Parts: each instance as a part of the sandbox, named by its EC2 id.
 *
 * Owns: what `status`, `stop`, `kill` and `down` do with instances from outside their host. Neighbours: the supervisor calls
 * these; `host.ts` finds a killed instance dead and tells the account.
 */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { SandboxFailure } from '../failure.ts';
import { folders, type SandboxLayout } from '../layout.ts';
import { isAlive, type ProcessIdentity } from '../process.ts';
import { knownInstances, logPath, readRecord } from './folder.ts';
import { killRemains, markOf, powerOff } from './power.ts';
import { membersOf, signal } from './processes.ts';

export type InstancePart = { readonly name: string; readonly pid: number; readonly log: string };

/** Instances whose agent lives, by id. */
export const listInstances = (layout: SandboxLayout): readonly InstancePart[] => {
  const { instances } = folders(layout.home);
  return knownInstances(instances).flatMap((id) => {
    const record = readRecord(instances, id);
    return record !== undefined && isAlive(record.leader)
      ? [{ name: id, pid: record.leader.pid, log: logPath(instances, id) }]
      : [];
  });
};

/** All processes of an instance; empty for one that doesn't run here. */
export const processesOf = (layout: SandboxLayout, id: string): readonly number[] => {
  const record = readRecord(folders(layout.home).instances, id);
  return record === undefined ? [] : membersOf(record.leader, markOf(layout, id));
};

/** The process that stands for an instance; throws, and says which run, where it doesn't. */
export const requireRunning = (layout: SandboxLayout, id: string): ProcessIdentity => {
  const running = listInstances(layout).map((part) => part.name);
  const leader = readRecord(folders(layout.home).instances, id)?.leader;
  if (leader !== undefined && running.includes(id)) return leader;
  throw new SandboxFailure(
    'noSuchPart',
    `no instance ${id} runs here`,
    running.length === 0 ? 'none does at the moment' : `these do: ${running.join(', ')}`,
  );
};

/** Kills everything of one instance at once, as a power failure would. The host then reports it terminated. */
export const killInstance = async (layout: SandboxLayout, id: string): Promise<void> => {
  requireRunning(layout, id);
  await killRemains(layout, id);
};

/** Longer than all waves of a replica's components together may take: an API server takes leave of its load balancer first. */
const SHUTDOWN_MS = 180_000;

/** Shuts an instance down from within, as `poweroff` would; what doesn't end in time is killed. The host then clears up. */
export const stopInstance = async (layout: SandboxLayout, id: string): Promise<void> => {
  const leader = requireRunning(layout, id);
  // Only the leader: it knows the order in which its components must stop.
  signal(leader.pid, 'SIGTERM');
  for (const deadline = Date.now() + SHUTDOWN_MS; isAlive(leader) && Date.now() < deadline; ) await delay(50);
  await killRemains(layout, id);
};

/** Switches all instances off, those too whose leader has died: for `down`, once their host has stopped. */
export const endAllInstances = async (layout: SandboxLayout): Promise<void> => {
  const { instances } = folders(layout.home);
  if (!existsSync(instances)) return;
  await Promise.all(knownInstances(instances).map((id) => powerOff(layout, id, AbortSignal.abort())));
};
