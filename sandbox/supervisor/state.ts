/**
 * State: which part is in which state, on disk.
 *
 * Owns: `<home>/state.json`. It is the one truth for `status`, and enough for `down` and for a new supervisor to find what
 * an old one left behind, however that one ended. Neighbours: `supervise.ts` lives through the states of one part.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hasCode } from '../../words/failure.ts';
import { folders, type SandboxLayout } from '../layout.ts';
import type { ProcessIdentity } from '../process.ts';

export type PartState =
  /** Not started yet: a part that it needs is not ready. */
  | 'waiting'
  | 'starting'
  | 'ready'
  /** Died by itself; will be started again in a moment. */
  | 'restarting'
  | 'stopping'
  /** Stays down until somebody starts it. */
  | 'stopped'
  /** Died, and what it held in memory with it: only a new beginning helps. */
  | 'account lost';

export type PartRecord = {
  readonly name: string;
  readonly state: PartState;
  readonly process?: ProcessIdentity;
  readonly log: string;
  /** Parts that must be ready before it is started for the first time. */
  readonly needs?: readonly string[];
  /** How often it was started again after it died by itself. */
  readonly restarts: number;
  /** How long its last start took until it was ready, in milliseconds. */
  readonly startMilliseconds?: number;
  /** Why it ended last, or why it is not ready yet. */
  readonly reason?: string;
};

/** The record of a part that has no process, or no reason for complaint, any more. */
export const without = (record: PartRecord, key: 'process' | 'reason'): PartRecord => {
  const { [key]: _, ...rest } = record;
  return rest;
};

export type SandboxState = {
  readonly v: 1;
  /** Which sandbox this is: in the environment of everything that it started. */
  readonly mark: string;
  readonly supervisor: ProcessIdentity;
  readonly parts: readonly PartRecord[];
};

/** Name of the environment variable that carries the mark. */
export const MARK = 'SLIPWAY_SANDBOX';

export const newMark = (): string => randomUUID();

const readJson = <T>(file: string): T | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw new Error(`${file} cannot be read: ${String(error)}. Delete it after \`npm run sandbox -- down\`.`, {
      cause: error,
    });
  }
};

/** Readers see the old file or the new one, never half of one. */
export const writeWhole = (file: string, text: string, mode = 0o600): void => {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, text, { mode });
  renameSync(draft, file);
};

export const readState = (home: string): SandboxState | undefined => readJson(folders(home).state);

export const writeState = (home: string, state: SandboxState): void =>
  writeWhole(folders(home).state, `${JSON.stringify(state, null, 2)}\n`);

export const readLayout = (home: string): SandboxLayout | undefined => readJson(folders(home).layout);
