/**
 * Mishaps: what happens to a machine that EC2 does not notice: it hangs, or its disk fails under it.
 *
 * Owns: signals to the processes of an instance that isn't to end, and the loss of a disk's data. Neighbours: `parts.ts`
 * kills whole instances; `commands/fault.ts` asks; the account is told by its own door.
 */
import { existsSync, readdirSync, readlinkSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../words/failure.ts';
import { folders, type SandboxLayout } from '../layout.ts';
import { processesOf, requireRunning } from './parts.ts';
import { signal } from './processes.ts';

/** Stops every process where it stands. Told twice: one may be starting another at that moment. */
export const hangInstance = (layout: SandboxLayout, id: string): void => {
  requireRunning(layout, id);
  for (let round = 0; round < 2; round += 1) for (const pid of processesOf(layout, id)) signal(pid, 'SIGSTOP');
};

export const resumeInstance = (layout: SandboxLayout, id: string): void => {
  requireRunning(layout, id);
  for (const pid of processesOf(layout, id)) signal(pid, 'SIGCONT');
};

/** Whether a process has a file below the folder open. */
const uses = (pid: number, folder: string): boolean => {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(`${folder}/`);
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return false;
        throw error;
      }
    });
  } catch (error) {
    // It has ended, or never was ours to look at.
    if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES')) return false;
    throw error;
  }
};

/** The data goes at once, and whoever had it open ends, as by an error of the disk. */
export const loseDisk = (layout: SandboxLayout, volumeId: string, instanceId: string | undefined): void => {
  const { volumes } = folders(layout.home);
  const folder = join(existsSync(volumes) ? realpathSync(volumes) : volumes, volumeId);
  const users = (instanceId === undefined ? [] : processesOf(layout, instanceId)).filter((pid) => uses(pid, folder));
  if (existsSync(folder)) {
    // Out of reach by its path first: what is deleted file by file could be written to in between.
    renameSync(folder, `${folder}.lost`);
    for (const pid of users) signal(pid, 'SIGKILL');
    rmSync(`${folder}.lost`, { recursive: true, force: true, maxRetries: 5 });
  }
};
