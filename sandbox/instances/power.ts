/**
 * Power: starts and ends the processes of one instance.
 *
 * Owns: the process group of an instance: its leader is the agent, detached in a session of its own, so that it outlives
 * its host and is taken up again by its record. Neighbours: `reconcile.ts` decides, `host.ts` calls; `folder.ts` keeps
 * the record; `processes.ts` finds and kills. Keeps: one group per instance, also when the host dies between starting a
 * process and writing that down; ending takes every process.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { GO_ENVIRONMENT } from '../garbage.ts';
import { cached, folders, REGION, type SandboxLayout } from '../layout.ts';
import { identify, isAlive } from '../process.ts';
import { MARK } from '../supervisor/state.ts';
import { instanceFolder, isRetired, logPath, readRecord, removeRecord, writeRecord } from './folder.ts';
import { METADATA_PORT } from './metadata.ts';
import { killAll, leadersWithMark, type Mark, signal } from './processes.ts';
import type { Power } from './reconcile.ts';

/** What agents of all machines are told, where this process is. */
const PASSED_ON = ['SLIPWAY_ORDER_SECONDS', 'SLIPWAY_RENEWAL_SECONDS', 'SLIPWAY_CERTIFICATE_AGE_SECONDS'];

const passedOn = (): Record<string, string> =>
  Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** The agent's environment: what an instance would find on EC2, and where the sandbox differs. */
const agentEnvironment = (layout: SandboxLayout, id: string, address: string): Record<string, string> => {
  const { instances, volumes } = folders(layout.home);
  const mark = process.env[MARK];
  return {
    // By this `down` finds whatever was started on the sandbox's behalf.
    ...(mark === undefined ? {} : { [MARK]: mark }),
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: instanceFolder(instances, id),
    AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://${address}:${METADATA_PORT}`,
    AWS_ENDPOINT_URL: `http://${layout.aws.host}:${layout.aws.port}`,
    AWS_REGION: REGION,
    SLIPWAY_AGENT_HOME: instanceFolder(instances, id),
    SLIPWAY_VOLUMES: volumes,
    SLIPWAY_BIN: layout.bin,
    NODE_COMPILE_CACHE: cached(layout.cache).compiled,
    ...GO_ENVIRONMENT,
    ...passedOn(),
    SLIPWAY_CLUSTER_PROXY: `http://${layout.proxy.host}:${layout.proxy.port}`,
  };
};

/** What every process of an instance has in its environment, unless it took care to drop it. */
export const markOf = (layout: SandboxLayout, id: string): Mark => ({
  name: 'SLIPWAY_AGENT_HOME',
  value: instanceFolder(folders(layout.home).instances, id),
});

/** How an instance's processes stand, by its record and by what runs. */
export const powerOf = (layout: SandboxLayout, id: string): Power => {
  const { instances } = folders(layout.home);
  const record = readRecord(instances, id);
  if (record === undefined) return isRetired(instances, id) ? 'retired' : 'off';
  if (record.phase !== 'on') return record.phase;
  return isAlive(record.leader) ? 'on' : 'died';
};

export type PoweredOn = { readonly pid: number; readonly adopted: boolean };

/**
 * Starts the agent, or takes up the one that a host started and died before it wrote that down. `onExit` is told the
 * status of an agent that was started here, null when a signal ended it.
 */
export const powerOn = async (
  layout: SandboxLayout,
  id: string,
  address: string,
  onExit: (status: number | null) => void,
): Promise<PoweredOn> => {
  const { instances, volumes } = folders(layout.home);
  const [survivor] = leadersWithMark(markOf(layout, id));
  if (survivor !== undefined) {
    writeRecord(instances, id, { leader: survivor, phase: 'on', startedAt: Date.now() });
    return { pid: survivor.pid, adopted: true };
  }
  mkdirSync(instanceFolder(instances, id), { recursive: true, mode: 0o700 });
  mkdirSync(volumes, { recursive: true });
  const log = openSync(logPath(instances, id), 'a', 0o600);
  try {
    const child = spawn(layout.node, [`${layout.checkout}/sandbox/machine/main.ts`], {
      cwd: instanceFolder(instances, id),
      env: agentEnvironment(layout, id, address),
      detached: true,
      stdio: ['ignore', log, log],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) =>
        reject(new Error(`Instance ${id} did not start with ${layout.node}: ${error.message}`, { cause: error })),
      );
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.once('exit', onExit);
    child.unref();
    // No identity means that it has gone within the same instant: recorded as a leader that will be found dead.
    const leader = identify(pid) ?? { pid, began: 'gone at once' };
    writeRecord(instances, id, { leader, phase: 'on', startedAt: Date.now() });
    return { pid, adopted: false };
  } finally {
    closeSync(log);
  }
};

/**
 * Asks the leader to shut down; once it has, or when `hurry` fires, kills whatever is left. Resolves when there is nothing any
 * more. How long a machine may take is the account's to say, which then has it `terminated`.
 */
export const powerOff = async (layout: SandboxLayout, id: string, hurry: AbortSignal): Promise<void> => {
  const { instances } = folders(layout.home);
  const record = readRecord(instances, id);
  if (record === undefined) return;
  if (record.phase === 'on') writeRecord(instances, id, { ...record, phase: 'ending' });
  const mayWait = (): boolean => !hurry.aborted && isAlive(record.leader);
  // Only the leader: it knows the order in which its components must stop, etcd last.
  if (mayWait()) signal(record.leader.pid, 'SIGTERM');
  while (mayWait()) await delay(20);
  await killAll(record.leader, markOf(layout, id));
  removeRecord(instances, id);
};

/** Kills what is left of an instance whose leader died; its record stays, because the death is still to be told. */
export const killRemains = async (layout: SandboxLayout, id: string): Promise<void> => {
  const record = readRecord(folders(layout.home).instances, id);
  if (record !== undefined) await killAll(record.leader, markOf(layout, id));
};

/** Writes down that the account knows of an instance's death. */
export const markReported = (layout: SandboxLayout, id: string): void => {
  const { instances } = folders(layout.home);
  const record = readRecord(instances, id);
  if (record !== undefined) writeRecord(instances, id, { ...record, phase: 'reported' });
};
