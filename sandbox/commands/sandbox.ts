/**
 * Sandbox: what every command knows about the sandbox it is about.
 *
 * Owns: which home is meant, and what is true of it now, read from disk and checked against the processes that run.
 * Neighbours: the supervisor writes the state.
 */
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SandboxFailure } from '../failure.ts';
import { listInstances } from '../instances/parts.ts';
import type { SandboxLayout } from '../layout.ts';
import { isAlive } from '../process.ts';
import { type PartState, readLayout, readState, type SandboxState } from '../supervisor/state.ts';

export const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const homeFolder = (): string => resolve(process.env['SLIPWAY_HOME'] ?? `${homedir()}/.slipway`);

export type PartStatus = {
  readonly name: string;
  /** Null where no process runs. */
  readonly pid: number | null;
  readonly log: string;
  readonly state: string;
  /** Parts that must be ready before it is started for the first time. */
  readonly needs?: readonly string[];
  readonly restarts?: number;
  readonly startMilliseconds?: number;
  readonly reason?: string;
};

/** What the supervisor wrote of a part, unless its process is gone and nobody could write that yet, or nobody is left to. */
const stateNow = (written: PartState, alive: boolean, supervised: boolean): string => {
  if (written === 'account lost') return written;
  if (!supervised) return alive ? `${written}, unsupervised` : 'stopped';
  return !alive && (written === 'starting' || written === 'ready') ? 'restarting' : written;
};

/** Every part as it is now, and every instance that runs. */
export const partsNow = (layout: SandboxLayout, state: SandboxState): readonly PartStatus[] => {
  const supervised = isAlive(state.supervisor);
  const parts = state.parts.map(({ process, ...record }): PartStatus => {
    const alive = process !== undefined && isAlive(process);
    return { ...record, pid: alive ? process.pid : null, state: stateNow(record.state, alive, supervised) };
  });
  const instances = listInstances(layout).map((instance): PartStatus => ({ ...instance, state: 'running' }));
  return [...parts, ...instances];
};

export type Sandbox = { readonly home: string; readonly layout: SandboxLayout; readonly state: SandboxState };

/** The sandbox of this home; an error that says how to get one where there is none. */
export const theSandbox = (home = homeFolder()): Sandbox => {
  const state = readState(home);
  const layout = readLayout(home);
  if (state === undefined || layout === undefined) {
    throw new SandboxFailure(
      'noSandbox',
      `there is no sandbox in ${home}`,
      'start one with `npm run sandbox -- up`, or set SLIPWAY_HOME to the home of another',
    );
  }
  return { home, layout, state };
};
