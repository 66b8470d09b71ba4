/**
 * Folder: what is kept on disk for one instance, `<instances>/<EC2 id>/`.
 *
 * Owns: `process.json` (which process stands for the instance, and in which phase), `agent.pid` (the same number for
 * people and scripts), and clearing up. Neighbours: the agent writes its own files beside these. After termination only
 * logs stay, because the rest holds certificates and keys (I8); of the logs, those of the last twenty instances.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '../process.ts';

export type InstanceRecord = {
  readonly leader: ProcessIdentity;
  /** `reported`: died by itself, and the account was told. */
  readonly phase: 'on' | 'ending' | 'reported';
  /** Epoch milliseconds. */
  readonly startedAt: number;
};

export const KEPT_LOGS = 20;

const RECORD = 'process.json';
const PID = 'agent.pid';
const RETIRED = 'terminated';

export const instanceFolder = (instances: string, id: string): string => join(instances, id);
export const logPath = (instances: string, id: string): string => join(instances, id, 'agent.log');

/** Ids of all instances that have a folder. */
export const knownInstances = (instances: string): readonly string[] =>
  existsSync(instances)
    ? readdirSync(instances, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name.startsWith('i-'))
        .map((entry) => entry.name)
    : [];

export const readRecord = (instances: string, id: string): InstanceRecord | undefined => {
  const path = join(instances, id, RECORD);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as InstanceRecord) : undefined;
};

export const writeRecord = (instances: string, id: string, record: InstanceRecord): void => {
  mkdirSync(join(instances, id), { recursive: true, mode: 0o700 });
  replaceFile(join(instances, id, RECORD), `${JSON.stringify(record)}\n`);
  replaceFile(join(instances, id, PID), `${record.leader.pid}\n`);
};

export const removeRecord = (instances: string, id: string): void => {
  rmSync(join(instances, id, PID), { force: true });
  rmSync(join(instances, id, RECORD), { force: true });
};

export const isRetired = (instances: string, id: string): boolean => existsSync(join(instances, id, RETIRED));

/** Leaves an instance's logs and nothing else; then drops the folders of the oldest beyond the last twenty. */
export const retire = (instances: string, id: string): void => {
  const folder = join(instances, id);
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const isLog = entry.isDirectory() ? entry.name === 'logs' : entry.name.endsWith('.log');
    if (!isLog) rmSync(join(folder, entry.name), { recursive: true, force: true });
  }
  writeFileSync(join(folder, RETIRED), `${new Date().toISOString()}\n`);
  const retired = knownInstances(instances)
    .filter((other) => isRetired(instances, other))
    .map((other) => ({ other, at: statSync(join(instances, other, RETIRED)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { other } of retired.slice(KEPT_LOGS)) rmSync(join(instances, other), { recursive: true, force: true });
};

/** Readers see the old file or the new one, also when the writer dies in between. */
const replaceFile = (path: string, content: string): void => {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
};
